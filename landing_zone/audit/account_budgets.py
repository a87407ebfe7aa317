"""Budgets and spend caps of a billing account that concern the judged projects."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from landing_zone.audit.unread import Unread
from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.money import amount_of
from landing_zone.google.rest import Google, Json
from landing_zone.google.spend_caps import AWAITING
from landing_zone.policies.facts import (
    MONTHS,
    UNKNOWN,
    Budget,
    Cap,
    Kind,
    Project,
    Subject,
    Threshold,
    narrows,
    notifies,
    project_names,
    subtracted,
)

_RIGHT: Final = "billing.budgets.list (roles/billing.viewer on the billing account)"


def of_account(
    google: Google, account: str, projects: Sequence[Project]
) -> tuple[list[Budget], list[Cap], Unread]:
    """List the caps that name a project, and the budgets that name one or count the whole account; by display name.

    If listing is denied, return one budget and one cap marked as unread, so that no policy reports "no budget".
    """
    unread = Unread()
    listed = unread.attempt(
        f"budgets of billing account {account}",
        _RIGHT,
        lambda: list(google.list_all("billingbudgets", f"billingAccounts/{account}/budgets", "budgets")),
        None,
    )
    if listed is None:
        own = tuple(
            sorted(each for project in projects if project.account == account for each in project.ids)
        )
        return [_unknown_budget(account, own)], [_unknown_cap(account, own)], unread
    listed.sort(key=lambda budget: (budget.get("displayName", ""), budget["name"]))
    budgets = [
        _budget(account, each, projects)
        for each in listed
        if "spendCap" not in each and _ours(account, each, projects)
    ]
    caps = [
        _cap(account, each, projects)
        for each in listed
        if "spendCap" in each and _ours(account, each, projects)
    ]
    return budgets, caps, unread


def _filter(budget: Mapping[str, Any]) -> Json:
    found: Json = budget.get("budgetFilter", {})
    return found


def _projects(budget: Mapping[str, Any]) -> tuple[str, ...]:
    """Numbers of the projects that the budget counts."""
    return tuple(name.removeprefix("projects/") for name in _filter(budget).get("projects", []))


def _narrowed(account: str, budget: Mapping[str, Any]) -> bool:
    part = _filter(budget)
    return narrows(
        bool(part.get("labels")), part.get("resourceAncestors", ()), part.get("subaccounts", ()), account
    )


def _day(budget: Mapping[str, Any], name: str) -> date | None:
    day = _filter(budget).get("customPeriod", {}).get(name)
    return date(day["year"], day["month"], day["day"]) if day else None


def _ours(account: str, budget: Mapping[str, Any], projects: Sequence[Project]) -> bool:
    """True if it counts judged projects or the whole account."""
    named = _projects(budget)
    if named and all(project.ids.isdisjoint(named) for project in projects):
        return False
    if named and "spendCap" not in budget:
        return True
    # A cap or an account-wide budget of another API does not concern these projects.
    services = _filter(budget).get("services", [])
    return (not services or GEMINI_BILLING_SERVICE in services) and (
        bool(named) or not _narrowed(account, budget)
    )


def _subject(kind: Kind, word: str, budget: Mapping[str, Any], projects: Sequence[Project]) -> Subject:
    name = budget["name"]
    title = budget.get("displayName") or name.rpartition("/")[2]
    named = _projects(budget)
    # An exception can name the budget of one project by the project.
    own = [project_names(project.ids) for project in projects if len(named) == 1 and named[0] in project.ids]
    return Subject(kind, name, f"{word} {title}", frozenset({name}).union(*own))


def _money(budget: Mapping[str, Any]) -> tuple[Decimal | None, str | None]:
    money = budget["amount"].get("specifiedAmount")
    return (None, None) if money is None else (amount_of(money), money.get("currencyCode"))


def _budget(account: str, budget: Mapping[str, Any], projects: Sequence[Project]) -> Budget:
    part, rule, named = _filter(budget), budget.get("notificationsRule", {}), _projects(budget)
    amount, currency = _money(budget)
    period = part.get("calendarPeriod", "MONTH")
    return Budget(
        _subject("budget", "budget", budget, projects),
        account,
        amount,
        currency,
        named,
        tuple(part.get("services", [])),
        narrowed=_narrowed(account, budget),
        thresholds=tuple(
            Threshold(
                Decimal(str(each.get("thresholdPercent", 0))), each.get("spendBasis") == "FORECASTED_SPEND"
            )
            for each in budget.get("thresholdRules", [])
        ),
        notifies=notifies(
            rule.get("disableDefaultIamRecipients"),
            (rule.get("monitoringNotificationChannels"), rule.get("pubsubTopic")),
            rule.get("enableProjectLevelRecipients"),
            named,
        ),
        months=None if "customPeriod" in part else MONTHS.get(period, Decimal(1)),
        starts=_day(budget, "startDate"),
        ends=_day(budget, "endDate"),
        subaccounts=tuple(each.removeprefix("billingAccounts/") for each in part.get("subaccounts", ())),
        ancestors=tuple(
            each for each in part.get("resourceAncestors", ()) if not each.startswith("organizations/")
        ),
        topic=rule.get("pubsubTopic") or None,
        labelled=bool(part.get("labels")),
        credits=subtracted(part.get("creditTypesTreatment"), part.get("creditTypes", ())),
    )


def _cap(account: str, budget: Mapping[str, Any], projects: Sequence[Project]) -> Cap:
    states = budget["spendCap"]
    return Cap(
        _subject("cap", "spend cap", budget, projects),
        account,
        *_money(budget),
        _projects(budget),
        lifted=AWAITING in (states.get("inputState"), states.get("outputState")),
    )


def _unknown_budget(account: str, projects: tuple[str, ...]) -> Budget:
    name = f"billingAccounts/{account}/budgets"
    subject = Subject("budget", name, f"budgets of billing account {account}", frozenset({name}))
    return Budget(
        subject,
        account,
        UNKNOWN,
        UNKNOWN,
        projects,
        UNKNOWN,
        thresholds=UNKNOWN,
        notifies=UNKNOWN,
        unread=True,
    )


def _unknown_cap(account: str, projects: tuple[str, ...]) -> Cap:
    name = f"billingAccounts/{account}/budgets"
    subject = Subject("cap", name, f"spend caps of billing account {account}", frozenset({name}))
    return Cap(subject, account, UNKNOWN, UNKNOWN, projects, unread=True)
