"""What the projects of an environment used of the Gemini API and what that costs, against their budgets and plans.

From the signals that the guard has, priced as it does: an upper bound. What is billed is the guard's last budget
message, where a project has a guard.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from landing_zone.audit import guarded
from landing_zone.audit.guarded import GuardedProject
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.google.call_codes import call_codes
from landing_zone.google.errors import GoogleError
from landing_zone.google.guard_signals import parts_of
from landing_zone.google.rest import Google
from landing_zone.google.usage_series import read as read_series
from landing_zone.guarding.estimate import total
from landing_zone.guarding.record import period_of, start_of
from landing_zone.pricing.days import PACIFIC, Period, month_of
from landing_zone.pricing.metered import COUNTED, Use, priced
from landing_zone.pricing.money import Money, plain
from landing_zone.pricing.rates import Terms
from landing_zone.printing import counted
from landing_zone.reports.billing_terms import billing_terms
from landing_zone.reports.environment_estimate import environment_estimate
from landing_zone.settings import EnvironmentSettings, ProjectSettings
from landing_zone.settings.doors import priced_doors

_AT_ONCE: Final = 8
_RETRY_S: Final = 10
"""A person waits for it."""


@dataclass(frozen=True)
class ModelUsage:
    """What was used of one model."""

    model: str
    """The API's id, or the quotas' name of a model that is not known."""
    requests: int
    input: int
    output: int
    cost: Money
    """At most."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "model": self.model,
            "requests": self.requests,
            "inputTokens": self.input,
            "outputTokens": self.output,
            "cost": plain(self.cost.amount),
        }


@dataclass(frozen=True)
class ProjectUsage:
    """What one project used."""

    name: str
    project_id: str
    tier: str
    currency: str
    models: tuple[ModelUsage, ...] | None = ()
    """None: not read."""
    calls: Mapping[int, int] | None = None
    """HTTP code → calls; None: not read."""
    guard: GuardedProject | None = None
    """The guard's view of the month, where there is one."""
    budget: Money | None = None
    planned: Money | None = None
    """From the beginning to the end of today."""
    planned_month: Money | None = None
    remarks: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def metered(self) -> Money | None:
        """What all of it costs at most; None: not read."""
        if self.models is None:
            return None
        return sum((each.cost for each in self.models), Money(Decimal(0), self.currency))

    @property
    def refused(self) -> int:
        """Calls that were answered with an error."""
        return sum(calls for code, calls in (self.calls or {}).items() if code >= 400)

    @property
    def estimate(self) -> tuple[Money, str] | None:
        """The cost so far and what it rests on; None: not known. A guard knows what is billed of the month."""
        seen = self.guard.record.seen if self.guard and self.guard.record else None
        if seen and self.guard and self.guard.policy and not (self.guard.blind and not seen.estimate):
            return Money(seen.estimate, self.guard.policy.currency), seen.basis
        return None if self.metered is None else (self.metered, "metered, as an upper bound")

    @property
    def above_budget(self) -> bool:
        """True if the cost so far is above the budget's amount."""
        if self.budget is None or self.estimate is None:
            return False
        cost = self.estimate[0]
        return cost.currency == self.budget.currency and self.budget < cost

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        estimate = self.estimate
        billed = self.guard.record.billed if self.guard and self.guard.record else None
        return {
            "name": self.name,
            "projectId": self.project_id,
            "tier": self.tier,
            "models": None if self.models is None else [each.as_json() for each in self.models],
            "calls": None if self.calls is None else {str(code): n for code, n in self.calls.items()},
            "metered": self.metered and self.metered.as_json(),
            "estimate": estimate and {**estimate[0].as_json(), "basis": estimate[1]},
            "billed": billed and {"amount": plain(billed.amount), "published": billed.published.isoformat()},
            "budget": self.budget and self.budget.as_json(),
            "aboveBudget": self.above_budget,
            "planned": self.planned and self.planned.as_json(),
            "plannedMonth": self.planned_month and self.planned_month.as_json(),
            "remarks": list(self.remarks),
            "unread": list(self.unread),
        }


@dataclass(frozen=True)
class EnvironmentUsage:
    """What an environment used."""

    stack: str
    since: datetime
    until: datetime
    projects: tuple[ProjectUsage, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.stack,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "projects": [each.as_json() for each in self.projects],
        }


def read(
    google: Google,
    settings: EnvironmentSettings,
    bucket: str,
    since: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> EnvironmentUsage:
    """What the projects of an environment used since a day (Pacific), by default the month's first.

    `bucket`: the guard's; empty if the environment has none. `progress` is given how far it is. What cannot be read
    says why.
    """
    # The clock of the calls is Google's, which the first answer shows.
    _hear(google, settings)
    until = google.now.replace(second=0, microsecond=0)
    month = start_of(period_of(until))
    start = datetime(since.year, since.month, since.day, tzinfo=PACIFIC) if since else month
    start = start.astimezone(month.tzinfo)
    # Guards know the month alone.
    watched = settings.guarded if bucket and start == month else {}
    ids = {name: each.project_id for name, each in watched.items()}
    guards = {each.name: each for each in guarded.read(google, bucket, ids)}
    plans = _plans(settings, Period(start.astimezone(PACIFIC).date(), until.astimezone(PACIFIC).date()))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(
            lambda each: _project(google, settings, each, start, until), settings.projects.items()
        )
        projects: list[ProjectUsage] = []
        for each in found:
            projects.append(
                replace(
                    each,
                    guard=guards.get(each.name),
                    unread=(*each.unread, *_unread_of(guards.get(each.name))),
                    planned=plans[each.name][0],
                    planned_month=plans[each.name][1],
                )
            )
            progress(f"{len(projects)} of {counted(len(settings.projects), 'project')}")
    return EnvironmentUsage(settings.stack, start, until, tuple(projects))


def _unread_of(guard: GuardedProject | None) -> Iterator[str]:
    """Without the guard's record, what is billed is not known, and the cost may be above what is metered."""
    if guard and guard.unread:
        yield f"the guard's record of {guard.project_id}: {guard.unread}"


def _hear(google: Google, settings: EnvironmentSettings) -> None:
    """Make a call, so that Google's clock is known; a refusal has the time too."""
    project = next(iter(settings.projects.values()), None)
    if project is not None:
        try:
            google.call(
                "cloudbilling",
                "GET",
                f"projects/{project.project_id}/billingInfo",
                project=project.project_id,
            )
        except GoogleError:
            return


def _plans(settings: EnvironmentSettings, period: Period) -> Mapping[str, tuple[Money | None, Money | None]]:
    """What each project is planned to cost in a period, and in the whole month of its last day."""
    so_far = environment_estimate(settings, period, period.last).projects
    month = environment_estimate(settings, month_of(period.last), period.last).projects
    return {
        name: (so_far[name].costs["expected"], month[name].costs["expected"])
        if project.workload
        else (None, None)
        for name, project in settings.projects.items()
    }


def _project(
    google: Google,
    settings: EnvironmentSettings,
    named: tuple[str, ProjectSettings],
    since: datetime,
    until: datetime,
) -> ProjectUsage:
    name, project = named
    terms, unread = billing_terms(project, settings), []
    uses: list[Use] = []
    try:
        for start, end, length in parts_of(since, until):
            uses += read_series(google, project.project_id, start, end, COUNTED, length).uses
    except GoogleError as error:
        unread.append(f"use of {project.project_id}: {error.with_remedy}")
    models, remarks = (None, ()) if unread else _models(project, terms, uses, since)
    calls: Mapping[int, int] | None = None
    try:
        # What refused one refuses the other: it is asked once.
        calls = call_codes(google, project.project_id, since, until, 0 if unread else _RETRY_S)
    except GoogleError as error:
        unread.append(f"calls of {project.project_id}: {error.with_remedy}")
    budget = project.budget
    amount = budget.amount if budget and budget.period.calendar == "MONTH" else None
    return ProjectUsage(
        name,
        project.project_id,
        project.tier,
        terms.currency,
        None if models is None else tuple(models),
        calls,
        budget=Money(amount, budget.currency or terms.currency) if budget and amount is not None else None,
        remarks=remarks,
        unread=tuple(dict.fromkeys(unread)),
    )


def _models(
    project: ProjectSettings, terms: Terms, uses: Iterable[Use], since: datetime
) -> tuple[list[ModelUsage], tuple[str, ...]]:
    by_model: dict[str, list[Use]] = {}
    for use in uses:
        by_model.setdefault(QUOTA_NAMES.get(use.model, use.model), []).append(use)
    remarks: list[str] = []
    found = []
    for model, own in sorted(by_model.items()):
        price = priced(own, terms, priced_doors(project), since)
        remarks += price.remarks
        since_then = [each for each in own if each.start >= since]
        if since_then:
            cost = total(price.spends) if project.tier == "paid" else Decimal(0)
            found.append(
                ModelUsage(
                    MODELS.get(model, model),
                    sum(each.requests for each in since_then),
                    sum(each.input for each in since_then),
                    sum(each.output for each in since_then),
                    Money(cost, terms.currency),
                )
            )
    return found, tuple(dict.fromkeys(remarks))
