"""A project with the Gemini API: project and link → APIs, channels, budget, limits → exit → keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from components.alerts import Alerts
from components.api import enable_apis
from components.base import Component
from components.budget import Scope, existing_budget, make_budget, spend_cap
from components.channels import make_channels
from components.dashboard import make_dashboard
from components.failures import failed_of, ids_if_all_are_there, without_failed
from components.governance import govern
from components.keys import make_key_accounts, make_keys
from components.native import ProjectExit, TierCheck, providers_of
from components.notifications import NotificationHost
from components.project import adopt_project, create_project
from components.project_limits import limited_models, make_limits
from components.quotas import make_quotas
from landing_zone.gemini import API_KEYS_API, GEMINI_API, IAM_API
from landing_zone.monitoring.dashboards import project_dashboard
from landing_zone.names import budget_title
from landing_zone.settings import BudgetRules, ChannelSettings, ProjectSettings

if TYPE_CHECKING:
    from components.guard import Guard


@dataclass(frozen=True)
class Shared:
    """Resources that projects of an environment share."""

    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """Channels that alerts name, by name."""
    host: NotificationHost | None = None
    constraint: pulumi.Input[str] | None = None
    guard: "Guard | None" = None
    keys_later: bool = False
    """Keys depend on budgets that do not exist yet: the environment calls `make_keys`."""


class GeminiProject(Component):
    """A project with the Gemini API. Keys are created after its guardrails, and deleted before them."""

    project_id: pulumi.Output[str]
    number: pulumi.Output[str]
    key_strings: Mapping[str, pulumi.Output[str]]
    """By name; secret."""
    tier_found: pulumi.Output[str] | None
    """`free`, `1`, `2`, `3` or `unknown`; None without a check."""
    budget_name: pulumi.Output[str] | None
    ready: pulumi.Resource
    """The resource that everything in the project depends on."""

    def __init__(
        self,
        name: str,
        settings: ProjectSettings,
        shared: Shared | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        aliases = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=alias) for alias in settings.aliases])
        super().__init__(name, pulumi.ResourceOptions.merge(opts, aliases), f"projects.{name}")
        self._settings = settings
        self.stack_label = settings.stack_label
        self._shared = shared or Shared()
        self.providers_of_children = list(providers_of(self, name))
        self.key_strings = {}

        make = adopt_project if settings.adopt else create_project
        project = make(self, name, settings)
        self.project_id, self.number, self.ready = project.id, project.number, project.ready
        # Resources in the project name it by its id, which is known from the start, and depend on it: if the
        # project cannot be created, Pulumi skips them and continues with the other projects.
        self._apis = enable_apis(self, name, settings.project_id, settings.services, self.ready)
        # Channels do not depend on the API of Cloud Monitoring: it is on in a new project, and in an adopted one
        # that has it off, the calls are retried until it is on.
        self._channels = self._make_channels()
        self._own_budget: list[pulumi.CustomResource] = self._make_budget()
        self._limits = self._make_limits()
        self._guarding = self._make_guard()
        self.tier_found = self._make_tier_check()
        govern(
            self,
            name,
            settings,
            self.number,
            self._shared.constraint if settings.forbid_unrestricted_keys else None,
            [self.ready],
        )
        self._accounts = make_key_accounts(
            self,
            name,
            settings.project_id,
            settings.keys,
            [self._apis[IAM_API]] if IAM_API in self._apis else [],
            guarded=settings.is_guarded,
        )
        if not self._shared.keys_later:
            self.make_keys(())

    def make_keys(self, budgets: Sequence[pulumi.Resource]) -> None:
        """Create the keys after the project's guardrails: its own, and shared `budgets`."""
        settings = self._settings
        guarding = [self.ready, *self._own_budget, *self._limits, *self._guarding, *budgets]
        # A budget that existed before the stack is never deleted with it.
        taken_over = bool(settings.budget and settings.budget.existing)
        own = [*(self._own_budget[1:] if taken_over else self._own_budget), *self._limits]
        leave = ProjectExit(
            self._name,
            {
                "project": settings.project_id,
                "deletionPolicy": settings.deletion_policy,
                "guardrails": ids_if_all_are_there(own),
                "limited": limited_models(settings),
                **({"guard": guard} if (guard := self._guard_record()) else {}),
                # Nothing else in the stack says which number an adopted project has, and budgets name it by that.
                **({"number": self.number} if settings.adopt else {}),
            },
            # Protected, its deletion is refused in the preview too, where the engine does not call the provider.
            self.child(
                self._name,
                "deletionPolicy",
                after=without_failed(guarding),
                protect=bool(settings.held),
            ),
        )
        apis = [self._apis[api] for api in (GEMINI_API, API_KEYS_API) if api in self._apis]
        # No key is created or changed while a guardrail has failed.
        after = failed_of(guarding).apply(lambda failed: [leave, *apis, *failed])
        keys = make_keys(self, self._name, settings.project_id, settings.keys, self._accounts, after)
        self.key_strings = {name: pulumi.Output.secret(key.key_string) for name, key in keys.items()}
        self._watch({name: keys[name].uid for name, key in settings.keys.items() if key.decoy})
        outputs = {"projectId": self.project_id, "number": self.number, "tierFound": self.tier_found}
        self.register_outputs(outputs)

    def _make_limits(self) -> list[pulumi.CustomResource]:
        settings, gemini = self._settings, [self._apis[GEMINI_API]]
        kept, project_id = settings.keeps_guardrails, settings.project_id
        return [
            *make_limits(self, self._name, settings, gemini, self._guard_record()),
            *make_quotas(self, self._name, project_id, settings.quotas, gemini, kept=kept),
        ]

    def _guard_record(self) -> dict[str, pulumi.Input[str]] | None:
        """Where the guard keeps its record of this project; None if it does not guard it."""
        return {"bucket": self._guard.bucket_name, "number": self.number} if self._guard else None

    def _make_channels(self) -> list[pulumi.Input[str]]:
        alerts = self._settings.alerts
        if not alerts.has_recipients:
            return []
        named = {
            name: self._shared.channels[name] for name in alerts.channels if name in self._shared.channels
        }
        made = make_channels(
            self,
            self._name,
            "alerts",
            self._settings.project_id,
            alerts.email,
            named,
            alerts.email if self._settings.keeps_guardrails else (),
            [self.ready],
        )
        return [*made, *(name for name in alerts.channels if name.startswith("projects/"))]

    def _make_budget(self) -> list[pulumi.CustomResource]:
        """The budget, and its spend cap if it asks for one."""
        settings, host = self._settings, self._shared.host
        budget, account = settings.budget, settings.billing_account
        self.budget_name = None
        if not budget or not account:
            return []
        emails, kept = settings.alerts.email, settings.keeps_guardrails
        made = make_budget(
            self._name,
            budget,
            Scope(
                account,
                budget_title(settings.project_id),
                numbers=[self.number],
                # Channels of the host exist already: the budget need not wait for the project's own.
                channels=[host.channels[email] for email in emails]
                if host
                else self._channels[: len(emails)],
                topic=self._topic(budget),
            ),
            self.child(
                self._name,
                "budget",
                after=[self.ready],
                existing=existing_budget(budget, account),
                kept=kept,
                counted=True,
            ),
        )
        self.budget_name = made.name
        options = self.child(
            self._name, "budget.spendCap", after=[self.ready], kept=kept, replaced_first=True, counted=True
        )
        cap = spend_cap(self._name, account, self.number, settings.project_id, budget, options)
        return [made, *([cap] if cap else [])]

    def _topic(self, budget: BudgetRules) -> pulumi.Input[str] | None:
        """The topic that the budget publishes to: its own, else the guard's."""
        own = topic_of(budget, self._shared.host)
        return self._guard.topic if own is None and self._guard else own

    @property
    def _guard(self) -> "Guard | None":
        return self._shared.guard if self._settings.is_guarded else None

    def _make_guard(self) -> list[pulumi.CustomResource]:
        """What the guard needs to act in the project, and the guard itself."""
        if not self._guard:
            return []
        made = self._guard.admit(
            self,
            self._name,
            number=self.number,
            budget=self.budget_name,
            # The API of IAM makes the role.
            after=[self.ready, self._apis[IAM_API]],
        )
        return [*self._guard.resources, *made]

    def _watch(self, decoy_keys: Mapping[str, pulumi.Output[str]]) -> None:
        settings = self._settings
        budget = settings.budget
        if settings.alerts.has_any:
            monthly = budget.amount if budget and budget.period.calendar == "MONTH" else None
            Alerts(
                self._name,
                {
                    "projectId": settings.project_id,
                    "alerts": settings.alerts,
                    "channels": self._channels,
                    "monthlyBudget": monthly,
                    "decoyKeys": decoy_keys,
                    "stackLabel": settings.stack_label,
                },
                pulumi.ResourceOptions(parent=self, depends_on=[self.ready]),
            )
        if settings.dashboard:
            make_dashboard(
                self._name,
                settings.project_id,
                project_dashboard(settings.project_id, settings.billing_account),
                self.child(self._name, "dashboard", after=[self.ready]),
            )

    def _make_tier_check(self) -> pulumi.Output[str] | None:
        settings = self._settings
        if settings.tier_wait is None:
            return None
        return TierCheck(
            self._name,
            {
                "project": settings.project_id,
                "expected": settings.tier,
                "waitSeconds": settings.tier_wait,
                "billingAccount": settings.billing_account if settings.tier == "paid" else None,
                **({"guard": guard} if (guard := self._guard_record()) else {}),
            },
            self.child(self._name, "tier", after=[self._apis[GEMINI_API]]),
        ).tier


def topic_of(budget: BudgetRules, host: NotificationHost | None) -> pulumi.Input[str] | None:
    """A budget's topic by its full name: one created here, or an existing one."""
    if budget.topic is None or budget.topic.startswith("projects/") or host is None:
        return budget.topic
    return host.topics[budget.topic]
