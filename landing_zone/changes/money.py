"""Amounts before and after a change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final, Literal

from landing_zone.changes.row import NOTHING, Row
from landing_zone.changes.state import Figures
from landing_zone.pricing.estimate import CASES
from landing_zone.pricing.money import EXACT, Money, decimals_of, format_amount, plain
from landing_zone.reports.environment_exposure import ProjectExposure
from landing_zone.reports.worst_month import UNBOUNDED, EnvironmentMonth

NOT_BOUNDED: Final = Decimal("Infinity")
"""The amount of what nothing bounds."""


@dataclass(frozen=True, slots=True)
class AmountChange:
    """An amount of a project or of the whole stack, in one currency. On a side that does not have it, None."""

    project: str
    """Empty: the whole stack."""
    what: Literal["worst month", "over the budget"]
    currency: str
    before: Decimal | None
    after: Decimal | None
    bound_before: str = ""
    """The mechanism or the limits that bound it, in words."""
    bound_after: str = ""

    @property
    def differs(self) -> bool:
        """True if it is another one after the change."""
        return self.before != self.after

    @property
    def growth(self) -> Decimal:
        """After less before; negative if it falls. Without an amount before, all of it."""
        return _growth(self.before, self.after)

    @property
    def shown(self) -> tuple[str, str]:
        """Before and after, rounded up, as people read them."""
        return self._shown(self.before), self._shown(self.after)

    def _shown(self, amount: Decimal | None) -> str:
        if amount is None:
            return NOTHING
        return UNBOUNDED if amount == NOT_BOUNDED else Money(amount, self.currency).as_bound

    @property
    def row(self) -> Row:
        """For tables."""
        change = signed(self.growth, self.currency) if self.growth.is_finite() else ""
        return Row(self.project, self.what, *self.shown, change)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "currency": self.currency,
            "before": _json(self.before),
            "after": _json(self.after),
            "growth": _json(self.growth),
            "boundByBefore": self.bound_before,
            "boundByAfter": self.bound_after,
        }


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """The planned cost of the month in one currency: low, expected and high. On a side that does not have it, None."""

    project: str
    """Empty: the whole stack."""
    currency: str
    before: tuple[Decimal, ...] | None
    after: tuple[Decimal, ...] | None

    @property
    def differs(self) -> bool:
        """True if another cost is planned after the change; a side without it is as one without cost."""
        nothing = (Decimal(0),) * len(CASES)
        return (self.before or nothing) != (self.after or nothing)

    @property
    def growth(self) -> Decimal:
        """Expected cost after less before."""
        before, after = (
            costs[CASES.index("expected")] if costs else None for costs in (self.before, self.after)
        )
        return _growth(before, after)

    @property
    def row(self) -> Row:
        """For tables."""
        change = signed(self.growth, self.currency) if self.growth else ""
        return Row(self.project, "planned", self._shown(self.before), self._shown(self.after), change)

    def _shown(self, costs: tuple[Decimal, ...] | None) -> str:
        if costs is None:
            return NOTHING
        low, expected, high = (format_amount(cost, self.currency) for cost in costs)
        spread = f" ({low} to {high})" if low != high else ""
        return f"{expected} {self.currency}{spread}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        sides = {"before": self.before, "after": self.after}
        return {
            "currency": self.currency,
            **{
                side: {case: plain(cost) for case, cost in zip(CASES, costs, strict=True)} if costs else None
                for side, costs in sides.items()
            },
        }


def stack_months(before: Figures | None, after: Figures | None) -> list[AmountChange]:
    """The worst month of the whole stack, one a currency."""
    return stack_changes(*(side.report.exposure.months if side else () for side in (before, after)))


def stack_changes(
    before: Iterable[EnvironmentMonth], after: Iterable[EnvironmentMonth]
) -> list[AmountChange]:
    """The worst month of a stack before and after, one a currency."""
    one, other = ({month.currency: month for month in side} for side in (before, after))
    return [
        _amount_change("", "worst month", currency, _month(one.get(currency)), _month(other.get(currency)))
        for currency in _names(one, other)
    ]


def project_change(name: str, before: ProjectExposure, after: ProjectExposure) -> AmountChange | None:
    """The worst month of a project before and after; None if its currency is another one."""
    if before.currency != after.currency:
        return None
    months = (_project_month(before), _project_month(after))
    return _amount_change(name, "worst month", after.currency, *months)


def stack_plans(before: Figures | None, after: Figures | None) -> list[PlannedChange]:
    """The planned month of the whole stack, one a currency."""
    one, other = (_sums(side) if side else {} for side in (before, after))
    return [PlannedChange("", name, one.get(name), other.get(name)) for name in _names(one, other)]


def _sums(side: Figures) -> dict[str, tuple[Decimal, ...]]:
    totals = side.report.estimate.totals
    return {
        money[0].currency: tuple(each.amount for each in money)
        for money in zip(*(totals[case] for case in CASES), strict=True)
    }


def project_amounts(before: Figures | None, after: Figures | None) -> Iterator[AmountChange]:
    """Each project's worst month, and what can be spent beyond its budget."""
    one, other = (side.exposures if side else {} for side in (before, after))
    for name in _names(one, other):
        own = (one.get(name), other.get(name))
        for currency in dict.fromkeys(each.currency for each in own if each):
            old, new = (each if each and each.currency == currency else None for each in own)
            months = (_project_month(old), _project_month(new))
            yield _amount_change(name, "worst month", currency, *months)
            over = (_overshoot(old), _overshoot(new))
            if any(over):
                yield _amount_change(name, "over the budget", currency, *over)


def project_plans(before: Figures | None, after: Figures | None) -> Iterator[PlannedChange]:
    """Each project's planned month."""
    one, other = (side.report.estimate.projects if side else {} for side in (before, after))
    for name in _names(one, other):
        own = (one.get(name), other.get(name))
        for currency in dict.fromkeys(each.currency for each in own if each):
            old, new = (
                tuple(each.costs[case].amount for case in CASES)
                if each and each.currency == currency
                else None
                for each in own
            )
            yield PlannedChange(name, currency, old, new)


_Bounded = tuple[Decimal, str] | None
"""An amount, and what bounds it."""


def _amount_change(
    project: str, what: Literal["worst month", "over the budget"], currency: str, old: _Bounded, new: _Bounded
) -> AmountChange:
    (before, bound_before), (after, bound_after) = old or (None, ""), new or (None, "")
    return AmountChange(project, what, currency, before, after, bound_before, bound_after)


def _month(month: EnvironmentMonth | None) -> _Bounded:
    return (_bound(month.amount), month.bound_by) if month else None


def _project_month(exposure: ProjectExposure | None) -> _Bounded:
    return (_bound(exposure.month.amount), exposure.month.text) if exposure else None


def _overshoot(exposure: ProjectExposure | None) -> _Bounded:
    if exposure is None or not exposure.compared:
        return None
    return _bound(exposure.overshoot), exposure.mechanism or "somebody, by the budget's mail"


def signed(amount: Decimal, currency: str) -> str:
    """A difference as people read it: `+1,000.00`."""
    smallest = Decimal(1).scaleb(-decimals_of(currency))
    text = plain(amount) if abs(amount) < smallest else format_amount(amount, currency)
    return f"+{text}" if amount >= 0 else text


def _growth(before: Decimal | None, after: Decimal | None) -> Decimal:
    one, other = before or Decimal(0), after or Decimal(0)
    if one == other:
        return Decimal(0)
    with localcontext(EXACT):
        return other - one


def _bound(money: Money | None) -> Decimal:
    return NOT_BOUNDED if money is None else money.amount


def _json(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    return plain(amount) if amount.is_finite() else "-unlimited" if amount < 0 else "unlimited"


def _names(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, None]:
    return dict.fromkeys([*before, *after])
