"""The headline of a worst case: the most that a month can cost with what stops the spending, and what that is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

from landing_zone.gemini.prices import ACCOUNT_TIERS
from landing_zone.pricing.exposure import USUAL_DOORS, Doors
from landing_zone.pricing.guarded_month import Guard, beyond
from landing_zone.pricing.money import EXACT, Money, plain
from landing_zone.pricing.rates import Terms
from landing_zone.pricing.worst_month import (
    MONTH,
    Spender,
    Stop,
    late,
    limits_month,
    worst_month,
)
from landing_zone.settings import EnvironmentSettings, LimitsInForce, ProjectSettings, format_lag

_BY_LIMITS: Final = "what its limits allow in 31 days"
UNBOUNDED: Final = "not bounded"
"""The verdict where something can be spent that neither limits nor prices bound."""
BoundBy = Literal["free tier", "spend cap", "guard", "limits", "tier cap", "nothing"]
Mechanism = Literal["spendCap", "guard"]
"""The setting of what stops the spending, late."""


@dataclass(frozen=True, slots=True)
class ProjectMonth:
    """The worst month of a project."""

    amount: Money | None
    """None: it is not bounded."""
    bound_by: BoundBy
    text: str
    """The sum in words: `spend cap of 100.00 USD, and 20.00 USD while it lags 24h`; or why it is not bounded."""
    mechanism: Mechanism | None = None
    """Of spend cap and guard the one that lets less be spent; it may be more than the limits allow."""
    guarded: Money | None = None
    """The most with the guard, if that is the mechanism; None if nothing bounds it."""
    kept: Money | None = None
    """Storage, while a cap lags, of what caches held before; None if there is none."""
    saved_by_methods: Money | None = None
    """Difference if no key could create caches; None if that changes nothing."""
    with_queries: Money | None = None
    """What it would be with the usual queries to Google of each request, where the guard meters fewer; None if it does
    not, or if that changes nothing."""
    spender: Spender | None = None
    """Itself, as far as it can spend; None on the free tier."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        saved = self.saved_by_methods
        return {
            "amount": plain(self.amount.amount) if self.amount else "unlimited",
            "boundBy": self.bound_by,
            "text": self.text,
            "savedByMethods": plain(saved.amount) if saved else None,
            "withUsualQueries": plain(self.with_queries.amount) if self.with_queries else None,
        }


@dataclass(frozen=True, slots=True)
class EnvironmentMonth:
    """The worst month of all projects in one currency."""

    currency: str
    amount: Money | None
    """None: it is not bounded."""
    bound_by: str
    """In words; where it is not bounded, the first of the reasons, with its project."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "currency": self.currency,
            "bounded": self.amount is not None,
            "amount": plain(self.amount.amount) if self.amount else "unlimited",
            "boundBy": self.bound_by if self.amount else "nothing",
        }


def project_month(
    project: ProjectSettings,
    in_force: LimitsInForce,
    terms: Terms,
    doors: Doors,
    day: date,
    guard: Callable[[Spender], Guard | None],
) -> ProjectMonth:
    """The worst month of a project, at the highest prices of the 31 days from a day on.

    `guard`: the spend guard of the project, given what it can spend; None if none bounds it.
    """
    if project.tier == "free":
        return ProjectMonth(Money(Decimal(0), terms.currency), "free tier", "the free tier charges nothing")
    spender = Spender(in_force.models, in_force.others, terms, doors)
    found = _month(project, spender, day, guard(spender))
    saved = None
    if doors.caches and found.amount:
        closed = Spender(in_force.models, in_force.others, terms, replace(doors, caches=False))
        without = _month(project, closed, day, guard(closed)).amount
        if without and without < found.amount:
            saved = found.amount - without
    searching = None
    if found.bound_by == "guard" and doors.queries < USUAL_DOORS.queries:
        wide = Spender(in_force.models, in_force.others, terms, replace(doors, queries=USUAL_DOORS.queries))
        more = _month(project, wide, day, guard(wide)).amount
        searching = more if more != found.amount else None
    return replace(found, saved_by_methods=saved, with_queries=searching, spender=spender)


def explained(
    month: ProjectMonth, day: date, shown: Money | None, not_bounded: Sequence[str]
) -> ProjectMonth:
    """A project's worst month with its reasons in words.

    `shown`: the most that the limits allow in a month at the day's own prices. `not_bounded`: why there is no bound.
    """
    if month.amount is None:
        return replace(month, text="; ".join(not_bounded))
    if month.bound_by == "limits" and month.amount != shown:
        return replace(month, text=f"{month.text}, at the highest prices until {day + MONTH}")
    return month


def _month(project: ProjectSettings, spender: Spender, day: date, guard: Guard | None) -> ProjectMonth:
    currency = spender.terms.currency
    alone = limits_month(spender, day)
    stopped = [
        *([_capped(cap, spender, day)] if (cap := _cap(project, spender.terms)) else []),
        *([guarded_month(guard, spender, day)] if guard else []),
    ]
    # Of two that bound nothing, the guard is the one that acts first.
    least = min(
        reversed(stopped),
        key=lambda each: (each.amount is None, each.amount and each.amount.amount),
        default=None,
    )
    if least is None:
        if alone is None:
            return ProjectMonth(None, "nothing", "")
        return ProjectMonth(Money(alone, currency), "limits", _BY_LIMITS)
    if alone is not None and (least.amount is None or alone <= least.amount.amount):
        return replace(least, amount=Money(alone, currency), bound_by="limits", text=_BY_LIMITS, kept=None)
    return least if least.amount else replace(least, bound_by="nothing", text="")


def _capped(stop: Stop, spender: Spender, day: date) -> ProjectMonth:
    """The worst month with a spend cap, whatever the limits allow."""
    currency = spender.terms.currency
    lag = late([spender], day, stop)
    amount = worst_month(None, stop, lag)
    if amount is None or lag.total is None:
        return ProjectMonth(None, "spend cap", "", "spendCap")
    kept = Money(lag.kept, currency) if lag.kept else None
    held = f", {kept.as_bound} of it for what caches held before" if kept else ""
    text = (
        f"spend cap of {Money(stop.amount, currency)}, and {Money(lag.total, currency).as_bound} while "
        f"it lags {format_lag(stop.lag)}{held}"
    )
    return ProjectMonth(Money(amount, currency), "spend cap", text, "spendCap", kept=kept)


def guarded_month(guard: Guard, spender: Spender, day: date) -> ProjectMonth:
    """The worst month with the spend guard, whatever the limits allow."""
    currency = spender.terms.currency
    found = beyond(spender, day, guard)
    if found.total is None:
        return ProjectMonth(None, "guard", "", "guard")
    with localcontext(EXACT):
        amount = Money(guard.amount + found.total, currency)
    text = (
        f"guard stops at {Money(guard.amount, currency)}, and {Money(found.total, currency).as_bound} while it lags "
        f"{format_lag(guard.lag)}"
    )
    if found.throttled and guard.throttle:
        text += f", throttled from {Money(guard.throttle.amount, currency)} on"
    if found.unmetered:
        text += f"; it sees {' and '.join(found.unmetered)} within {format_lag(guard.billing_delay)}"
    return ProjectMonth(amount, "guard", text, "guard", amount)


def _cap(project: ProjectSettings, terms: Terms) -> Stop | None:
    """The project's spend cap, if its amount is in the currency of the prices."""
    budget = project.budget
    if not budget or not budget.spend_cap or budget.spend_cap.lifted:
        return None
    cap = budget.spend_cap
    amount = budget.amount if cap.amount is None else cap.amount
    return Stop(amount, cap.lag) if amount is not None and budget.currency in (None, terms.currency) else None


def _tier_stop(account: str | None, settings: EnvironmentSettings, terms: Terms) -> Stop | None:
    """The cap that Google sets a billing account by its tier, where `accountTerms` names the tier."""
    agreed = settings.terms_of(account)
    if agreed.tier is None:
        return None
    with localcontext(EXACT):
        return Stop(ACCOUNT_TIERS[agreed.tier].month * terms.usd_rate, agreed.lag)


def environment_months(
    settings: EnvironmentSettings, months: Mapping[str, ProjectMonth], terms: Mapping[str, Terms], day: date
) -> Iterator[EnvironmentMonth]:
    """The worst month of all projects, one a currency. `terms`: each project's."""
    currencies = dict.fromkeys(each.currency for each in terms.values())
    for currency in currencies:
        names = [name for name in months if terms[name].currency == currency]
        total: Decimal | None = Decimal(0)
        reasons: list[str] = []
        for account, own in _by_account(names, settings).items():
            stop = _tier_stop(account, settings, terms[own[0]])
            amount, reason = _account({name: months[name] for name in own}, stop, account, day)
            with localcontext(EXACT):
                total = None if total is None or amount is None else total + amount
            if reason and (amount is None or total is not None):
                reasons = [reason] if amount is None else [*reasons, reason]
        yield EnvironmentMonth(
            currency,
            None if total is None else Money(total, currency),
            "; ".join(reasons) or "the free tier, which charges nothing",
        )


def _by_account(names: Sequence[str], settings: EnvironmentSettings) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for name in names:
        found.setdefault(settings.projects[name].billing_account, []).append(name)
    return found


def _account(
    months: Mapping[str, ProjectMonth], stop: Stop | None, account: str | None, day: date
) -> tuple[Decimal | None, str]:
    """The worst month of one account's projects, and what bounds it; empty where nothing is charged."""
    paid = {name: month for name, month in months.items() if month.bound_by != "free tier"}
    if not paid:
        return Decimal(0), ""
    amounts = {name: month.amount for name, month in paid.items()}
    with localcontext(EXACT):
        alone = (
            None
            if None in amounts.values()
            else sum((money.amount for money in amounts.values() if money), Decimal(0))
        )
    capped = None
    if stop:
        spenders = [month.spender for month in paid.values() if month.spender]
        capped = worst_month(None, stop, late(spenders, day, stop))
    if capped is not None and stop and (alone is None or capped < alone):
        currency = next((money.currency for money in amounts.values() if money), "USD")
        with localcontext(EXACT):
            lagging = Money(capped - stop.amount, currency)
        return capped, (
            f"Google's cap of {Money(stop.amount, currency)} for the tier of account {account}, and "
            f"{lagging.as_bound} while it lags {format_lag(stop.lag)}"
        )
    if alone is None:
        first, *more = [name for name, money in amounts.items() if money is None]
        return None, f"{first}: {months[first].text}" + (f"; and {len(more)} more projects" if more else "")
    return alone, _projects_words(paid)


def _projects_words(paid: Mapping[str, ProjectMonth]) -> str:
    paid = {name: month for name, month in paid.items() if month.amount and month.amount.amount} or paid
    kinds = dict.fromkeys(month.bound_by for month in paid.values())
    if len(paid) == 1:
        [(name, month)] = paid.items()
        return f"{name}: {month.text}"
    name, most = max(paid.items(), key=lambda each: each[1].amount.amount if each[1].amount else Decimal(0))
    words = " and ".join(f"{kind}{'' if kind.endswith('s') else 's'}" for kind in kinds)
    amount = most.amount.as_bound if most.amount else "unlimited"
    return f"the {words}, most of it {name} ({amount}: {most.text})"
