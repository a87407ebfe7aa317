"""An environment: every project of a stack file, each with its guardrails, no two depending on each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.alerts import Alerts
from components.api import API_KEYS_API, MONITORING_API, ProjectApis
from components.base import Component
from components.budget import ProjectBudget, SharedBudget, spend_cap
from components.care import ProjectCare
from components.channels import Channels
from components.dashboard import Dashboard
from components.hooks import settings_at
from components.host import KeyConstraint, NotificationHost
from components.keys import ApiKeys
from components.limits import ModelLimits, ModelLimitsArgs
from components.native import TierCheck, native_provider, providers_of
from components.project import Project, ProjectArgs
from components.quotas import Quotas, QuotasArgs
from landing_zone.costs.summary import environment_report, summary
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.console import console_links
from landing_zone.pricing.days import today
from landing_zone.settings import (
    BudgetRules,
    BudgetSettings,
    ChannelSettings,
    EnvironmentSettings,
    ProjectSettings,
)


@dataclass(frozen=True)
class Shared:
    """What projects of an environment share."""

    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """What alerts name, by name."""
    host: NotificationHost | None = None
    constraint: pulumi.Output[str] | None = None


class GeminiProject(Component):
    """A project with the Gemini API: project and link → APIs, channels, budget → keys, alerts, limits."""

    summary: dict[str, Any]
    """The stack's output for this project; the keys in it are secret."""
    number: pulumi.Output[str]
    ready: pulumi.Resource
    """What everything in the project depends on."""

    def __init__(
        self,
        name: str,
        settings: ProjectSettings,
        shared: Shared | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        settings_at(name, f"projects.{name}")
        self._settings = settings
        self._shared = shared or Shared()
        self._providers_of_children = list(providers_of(self, name))

        project = Project(name, _project_args(settings), self._child())
        self.number, self.ready = project.number, project.ready
        # What is in the project names it by its id, which is known from the start, and waits for it by dependency:
        # if the project cannot be made, Pulumi then skips what depends on it and goes on with the others.
        watched = settings.alerts.somebody or settings.dashboard
        services = [API_KEYS_API] * bool(settings.keys) + [MONITORING_API] * watched
        apis = ProjectApis(
            name, {"projectId": settings.project_id, "services": services}, self._child(project.ready)
        )
        gemini = apis.enabled[GEMINI_API]
        # Cloud Monitoring is on in a new project; in an adopted one that has it off, the calls are tried again until
        # it is on.
        channels = self._channels(project.ready)
        found: dict[str, Any] = self._budget(channels)
        keys = ApiKeys(
            name,
            {"projectId": settings.project_id, "keys": settings.keys, "protect": settings.protect},
            self._child(*(apis.enabled[api] for api in (GEMINI_API, API_KEYS_API) if api in apis.enabled)),
        )
        self._watch(project.ready, channels, keys)
        found |= self._quotas(gemini)
        found["tierFound"] = self._tier(gemini)
        self._care(project)
        self.summary = _summary(settings, project, keys, found)
        self.register_outputs(self.summary)

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(after), providers=self._providers_of_children or None
        )

    def _quotas(self, gemini: pulumi.Resource) -> dict[str, Any]:
        settings = self._settings
        found: dict[str, Any] = {"limits": {}, "quotas": {}}
        if settings.limits:
            args: ModelLimitsArgs = {"projectId": settings.project_id, "limits": settings.limits}
            found["limits"] = ModelLimits(self._name, args, self._child(gemini)).effective
        if settings.quotas:
            quotas: QuotasArgs = {"projectId": settings.project_id, "quotas": settings.quotas}
            found["quotas"] = Quotas(self._name, quotas, self._child(gemini)).summary
        return found

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

    def _channels(self, monitored: pulumi.Resource) -> list[pulumi.Input[str]]:
        alerts = self._settings.alerts
        if not alerts.somebody:
            return []
        named = {
            name: self._shared.channels[name] for name in alerts.channels if name in self._shared.channels
        }
        made = Channels(
            self._name,
            {"projectId": self._settings.project_id, "emails": alerts.email, "channels": named},
            self._child(monitored),
        )
        return [*made.names, *(name for name in alerts.channels if name.startswith("projects/"))]

    def _budget(self, channels: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
        settings, host = self._settings, self._shared.host
        budget, account = settings.budget, settings.billing_account
        if not budget or not account:
            return {}
        emails = settings.alerts.email
        made = ProjectBudget(
            self._name,
            {
                "billingAccount": account,
                "title": f"{settings.project_id} Gemini API",
                "budget": budget,
                "projectNumbers": [self.number],
                # Channels that stand already spare the budget the wait for those that its project gets.
                "channels": [host.channels[email] for email in emails] if host else channels[: len(emails)],
                "topic": _topic(budget, host),
            },
            self._child(self.ready),
        )
        found: dict[str, Any] = {"budget": made.budget_name}
        cap = spend_cap(self._name, account, self.number, settings.project_id, budget, made.child())
        return found | ({"spendCap": cap.state} if cap else {})

    def _watch(
        self, monitored: pulumi.Resource, channels: Sequence[pulumi.Input[str]], keys: ApiKeys
    ) -> None:
        settings = self._settings
        budget = settings.budget
        if settings.alerts.somebody:
            monthly = budget.amount if budget and budget.period.calendar == "MONTH" else None
            Alerts(
                self._name,
                {
                    "projectId": settings.project_id,
                    "alerts": settings.alerts,
                    "channels": channels,
                    "monthlyBudget": monthly,
                    "silentKeys": {
                        name: keys.uids[name] for name, key in settings.keys.items() if key.silent
                    },
                },
                self._child(monitored),
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
                self._child(monitored),
            )

    def _tier(self, gemini: pulumi.Resource) -> pulumi.Output[str] | None:
        settings = self._settings
        if settings.tier_wait is None:
            return None
        after = self._child(gemini)
        return TierCheck(
            self._name,
            {"project": settings.project_id, "expected": settings.tier, "waitSeconds": settings.tier_wait},
            after,
        ).tier


class Environment(Component):
    """All projects of an environment."""

    projects: dict[str, GeminiProject]
    cost: dict[str, dict[str, Any]]
    """The stack's output `cost`: by project, what is expected and what it can cost at worst."""

    def __init__(self, settings: EnvironmentSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        own = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(providers=[native_provider(settings.stack)])
        )
        super().__init__(settings.stack, own)
        settings_at(settings.stack, "")
        found = environment_report(settings, today())
        self.cost = summary(found)
        for warning in found.warnings:
            pulumi.log.warn(warning, self)
        host = self._host(settings)
        restricted = any(project.forbid_unrestricted_keys for project in settings.projects.values())
        shared = Shared(
            settings.channels,
            host,
            KeyConstraint(settings.stack, settings.organization, self._child()).constraint
            if restricted and settings.organization
            else None,
        )
        self.projects = {
            name: GeminiProject(name, project, shared, self._child())
            for name, project in settings.projects.items()
        }
        self.shared_budgets = self._shared_budgets(settings, host)
        if settings.dashboard and settings.notification_project:
            Dashboard(
                settings.stack,
                {
                    "projectId": settings.notification_project,
                    "title": f"Gemini API: all projects of {settings.stack}",
                    "perProject": True,
                    "links": [
                        (name, console_links(project.project_id, None)["usage"])
                        for name, project in settings.projects.items()
                    ],
                },
                self._child(),
            )
        self.register_outputs({})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _host(self, settings: EnvironmentSettings) -> NotificationHost | None:
        if settings.notification_project is None:
            return None
        with_budgets = [project.alerts.email for project in settings.projects.values() if project.budget]
        emails = [*with_budgets, *(budget.email for budget in settings.shared_budgets.values())]
        return NotificationHost(
            settings.stack,
            {
                "projectId": settings.notification_project,
                "emails": list(dict.fromkeys(email for each in emails for email in each)),
                "topics": settings.topics,
            },
            self._child(),
        )

    def _shared_budgets(
        self, settings: EnvironmentSettings, host: NotificationHost | None
    ) -> dict[str, dict[str, Any]]:
        found = {}
        for name, budget in settings.shared_budgets.items():
            members = [self.projects[project] for project in budget.projects]
            settings_at(f"shared-{name}", f"sharedBudgets.{name}")
            made = SharedBudget(
                f"shared-{name}",
                {
                    "billingAccount": budget.billing_account or "",
                    "title": f"{settings.stack} {name} Gemini API",
                    "budget": budget,
                    "projectNumbers": [member.number for member in members],
                    "ancestors": budget.ancestors,
                    "channels": [host.channels[email] for email in budget.email] if host else [],
                    "topic": _topic(budget, host),
                },
                self._child(*(member.ready for member in members)),
            )
            counted = [*budget.projects, *budget.ancestors, *budget.subaccounts]
            found[name] = {
                **_budget_summary(budget, made.budget_name),
                "counts": counted or ["all that the account pays for"],
            }
        return found

    @property
    def summary(self) -> dict[str, dict[str, Any]]:
        """The stack's output `projects`."""
        return {name: project.summary for name, project in self.projects.items()}


def _topic(budget: BudgetRules, host: NotificationHost | None) -> pulumi.Input[str] | None:
    """The topic's name in full: one made here, or one that is there."""
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


def _summary(
    settings: ProjectSettings, project: Project, keys: ApiKeys, found: Mapping[str, Any]
) -> dict[str, Any]:
    budget = settings.budget and {
        **_budget_summary(settings.budget, found.get("budget")),
        "spendCap": _cap_summary(settings.budget, found.get("spendCap")),
    }
    return {
        "projectId": project.project_id,
        "number": project.number,
        "tier": settings.tier,
        "tierFound": found["tierFound"],
        "billingAccount": settings.billing_account,
        "keys": keys.key_strings,
        "budget": budget,
        "limits": {model: dict(limit.items()) for model, limit in settings.limits.items()},
        "effectiveLimits": found["limits"],
        "quotas": found["quotas"],
        "console": console_links(settings.project_id, settings.billing_account),
    }


def _budget_summary(budget: BudgetRules, name: pulumi.Output[str] | None) -> dict[str, Any]:
    return {
        "name": name,
        # Text: Pulumi's numbers are doubles, and money is not.
        "amount": None if budget.amount is None else f"{budget.amount:f}",
        "currency": budget.currency,
        "period": _period(budget),
        "thresholds": [f"{rule.share:f} {rule.basis}" for rule in budget.thresholds],
        "topic": budget.topic,
    }


def _cap_summary(budget: BudgetSettings, state: pulumi.Output[str] | None) -> dict[str, Any] | None:
    if budget.spend_cap is None or state is None:
        return None
    amount = budget.spend_cap.amount if budget.spend_cap.amount is not None else budget.amount
    return {"amount": f"{amount:f}", "currency": budget.currency, "state": state}


def _period(budget: BudgetRules) -> str:
    period = budget.period
    if period.start is None:
        return (period.calendar or "MONTH").lower()
    return f"{period.start} to {period.end or 'no end'}"
