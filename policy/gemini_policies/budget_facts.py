"""Facts from budgets and spend caps."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from gemini_policies.declared import Resource
from gemini_policies.values import at, decimal, number, texts
from landing_zone.policies.facts import (
    MONTHS,
    UNKNOWN,
    Budget,
    Cap,
    Kind,
    Subject,
    Threshold,
    Unknown,
    narrows,
    notifies,
    project_names,
    subtracted,
)

_NANO: Final = Decimal("1e-9")


def budget(resource: Resource) -> Budget:
    """A `gcp.billing.Budget`."""
    props = resource.props
    part, rule = resource.value("budgetFilter"), at(props, "allUpdatesRule")
    amount, currency = _amount(resource)
    account = _account(resource)
    projects = _projects(resource, part)
    days, period = at(part, "customPeriod"), at(part, "calendarPeriod")
    if UNKNOWN in (days, period):
        # Without the period, the amount per month is unknown.
        amount = UNKNOWN
    labels = resource.value("budgetFilter", "labels")
    return Budget(
        _subject(resource, "budget", f"budget {resource.text('displayName')}", projects),
        account,
        amount,
        currency,
        projects,
        texts(resource.value("budgetFilter", "services")),
        _narrowed(part, labels, account),
        _thresholds(at(props, "thresholdRules")),
        notifies(
            at(rule, "disableDefaultIamRecipients"),
            (at(rule, "monitoringNotificationChannels"), at(rule, "pubsubTopic")),
            at(rule, "enableProjectLevelRecipients"),
            projects,
        ),
        None if days else MONTHS.get(period or "MONTH", Decimal(1)),
        starts=_day(at(days, "startDate")),
        ends=_day(at(days, "endDate")),
        subaccounts=_names(at(part, "subaccounts"), "billingAccounts/"),
        ancestors=_folders(at(part, "resourceAncestors")),
        topic=at(rule, "pubsubTopic") or None,
        labelled=labels if labels is UNKNOWN else bool(labels),
        credits=_credits(resource),
    )


def _subject(resource: Resource, kind: Kind, label: str, projects: tuple[str, ...] | Unknown) -> Subject:
    """The subject of a budget: an exception calls it as Google does, or by its project if it is of one alone."""
    own = at(resource.props, "name")
    names = {own} if isinstance(own, str) and own.startswith("billingAccounts/") else set()
    if isinstance(projects, Unknown):
        return resource.subject(kind, label, names, identified=False)
    ids, identified = resource.ids_of(projects[0]) if len(projects) == 1 else (frozenset(), True)
    return resource.subject(kind, label, names | project_names(ids), identified=identified)


def cap(resource: Resource) -> Cap:
    """A SpendCap of this project's provider."""
    props = resource.props
    reference = resource.reference("project")
    projects = (reference,) if isinstance(reference, str) else UNKNOWN
    return Cap(
        _subject(resource, "cap", f"spend cap {resource.name}", projects),
        _account(resource),
        decimal(at(props, "amount")),
        at(props, "currency"),
        projects,
        at(props, "inputState") == "AWAITING_NEXT_PERIOD",
    )


def _amount(resource: Resource) -> tuple[Decimal | Unknown | None, str | Unknown | None]:
    money = at(resource.props, "amount", "specifiedAmount")
    if money is None:
        return None, None
    units, nanos = decimal(at(money, "units") or 0), decimal(at(money, "nanos") or 0)
    currency = at(money, "currencyCode") or None
    if isinstance(units, Decimal) and isinstance(nanos, Decimal):
        return units + nanos * _NANO, currency
    return UNKNOWN, currency


def _account(resource: Resource) -> str | Unknown:
    account = at(resource.props, "billingAccount")
    return UNKNOWN if account is UNKNOWN else str(account or "").removeprefix("billingAccounts/")


def _projects(resource: Resource, part: Any) -> tuple[str, ...] | Unknown:
    listed = at(part, "projects")
    listed = [UNKNOWN] if listed is UNKNOWN else listed or ()
    named = [each if each is UNKNOWN else str(each).removeprefix("projects/") for each in listed]
    known = tuple(each for each in named if each is not UNKNOWN)
    if len(known) == len(named):
        return known
    comes_from = resource.comes_from.get("budgetFilter", ())
    # If there are as many project resources as unknown names, the names are theirs.
    return (*known, *comes_from) if len(comes_from) == len(named) - len(known) else UNKNOWN


def _narrowed(part: Any, labels: Any, account: str | Unknown) -> bool | Unknown:
    ancestors, subaccounts = texts(at(part, "resourceAncestors")), texts(at(part, "subaccounts"))
    if ancestors is UNKNOWN or subaccounts is UNKNOWN or account is UNKNOWN or labels is UNKNOWN:
        return UNKNOWN
    return narrows(bool(labels), ancestors, subaccounts, account)


def _thresholds(rules: Any) -> tuple[Threshold, ...] | Unknown:
    if isinstance(rules, Unknown):
        return UNKNOWN
    found = []
    for rule in rules or ():
        share, basis = decimal(at(rule, "thresholdPercent") or 0), at(rule, "spendBasis")
        if not isinstance(share, Decimal) or basis is UNKNOWN:
            return UNKNOWN
        found.append(Threshold(share, basis == "FORECASTED_SPEND"))
    return tuple(found)


def _credits(resource: Resource) -> tuple[str, ...] | Unknown:
    treatment = resource.value("budgetFilter", "creditTypesTreatment")
    kinds = texts(resource.value("budgetFilter", "creditTypes"))
    if isinstance(treatment, Unknown):
        return UNKNOWN
    if isinstance(kinds, Unknown):
        return UNKNOWN if treatment == "INCLUDE_SPECIFIED_CREDITS" else subtracted(treatment, ())
    return subtracted(treatment, kinds)


def _day(value: Any) -> date | Unknown | None:
    """A day of a filter; None if it is not set. What is no day is UNKNOWN, as Google will refuse it."""
    if value is None:
        return None
    parts = [number(at(value, name)) for name in ("year", "month", "day")]
    whole = [part for part in parts if isinstance(part, int)]
    try:
        return date(*whole) if len(whole) == len(parts) else UNKNOWN
    except (ValueError, OverflowError):
        return UNKNOWN


def _names(values: Any, prefix: str) -> tuple[str, ...] | Unknown:
    listed = texts(values)
    return UNKNOWN if isinstance(listed, Unknown) else tuple(each.removeprefix(prefix) for each in listed)


def _folders(values: Any) -> tuple[str, ...] | Unknown:
    """Folders of a filter. An organization has every project of its account."""
    listed = texts(values)
    if isinstance(listed, Unknown):
        return UNKNOWN
    return tuple(each for each in listed if not each.startswith("organizations/"))
