"""Planned cost of an environment, and the days on which its budgets' thresholds are crossed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

from landing_zone.guarding.policy import Policy
from landing_zone.pricing.days import Period, calendar_period, month_of
from landing_zone.pricing.estimate import CASES, Case, DayRate, Parts, Workload, day_rates, over
from landing_zone.pricing.grounding import GROUNDS, queries_of
from landing_zone.pricing.money import EXACT, Money, plain, totals
from landing_zone.pricing.rates import Terms
from landing_zone.pricing.spending import Spending
from landing_zone.reports.billing_terms import billing_terms, gc_paused, terms_warning, unfit
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.reports.guard_warnings import tripped
from landing_zone.reports.warnings import about_the_model, below_the_plan, free_tier
from landing_zone.settings import (
    BudgetRules,
    EnvironmentSettings,
    ProjectSettings,
    SharedBudgetSettings,
    Threshold,
    limits_in_force,
)

Costs = Mapping[Case, Money]


@dataclass(slots=True)
class LineEstimate:
    """One entry of a workload."""

    model: str
    parts: Mapping[Case, Parts]
    currency: str
    notes: tuple[str, ...] = ()

    @property
    def costs(self) -> Costs:
        """Low, expected and high."""
        return {case: Money(parts.total, self.currency) for case, parts in self.parts.items()}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        expected = self.parts["expected"]
        return {
            "model": self.model,
            "cost": costs_json(self.costs),
            "expectedParts": {
                "input": plain(expected.input),
                "cachedInput": plain(expected.cached),
                "output": plain(expected.output),
                "cacheStorage": plain(expected.storage),
            },
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class GroundingEstimate:
    """Queries to Google Search or Google Maps beyond an allotment, of all models that share it."""

    pool: str
    free: int
    """Queries, or requests with at least one, without charge in a `per`."""
    per: str
    queries: Mapping[Case, Decimal]
    costs: Costs

    @property
    def model(self) -> str:
        """Its name in a table of models."""
        return f"grounding: {self.pool}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "pool": self.pool,
            "free": self.free,
            "per": self.per,
            "queries": {case: plain(count) for case, count in self.queries.items()},
            "cost": costs_json(self.costs),
        }


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold of a budget, and the days on which the plan crosses it."""

    share: Decimal
    basis: str
    """CURRENT_SPEND or FORECASTED_SPEND."""
    amount: Money
    days: Mapping[Case, date | None]
    """None: it is not crossed. Of a forecast, the period's first day: the plan is known then."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "share": plain(self.share),
            "basis": self.basis,
            "amount": plain(self.amount.amount),
            "crossed": {case: day.isoformat() if day else None for case, day in self.days.items()},
        }


@dataclass(slots=True)
class BudgetPeriod:
    """A budget over one of its periods."""

    period: Period
    amount: Money
    costs: Costs
    rules: tuple[Threshold, ...]
    days: tuple[tuple[date | None, ...], ...]
    """By threshold: the days on which the low, the expected and the high case cross it."""

    @property
    def crossings(self) -> list[Crossing]:
        """Its thresholds, and when they are crossed."""
        return [
            Crossing(
                rule.share,
                rule.basis,
                Money(_share(rule.share, self.amount.amount), self.amount.currency),
                dict(zip(CASES, days, strict=True)),
            )
            for rule, days in zip(self.rules, self.days, strict=True)
        ]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            **period_json(self.period),
            "amount": plain(self.amount.amount),
            "cost": costs_json(self.costs),
            "thresholds": [crossing.as_json() for crossing in self.crossings],
        }


def _share(share: Decimal, amount: Decimal) -> Decimal:
    with localcontext(EXACT):
        return share * amount


@dataclass(frozen=True, slots=True)
class ProjectEstimate:
    """Planned cost of a project."""

    name: str
    tier: str
    currency: str
    first: date
    """The first day of the period that is planned: a workload's `start`, or the period's own."""
    lines: tuple[LineEstimate, ...]
    grounding: tuple[GroundingEstimate, ...]
    costs: Costs
    months: tuple[tuple[Period, Costs], ...]
    budget: tuple[BudgetPeriod, ...]
    """The periods of its budget that the estimate touches, each whole."""
    warnings: tuple[str, ...]
    spending: Mapping[Case, Spending] = field(repr=False, compare=False)

    @property
    def rows(self) -> tuple[LineEstimate | GroundingEstimate, ...]:
        """Its lines and its grounding, which add up to its costs."""
        return (*self.lines, *self.grounding)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "tier": self.tier,
            "currency": self.currency,
            "plannedFrom": self.first.isoformat(),
            "cost": costs_json(self.costs),
            "workload": [line.as_json() for line in self.lines],
            "grounding": [each.as_json() for each in self.grounding],
            "months": [{**period_json(month), "cost": costs_json(costs)} for month, costs in self.months],
            "budget": [period.as_json() for period in self.budget],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class EnvironmentEstimate:
    """Planned cost of an environment over a period."""

    stack: str
    period: Period
    projects: Mapping[str, ProjectEstimate]
    shared_budgets: Mapping[str, tuple[BudgetPeriod, ...]]
    warnings: tuple[str, ...]

    @property
    def totals(self) -> Mapping[Case, tuple[Money, ...]]:
        """One sum a currency."""
        return {case: totals(each.costs[case] for each in self.projects.values()) for case in CASES}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.stack,
            **period_json(self.period),
            "total": [
                {
                    "currency": money[0].currency,
                    **{case: plain(each.amount) for case, each in zip(CASES, money, strict=True)},
                }
                for money in zip(*(self.totals[case] for case in CASES), strict=True)
            ],
            "projects": {name: each.as_json() for name, each in self.projects.items()},
            "sharedBudgets": {
                name: [period.as_json() for period in periods]
                for name, periods in self.shared_budgets.items()
            },
            "warnings": list(self.warnings),
        }


def period_json(period: Period) -> dict[str, str]:
    """A period's days, Pacific, both included."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def costs_json(costs: Costs) -> dict[str, str]:
    """Exact amounts as text."""
    return {case: plain(money.amount) for case, money in costs.items()}


def environment_estimate(
    settings: EnvironmentSettings, period: Period, as_of: date, projects: Sequence[str] | None = None
) -> EnvironmentEstimate:
    """Cost of an environment's workloads over a period.

    `as_of`: the day whose month growth counts from, where a workload names none. `projects`: these alone.
    """
    chosen = {
        name: project for name, project in settings.projects.items() if projects is None or name in projects
    }
    shared = settings.shared_budgets if projects is None else {}
    budgets: list[BudgetRules] = [project.budget for project in chosen.values() if project.budget]
    whole = _whole(period, [*budgets, *shared.values()])
    if any(project.is_guarded for project in chosen.values()):
        # The guard counts calendar months.
        whole = Period(
            min(whole.first, month_of(period.first).first), max(whole.last, month_of(period.last).last)
        )
    with gc_paused():
        guards = guard_policies(settings, as_of)
        found = {
            name: _project(name, project, settings, period, whole, as_of, guards.get(name))
            for name, project in chosen.items()
        }
    warnings: list[str] = []
    periods = {}
    for name, budget in shared.items():
        problem = _uncountable(budget, found)
        if problem:
            warnings.append(f"sharedBudgets.{name} is not compared: {problem}")
            continue
        spending = _merged([found[each] for each in budget.projects], whole)
        periods[name] = tuple(_budget_periods(budget, spending, period, budget.currency or "USD", {}))
    return EnvironmentEstimate(settings.stack, period, found, periods, tuple(warnings))


def _whole(period: Period, budgets: Sequence[BudgetRules]) -> Period:
    """The period with the whole of every budget's periods that it touches; of the one before for `lastPeriod`."""
    first, last = period.first, period.last
    for calendar, previous in {(budget.period.calendar, budget.last_period) for budget in budgets}:
        if calendar:
            start = calendar_period(period.first, calendar).first
            first = min(
                first, calendar_period(start - timedelta(days=1), calendar).first if previous else start
            )
            last = max(last, calendar_period(period.last, calendar).last)
    for budget in budgets:
        touched = budget.period.start and _custom(budget, period).overlap(period)
        if touched:
            custom = _custom(budget, period)
            first, last = min(first, custom.first), max(last, custom.last)
    return Period(first, last)


def _custom(budget: BudgetRules, period: Period) -> Period:
    """The days of a budget that does not repeat; without an end, until the estimate's."""
    start = budget.period.start or period.first
    return Period(start, budget.period.end or max(start, period.last))


def _project(
    name: str,
    project: ProjectSettings,
    settings: EnvironmentSettings,
    period: Period,
    whole: Period,
    as_of: date,
    guard: Policy | None,
) -> ProjectEstimate:
    terms = billing_terms(project, settings)
    currency = project.budget.currency if project.budget else None
    warnings = [*terms_warning(name, project, settings), *unfit(name, settings), *free_tier(name, project)]
    spending = {case: Spending(whole) for case in CASES}
    planned = [entry.planned for entry in project.workload]
    if planned:
        in_force = limits_in_force(project, settings.terms_of(project.billing_account))
        warnings += below_the_plan(name, in_force, planned, as_of)
    if all(workload.certain() for workload in planned):
        # All three cases are one.
        spending = dict.fromkeys(CASES, spending["low"])
    lines = []
    for workload in planned:
        lines.append(_line(workload, terms, period, as_of, spending, free=project.tier == "free"))
        warnings += about_the_model(name, workload, whole)
    if guard and guard.currency == terms.currency:
        warnings += tripped(name, guard, planned, spending, _calendar_periods("MONTH", period), as_of)
    comparable = project.budget is not None and currency in (None, terms.currency)
    months = {month: _costs(spending, month, terms.currency) for month in _months(period)}
    budget: Iterable[BudgetPeriod] = ()
    if project.budget and comparable and project.workload:
        budget = _budget_periods(project.budget, spending, period, terms.currency, months)
    total = _costs(spending, period, terms.currency)
    return ProjectEstimate(
        name,
        project.tier,
        terms.currency,
        max(
            period.first,
            min((entry.start or period.first for entry in project.workload), default=period.first),
        ),
        tuple(lines),
        tuple(_grounding(spending, period, terms.currency)),
        total,
        tuple(months.items()),
        tuple(budget),
        tuple(warnings),
        spending,
    )


@lru_cache(maxsize=64)
def _months(period: Period) -> tuple[Period, ...]:
    """The same objects for every project."""
    return tuple(period.months())


def _costs(spending: Mapping[Case, Spending], part: Period, currency: str) -> Costs:
    """Cost of a part, in each case."""
    low = Money(spending["low"].within(part), currency)
    if spending["high"] is spending["low"]:
        return dict.fromkeys(CASES, low)
    return {"low": low, **{case: Money(spending[case].within(part), currency) for case in CASES[1:]}}


def _line(
    workload: Workload,
    terms: Terms,
    period: Period,
    as_of: date,
    spending: Mapping[Case, Spending],
    *,
    free: bool,
) -> LineEstimate:
    """A workload's cost, added to the project's spending."""
    schedule = workload.schedule.anchored(as_of)
    whole = spending["low"].period
    parts: dict[Case, Parts] = {}
    rates: list[DayRate] = []
    for case in CASES:
        if free:
            parts[case] = Parts()
            continue
        if case == "low" or not workload.certain():
            rates = day_rates(workload, case, whole, terms)
            parts[case] = over(rates, schedule, period)
        else:
            parts[case] = parts["low"]
        if case == "low" or spending[case] is not spending["low"]:
            spending[case].add(schedule, rates)
            for ground in GROUNDS:
                asked = workload.queries(ground)
                requests = workload.requests.of(case)
                for queries in queries_of(workload.model, ground, requests, asked, schedule, whole, terms):
                    spending[case].ground(queries)
    notes = ("prompts over 200,000 tokens, at their price",) if workload.is_long("expected") else ()
    return LineEstimate(workload.model, parts, terms.currency, notes)


def _grounding(
    spending: Mapping[Case, Spending], period: Period, currency: str
) -> Iterator[GroundingEstimate]:
    for name, pool in spending["high"].pools.items():
        found = {case: spending[case].pools[name].within(period.first, period.last) for case in CASES}
        yield GroundingEstimate(
            name,
            pool.price.free,
            pool.price.period,
            {case: queries for case, (queries, _) in found.items()},
            {case: Money(cost, currency) for case, (_, cost) in found.items()},
        )


def _merged(projects: Sequence[ProjectEstimate], whole: Period) -> dict[Case, Spending]:
    found = {case: Spending(whole) for case in CASES}
    for project in projects:
        for case in CASES:
            found[case].merge(project.spending[case], project.name)
    return found


def _uncountable(budget: SharedBudgetSettings, found: Mapping[str, ProjectEstimate]) -> str | None:
    if not budget.projects:
        return "it counts more than this environment's projects"
    others = {found[name].currency for name in budget.projects} - {budget.currency or "USD"}
    return f"its projects are priced in {', '.join(sorted(others))}" if others else None


def _budget_periods(
    budget: BudgetRules,
    spending: Mapping[Case, Spending],
    period: Period,
    currency: str,
    known: Mapping[Period, Costs],
) -> Iterator[BudgetPeriod]:
    """`known`: costs of periods that are known already."""
    targets: dict[Decimal, list[Decimal]] = {}
    days: tuple[tuple[date | None, ...], ...]
    for part in _periods(budget, period):
        amount = budget.amount
        if amount is None:
            before = calendar_period(part.first - timedelta(days=1), budget.period.calendar or "MONTH")
            amount = spending["expected"].within(before)
        if amount not in targets:
            targets[amount] = [_share(rule.share, amount) for rule in budget.thresholds]
        costs = known.get(part) or _costs(spending, part, currency)
        low = _days(budget, targets[amount], costs["low"], spending["low"], part)
        if costs["high"] is costs["low"]:
            days = tuple((day, day, day) for day in low)
        else:
            others = (_days(budget, targets[amount], costs[case], spending[case], part) for case in CASES[1:])
            days = tuple(zip(low, *others, strict=True))
        yield BudgetPeriod(part, Money(amount, currency), costs, budget.thresholds, days)


def _periods(budget: BudgetRules, period: Period) -> Sequence[Period]:
    """The budget's periods that the estimate touches, each whole."""
    if budget.period.start:
        custom = _custom(budget, period)
        return [custom] if custom.overlap(period) else []
    return _calendar_periods(budget.period.calendar or "MONTH", period)


@lru_cache(maxsize=64)
def _calendar_periods(length: str, period: Period) -> tuple[Period, ...]:
    """The same objects for every budget."""
    found = [calendar_period(period.first, length)]
    while found[-1].last < period.last:
        found.append(calendar_period(found[-1].last + timedelta(days=1), length))
    return tuple(found)


def _days(
    budget: BudgetRules, targets: Sequence[Decimal], cost: Money, spending: Spending, part: Period
) -> list[date | None]:
    """The days on which each threshold is crossed."""
    found: list[date | None] = []
    spent = cost.amount
    for rule, target in zip(budget.thresholds, targets, strict=True):
        if not spent or spent < target:
            found.append(None)
        elif rule.basis == "FORECASTED_SPEND":
            found.append(part.first)
        else:
            offset = spending.day_of(part, target)
            found.append(None if offset is None else part.first + timedelta(days=offset))
    return found
