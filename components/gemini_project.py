"""A project with the Gemini API: project and link → APIs, channels, budget, limits → exit → keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.alerts import Alerts
from components.api import API_KEYS_API, MONITORING_API, ProjectApis
from components.base import Component
from components.budget import ProjectBudget, spend_cap
from components.care import ProjectCare
from components.channels import Channels
from components.dashboard import Dashboard
from components.failures import failed_of, ids_if_all_are_there, without_failed
from components.hooks import settings_at
from components.host import NotificationHost
from components.keys import ApiKeys
from components.limits import ModelLimits, ModelLimitsArgs
from components.native import ProjectExit, TierCheck, providers_of
from components.project import Project, ProjectArgs
from components.quotas import Quotas, QuotasArgs
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.console import console_links
from landing_zone.names import budget_title
from landing_zone.settings import BudgetRules, ChannelSettings, ProjectSettings


@dataclass(frozen=True)
class Shared:
    """Resources that projects of an environment share."""

    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """What alerts name, by name."""
    host: NotificationHost | None = None
    constraint: pulumi.Output[str] | None = None
    keys_later: bool = False
    """Keys wait for budgets that are not made yet: the environment calls `make_keys`."""


class GeminiProject(Component):
    """A project with the Gemini API and its guardrails. No key exists before them, and none of them goes before it."""

    project_id: pulumi.Output[str]
    number: pulumi.Output[str]
    key_strings: Mapping[str, pulumi.Output[str]]
    """By name; secret."""
    tier_found: pulumi.Output[str] | None
    """`free`, `1`, `2`, `3` or `unknown`; None without a check."""
    budget_name: pulumi.Output[str] | None
    ready: pulumi.Resource
    """What everything in the project depends on."""

    def __init__(
        self,
        name: str,
        settings: ProjectSettings,
        shared: Shared | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        aliases = [pulumi.Alias(name=alias) for alias in settings.aliases]
        super().__init__(name, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=aliases)))
        settings_at(name, f"projects.{name}")
        self._settings = settings
        self._shared = shared or Shared()
        self._providers_of_children = list(providers_of(self, name))
        self._guardrails: list[pulumi.CustomResource] = []
        self.key_strings = {}
        self._budget_made: pulumi.Resource | None = None
        self.budget_name = None

        first = pulumi.ResourceOptions(
            parent=self, depends_on=self.after, providers=self._providers_of_children or None
        )
        project = Project(name, _project_args(settings), first)
        self.project_id, self.number, self.ready = project.project_id, project.number, project.ready
        # What is in the project names it by its id, which is known from the start, and waits for it by dependency:
        # if the project cannot be made, Pulumi then skips what depends on it and goes on with the others.
        watched = settings.alerts.somebody or settings.dashboard
        services = [API_KEYS_API] * bool(settings.keys) + [MONITORING_API] * watched
        self._apis = ProjectApis(
            name, {"projectId": settings.project_id, "services": services}, self._child(project.ready)
        ).enabled
        gemini = self._apis[GEMINI_API]
        # Cloud Monitoring is on in a new project; in an adopted one that has it off, the calls are tried again until
        # it is on.
        self._channels = self._made_channels(project.ready)
        self._budget()
        self._limits(gemini)
        self.tier_found = self._tier(gemini)
        self._care(project)
        if not self._shared.keys_later:
            self.make_keys(())

    def make_keys(self, budgets: Sequence[pulumi.Resource]) -> None:
        """Make the keys, once all that guards the project's spending is there: its own, and shared `budgets`."""
        settings = self._settings
        # What was there before the stack is left alone whenever it leaves.
        existing = self._budget_made if settings.budget and settings.budget.existing else None
        own = [guardrail for guardrail in self._guardrails if guardrail is not existing]
        guarding = [self.ready, *self._guardrails, *budgets]
        leave = ProjectExit(
            self._name,
            {
                "project": settings.project_id,
                "deletionPolicy": settings.deletion_policy,
                "guardrails": ids_if_all_are_there(own),
            },
            pulumi.ResourceOptions(
                parent=self,
                providers=self._providers_of_children or None,
                depends_on=without_failed(guarding),
                # Refuses in the preview too, in which no provider is asked about a deletion.
                protect=bool(settings.held),
            ),
        )
        apis = [self._apis[api] for api in (GEMINI_API, API_KEYS_API) if api in self._apis]
        keys = ApiKeys(
            self._name,
            {"projectId": settings.project_id, "keys": settings.keys},
            pulumi.ResourceOptions(
                parent=self,
                providers=self._providers_of_children or None,
                # A key does not come, or change, while what guards it has failed.
                depends_on=failed_of(guarding).apply(lambda failed: [leave, *apis, *failed]),
            ),
        )
        self.key_strings = keys.key_strings
        self._watch(keys)
        outputs = {"projectId": self.project_id, "number": self.number, "tierFound": self.tier_found}
        self.register_outputs(outputs)

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(after), providers=self._providers_of_children or None
        )

    def _limits(self, gemini: pulumi.Resource) -> None:
        settings = self._settings
        kept = settings.keeps_guardrails
        if settings.limits:
            args: ModelLimitsArgs = {
                "projectId": settings.project_id,
                "limits": settings.limits,
                "exempt": sorted(
                    {
                        quota.dimensions["model"]
                        for quota in settings.quotas.values()
                        if quota.metric and "model" in quota.dimensions
                    }
                ),
                "kept": kept,
            }
            self._guardrails += ModelLimits(self._name, args, self._child(gemini)).made
        if settings.quotas:
            quotas: QuotasArgs = {
                "projectId": settings.project_id,
                "quotas": settings.quotas,
                "kept": kept,
            }
            self._guardrails += Quotas(self._name, quotas, self._child(gemini)).overrides

    def _care(self, project: Project) -> None:
        settings = self._settings
        constraint = self._shared.constraint if settings.forbid_unrestricted_keys else None
        if settings.tags or settings.contacts or constraint is not None:
            ProjectCare(
                self._name,
                {
                    "projectId": settings.project_id,
                    "projectNumber": project.number,
                    "tags": settings.tags,
                    "contacts": settings.contacts,
                    "constraint": constraint,
                },
                self._child(project.ready),
            )

    def _made_channels(self, monitored: pulumi.Resource) -> list[pulumi.Input[str]]:
        alerts = self._settings.alerts
        if not alerts.somebody:
            return []
        named = {
            name: self._shared.channels[name] for name in alerts.channels if name in self._shared.channels
        }
        made = Channels(
            self._name,
            {
                "projectId": self._settings.project_id,
                "emails": alerts.email,
                "channels": named,
                "kept": alerts.email if self._settings.keeps_guardrails else (),
            },
            self._child(monitored),
        )
        return [*made.names, *(name for name in alerts.channels if name.startswith("projects/"))]

    def _budget(self) -> None:
        settings, host = self._settings, self._shared.host
        budget, account = settings.budget, settings.billing_account
        if not budget or not account:
            return
        emails = settings.alerts.email
        made = ProjectBudget(
            self._name,
            {
                "billingAccount": account,
                "title": budget_title(settings.project_id),
                "budget": budget,
                "projectNumbers": [self.number],
                # Channels that stand already spare the budget the wait for those that its project gets.
                "channels": [host.channels[email] for email in emails]
                if host
                else self._channels[: len(emails)],
                "topic": topic_of(budget, host),
                "kept": settings.keeps_guardrails,
            },
            self._child(self.ready),
        )
        self._budget_made = made.budget
        self.budget_name = made.budget_name
        options = made.child(kept=settings.keeps_guardrails, replaced_first=True)
        cap = spend_cap(self._name, account, self.number, settings.project_id, budget, options)
        self._guardrails += [made.budget, *([cap] if cap else [])]

    def _watch(self, keys: ApiKeys) -> None:
        settings = self._settings
        budget = settings.budget
        if settings.alerts.somebody:
            monthly = budget.amount if budget and budget.period.calendar == "MONTH" else None
            Alerts(
                self._name,
                {
                    "projectId": settings.project_id,
                    "alerts": settings.alerts,
                    "channels": self._channels,
                    "monthlyBudget": monthly,
                    "silentKeys": {
                        name: keys.uids[name] for name, key in settings.keys.items() if key.silent
                    },
                },
                self._child(self.ready),
            )
        if settings.dashboard:
            links = console_links(settings.project_id, settings.billing_account)
            Dashboard(
                self._name,
                {
                    "projectId": settings.project_id,
                    "title": f"Gemini API: {settings.project_id}",
                    "perProject": False,
                    "links": sorted(links.items()),
                },
                self._child(self.ready),
            )

    def _tier(self, gemini: pulumi.Resource) -> pulumi.Output[str] | None:
        settings = self._settings
        if settings.tier_wait is None:
            return None
        return TierCheck(
            self._name,
            {"project": settings.project_id, "expected": settings.tier, "waitSeconds": settings.tier_wait},
            self._child(gemini),
        ).tier


def topic_of(budget: BudgetRules, host: NotificationHost | None) -> pulumi.Input[str] | None:
    """A budget's topic by its name in full: one made here, or one that is there."""
    if budget.topic is None or budget.topic.startswith("projects/") or host is None:
        return budget.topic
    return host.topics[budget.topic]


def _project_args(settings: ProjectSettings) -> ProjectArgs:
    return {
        "projectId": settings.project_id,
        "name": settings.name or settings.project_id,
        "adopt": settings.adopt,
        "parent": settings.parent,
        "billingAccount": settings.billing_account,
        "labels": settings.all_labels,
        "deletionPolicy": settings.deletion_policy,
        "protect": settings.protect,
    }
