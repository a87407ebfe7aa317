"""The most that an environment can cost with its limits in force, and by how much a budget can be overshot."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import partial
from typing import Any, Final, TypeVar

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import BLOCKED, OTHERS
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.prices import ACCOUNT_TIERS
from landing_zone.guarding.policy import Policy
from landing_zone.pricing.exposure import (
    WINDOWS,
    Doors,
    ModelExposure,
    Window,
    exposure_of,
    overshoot,
    repriced,
    totals,
)
from landing_zone.pricing.money import EXACT, Money, plain
from landing_zone.pricing.rates import CHANGES_AHEAD, Terms, coming_changes
from landing_zone.reports.assumptions import ASSUMPTIONS, MEANINGS, guard_assumptions
from landing_zone.reports.billing_terms import billing_terms, gc_paused, terms_warning, unfit
from landing_zone.reports.denied_metrics import denied_json
from landing_zone.reports.guard_bound import guard_of
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.reports.worst_month import (
    EnvironmentMonth,
    Mechanism,
    ProjectMonth,
    environment_months,
    explained,
    guarded_month,
    project_month,
)
from landing_zone.settings import (
    BudgetSettings,
    DeriveSettings,
    EnvironmentSettings,
    KeySettings,
    LimitsInForce,
    ProjectSettings,
    derive_limits,
    format_lag,
    limits_in_force,
)
from landing_zone.settings.doors import doors_of
from landing_zone.settings.guard_stops import idle
from landing_zone.settings.successors import retiring

T = TypeVar("T")
USUAL_LAG: Final = timedelta(hours=24)
"""Assumed reaction time when a project has no spend cap."""
AT_A_CHANGE: Final = ("day", "lag", "allowance")
"""Windows for which exposures at coming prices are given."""
AHEAD: Final = 30
"""Days before a change of prices in which it is warned of."""


@dataclass(frozen=True, slots=True)
class KeyExposure:
    """A key, and the callers who can spend the project's exposure with it."""

    name: str
    open_to: str


@dataclass(frozen=True, slots=True)
class PriceChange:
    """An exposure after a coming change of prices."""

    day: date
    bounds: Mapping[str, Money | None]


@dataclass(frozen=True, slots=True)
class ProjectExposure:
    """The most that a project can cost."""

    name: str
    tier: str
    currency: str
    models: tuple[ModelExposure, ...]
    month: ProjectMonth
    """The worst month with what stops it."""
    bounds: Mapping[str, Money | None]
    """Window -> the most that the limits allow; None is unlimited. `lag` is the time that nothing stops it."""
    lag: timedelta
    mechanism: str | None
    """The setting of the mechanism that stops the spending after the lag."""
    budget: Money | None
    """A month's."""
    overshoot: Money | None
    """The most beyond the budget; None if nothing bounds it."""
    compared: bool
    """True if there is a budget in the currency of the prices; the overshoot is then printed."""
    allowance: Money | None
    """The `maxOvershoot` of `limits.derive`."""
    keys: tuple[KeyExposure, ...]
    changes: tuple[PriceChange, ...]
    denies_others: bool
    """True if every model is denied that has no limits of its own."""
    not_bounded: tuple[str, ...]
    """What can be spent without a bound, each with what would bound it; empty: the amounts are bounds."""
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "tier": self.tier,
            "currency": self.currency,
            "bounded": not self.not_bounded,
            "notBounded": list(self.not_bounded),
            "worstMonth": self.month.as_json(),
            "exposure": _bounds_json(self.bounds),
            "lag": format_lag(self.lag),
            "mechanism": self.mechanism,
            "budget": plain(self.budget.amount) if self.budget else None,
            "overshoot": _text(self.overshoot) if self.compared else None,
            "allowance": plain(self.allowance.amount) if self.allowance else None,
            "models": {model.model: _model_json(model) for model in self.models},
            "othersDenied": denied_json() if self.denies_others else None,
            # Keys share their project's limits: any one of them opens all of it.
            "keys": {
                key.name: {"openTo": key.open_to, "exposure": _bounds_json(self.bounds)} for key in self.keys
            },
            "changes": [
                {"day": change.day.isoformat(), "exposure": _bounds_json(_told(change.bounds))}
                for change in self.changes
            ],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class EnvironmentExposure:
    """The most that an environment can cost."""

    stack: str
    as_of: date
    projects: Mapping[str, ProjectExposure]
    months: tuple[EnvironmentMonth, ...]
    """The worst month of all projects with what stops it, one a currency."""
    account_caps: Mapping[str, int]
    """Billing account -> its tier, where that is set."""
    assumptions: tuple[tuple[str, str], ...] = ASSUMPTIONS
    """What the numbers rest on, each with its source."""

    @property
    def totals(self) -> Mapping[str, Mapping[str, Money | None]]:
        """Currency -> window -> the most; None is unlimited."""
        found: dict[str, dict[str, Money | None]] = {}
        for project in self.projects.values():
            sums = found.setdefault(project.currency, {})
            for name in WINDOWS:
                bound, before = project.bounds[name], sums.get(name, Money(Decimal(0), project.currency))
                sums[name] = before + bound if before is not None and bound is not None else None
        return found

    @property
    def warnings(self) -> list[str]:
        """Warnings of all projects."""
        return [warning for project in self.projects.values() for warning in project.warnings]

    @property
    def not_bounded(self) -> list[str]:
        """What can be spent without a bound, each with its project and what would bound it."""
        return [f"{name}: {text}" for name, project in self.projects.items() for text in project.not_bounded]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.stack,
            "asOf": self.as_of.isoformat(),
            "bounded": not self.not_bounded,
            "notBounded": self.not_bounded,
            "worstMonth": [month.as_json() for month in self.months],
            "total": [
                {"currency": currency, "exposure": _bounds_json(bounds)}
                for currency, bounds in self.totals.items()
            ],
            "projects": {name: each.as_json() for name, each in self.projects.items()},
            "accounts": {
                account: {
                    "tier": tier,
                    "monthCapUsd": plain(ACCOUNT_TIERS[tier].month),
                    "tenMinutesCapUsd": plain(ACCOUNT_TIERS[tier].ten_minutes),
                }
                for account, tier in self.account_caps.items()
            },
            "meanings": [{"term": term, "text": text} for term, text in MEANINGS],
            "assumptions": [{"text": text, "source": source} for text, source in self.assumptions],
        }


def _text(money: Money | None) -> str:
    return plain(money.amount) if money else "unlimited"


def _bounds_json(bounds: Mapping[str, Money | None]) -> dict[str, str]:
    return {name: _text(money) for name, money in bounds.items()}


def _model_json(model: ModelExposure) -> dict[str, Any]:
    limits = model.limits
    return {
        "limits": {
            "requestsPerMinute": limits.requests_per_minute if limits else None,
            "requestsPerDay": limits.requests_per_day if limits else None,
            "inputTokensPerMinute": limits.input_tokens_per_minute if limits else None,
        },
        "exposure": {
            name: {
                "total": plain(bound.total),
                "input": plain(bound.input),
                "output": plain(bound.output),
                "cacheStorage": plain(bound.storage),
                "grounding": plain(bound.grounding),
            }
            if bound
            else "unlimited"
            for name, bound in model.bounds.items()
        },
    }


def environment_exposure(
    settings: EnvironmentSettings,
    as_of: date,
    lag: timedelta | None = None,
    projects: Sequence[str] | None = None,
) -> EnvironmentExposure:
    """The most that an environment can cost at the prices of a day.

    `lag`: how long nothing stops the spending, instead of what the settings say. `projects`: these alone.
    """
    chosen = {
        name: project for name, project in settings.projects.items() if projects is None or name in projects
    }
    accounts = {project.billing_account for project in chosen.values()} & settings.account_terms.keys()
    tiers = {account: settings.account_terms[account].tier for account in sorted(filter(None, accounts))}
    with gc_paused():
        policies = guard_policies(settings, as_of)
        guards = {name: policy for name, policy in policies.items() if name in chosen}
        found = {
            name: _project(name, project, settings, as_of, lag, guards.get(name))
            for name, project in chosen.items()
        }
    return EnvironmentExposure(
        settings.stack,
        as_of,
        found,
        tuple(
            environment_months(
                settings,
                {name: each.month for name, each in found.items()},
                {name: billing_terms(project, settings) for name, project in chosen.items()},
                as_of,
            )
        ),
        {account: tier for account, tier in tiers.items() if tier},
        (*ASSUMPTIONS, *(guard_assumptions(settings.guard) if guards else ())),
    )


def _project(
    name: str,
    project: ProjectSettings,
    settings: EnvironmentSettings,
    as_of: date,
    asked: timedelta | None,
    policy: Policy | None,
) -> ProjectExposure:
    terms = billing_terms(project, settings)
    account = settings.terms_of(project.billing_account)
    derivation = settings.derivations.get(name)
    free = project.tier == "free"
    in_force = limits_in_force(project, account)
    doors = doors_of(project, in_force)
    month = project_month(
        project,
        in_force,
        terms,
        doors,
        as_of,
        partial(guard_of, policy, project, settings.guard, account),
    )
    lag = asked or _lag(month.mechanism, project, policy, derivation.settings if derivation else None)
    windows = {**WINDOWS, "lag": Window.any(lag)}
    if derivation:
        windows["allowance"] = Window.any(derivation.settings.lag)
    models = (
        () if free else tuple(exposure_of(in_force.models, in_force.others, as_of, windows, terms, doors))
    )
    bounds = _bounds(models, windows, terms, doors)
    budget = _monthly(project.budget, terms)
    allowance = Money(derivation.settings.max_overshoot, terms.currency) if derivation else None
    changes = () if free else tuple(_changes(models, as_of, windows, terms, doors))
    not_bounded = () if free else (*_unlimited(in_force, models), *map(str, doors.unbounded))
    warnings = [*terms_warning(name, project, settings), *unfit(name, settings)]
    warnings += [
        f"{name}: {entry.model} is planned in Priority, which others: deny shuts: its requests are served as standard "
        f"ones. To open it, write quotas with the metric {GEMINI_API}/generate_content_paid_tier_2_requests_prio and "
        "this model; tokens then count 1.8 times"
        for entry in project.workload
        if entry.priority_share and in_force.others == BLOCKED and not doors.priority
    ]
    warnings += [f"{name}: {note}" for note in in_force.notes]
    warnings += [
        f"{name}: limits: {found.text(as_of)}"
        for found in retiring(project, as_of, timedelta(days=AHEAD))
        if found.path[0] == "limits"
    ]
    if derivation and allowance:
        own = derivation.settings.lag
        warnings += _broken(name, allowance, own, bounds, changes, as_of)
        for change in changes:
            if 0 < (change.day - as_of).days <= AHEAD and name not in settings.unfit:
                bare = project.model_copy(update={"limits": derivation.by_hand})
                _, wrong = derive_limits(bare, derivation.settings, account, change.day)
                warnings += [f"{name}: from {change.day}, {each.reason}. {each.remedy}" for each in wrong]
        if month.mechanism and own < lag:
            warnings.append(
                f"{name}: limits are derived for {format_lag(own)}, and {month.mechanism} may be {format_lag(lag)} late"
            )
    if policy and (why := idle(project, settings.guard)):
        warnings.append(f"{name}: the guard {why.why}, so that it bounds nothing: {why.remedy}")
    over = month
    if asked and month.mechanism == "guard" and policy and month.spender:
        slower = guard_of(policy, project, settings.guard, account, month.spender, asked)
        over = guarded_month(slower, month.spender, as_of) if slower else month
    return ProjectExposure(
        name=name,
        tier=project.tier,
        currency=terms.currency,
        models=tuple(ModelExposure(each.model, each.limits, _told(each.bounds)) for each in models),
        month=explained(month, as_of, bounds["month"], not_bounded),
        bounds=_told(bounds),
        lag=lag,
        mechanism=month.mechanism,
        budget=budget,
        overshoot=_overshoot(project.budget, budget, bounds, over),
        compared=_compared(project.budget, terms),
        allowance=allowance,
        keys=tuple(KeyExposure(key, _open_to(value)) for key, value in project.keys.items()),
        changes=changes,
        denies_others=in_force.others == BLOCKED,
        not_bounded=not_bounded,
        warnings=tuple(warnings),
    )


def _told(bounds: Mapping[str, T]) -> dict[str, T]:
    """Without the window that is only to compare with the allowance."""
    return {window: bound for window, bound in bounds.items() if window != "allowance"}


def _bounds(
    models: Sequence[ModelExposure], windows: Mapping[str, Window], terms: Terms, doors: Doors
) -> dict[str, Money | None]:
    if doors.unbounded:
        return dict.fromkeys(windows)
    return {
        name: None if amount is None else Money(amount, terms.currency)
        for name, amount in totals(models, windows).items()
    }


def _changes(
    models: Sequence[ModelExposure], as_of: date, windows: Mapping[str, Window], terms: Terms, doors: Doors
) -> Iterator[PriceChange]:
    """Exposures after coming changes of prices."""
    others = next(model.limits for model in models if model.model == OTHERS)
    own = (model.model for model in models if model.model != OTHERS)
    known = tuple(own if others == BLOCKED else QUOTA_NAMES)
    windows = {name: window for name, window in windows.items() if name in AT_A_CHANGE}
    current = models
    for day, changed in coming_changes(known, as_of, CHANGES_AHEAD):
        current = repriced(current, changed, day, windows, terms, doors)
        yield PriceChange(day, _bounds(current, windows, terms, doors))


def _lag(
    mechanism: Mechanism | None, project: ProjectSettings, guard: Policy | None, derive: DeriveSettings | None
) -> timedelta:
    """How late what stops a project is; without it, how late the person who reads the budget's mail is taken to be."""
    if mechanism == "guard" and guard:
        return guard.delays.lag
    if mechanism == "spendCap" and project.budget and project.budget.spend_cap:
        return project.budget.spend_cap.lag
    return derive.lag if derive else USUAL_LAG


def _monthly(budget: BudgetSettings | None, terms: Terms) -> Money | None:
    """A month's budget in the currency of the prices, if it is one."""
    if not budget or budget.amount is None or budget.period.calendar != "MONTH":
        return None
    return Money(budget.amount, terms.currency) if budget.currency in (None, terms.currency) else None


def _compared(settings: BudgetSettings | None, terms: Terms) -> bool:
    # A spend cap is a month's: it says nothing of when a quarter's budget is stopped at.
    capped_otherwise = settings and settings.spend_cap and settings.period.calendar != "MONTH"
    return settings is not None and settings.currency in (None, terms.currency) and not capped_otherwise


def _overshoot(
    settings: BudgetSettings | None,
    budget: Money | None,
    bounds: Mapping[str, Money | None],
    worst: ProjectMonth,
) -> Money | None:
    lag, month = bounds["lag"], bounds["month"]
    if budget and worst.mechanism == "guard":
        ways = [each.amount for each in (worst.guarded, month) if each]
        with localcontext(EXACT):
            over = max(min(ways) - budget.amount, Decimal(0)) if ways else None
        return None if over is None else Money(over, budget.currency)
    if not budget or not settings:
        # Of another period, or of what the last one cost: whatever the amount, the lag is what comes on top.
        return lag
    stops_at = settings.cap_amount
    if stops_at is None or (settings.spend_cap and settings.spend_cap.lifted):
        stops_at = budget.amount
    found = overshoot(lag.amount if lag else None, stops_at, budget.amount, month.amount if month else None)
    return None if found is None else Money(found, budget.currency)


def _unlimited(in_force: LimitsInForce, models: Iterable[ModelExposure]) -> Iterator[str]:
    for model in models:
        if model.bounds["month"] is not None:
            continue
        if model.model == OTHERS:
            yield (
                "every other model: no limit holds for it; write others: deny under limits"
                if in_force.others is None
                else "every other model: no limit of requests; write requestsPerMinute or requestsPerDay for others"
            )
        else:
            yield f"{model.model}: no limit of requests; write requestsPerMinute or requestsPerDay"


def _open_to(key: KeySettings) -> str:
    kinds = {
        "calls from its addresses": key.allowed_ips,
        "calls that name its web pages, as any caller can": key.allowed_referrers,
        "calls that name its Android apps, as any caller can": key.android_apps,
        "calls that name its iOS apps, as any caller can": key.ios_bundle_ids,
    }
    found = next((words for words, values in kinds.items() if values), "anybody who has it")
    return f"{found}, as {key.service_account}" if key.service_account else found


def _broken(
    name: str,
    allowance: Money,
    lag: timedelta,
    bounds: Mapping[str, Money | None],
    changes: Iterable[PriceChange],
    as_of: date,
) -> Iterator[str]:
    """An allowance that holds today, and will not once prices change."""
    now = bounds["allowance"]
    if now is None:
        yield f"{name}: limits are derived for {allowance} over {format_lag(lag)}, and what can be spent is not bounded"
        return
    if allowance < now:
        yield f"{name}: the limits in force can cost {now} over {format_lag(lag)}, and {allowance} is allowed"
        return
    for change in changes:
        then = change.bounds["allowance"]
        if (change.day - as_of).days <= AHEAD and (then is None or allowance < then):
            yield (
                f"{name}: from {change.day}, in {(change.day - as_of).days} days, prices rise: today's limits can then "
                f"cost {then} over {format_lag(lag)}, and {allowance} is allowed. Run pulumi up on that day: the "
                "limits are derived anew"
            )
            return
