"""The spend guard: a function in the notification project, what calls it, and what it may do in each guarded project.

None of it is in a guarded project but a role and the guard's membership of it: whoever spends there cannot stop it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypedDict

import pulumi
from pulumi_gcp import (
    cloudfunctionsv2,
    cloudrunv2,
    cloudscheduler,
    monitoring,
    projects,
    pubsub,
    serviceaccount,
    storage,
)

from components.base import Component
from components.guard_source import SourceError, guard_source
from components.notifications import let_budgets_publish
from landing_zone import names
from landing_zone.gemini.guard_access import guard_permissions
from landing_zone.guarding.policy import Policy
from landing_zone.settings import GuardHostSettings

_RUNTIME: Final = "python312"
_TIMEOUT_S: Final = 300
_INSTANCES: Final = 3
"""A poll, a message, and one more: what they do is the same, once, however many there are."""
_ON_HOST: Final = {
    "monitoring": ("", "roles/monitoring.metricWriter"),
    "images": ("build", "roles/artifactregistry.writer"),
    "logs": ("build", "roles/logging.logWriter"),
    "sources": ("build", "roles/storage.objectViewer"),
}
"""Name → the part of the guard whose service account has a role on the notification project, and the role. Cloud
Build's own role would let a build write the state that stacks keep in this project."""
_METRICS: Final = "custom_googleapis_com:gemini_guard"
_ACCOUNTS: Final = {
    "": "Reads the use of guarded projects, and lowers their limits.",
    "call": "Calls the spend guard: Pub/Sub and Cloud Scheduler do so as this account.",
    "build": "Builds the spend guard's function.",
}


class GuardArgs(TypedDict):
    """Where the guard is, and what it listens to."""

    projectId: str
    stack: str
    settings: GuardHostSettings
    policies: Mapping[str, Policy]
    """By the names of the guarded projects, without what only Google knows."""
    topics: Mapping[str, pulumi.Input[str]]
    """Topics of guarded projects' budgets that have one already: name in the settings → full name."""
    ownTopic: bool
    """True if a guarded project's budget has no topic."""
    channels: Sequence[pulumi.Input[str]]
    """Names of the notification channels of its alerts."""


class Guard(Component):
    """The guard of an environment."""

    bucket_name: str
    topic: pulumi.Output[str] | None
    """Full name of the topic of budgets that have no other."""
    resources: list[pulumi.CustomResource]
    """Resources that must be there before a guarded project has keys, and stay until it has none."""

    def __init__(self, name: str, args: GuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, "guard")
        self._project, self._stack, self._settings = args["projectId"], args["stack"], args["settings"]
        self.stack_label = self._stack
        self._policies = args["policies"]
        self._title = names.guard_name(self._stack)
        self.bucket_name = names.guard_bucket(self._project, self._stack)
        self._accounts = {part: self._account(part, text) for part, text in _ACCOUNTS.items()}
        self.bucket = self._bucket()
        roles = self._roles()
        self._function = self._make_function(self._source(), roles)
        invoker = cloudrunv2.ServiceIamMember(
            self._own("invoker"),
            project=self._project,
            location=self._settings.region,
            # The service of a function has its name, which is known from the start.
            name=self._title,
            role="roles/run.invoker",
            member=self._member("call"),
            opts=self.child(self._own("invoker"), "", after=[self._function, self._accounts["call"]]),
        )
        called = [self._function, invoker]
        self.topic = self._topic() if args["ownTopic"] else None
        self.resources = [
            *roles,
            *called,
            *([self._subscription("", self.topic, called)] if self.topic is not None else []),
            *(self._subscription(topic, full, called) for topic, full in args["topics"].items()),
            self._schedule(called),
        ]
        self._alerts(args["channels"])
        self.register_outputs({})

    def admit(
        self,
        owner: Component,
        name: str,
        *,
        number: pulumi.Output[str],
        budget: pulumi.Output[str] | None,
        after: Sequence[pulumi.Resource],
    ) -> list[pulumi.CustomResource]:
        """Let the guard act in a project, and give it the project's policy; returns what keys wait for.

        Each project has a role and an object of its own: one for all would make each wait for all others, and an
        update in which one project fails would take the guard from it.

        Args:
            owner: the project's component, which has the resources.
            name: the project's name in the stack file.
            number: the project's, by which Cloud Billing and Cloud Monitoring name it.
            budget: the budget's full name.
            after: the project, and its API that makes roles.
        """
        policy, role_id = self._policies[name], names.guard_role_id(self._project, self._stack)
        stops_keys = policy.stop is not None and policy.stop.by != "limits"
        own = f"{name}--guard"
        role = projects.IAMCustomRole(
            own,
            project=policy.project,
            role_id=role_id,
            title=f"Spend guard of {self._stack}",
            description=f"What {self._title} in {self._project} calls.",
            permissions=guard_permissions(stops_keys=stops_keys, unlinks_billing=policy.unlink is not None),
            opts=owner.child(own, "guard", after=after),
        )
        member = projects.IAMMember(
            own,
            project=policy.project,
            role=f"projects/{policy.project}/roles/{role_id}",
            member=self._member(),
            opts=owner.child(own, "guard", after=[role, self._accounts[""]]),
        )

        def content(found: Sequence[str | None]) -> str:
            # Of a resource that failed, it is None. What depends on it is skipped, but is put together before that.
            of_project, of_budget = (each or "" for each in found)
            known = replace(policy.budget, id=of_budget.rpartition("/")[2])
            whole = replace(policy, number=of_project, budget=known).as_json()
            return json.dumps(whole, sort_keys=True, indent=1)

        entry = storage.BucketObject(
            own,
            bucket=self.bucket_name,
            name=names.guard_policy_object(policy.project),
            content=pulumi.Output.all(number, budget).apply(content),
            content_type="application/json",
            opts=owner.child(own, "guard", after=[*after, self.bucket]),
        )
        return [role, member, entry]

    def _own(self, part: str = "") -> str:
        return f"{self._stack}-guard{part and '-'}{part}"

    def _email(self, part: str = "") -> str:
        return f"{names.guard_account_id(self._stack, part)}@{names.account_domain(self._project)}"

    def _member(self, part: str = "") -> str:
        return f"serviceAccount:{self._email(part)}"

    def _account(self, part: str, text: str) -> serviceaccount.Account:
        return serviceaccount.Account(
            self._own(part),
            project=self._project,
            account_id=names.guard_account_id(self._stack, part),
            display_name=names.guard_account_title(self._stack, part),
            description=text,
            opts=self.child(self._own(part), ""),
        )

    def _bucket(self) -> storage.Bucket:
        own = self._own()
        return storage.Bucket(
            own,
            project=self._project,
            name=self.bucket_name,
            location=self._settings.region.upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            # The states are written anew all the time; none of it is of use after the stack.
            soft_delete_policy=storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
            force_destroy=True,
            labels=self.labels,
            # A bucket never moves: with another region it stays where it is, as it has what the guard did.
            opts=self.child(own, "", ignored=("location",)),
        )

    def _roles(self) -> list[pulumi.CustomResource]:
        """The roles of its accounts on the project and the bucket."""
        # Google copies a function's source into a bucket of its own, from which it is built.
        copies = ["gcf-v2-sources-", self.bucket_name]
        readable = " || ".join(f'resource.name.startsWith("projects/_/buckets/{each}")' for each in copies)
        sources = projects.IAMMemberConditionArgs(title="Sources of functions", expression=readable)
        made: list[pulumi.CustomResource] = [
            projects.IAMMember(
                self._own(name),
                project=self._project,
                role=role,
                member=self._member(part),
                condition=sources if name == "sources" else None,
                opts=self.child(self._own(name), "", after=[self._accounts[part]]),
            )
            for name, (part, role) in _ON_HOST.items()
        ]
        own = self._own("bucket")
        keeps = storage.BucketIAMMember(
            own,
            bucket=self.bucket_name,
            role="roles/storage.objectUser",
            member=self._member(),
            opts=self.child(own, "", after=[self.bucket, self._accounts[""]]),
        )
        return [*made, keeps]

    def _source(self) -> storage.BucketObject:
        try:
            source = guard_source()
        except SourceError as error:
            raise pulumi.RunError(str(error)) from None
        own = self._own("source")
        return storage.BucketObject(
            own,
            bucket=self.bucket_name,
            name=source.object_name,
            source=source.archive,
            content_type="application/zip",
            # A change of code is another object, which is there before the old one goes.
            opts=self.child(own, "", after=[self.bucket], replaced_first=False),
        )

    def _make_function(
        self, source: storage.BucketObject, roles: Sequence[pulumi.Resource]
    ) -> cloudfunctionsv2.Function:
        own = self._own()
        return cloudfunctionsv2.Function(
            own,
            project=self._project,
            location=self._settings.region,
            name=self._title,
            description=f"Spend guard of the stack {self._stack}: docs/guard.md of gemini-landing-zone.",
            build_config=cloudfunctionsv2.FunctionBuildConfigArgs(
                runtime=_RUNTIME,
                entry_point="guard",
                service_account=f"projects/{self._project}/serviceAccounts/{self._email('build')}",
                source=cloudfunctionsv2.FunctionBuildConfigSourceArgs(
                    storage_source=cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(
                        bucket=self.bucket_name, object=guard_source().object_name
                    )
                ),
            ),
            service_config=cloudfunctionsv2.FunctionServiceConfigArgs(
                service_account_email=self._email(),
                available_memory="512M",
                timeout_seconds=_TIMEOUT_S,
                max_instance_count=_INSTANCES,
                # Pub/Sub and Cloud Scheduler of this project alone; they must have the role run.invoker besides.
                ingress_settings="ALLOW_INTERNAL_ONLY",
                environment_variables={
                    "GUARD_BUCKET": self.bucket_name,
                    "GUARD_PROJECT": self._project,
                    "GUARD_STACK": self._stack,
                    "GUARD_CALLERS": self._email("call"),
                },
            ),
            labels=self.labels,
            opts=self.child(own, "", after=[source, *self._accounts.values(), *roles]),
        )

    def _topic(self) -> pulumi.Output[str]:
        own = self._own()
        topic = pubsub.Topic(
            own,
            project=self._project,
            name=self._title,
            labels=self.labels,
            opts=self.child(own, ""),
        )
        let_budgets_publish(own, self._project, topic, self.child(own, ""))
        return topic.id

    def _subscription(
        self, topic: str, full: pulumi.Input[str], after: Sequence[pulumi.Resource]
    ) -> pubsub.Subscription:
        own = self._own(topic.replace("/", "-"))
        return pubsub.Subscription(
            own,
            project=self._project,
            name=names.guard_subscription(self._stack, topic),
            topic=full,
            ack_deadline_seconds=_TIMEOUT_S,
            # An older message says less than the next one.
            message_retention_duration="86400s",
            expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
            retry_policy=pubsub.SubscriptionRetryPolicyArgs(minimum_backoff="10s", maximum_backoff="600s"),
            push_config=pubsub.SubscriptionPushConfigArgs(
                # What Pub/Sub adds: it would differ in every preview.
                attributes={"x-goog-version": "v1"},
                push_endpoint=pulumi.Output.concat(self._address, "/message"),
                oidc_token=pubsub.SubscriptionPushConfigOidcTokenArgs(
                    service_account_email=self._email("call"), audience=self._address
                ),
            ),
            labels=self.labels,
            opts=self.child(own, "", after=after),
        )

    def _schedule(self, after: Sequence[pulumi.Resource]) -> cloudscheduler.Job:
        own, minutes = self._own(), int(self._settings.poll.total_seconds()) // 60
        return cloudscheduler.Job(
            own,
            project=self._project,
            region=self._settings.region,
            name=self._title,
            description=f"Has the spend guard of {self._stack} look at what is used.",
            schedule=f"*/{minutes} * * * *",
            time_zone="Etc/UTC",
            attempt_deadline=f"{_TIMEOUT_S}s",
            http_target=cloudscheduler.JobHttpTargetArgs(
                uri=pulumi.Output.concat(self._address, "/poll"),
                http_method="POST",
                oidc_token=cloudscheduler.JobHttpTargetOidcTokenArgs(
                    service_account_email=self._email("call"), audience=self._address
                ),
            ),
            # What Google makes of it if it is left out, which would differ in every preview.
            retry_config=cloudscheduler.JobRetryConfigArgs(
                retry_count=0,
                max_retry_duration="0s",
                min_backoff_duration="5s",
                max_backoff_duration="3600s",
                max_doublings=5,
            ),
            opts=self.child(own, "", after=after, ignored=("httpTarget.headers",)),
        )

    def _alerts(self, channels: Sequence[pulumi.Input[str]]) -> None:
        """The alerts on its silence, and on what it does.

        In PromQL, as an absence is otherwise seen only of what was there once, and conditions on a metric are refused
        before its first value.
        """
        minutes = int(self._settings.delays.silence.total_seconds()) // 60
        stack = f'{{monitored_resource="global",stack={json.dumps(self._stack)}}}'
        runs, each = f"{_METRICS}_runs{stack}[{minutes}m]", "sum by (project)"
        # A project that a run cannot see, or act in, has a zero; a new project's role may come some minutes late.
        zeros = max(minutes // (int(self._settings.poll.total_seconds()) // 60) - 1, 1)
        self._alert(
            "silence",
            f"Spend guard of {self._stack}: it has not run for {minutes} minutes",
            f"absent_over_time({runs}) or {each} (count_over_time({runs})) - {each} (sum_over_time({runs})) >= {zeros}",
            f"Nothing throttles or stops the guarded projects now, or the one that this alert names, but limits and "
            f"spend caps. Look at the logs of the function {self._title} in {self._project}, and at the runs of the "
            f"schedule of that name.",
            channels,
        )
        self._alert(
            "acts",
            f"Spend guard of {self._stack}: it acted",
            f"sum by (project, step) (sum_over_time({_METRICS}_acts{stack}[5m])) > 0",
            f"`gemini-lz guard status {self._stack}` says what it did and why, and `gemini-lz guard release "
            f"PROJECT --stack {self._stack}` restores what was there before.",
            channels,
        )

    def _alert(
        self, part: str, title: str, query: str, advice: str, channels: Sequence[pulumi.Input[str]]
    ) -> None:
        condition = monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
            query=query, duration="0s", evaluation_interval="60s", disable_metric_validation=True
        )
        monitoring.AlertPolicy(
            self._own(part),
            project=self._project,
            display_name=title,
            combiner="OR",
            conditions=[
                monitoring.AlertPolicyConditionArgs(
                    display_name=title, condition_prometheus_query_language=condition
                )
            ],
            notification_channels=list(channels),
            documentation=monitoring.AlertPolicyDocumentationArgs(content=advice, mime_type="text/markdown"),
            severity="CRITICAL",
            user_labels=self.labels,
            opts=self.child(self._own(part), ""),
        )

    @property
    def _address(self) -> pulumi.Output[str]:
        """The function's address, which is also the audience of those who call it."""
        # Of a function that failed, it is None. What depends on it is skipped, but is put together before that.
        address: pulumi.Output[str] = self._function.service_config.apply(
            lambda found: (found and found.uri) or ""
        )
        return address
