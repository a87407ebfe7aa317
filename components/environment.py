"""An environment: every project of a stack file, with its guardrails. No project depends on another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_gcp import billing

from components.base import Component
from components.budget import Scope, existing_budget, make_budget
from components.dashboard import make_dashboard
from components.failures import without_failed
from components.gemini_project import GeminiProject, Shared, topic_of
from components.governance import make_key_constraint
from components.keys import ids_of_deletable_keys
from components.native import Roster, StackExit, native_provider
from components.notifications import NotificationHost
from components.turns import choose_rates
from landing_zone.gemini.console import console_links
from landing_zone.monitoring.dashboards import dashboard
from landing_zone.pricing.days import today
from landing_zone.reports.summary import month_report, worst_month
from landing_zone.settings import EnvironmentSettings
from landing_zone.settings.cautions import stored_requests

if TYPE_CHECKING:
    from components.guard import Guard


class Environment(Component):
    """All projects of an environment."""

    projects: dict[str, GeminiProject]
    shared_budgets: dict[str, billing.Budget]

    def __init__(self, settings: EnvironmentSettings, opts: pulumi.ResourceOptions | None = None) -> None:
        own = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(providers=[native_provider(settings.stack)])
        )
        super().__init__(settings.stack, own, "")
        choose_rates(settings.write_rates)
        roster = self._roster(settings)
        host = self._host(settings)
        restricted = any(project.forbid_unrestricted_keys for project in settings.projects.values())
        constraint = (
            make_key_constraint(self, settings.stack, settings.name_at_google, settings.organization)
            if restricted and settings.organization and not settings.key_constraint
            else None
        )
        guard = self._guard(settings, host) if settings.guarded and host else None
        shared = Shared(
            settings.channels,
            host,
            constraint.name if constraint else settings.key_constraint,
            guard,
            keys_later=True,
        )
        self.projects = {
            name: GeminiProject(
                name, project, shared, pulumi.ResourceOptions(parent=self, depends_on=[roster])
            )
            for name, project in settings.projects.items()
        }
        self.shared_budgets = self._shared_budgets(settings, host)
        for name, project in self.projects.items():
            counting = [
                self.shared_budgets[key]
                for key, budget in settings.shared_budgets.items()
                if name in budget.projects
            ]
            project.make_keys(counting)
        board = None
        if settings.dashboard and settings.notification_project:
            board = make_dashboard(
                settings.stack,
                settings.notification_project,
                dashboard(
                    f"Gemini API: all projects of {settings.name_at_google}",
                    True,
                    [
                        (name, console_links(project.project_id, None)["usage"])
                        for name, project in settings.projects.items()
                    ],
                ),
                self.child(settings.stack, "dashboard"),
            )
        own_resources = [each for each in (host, constraint, board, guard) if each]
        self._exit(settings, [*self.projects.values(), *self.shared_budgets.values(), *own_resources])
        self.register_outputs({})

    def _roster(self, settings: EnvironmentSettings) -> pulumi.Resource:
        """The roster, on which every project depends: it refuses a change before any resource is changed."""
        found = month_report(settings, today())
        for warning in found.warnings:
            pulumi.log.warn(warning, self)
        for each in stored_requests(settings):
            pulumi.log.warn(f"{each.path[1]}: {each.reason}: {each.remedy}", self)
        amount, bound = worst_month(found.exposure)
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
                        "keys": ids_of_deletable_keys(project.keys),
                    }
                    for name, project in settings.projects.items()
                },
                "sharedBudgets": {
                    name: list(budget.projects) for name, budget in settings.shared_budgets.items()
                },
                "worstMonth": amount,
                "boundBy": bound,
            },
            self.child(settings.stack, "projects"),
        )

    def _exit(self, settings: EnvironmentSettings, everything: Sequence[pulumi.Resource]) -> None:
        """Create the resource that is deleted first."""
        held = [f"{project.held} of {name}" for name, project in settings.projects.items() if project.held]
        StackExit(
            settings.stack,
            {"held": held},
            # Protected, its deletion is refused in the preview too, where the engine does not call the provider.
            self.child(settings.stack, "projects", after=without_failed(everything), protect=bool(held)),
        )

    def _host(self, settings: EnvironmentSettings) -> NotificationHost | None:
        if settings.notification_project is None:
            return None
        with_budgets = [project for project in settings.projects.values() if project.budget]
        emails = [
            *(project.alerts.email for project in with_budgets),
            *(budget.email for budget in settings.shared_budgets.values()),
            settings.guard_emails,
        ]
        return NotificationHost(
            settings.stack,
            {
                "projectId": settings.notification_project,
                "emails": list(dict.fromkeys(email for each in emails for email in each)),
                "existing": settings.budget_channels,
                "topics": settings.topics,
                "kept": [
                    email
                    for project in with_budgets
                    if project.keeps_guardrails
                    for email in project.alerts.email
                ],
                "stackLabel": settings.stack_label,
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _guard(self, settings: EnvironmentSettings, host: NotificationHost) -> "Guard":
        """The function that guards projects; none of them depends on another by it."""
        # Not at the top: the modules of pulumi_gcp that it takes cost a stack without a guard 0.3 s.
        from components.guard import Guard
        from landing_zone.reports.guard_plan import guard_policies

        budgets = [project.budget for project in settings.guarded.values() if project.budget]
        named = dict.fromkeys(budget.topic for budget in budgets if budget.topic)
        return Guard(
            settings.stack,
            {
                "projectId": settings.notification_project or "",
                "stack": settings.name_at_google,
                "settings": settings.guard,
                "policies": guard_policies(settings, today()),
                "topics": {topic: host.topics.get(topic, topic) for topic in named},
                "ownTopic": any(budget.topic is None for budget in budgets),
                "channels": [host.channels[email] for email in settings.guard_emails],
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _shared_budgets(
        self, settings: EnvironmentSettings, host: NotificationHost | None
    ) -> dict[str, billing.Budget]:
        found = {}
        for name, budget in settings.shared_budgets.items():
            members = [self.projects[project] for project in budget.projects]
            account, own = budget.billing_account or "", f"shared-{name}"
            found[name] = make_budget(
                own,
                budget,
                Scope(
                    account,
                    f"{settings.name_at_google} {name} Gemini API",
                    numbers=[member.number for member in members],
                    ancestors=budget.ancestors,
                    channels=[host.channels[email] for email in budget.email] if host else [],
                    topic=topic_of(budget, host),
                ),
                self.child(
                    own,
                    f"sharedBudgets.{name}",
                    after=[member.ready for member in members],
                    existing=existing_budget(budget, account),
                    counted=True,
                ),
            )
        return found

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs for other programs, by project. `gemini-lz show` has the rest.

        One output per project, because Pulumi prints the whole of an output that changes.
        """
        return {
            name: {"projectId": project.project_id, "number": project.number, "keys": project.key_strings}
            for name, project in self.projects.items()
        }
