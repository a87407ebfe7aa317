"""An environment's worst month in one line: the roster keeps it, and prints it before and after a change."""

from collections.abc import Mapping
from datetime import date

from landing_zone.pricing.days import month_of
from landing_zone.pricing.money import Money
from landing_zone.reports.environment_report import Report, report
from landing_zone.settings import EnvironmentSettings


def environment_report(settings: EnvironmentSettings, day: date) -> Report:
    """What a day's calendar month is planned to cost, and what the limits allow at the day's prices."""
    return report(settings, month_of(day), day)


def worst_month(found: Report) -> tuple[str, str]:
    """The most that all projects can cost in a month, by currency, and what bounds it."""
    projects = found.exposure.projects
    totals = " and ".join(bound(bounds, "month") for bounds in found.exposure.totals.values())
    open_ended = [name for name, each in projects.items() if each.unbounded]
    if open_ended:
        name = open_ended[0]
        return totals, f"nothing: {name}: {projects[name].unbounded[0]}"
    months = {name: each.bounds["month"] for name, each in projects.items()}
    paid = {name: money for name, money in months.items() if money and money.amount}
    if not paid:
        return totals, "the free tier: nothing is charged"
    name, money = max(paid.items(), key=lambda each: each[1].amount)
    most = f", most of it {name} ({money.as_bound})" if len(paid) > 1 else ""
    return totals, f"the limits{most}"


def bound(bounds: Mapping[str, Money | None], window: str) -> str:
    """A bound as people read it."""
    money = bounds[window]
    return money.as_bound if money is not None else "unlimited"
