"""A project's budget and its spend cap."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.money import amount_of
from landing_zone.google.rest import Json
from landing_zone.google.spend_caps import AWAITING, SpendCap
from landing_zone.inventory.draft import Draft
from landing_zone.names import GUARD_NAMES, budget_title, cap_title

_OWNERSHIP: Final = {"ALL_USERS": "allUsers", "BILLING_ACCOUNT": "billingAccount"}


def own_budget(draft: Draft, budgets: Sequence[Json]) -> Json | None:
    """The budget to take over: one that a stack created, else one on the Gemini API, else one on all services."""
    own = [
        each
        for each in budgets
        if "spendCap" not in each and not _of_several(each) and not _is_shared(draft, each)
    ]

    def order(budget: Json) -> tuple[bool, bool]:
        services = budget.get("budgetFilter", {}).get("services", [])
        return budget.get("displayName") != budget_title(draft.id), services != [GEMINI_BILLING_SERVICE]

    return min(own, key=order, default=None)


def describe_budget(draft: Draft, budgets: Sequence[Json], chosen: Json | None) -> None:
    """Add a project's budget, and its spend cap; `budgets`: all that count the project by name."""
    settings = _settings(draft, chosen) if chosen else None
    if settings and chosen:
        draft.settings["budget"] = settings
        draft.found("Budget", "budget", chosen["name"])
    for budget in budgets:
        title = budget.get("displayName") or budget["name"]
        if budget is chosen:
            continue
        if "spendCap" in budget:
            _cap(draft, settings, budget, title)
        elif _is_shared(draft, budget):
            continue  # the environment has it
        elif len(budget.get("budgetFilter", {}).get("projects", [])) > 1:
            draft.left_out.append(
                f"budget {title}: it counts several projects, which sharedBudgets can say and no project's settings"
            )
        elif _of_several(budget):
            draft.left_out.append(f"budget {title}: it counts folders or organizations besides the project")
        else:
            draft.left_out.append(
                f"budget {title}: another budget of the project is taken over, and a project can have one"
            )


def _of_several(budget: Mapping[str, Any]) -> bool:
    """True if it counts more than one project."""
    part = budget.get("budgetFilter", {})
    return len(part.get("projects", [])) != 1 or bool(part.get("resourceAncestors"))


def _is_shared(draft: Draft, budget: Mapping[str, Any]) -> bool:
    """True if the stack file has it under `sharedBudgets`."""
    shared, title = draft.environment.get("sharedBudgets"), budget.get("displayName", "")
    return isinstance(shared, Mapping) and any(
        title == (isinstance(each, Mapping) and each.get("name"))
        or re.fullmatch(f".+ {re.escape(str(name))} Gemini API", title)
        for name, each in shared.items()
    )


def _cap(draft: Draft, settings: Json | None, budget: Json, title: str) -> None:
    cap = SpendCap.from_budget(budget)
    if settings is None:
        draft.left_out.append(
            f"spend cap {title}: it stands below budget in a stack file, and no budget of the project is taken over"
        )
    elif cap.currency not in (None, settings.get("currency", cap.currency)):
        draft.left_out.append(f"spend cap {title}: its currency is not the budget's")
    else:
        if cap.currency:
            settings["currency"] = cap.currency
        settings["spendCap"] = _cap_settings(cap, settings, draft.id)
        draft.found("SpendCap", "budget.spendCap", budget["name"])


def _cap_settings(cap: SpendCap, budget: Mapping[str, Any], project: str) -> Json | bool:
    same = budget.get("period") == "month" and cap.amount == Decimal(budget.get("amount", "0"))
    found: Json = {} if same else {"amount": f"{cap.amount.normalize():f}"}
    if cap.display_name != cap_title(project):
        found["name"] = cap.display_name
    if AWAITING in (cap.input_state, cap.output_state):
        found["lifted"] = True
    return found or True


def _settings(draft: Draft, budget: Mapping[str, Any]) -> Json:
    part, rule = budget.get("budgetFilter", {}), budget.get("notificationsRule", {})
    money, title = budget["amount"].get("specifiedAmount"), budget.get("displayName", "")
    is_natural = draft.own and title == budget_title(draft.id)
    settings: Json = {} if is_natural else {"existing": budget["name"].rpartition("/")[2]}
    if title != budget_title(draft.id):
        settings["name"] = title
    if money is None:
        settings["lastPeriod"] = True
    else:
        amount = amount_of(money)
        written = draft.budget_digits if Decimal(draft.budget_digits or "-1") == amount else ""
        settings |= {"amount": written or f"{amount.normalize():f}", "currency": money["currencyCode"]}
    settings["period"] = _period(part)
    settings["thresholds"] = [
        {"forecast": share["thresholdPercent"]}
        if share.get("spendBasis") == "FORECASTED_SPEND"
        else share.get("thresholdPercent", 0)
        for share in budget.get("thresholdRules", [])
    ]
    if (services := part.get("services", [])) != [GEMINI_BILLING_SERVICE]:
        settings["services"] = services or "all"
    if part.get("subaccounts"):
        settings["subaccounts"] = [each.removeprefix("billingAccounts/") for each in part["subaccounts"]]
    treatment = part.get("creditTypesTreatment", "INCLUDE_ALL_CREDITS")
    settings["credits"] = part.get("creditTypes") or treatment.partition("_")[0].lower()
    settings["iamRecipients"] = not rule.get("disableDefaultIamRecipients", False)
    if rule.get("enableProjectLevelRecipients"):
        settings["projectRecipients"] = True
    # The first are those of alerts.email.
    if channels := rule.get("monitoringNotificationChannels", [])[draft.mailed :]:
        settings["channels"] = channels
    topic, host = rule.get("pubsubTopic", ""), draft.environment.get("notificationProject")
    # The budget of a guarded project publishes to the guard's topic if it has none of its own.
    if topic and not (draft.keeps_guard and topic.startswith(f"projects/{host}/topics/{GUARD_NAMES}")):
        settings["topic"] = _topic(draft, topic)
    if ownership := _OWNERSHIP.get(budget.get("ownershipScope", "")):
        settings["ownership"] = ownership
    if part.get("labels"):
        settings["label"] = {key: "".join(values[:1]) for key, values in part["labels"].items()}
    return settings


def _topic(draft: Draft, topic: str) -> str:
    """The name under `topics` of the stack file, of a topic that the stack makes; else its full name."""
    host, named = draft.environment.get("notificationProject"), draft.environment.get("topics")
    own = topic.removeprefix(f"projects/{host}/topics/")
    return own if isinstance(named, Sequence) and own in named else topic


def _period(part: Mapping[str, Any]) -> Any:
    custom = part.get("customPeriod")
    if not custom:
        return part.get("calendarPeriod", "MONTH").lower()
    days = {"start": custom["startDate"], "end": custom.get("endDate")}
    return {name: f"{day['year']:04}-{day['month']:02}-{day['day']:02}" for name, day in days.items() if day}
