"""An environment: every project of a stack file, each with its guardrails, no two depending on each other."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.base import Component
from components.budget import SharedBudget
from components.dashboard import Dashboard
from components.failures import without_failed
from components.gemini_project import GeminiProject, Shared, topic_of
from components.hooks import settings_at
from components.host import KeyConstraint, NotificationHost
from components.native import Roster, StackExit, native_provider
from landing_zone.costs.summary import environment_report, worst_month
from landing_zone.gemini.console import console_links
from landing_zone.pricing.days import today
from landing_zone.settings import EnvironmentSettings


class Environment(Component):
    """All projects of an environment."""

    projects: dict[str, GeminiProject]
    shared_budgets: dict[str, SharedBudget]

    def __init__(self, settings: EnvironmentSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        own = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(providers=[native_provider(settings.stack)])
        )
        super().__init__(settings.stack, own)
        settings_at(settings.stack, "")
        roster = self._roster(settings)
        host = self._host(settings)
        restricted = any(project.forbid_unrestricted_keys for project in settings.projects.values())
        constraint = (
            KeyConstraint(settings.stack, settings.organization, self._child())
            if restricted and settings.organization
            else None
        )
        shared = Shared(
            settings.channels, host, constraint.constraint if constraint else None, keys_later=True
        )
        self.projects = {
            name: GeminiProject(name, project, shared, self._child(roster))
            for name, project in settings.projects.items()
        }
        self.shared_budgets = self._shared_budgets(settings, host)
        for name, project in self.projects.items():
            counting = [
                self.shared_budgets[key].budget
                for key, budget in settings.shared_budgets.items()
                if name in budget.projects
            ]
            project.make_keys(counting)
        board = None
        if settings.dashboard and settings.notification_project:
            board = Dashboard(
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
        own_resources = [each for each in (host, constraint, board) if each]
        self._exit(settings, [*self.projects.values(), *self.shared_budgets.values(), *own_resources])
        self.register_outputs({})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _roster(self, settings: EnvironmentSettings) -> pulumi.Resource:
        """What every project waits for: a change that would leave one unguarded is refused before any other."""
        found = environment_report(settings, today())
        for warning in found.warnings:
            pulumi.log.warn(warning, self)
        amount, bound = worst_month(found)
        return Roster(
            settings.stack,
            {
                "projects": {
                    name: {
                        "projectId": project.project_id,
                        "tier": project.tier,
                        "adopt": project.adopt,
                        "deletionPolicy": project.deletion_policy,
                        "held": project.held,
                        "aliases": list(project.aliases),
                    }
                    for name, project in settings.projects.items()
                },
                "sharedBudgets": {
                    name: list(budget.projects) for name, budget in settings.shared_budgets.items()
                },
                "worstMonth": amount,
                "boundBy": bound,
            },
            self._child(),
        )

    def _exit(self, settings: EnvironmentSettings, everything: Sequence[pulumi.Resource]) -> None:
        """Make what is deleted first."""
        held = [f"{project.held} of {name}" for name, project in settings.projects.items() if project.held]
        StackExit(
            settings.stack,
            {"held": held},
            pulumi.ResourceOptions(
                parent=self,
                depends_on=without_failed(everything),
                # Refuses in the preview too, in which no provider is asked about a deletion.
                protect=bool(held),
            ),
        )

    def _host(self, settings: EnvironmentSettings) -> NotificationHost | None:
        if settings.notification_project is None:
            return None
        with_budgets = [project for project in settings.projects.values() if project.budget]
        emails = [
            *(project.alerts.email for project in with_budgets),
            *(budget.email for budget in settings.shared_budgets.values()),
        ]
        return NotificationHost(
            settings.stack,
            {
                "projectId": settings.notification_project,
                "emails": list(dict.fromkeys(email for each in emails for email in each)),
                "topics": settings.topics,
                "kept": [
                    email
                    for project in with_budgets
                    if project.keeps_guardrails
                    for email in project.alerts.email
                ],
            },
            self._child(),
        )

    def _shared_budgets(
        self, settings: EnvironmentSettings, host: NotificationHost | None
    ) -> dict[str, SharedBudget]:
        found = {}
        for name, budget in settings.shared_budgets.items():
            members = [self.projects[project] for project in budget.projects]
            settings_at(f"shared-{name}", f"sharedBudgets.{name}")
            found[name] = SharedBudget(
                f"shared-{name}",
                {
                    "billingAccount": budget.billing_account or "",
                    "title": f"{settings.stack} {name} Gemini API",
                    "budget": budget,
                    "projectNumbers": [member.number for member in members],
                    "ancestors": budget.ancestors,
                    "channels": [host.channels[email] for email in budget.email] if host else [],
                    "topic": topic_of(budget, host),
                    "kept": False,
                },
                self._child(*(member.ready for member in members)),
            )
        return found

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, by project: what other programs need of it. `gemini-lz show` has the rest.

        One output a project: Pulumi prints an output that changes as a whole.
        """
        return {
            name: {"projectId": project.project_id, "number": project.number, "keys": project.key_strings}
            for name, project in self.projects.items()
        }
