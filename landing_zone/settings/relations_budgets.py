"""Rules within a budget, of one project or of several."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_CEILING
from typing import Any, Final

from pydantic_core import PydanticCustomError

from landing_zone.pricing.money import decimals_of
from landing_zone.settings import fields
from landing_zone.settings.base import known_keys
from landing_zone.settings.budgets import BudgetSettings, SharedBudgetSettings
from landing_zone.settings.problems import Path, Problem, nearest
from landing_zone.settings.values import items, repeated, value

MAX_CHANNELS: Final = 5
_KEYS: Final = {*known_keys(BudgetSettings), *known_keys(SharedBudgetSettings)}
_Found = Iterator[Problem]


def budget_problems(budget: Mapping[str, Any], emails: list[Any], email_path: Path) -> _Found:
    """Mistakes within a budget. Paths start at the budget, but for `email_path`, where the addresses stand."""
    yield from _amount(budget)
    yield from _period(budget)
    yield from _notifications(budget, emails, email_path)
    yield from _filter(budget)
    yield from _cap(budget)
    if budget.get("name") == "" and budget.get("existing") is None:
        yield Problem(("name",), "a new budget has a name", "write one such as Acme chat, or leave name out")
    for path in (("amount",), ("spendCap", "amount")):
        yield from whole_amount(budget.get("currency"), value(budget, *path), path)


def whole_amount(currency: object, amount: object, path: Path) -> _Found:
    """An amount with decimals, in a currency that has none."""
    if not isinstance(currency, str) or decimals_of(currency):
        return
    try:
        number = fields.quantity(amount)
    except PydanticCustomError:
        # Another mistake, which the check of its type reports.
        return
    if number % 1:
        yield Problem(
            path,
            f"{number:f} {currency}: {currency} has no decimals",
            f"write a whole number, such as {number.to_integral_value(ROUND_CEILING):f}",
        )


def _amount(budget: Mapping[str, Any]) -> _Found:
    last = budget.get("lastPeriod") is True
    if budget.get("amount") is None and not last and not _mistyped(budget, "amount"):
        yield Problem(
            ("amount",), "'amount' is missing", "write amount: 1200.50 (a period's), or lastPeriod: true"
        )
    if budget.get("amount") is not None and last:
        yield Problem(
            ("lastPeriod",),
            "a budget has an amount or takes the last period's",
            "leave amount or lastPeriod out",
        )
    amounts = (budget.get("amount"), _cap_amount(budget))
    if amounts != (None, None) and budget.get("currency") is None and not _mistyped(budget, "currency"):
        yield Problem(
            ("currency",), "'currency' is missing", "write currency: (the billing account's, such as USD)"
        )


def _cap_amount(budget: Mapping[str, Any]) -> Any:
    """The spend cap's own amount, if it has one."""
    cap = budget.get("spendCap")
    return cap.get("amount") if isinstance(cap, Mapping) else None


def _mistyped(budget: Mapping[str, Any], key: str) -> bool:
    """True if the key is there under a mistyped name, which is reported already."""
    return any(name not in _KEYS and nearest(str(name), _KEYS) == key for name in budget)


def _period(budget: Mapping[str, Any]) -> _Found:
    period = budget.get("period")
    if not isinstance(period, Mapping):
        return
    start, end = (_day(period.get(key)) for key in ("start", "end"))
    if start and end and end < start:
        yield Problem(
            ("period", "end"),
            f"{end} is before {start}",
            f"write a last day that is not before the first, such as end: {start}",
        )
    if budget.get("lastPeriod") is True:
        yield Problem(
            ("lastPeriod",),
            "days that do not repeat have no last period",
            "write period: month, or an amount",
        )
    for position, threshold in enumerate(items(budget, "thresholds")):
        if isinstance(threshold, Mapping) and "forecast" in threshold:
            yield Problem(
                ("thresholds", position),
                "Google forecasts months, quarters and years alone",
                "write a share of what is spent, such as 0.8",
            )


def _day(value: object) -> date | None:
    """A valid day, or None: the check of its type reports an invalid one."""
    try:
        return fields.day(value)
    except PydanticCustomError:
        return None


def _notifications(budget: Mapping[str, Any], emails: list[Any], email_path: Path) -> _Found:
    channels = items(budget, "channels")
    others = emails or channels or budget.get("topic") or budget.get("projectRecipients") is True
    # One that is there already may notify nobody: it is taken over as it is.
    others = others or budget.get("existing") is not None
    if budget.get("iamRecipients") is False and not others:
        yield Problem(
            ("iamRecipients",),
            "nobody is notified when the budget is reached",
            "write alerts: {email: [oncall@example.com]}, or name channels, or leave iamRecipients out",
        )
    count = len(emails) + len(channels)
    if count > MAX_CHANNELS:
        yield Problem(
            email_path if len(emails) > len(channels) else ("channels",),
            f"{count} channels; Google sends a budget to at most {MAX_CHANNELS}",
            f"keep {MAX_CHANNELS} of alerts.email and budget.channels, or write to a group's address",
        )
    if budget.get("thresholds") == [] and not budget.get("topic") and budget.get("existing") is None:
        yield Problem(
            ("thresholds",),
            "a budget without thresholds never notifies anyone",
            "write thresholds: [0.5, 1.0, {forecast: 1.0}], or leave it out for the usual ones",
        )
    yield from repeated(("channels",), channels)
    yield from repeated(("thresholds",), items(budget, "thresholds"))


def _filter(budget: Mapping[str, Any]) -> _Found:
    label = budget.get("label")
    if isinstance(label, Mapping) and len(label) > 1:
        yield Problem(("label",), "Google counts by one label", "keep one, such as label: {team: chat}")
    if budget.get("credits") == []:
        yield Problem(
            ("credits",), "no kind of credit is named", "write exclude, include, or kinds such as [PROMOTION]"
        )
    if budget.get("services") == []:
        yield Problem(
            ("services",),
            "no service is named",
            "write services: all to count every service, or services: gemini",
        )


def _cap(budget: Mapping[str, Any]) -> _Found:
    if not budget.get("spendCap"):
        return
    own = _cap_amount(budget)
    if own is None and budget.get("amount") is None:
        yield Problem(
            ("spendCap",),
            "a spend cap needs an amount",
            "write spendCap: {amount: 1500}, or the budget's amount",
        )
    if own is None and budget.get("period") not in (None, "month"):
        yield Problem(
            ("spendCap",),
            "a spend cap is a month's, and this budget's amount is not",
            "write spendCap: {amount: 1500} with a month's amount",
        )
