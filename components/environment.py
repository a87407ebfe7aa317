"""An environment: every project of a stack file, each with its guardrails, no two depending on each other."""

from typing import Any

import pulumi

from components.alerts import Alerts, AlertsArgs, EmailChannels
from components.api import API_KEYS_API, MONITORING_API, ProjectApis
from components.base import Component
from components.budget import ProjectBudget
from components.keys import ApiKeys
from components.limits import ModelLimits
from components.project import Project, ProjectArgs
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.console import console_links
from landing_zone.settings import EnvironmentSettings, ProjectSettings


class GeminiProject(Component):
    """A project with the Gemini API: project and link → APIs, channels, budget → keys, alerts, limits."""

    summary: dict[str, Any]
    """The stack's output for this project; the keys in it are secret."""

    def __init__(
        self, name: str, settings: ProjectSettings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)

        project = Project(name, _project_args(settings), self._child())
        # What is in the project names it by its id, which is known from the start, and waits for it by dependency:
        # if the project cannot be made, Pulumi then skips what depends on it and goes on with the others.
        alerting = bool(settings.alerts.email)
        services = [API_KEYS_API] * bool(settings.keys) + [MONITORING_API] * alerting
        apis = ProjectApis(
            name, {"projectId": settings.project_id, "services": services}, self._child(project.ready)
        )
        # A new project takes channels at once; in an adopted one, Cloud Monitoring may have been turned off.
        watched = apis.enabled[MONITORING_API] if alerting and settings.adopt else project.ready
        channels = EmailChannels(
            name,
            {"projectId": settings.project_id, "emails": settings.alerts.email},
            self._child(watched),
        ).names
        budget_name = None
        if settings.budget and settings.billing_account:
            budget_name = ProjectBudget(
                name,
                {
                    "billingAccount": settings.billing_account,
                    "projectId": settings.project_id,
                    "projectNumber": project.number,
                    "budget": settings.budget,
                    "channels": channels,
                },
                self._child(project.ready),
            ).budget_name
        keys = ApiKeys(
            name,
            {"projectId": settings.project_id, "keys": settings.keys, "protect": settings.protect},
            self._child(*(apis.enabled[api] for api in (GEMINI_API, API_KEYS_API) if api in apis.enabled)),
        )
        if alerting:
            alerts: AlertsArgs = {
                "projectId": settings.project_id,
                "alerts": settings.alerts,
                "channels": channels,
            }
            Alerts(name, alerts, self._child(watched))
        ModelLimits(
            name,
            {"projectId": settings.project_id, "tier": settings.tier, "limits": settings.limits},
            self._child(apis.enabled[GEMINI_API]),
        )
        self.summary = _summary(settings, project, keys, budget_name)
        self.register_outputs(self.summary)

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))


class Environment(Component):
    """All projects of an environment."""

    projects: dict[str, GeminiProject]

    def __init__(self, settings: EnvironmentSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(settings.stack, opts)
        self.projects = {
            name: GeminiProject(name, project, pulumi.ResourceOptions(parent=self))
            for name, project in settings.projects.items()
        }
        self.register_outputs({})

    @property
    def summary(self) -> dict[str, dict[str, Any]]:
        """The stack's output `projects`."""
        return {name: project.summary for name, project in self.projects.items()}


def _project_args(settings: ProjectSettings) -> ProjectArgs:
    return {
        "projectId": settings.project_id,
        "name": settings.name or settings.project_id,
        "adopt": settings.adopt,
        "parent": settings.parent,
        "billingAccount": settings.billing_account,
        "labels": settings.labels,
        "deletionPolicy": settings.deletion_policy,
        "protect": settings.protect,
    }


def _summary(
    settings: ProjectSettings, project: Project, keys: ApiKeys, budget_name: pulumi.Output[str] | None
) -> dict[str, Any]:
    budget = settings.budget and {
        "name": budget_name,
        # Text: Pulumi's numbers are doubles, and money is not.
        "amount": f"{settings.budget.amount:f}",
        "currency": settings.budget.currency,
        "thresholds": [f"{rule.share:f} {rule.basis}" for rule in settings.budget.thresholds],
    }
    return {
        "projectId": project.project_id,
        "number": project.number,
        "tier": settings.tier,
        "billingAccount": settings.billing_account,
        "keys": keys.key_strings,
        "budget": budget,
        "limits": {model: dict(limit.items()) for model, limit in settings.limits.items()},
        "console": console_links(settings.project_id, settings.billing_account),
    }
