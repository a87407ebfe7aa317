"""An environment's worst month in one line: the roster keeps it, and prints it before and after a change."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from landing_zone.pricing.days import month_of
from landing_zone.pricing.money import Money
from landing_zone.reports.environment_exposure import EnvironmentExposure
from landing_zone.reports.environment_report import Report, report
from landing_zone.reports.worst_month import UNBOUNDED
from landing_zone.settings import EnvironmentSettings

_AMOUNT: Final = re.compile(r"(?P<amount>[0-9][0-9,]*(?:\.[0-9]+)?) (?P<currency>[A-Z]{3})")


def month_report(settings: EnvironmentSettings, day: date) -> Report:
    """Planned cost and worst case of a day's calendar month."""
    return report(settings, month_of(day), day)


def worst_month(found: EnvironmentExposure) -> tuple[str, str]:
    """The most that all projects can cost in a month with what stops it, by currency; and what bounds it.

    `not bounded` and why, if that holds for any of them: the sum of the rest would be less than the truth.
    """
    open_ones = [month for month in found.months if not month.amount]
    amounts = (
        UNBOUNDED
        if open_ones
        else " and ".join(month.amount.as_bound for month in found.months if month.amount)
    )
    return amounts, "; ".join(month.bound_by for month in open_ones or found.months)


def amounts_in(text: str) -> dict[str, Decimal]:
    """The amounts of a text by `worst_month`, such as `1,080.35 USD and 20.00 EUR`, by currency; none if it is not
    bounded."""
    found = _AMOUNT.finditer(text)
    return {each["currency"]: Decimal(each["amount"].replace(",", "")) for each in found}


def bound(bounds: Mapping[str, Money | None], window: str) -> str:
    """A bound as people read it."""
    money = bounds[window]
    return money.as_bound if money is not None else "unlimited"
