"""An environment's costs in a few lines: the stack's output, which a preview shows with its changes."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from landing_zone.costs.report import Report, report
from landing_zone.pricing.days import month_of
from landing_zone.pricing.money import Money
from landing_zone.settings import EnvironmentSettings, in_words


def environment_report(settings: EnvironmentSettings, day: date) -> Report:
    """What a day's calendar month is planned to cost, and what the limits allow at the day's prices."""
    return report(settings, month_of(day), day)


def summary(found: Report) -> dict[str, dict[str, Any]]:
    """Project -> amounts as people read them; the same from day to day while nothing changes."""
    return {name: _project(found, name) for name in found.exposure.projects}


def _project(found: Report, name: str) -> dict[str, Any]:
    estimate, exposure = found.estimate.projects[name], found.exposure.projects[name]
    shown: dict[str, Any] = {}
    if estimate.lines:
        shown["expectedThisMonth"] = str(estimate.costs["expected"])
        if estimate.costs["low"] != estimate.costs["high"]:
            shown["expectedThisMonth"] += f" ({estimate.costs['low']} to {estimate.costs['high']})"
    shown["worstDay"] = bound(exposure.bounds, "day")
    shown["worstMonth"] = bound(exposure.bounds, "month")
    if exposure.compared:
        over = str(exposure.overshoot) if exposure.overshoot is not None else "unlimited"
        by = exposure.mechanism or "somebody"
        shown["worstOverBudget"] = f"{over}, if {by} stops it within {in_words(exposure.lag)}"
    if exposure.unbounded:
        shown["unlimitedBecause"] = list(exposure.unbounded)
    return shown


def bound(bounds: Mapping[str, Money | None], window: str) -> str:
    """A bound as people read it."""
    money = bounds[window]
    return str(money) if money is not None else "unlimited"
