"""The stack that a preflight looks at, and what is read of Google for it."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from threading import Lock
from typing import Any, TypeVar

from landing_zone.google.caller import Caller
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.permissions import Use
from landing_zone.google.rest import Google
from landing_zone.google.retrying import LOOKS
from landing_zone.google.spend_caps import SpendCap
from landing_zone.names import stack_label
from landing_zone.settings import EnvironmentSettings, ProjectSettings
from landing_zone.settings.problems import Path
from landing_zone.settings.source import StackFile

_T = TypeVar("_T")


@dataclass(frozen=True)
class Subject:
    """A stack, the caller, and reads of Google that several checks share."""

    settings: EnvironmentSettings
    file: StackFile
    google: Google
    day: date
    pulumi_project: str
    caller: Caller
    in_state: Callable[[], set[str] | None]
    """Ids of the projects in the stack's state; None if the state cannot be read."""
    seed: str | None = None
    """The project that calls count against, if the configuration names it."""
    disabled: set[str] = field(default_factory=set)
    """Services that refused a call as they are not enabled in the project that the call counts against."""
    _once: dict[str, "Future[Any]"] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def once(self, key: str, read: Callable[[], _T]) -> _T:
        """The result of `read`, which is called once for each key, also from several threads. Raises as `read`."""
        with self._lock:
            mine = key not in self._once
            future = self._once.setdefault(key, Future())
        if mine:
            try:
                future.set_result(read())
            except BaseException as error:
                future.set_exception(error)
        found: _T = future.result()
        return found

    def without_seed(self) -> "Subject":
        """The same with calls that count against no other project, and nothing read yet."""
        config = replace(self.google.config, user_project_override=False)
        google = Google(config, self.google.stop, retries=LOOKS)
        caller = replace(self.caller, is_user=False)
        return replace(self, google=google, caller=caller, seed=None, disabled=set(), _once={}, _lock=Lock())

    def label_of(self, project: ProjectSettings) -> str:
        """The value of the label `gemini-lz-stack` of a project that this stack created."""
        return stack_label(self.pulumi_project, project.stack_label or self.settings.stack)

    @cached_property
    def created(self) -> Mapping[str, ProjectSettings]:
        """The projects that the stack creates, by name."""
        return {name: each for name, each in self.settings.projects.items() if not each.adopt}

    @cached_property
    def adopted(self) -> Mapping[str, ProjectSettings]:
        """The projects that exist without the stack, by name."""
        return {name: each for name, each in self.settings.projects.items() if each.adopt}

    def paid_of(self, account: str) -> tuple[str, ...]:
        """Names of the paid projects that an account pays for."""
        return tuple(name for name, each in self.paid.items() if each.billing_account == account)

    @cached_property
    def paid(self) -> Mapping[str, ProjectSettings]:
        """The paid projects, by name."""
        return {name: each for name, each in self.settings.projects.items() if each.tier == "paid"}

    @cached_property
    def accounts(self) -> list[str]:
        """The billing accounts that pay for projects or have budgets."""
        of_budgets = [each.billing_account for each in self.settings.shared_budgets.values()]
        found = [*(each.billing_account for each in self.paid.values()), *of_budgets]
        return list(dict.fromkeys(account for account in found if account))

    def at(self, *path: str | int) -> Path:
        """The place in the file of a setting of a project: its own, under `defaults`, or of the environment."""
        rest = path[2:]
        places = (path, ("defaults", *rest), rest if rest in (("billingAccount",), ("parent",)) else ())
        return next((each for each in places if each and each in self.file.lines), path)

    def path_of_account(self, account: str) -> Path:
        """The setting that names a billing account."""
        for name, project in self.settings.projects.items():
            if project.billing_account == account:
                return self.at("projects", name, "billingAccount")
        for name, budget in self.settings.shared_budgets.items():
            if (
                budget.billing_account == account
                and ("sharedBudgets", name, "billingAccount") in self.file.lines
            ):
                return ("sharedBudgets", name, "billingAccount")
        return ("billingAccount",)

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """Folders and organizations in which projects are created → the name of the first such project."""
        found: dict[str, str] = {}
        for name, each in self.created.items():
            if each.parent:
                found.setdefault(each.parent, name)
        return found

    @cached_property
    def organization(self) -> str | None:
        """The organization that the projects are in; None if that cannot be read."""
        named = self.settings.organization
        return named or next(filter(None, map(self.organization_of, self.parents)), None)

    def organization_of(self, node: str) -> str | None:
        """The organization above a folder or a project; None if there is none, or the caller may not read it."""
        while node and not node.startswith("organizations/"):
            node = self.once(f"parent {node}", partial(self._parent_of, node))
        return node or None

    def _parent_of(self, node: str) -> str:
        try:
            return str(self.google.call("cloudresourcemanager.v3", "GET", node).get("parent", ""))
        except NoAnswerError:
            raise
        except GoogleError:
            return ""

    def project(self, project_id: str) -> dict[str, Any] | None:
        """A project at Resource Manager; None if it does not exist, or is not visible. Raises GoogleError."""

        def read() -> dict[str, Any] | None:
            try:
                return self.google.call("cloudresourcemanager", "GET", f"projects/{project_id}")
            except GoogleError as error:
                if error.hides:
                    return None
                raise

        return self.once(f"project {project_id}", read)

    def services(self, project_id: str) -> set[str]:
        """The services that are enabled in a project. Raises GoogleError."""
        return self.once(
            f"services {project_id}",
            lambda: {
                each["config"]["name"]
                for each in self.google.list_all(
                    "serviceusage",
                    f"projects/{project_id}/services",
                    "services",
                    query={"filter": "state:ENABLED", "pageSize": "200"},
                    project=project_id,
                )
            },
        )

    def caps(self, account: str) -> list[SpendCap]:
        """The spend caps of a billing account; none if the caller may not list them. Raises GoogleError."""

        def read() -> list[SpendCap]:
            try:
                listed = list(
                    self.google.list_all("billingbudgets", f"billingAccounts/{account}/budgets", "budgets")
                )
            except GoogleError as error:
                if error.hides:
                    return []
                raise
            return [SpendCap.from_budget(each) for each in listed if "spendCap" in each]

        return self.once(f"caps {account}", read)

    def links(self, account: str) -> set[str]:
        """Ids of the projects that are linked to a billing account. Raises GoogleError."""
        return self.once(
            f"links {account}",
            lambda: {
                each["projectId"]
                for each in self.google.list_all(
                    "cloudbilling",
                    f"billingAccounts/{account}/projects",
                    "projectBillingInfo",
                    query={"pageSize": "1000"},
                )
            },
        )


def uses_of_project(project: ProjectSettings) -> set[Use]:
    """The parts of a project that need permissions in it."""
    keys, alerts = project.keys.values(), project.alerts
    found = {
        Use.PAID: project.tier == "paid",
        Use.UNLINKS: project.tier == "free",
        Use.KEYS: bool(keys),
        Use.BOUND_KEYS: any(key.has_own_account for key in keys),
        Use.LIMITS: bool(project.limits),
        Use.TIER: project.tier_wait is not None,
        Use.QUOTAS: bool(project.quotas),
        Use.ALERTS: alerts.has_recipients,
        Use.QUOTA_CHANGES: alerts.has_recipients and bool(alerts.quota_changes),
        Use.DASHBOARD: project.dashboard,
        Use.CONTACTS: bool(project.contacts),
        Use.TAGS: bool(project.tags),
        Use.CONSTRAINT: project.forbid_unrestricted_keys,
        Use.GUARD: project.is_guarded,
    }
    return {use for use, is_used in found.items() if is_used}


def uses_of_account(subject: Subject, account: str) -> set[Use]:
    """The parts of a stack that need permissions on a billing account."""
    projects = [each for each in subject.paid.values() if each.billing_account == account]
    shared = [each for each in subject.settings.shared_budgets.values() if each.billing_account == account]
    own = [each.budget for each in projects if each.budget]
    found = {
        Use.PAID: bool(projects),
        Use.BUDGETS: bool(own or shared),
        # A project's owner may manage the budgets of that project alone, if the whole project sees them.
        Use.ACCOUNT_BUDGETS: bool(shared) or any(budget.ownership == "billingAccount" for budget in own),
    }
    return {use for use, is_used in found.items() if is_used}


def uses_of_environment(subject: Subject) -> set[Use]:
    """The parts of a stack that need permissions outside its projects and billing accounts."""
    settings = subject.settings
    projects = settings.projects.values()
    with_budget = [each for each in subject.paid.values() if each.budget]
    emails = any(each.alerts.email for each in with_budget)
    found = {
        Use.CREATES: bool(subject.created),
        Use.CHANNELS: emails
        or bool(settings.guard_emails)
        or any(each.email for each in settings.shared_budgets.values()),
        Use.GUARD: bool(settings.guarded),
        Use.TOPICS: bool(settings.topics),
        Use.SHARED_DASHBOARD: settings.dashboard,
        Use.CONSTRAINT: not settings.key_constraint
        and any(each.forbid_unrestricted_keys for each in projects),
        Use.TAGS: any(each.tags for each in projects),
    }
    return {use for use, is_used in found.items() if is_used}
