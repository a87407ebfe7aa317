"""Rules between the spend guard's steps, what they are shares of, and what they act on."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from pydantic_core import PydanticCustomError

from landing_zone.settings import fields
from landing_zone.settings.guard import GuardSettings, StopSettings, ThrottleSettings
from landing_zone.settings.problems import Problem
from landing_zone.settings.relations_budgets import whole_amount
from landing_zone.settings.values import items, value

_Found = Iterator[Problem]
_USUAL: Final = GuardSettings()
_DEFAULTS: Final = {
    "notify": _USUAL.notify,
    "throttle": ThrottleSettings().at,
    "stop": StopSettings().at,
    "unlinkBilling": _USUAL.unlink_billing,
}
"""Steps in their order, and their shares where nothing is written."""


def guard_problems(_: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Mistakes of a project's guard. Paths start at the project."""
    guard = merged.get("guard")
    if guard is None or guard is False or merged.get("tier") == "free":
        return
    settings = guard if isinstance(guard, Mapping) else {}
    yield from _amount(settings, merged)
    yield from _order(settings)
    if settings.get("releaseAtNewPeriod") is True and settings.get("unlinkBilling") not in (None, False):
        yield Problem(
            ("guard", "releaseAtNewPeriod"),
            "the guard may unlink billing, and nobody but a person links it again",
            "leave unlinkBilling or releaseAtNewPeriod out",
        )
    yield from _keys(settings, merged)


def _amount(guard: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    budget = merged.get("budget")
    if budget is False and merged.get("adopt") is True:
        yield Problem(
            ("guard",),
            "the guard watches a budget, and there is none",
            "write budget: {amount: 100, currency: USD}, or leave guard out",
        )
    if not isinstance(budget, Mapping):
        return  # that a paid project needs one is another mistake
    yield from whole_amount(budget.get("currency"), guard.get("amount"), ("guard", "amount"))
    if guard.get("amount") is not None:
        return
    period = budget.get("period", "month")
    if budget.get("amount") is None or period != "month":
        yield Problem(
            ("guard", "amount"),
            "the guard counts a month, and the budget has no amount of a month",
            "write guard: {amount: 1000}, in the budget's currency",
        )


def _order(guard: Mapping[str, Any]) -> _Found:
    """Steps of which an earlier one would act after a later one."""
    before: tuple[str, Decimal] | None = None
    for step, usual in _DEFAULTS.items():
        if guard.get(step) is False:
            continue
        written = guard.get(step)
        own = value(written, "at") if isinstance(written, Mapping) else written
        try:
            share = fields.share(usual if own is None else own)
        except PydanticCustomError:
            continue  # another mistake, or no step
        if before and share < before[1]:
            yield Problem(
                ("guard", step),
                f"the guard would {_words(step)} at {share:f} of the amount, before it would {_words(before[0])} at "
                f"{before[1]:f}",
                f"write {step}: {before[1]:f} or more, or a lower share for {before[0]}",
            )
        before = (step, share)


def _words(step: str) -> str:
    return {"unlinkBilling": "unlink billing"}.get(step, step)


def _keys(guard: Mapping[str, Any], merged: Mapping[str, Any]) -> _Found:
    """Keys that a stop by keys would leave working."""
    if value(guard, "stop", "by") != "keys":
        return
    keys = merged.get("keys")
    named = keys if isinstance(keys, Mapping) else {}
    foreign = [name for name, key in named.items() if value(key, "serviceAccount") is not None]
    standard = [name for name, key in named.items() if value(key, "standard") is True]
    if standard or foreign or not named:
        why = (
            f"key {standard[0]} is bound to none"
            if standard
            else f"that of key {foreign[0]} is none that the stack makes, and others may use it"
            if foreign
            else "the project has no key here"
        )
        yield Problem(
            ("guard", "stop", "by"),
            f"keys are stopped by their service accounts, and {why}",
            "write by: limits, or by: both",
        )


def guard_host_problems(values: Mapping[str, Any], projects: Mapping[str, Mapping[str, Any]]) -> _Found:
    """Mistakes between the environment and the projects that its guard acts on. Paths start at the namespace."""
    host = values.get("notificationProject")
    for name, merged in projects.items():
        if merged.get("guard") in (None, False) or merged.get("tier") == "free":
            continue
        if host is None:
            yield Problem(
                ("projects", name, "guard"),
                "the guard needs a project to run in that is not guarded itself, and none is named",
                "write gemini-landing-zone:notificationProject: acme-seed, the id of a project that exists",
            )
        elif merged.get("projectId") == host:
            yield Problem(
                ("projects", name, "guard"),
                "the guard would run in the project that it stops",
                "name another project as notificationProject",
            )
        yield from _terms(values, name, merged)
        if not items(values, "guard", "email") and not items(merged, "alerts", "email"):
            yield Problem(
                ("projects", name, "guard"),
                "nobody would be notified of what the guard does",
                "write gemini-landing-zone:guard: {email: [oncall@example.com]}, or alerts: {email: […]} here",
            )


def _terms(values: Mapping[str, Any], name: str, merged: Mapping[str, Any]) -> _Found:
    """A currency in which nothing says what a call costs: the guard compares what it meters with the amount."""
    currency, account = value(merged, "budget", "currency"), merged.get("billingAccount")
    if not isinstance(currency, str) or currency == "USD" or not isinstance(account, str):
        return
    if value(values, "accountTerms", account, "usdRate") is None:
        yield Problem(
            ("projects", name, "guard"),
            f"the guard prices calls in US dollars, and nothing says what one is in {currency}",
            f"write gemini-landing-zone:accountTerms: {{{account}: {{usdRate: 0.92}}}}",
        )
