"""Live state of a stack's projects: link, limits, keys, budgets and caps, compared with the last update.

Four calls per project, one more where it has a guard, and one per billing account. Key strings are never read.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from landing_zone.audit import compare
from landing_zone.audit.applied import AppliedBudget, AppliedProject, AppliedStack
from landing_zone.audit.compare import Item
from landing_zone.audit.unread import Unread
from landing_zone.google import guard_record, quota_overrides, tiers
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import GoogleError
from landing_zone.google.quota_overrides import ModelLimit
from landing_zone.google.rest import Google, Json
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.record import Record
from landing_zone.guarding.words import act_in_force

_T = TypeVar("_T")

_AT_ONCE: Final = 16
"""Calls that run at once."""
_LINK_GET: Final = "resourcemanager.projects.get (roles/browser)"
_QUOTAS_GET: Final = "cloudquotas.quotas.get (roles/cloudquotas.viewer)"
_LIMITS_GET: Final = "serviceusage.quotas.get (roles/serviceusage.serviceUsageViewer)"
_KEYS_LIST: Final = "apikeys.keys.list (roles/serviceusage.apiKeysViewer)"
_RECORD_GET: Final = "storage.objects.get (roles/storage.objectViewer on the guard's bucket)"
_BUDGETS_LIST: Final = "billing.budgets.list (roles/billing.viewer on the billing account)"


@dataclass(frozen=True)
class Found:
    """What Google says of a project; None is what was not read."""

    link: tiers.Link | None = None
    limits: list[ModelLimit] | None = None
    keys: list[Json] | None = None
    preferences: list[Json] | None = None
    record: Record | None = None
    """The guard's; None too if the guard has not run, or does not watch the project."""
    record_error: str = ""
    """Why the guard's record is not one that the guard can read."""


@dataclass(frozen=True)
class ProjectInForce:
    """State of a project; as last applied where it could not be read."""

    applied: AppliedProject
    link: Item
    tier: Item
    keys: list[Item]
    other_keys: list[str]
    """Titles of keys that are not the stack's."""
    limits: list[Item]
    quotas: list[Item]
    budget: Item | None
    cap: Item | None
    found: Found = Found()

    @property
    def guard_act(self) -> str:
        """An act of the guard's that is in force, when and why; empty if there is none."""
        return act_in_force(self.found.record) if self.found.record else ""

    @property
    def items(self) -> Iterable[Item]:
        """All items of the project."""
        yield self.link
        yield self.tier
        yield from (*self.keys, *self.limits, *self.quotas)
        yield from (each for each in (self.budget, self.cap) if each)


@dataclass(frozen=True)
class StackInForce:
    """State of a stack's projects and shared budgets."""

    projects: list[ProjectInForce]
    shared_budgets: dict[str, Item]
    unread: dict[str, list[str]] = field(default_factory=dict)
    """Reason → items that could not be read, and are as last applied."""
    worst_month: str = ""
    """As last applied: the most that a month could cost."""
    bound_by: str = ""
    budgets: Mapping[str, Json] = field(default_factory=dict)
    """Budgets and caps of the accounts that were read, by name."""

    @property
    def differences(self) -> int:
        """Number of items that differ from the last update."""
        items = [*self.shared_budgets.values(), *(item for each in self.projects for item in each.items)]
        return sum(bool(item.differs) for item in items)


@dataclass(frozen=True)
class _Calls:
    """Pending calls for one project."""

    link: "Future[tuple[tiers.Link | None, str | None]]"
    limits: "Future[list[ModelLimit] | None]"
    keys: "Future[list[Json] | None]"
    preferences: "Future[list[Json] | None]"
    record: "Future[tuple[Record | None, str] | None]"


def read(google: Google, stack: AppliedStack) -> StackInForce:
    """Read the state of a stack's projects. Items that cannot be read are as last applied, with the reason."""
    unread = Unread()
    try:
        google.config.open_credentials()
    except CredentialsError as error:
        return _in_force(stack, {}, {}, {str(error): ["everything"]})
    accounts = {
        each.id.split("/")[1]
        for project in stack.projects.values()
        for each in (project.budget, project.cap)
        if each
    } | {budget.id.split("/")[1] for budget in stack.shared_budgets.values()}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        try:
            asked = {name: _ask(google, pool, project, unread) for name, project in stack.projects.items()}
            listed = {
                account: pool.submit(_budgets, google, account, stack, unread) for account in sorted(accounts)
            }
            budgets = {account: future.result() for account, future in listed.items()}
            for calls in asked.values():
                calls.link.result()
        except BaseException:
            # Ends the waits of other threads.
            google.stop.set()
            raise
    return _in_force(stack, asked, budgets, _by_reason(unread))


def _ask(google: Google, pool: ThreadPoolExecutor, project: AppliedProject, unread: Unread) -> _Calls:
    name = project.project_id
    attempt = partial(_attempt, unread)
    preferences = partial(
        _listed,
        google,
        "cloudquotas",
        f"projects/{name}/locations/global/quotaPreferences",
        "quotaPreferences",
        name,
    )
    asks = any(quota.preference for quota in project.quotas.values())
    return _Calls(
        pool.submit(_link_and_tier, google, name, unread),
        pool.submit(
            attempt, f"limits of {name}", _LIMITS_GET, partial(quota_overrides.list_limits, google, name)
        ),
        pool.submit(attempt, f"keys of {name}", _KEYS_LIST, partial(_keys, google, project)),
        pool.submit(attempt, f"quota preferences of {name}", _QUOTAS_GET, preferences if asks else list),
        pool.submit(attempt, f"the guard's record of {name}", _RECORD_GET, partial(_record, google, project)),
    )


def _record(google: Google, project: AppliedProject) -> tuple[Record | None, str]:
    """The guard's record, and why it is not readable; none if the guard does not watch the project."""
    if project.guard is None:
        return None, ""
    try:
        return guard_record.read(google, *project.guard).record, ""
    except UnreadableError as error:
        return None, str(error)  # gemini-lz guard status reports it
    except GoogleError as error:
        if error.code != 404:  # the bucket: the guard is gone
            raise
        return None, ""


def _attempt(unread: Unread, what: str, right: str, work: Callable[[], _T]) -> _T | None:
    try:
        return unread.attempt(what, right, work, None)
    except CredentialsError as error:
        unread.append(f"{what}: {error}")
        return None


def _link_and_tier(google: Google, project: str, unread: Unread) -> tuple[tiers.Link | None, str | None]:
    link = _attempt(unread, f"link of {project}", _LINK_GET, lambda: tiers.link_of(google, project))
    if link is None:
        return None, None
    tier = _attempt(
        unread, f"tier of {project}", _QUOTAS_GET, lambda: tiers.tier_of(google, project, link.enabled)
    )
    return link, tier


def _listed(google: Google, service: str, path: str, items: str, project: str) -> list[Json]:
    return list(google.list_all(service, path, items, project=project))


def _keys(google: Google, project: AppliedProject) -> list[Json]:
    """Keys of a project; none if the stack has none and the API Keys API is disabled."""
    name = project.project_id
    try:
        return _listed(google, "apikeys", f"projects/{name}/locations/global/keys", "keys", name)
    except GoogleError as error:
        if project.keys or not error.has_reason("SERVICE_DISABLED"):
            raise
        return []


def _budgets(google: Google, account: str, stack: AppliedStack, unread: Unread) -> dict[str, Json] | None:
    """Budgets and caps of an account, by name."""

    def listed() -> dict[str, Json]:
        path = f"billingAccounts/{account}/budgets"
        found = {each["name"]: each for each in google.list_all("billingbudgets", path, "budgets")}
        # Google's list may omit an existing budget.
        for name in _named(account, stack) - found.keys():
            try:
                found[name] = google.call("billingbudgets", "GET", name)
            except GoogleError as error:
                if error.code != 404:
                    raise
        return found

    return _attempt(unread, f"budgets of billing account {account}", _BUDGETS_LIST, listed)


def _named(account: str, stack: AppliedStack) -> set[str]:
    """Names of the stack's budgets and caps in an account."""
    own = (each for project in stack.projects.values() for each in (project.budget, project.cap) if each)
    names = {budget.id for budget in (*own, *stack.shared_budgets.values())}
    return {name for name in names if name.split("/")[1] == account}


def _in_force(
    stack: AppliedStack,
    asked: Mapping[str, _Calls],
    budgets: Mapping[str, dict[str, Json] | None],
    unread: dict[str, list[str]],
) -> StackInForce:
    def budget(applied: AppliedBudget | None, judge: Callable[[AppliedBudget, Any], Item]) -> Item | None:
        if applied is None:
            return None
        return judge(applied, budgets.get(applied.id.split("/")[1]))

    projects = [
        _project(
            project, asked.get(name), budget(project.budget, compare.budget), budget(project.cap, compare.cap)
        )
        for name, project in stack.projects.items()
    ]
    numbers = {project.number: name for name, project in stack.projects.items()}
    shared = {
        name: compare.budget(each, budgets.get(each.id.split("/")[1]), numbers)
        for name, each in stack.shared_budgets.items()
    }
    listed = {name: each for found in budgets.values() for name, each in (found or {}).items()}
    return StackInForce(projects, shared, unread, stack.worst_month, stack.bound_by, listed)


def _project(
    applied: AppliedProject, calls: _Calls | None, budget: Item | None, cap: Item | None
) -> ProjectInForce:
    link, tier = calls.link.result() if calls else (None, None)
    listed = calls.limits.result() if calls else None
    keys = calls.keys.result() if calls else None
    preferences = calls.preferences.result() if calls else None
    shown_tier = compare.tier(applied, tier)
    return ProjectInForce(
        applied,
        compare.link(applied, link),
        shown_tier,
        compare.keys(applied, keys),
        compare.other_keys(applied, keys),
        compare.limits(applied, listed, str(shown_tier.value)),
        compare.quotas(applied, listed, preferences),
        budget,
        cap,
        Found(link, listed, keys, preferences, *((calls.record.result() if calls else None) or (None, ""))),
    )


def _by_reason(unread: Unread) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in sorted(unread):
        what, _, reason = line.partition(": ")
        found.setdefault(reason, []).append(what)
    return found
