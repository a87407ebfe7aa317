"""Settings of an existing project, read at Google: billing link, keys, budget and limits, as for a stack file."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.limits import OTHERS
from landing_zone.gemini.methods import METHODS, grouped_methods
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import Override
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.money import amount_of
from landing_zone.google.quota_overrides import ModelLimit, as_settings, list_limits
from landing_zone.google.rest import Google, Json
from landing_zone.google.spend_caps import AWAITING, SpendCap
from landing_zone.names import budget_title, cap_title, key_account_email, key_title, project_in_account_title

_NAME: Final = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
"""Pattern of the names of projects and keys in a stack file; at most _LONGEST characters."""
_LONGEST: Final = 24
_OWNERSHIP: Final = {"ALL_USERS": "allUsers", "BILLING_ACCOUNT": "billingAccount"}


@dataclass(frozen=True)
class Inventory:
    """A project's settings, and what no setting can express."""

    name: str
    """The name in the stack file: the given one, else that of the stack which created the keys, else the id."""
    settings: Json
    left_out: list[str] = field(default_factory=list)
    """One line for each thing that stays as it is, with the reason."""


def of_project(google: Google, project: str, name: str = "") -> Inventory:
    """Read a project by its id. Raises GoogleError if its billing link cannot be read, or no answer comes.

    `name`: the name in the stack file, instead of the one found. Keys, budget and cap that a stack of this toolkit
    created get the names that they had there.
    """
    left_out: list[str] = []
    link = google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project)
    account = link.get("billingAccountName", "").removeprefix("billingAccounts/")
    settings: Json = {"projectId": project, "adopt": True, "tier": "paid" if account else "free"}
    if account:
        settings["billingAccount"] = account
    found = _listed_keys(google, project, left_out)
    name = name or _made_by(google, found, project) or _plain(project)
    if keys := _keys(found, project, left_out):
        settings["keys"] = keys
    if account and (budget := _budget(google, account, project, left_out)):
        settings["budget"] = budget
    if limits := _limits(google, project, left_out):
        settings["limits"] = limits
    return Inventory(name, settings, left_out)


def _listed_keys(google: Google, project: str, left_out: list[str]) -> list[Json]:
    path = f"projects/{project}/locations/global/keys"
    try:
        return list(google.list_all("apikeys", path, "keys", project=project))
    except NoAnswerError:
        raise
    except GoogleError as error:
        left_out.append(f"keys: not readable ({error})")
        return []


def _own_name(key: Mapping[str, Any], project: str) -> str | None:
    """The name that a key had in the stack file that created it; None if no stack did."""
    name, title = key["name"].rpartition("/")[2].partition("--")[0], key.get("displayName", "")
    bound = key.get("serviceAccountEmail") == key_account_email(project, name)
    if title == key_title(project, name) or bound:
        return str(name)
    named = title.removeprefix(key_title(project, ""))
    is_name = named != title and len(named) <= _LONGEST and re.fullmatch(_NAME, named)
    return named if is_name else None


def _made_by(google: Google, keys: Iterable[Mapping[str, Any]], project: str) -> str:
    """The project's name in the stack that created its keys' accounts; empty if unknown."""
    bound = {key.get("serviceAccountEmail") for key in keys} - {None, ""}
    if not bound:
        return ""
    try:
        accounts = list(
            google.list_all("iam", f"projects/{project}/serviceAccounts", "accounts", project=project)
        )
    except NoAnswerError:
        raise
    except GoogleError:
        # The name is optional: if the first read is refused, no other is tried.
        return ""
    titles = (each.get("displayName", "") for each in accounts if each["email"] in bound)
    counted = Counter(name for title in titles if (name := project_in_account_title(title)))
    return min(counted, key=lambda name: (-counted[name], name), default="")


def _keys(keys: Iterable[Mapping[str, Any]], project: str, left_out: list[str]) -> Json:
    found: Json = {}
    # Keys created by a stack come first, as their names are reserved for them.
    for key in sorted(keys, key=lambda key: _own_name(key, project) is None):
        name, restrictions = key["name"].rpartition("/")[2], key.get("restrictions", {})
        title, own = key.get("displayName", ""), _own_name(key, project)
        targets = restrictions.get("apiTargets", [])
        if [target.get("service") for target in targets] != [GEMINI_API]:
            left_out.append(f"key {title or name}: it is not restricted to the Gemini API alone")
            continue
        methods = targets[0].get("methods", [])
        if unknown := [each for each in methods if each not in METHODS]:
            left_out.append(
                f"key {title or name}: it opens {', '.join(unknown)}, which no setting can express"
            )
            continue
        key_name = _unique(own or _plain(title) or "key", found)
        settings: Json = {"existing": name}
        if title and title != key_title(project, key_name):
            settings["displayName"] = title
        settings |= _clients(restrictions)
        if methods:
            settings["methods"] = list(grouped_methods(methods))
        if key.get("serviceAccountEmail"):
            settings["serviceAccount"] = key["serviceAccountEmail"]
        else:
            settings["standard"] = True
        found[key_name] = settings
    return found


def _clients(restrictions: Mapping[str, Any]) -> Json:
    """The kind of client that a key is restricted to, as in a stack file."""
    by_kind = {
        "allowedIps": restrictions.get("serverKeyRestrictions", {}).get("allowedIps"),
        "allowedReferrers": restrictions.get("browserKeyRestrictions", {}).get("allowedReferrers"),
        "iosBundleIds": restrictions.get("iosKeyRestrictions", {}).get("allowedBundleIds"),
        "androidApps": [*restrictions.get("androidKeyRestrictions", {}).get("allowedApplications", ())],
    }
    return {name: values for name, values in by_kind.items() if values}


def _budget(google: Google, account: str, project: str, left_out: list[str]) -> Json | None:
    try:
        budgets = list(
            google.list_all(
                "billingbudgets",
                f"billingAccounts/{account}/budgets",
                "budgets",
                query={"scope": f"projects/{project}"},
            )
        )
    except NoAnswerError:
        raise
    except GoogleError as error:
        left_out.append(f"budgets: not readable ({error})")
        return None
    # A budget created by a stack comes first.
    budgets.sort(key=lambda budget: budget.get("displayName") != budget_title(project))
    chosen = next((budget for budget in budgets if _is_of_one(budget, project)), None)
    settings = _budget_settings(chosen, project) if chosen else None
    for budget in budgets:
        title = budget.get("displayName") or budget["name"]
        if budget is chosen:
            continue
        if "spendCap" not in budget:
            left_out.append(
                f"budget {title}: another budget of the Gemini API is taken over, and a project can have one"
            )
        elif settings and (cap := _cap_settings(SpendCap.from_budget(budget), settings, project)):
            settings["spendCap"] = cap
        else:
            left_out.append(f"spend cap {title}: take it over with spendCap: {{amount: …, adopt: true}}")
    return settings


def _is_of_one(budget: Mapping[str, Any], project: str) -> bool:
    """True if it is a budget of one project on the Gemini API, or one created by a stack."""
    part = budget.get("budgetFilter", {})
    own = budget.get("displayName") == budget_title(project)
    counts = own or part.get("services") == [GEMINI_BILLING_SERVICE]
    return "spendCap" not in budget and counts and len(part.get("projects", [])) == 1


def _cap_settings(cap: SpendCap, budget: Mapping[str, Any], project: str) -> Json | bool | None:
    """A cap that a stack created beside its budget; None for any other cap, as taking it over would rename it."""
    if cap.display_name != cap_title(project) or cap.currency not in (None, budget.get("currency")):
        return None
    same = budget.get("period") == "month" and cap.amount == Decimal(budget.get("amount", "0"))
    found: Json = {} if same else {"amount": f"{cap.amount.normalize():f}"}
    if AWAITING in (cap.input_state, cap.output_state):
        found["lifted"] = True
    return found or True


def _budget_settings(budget: Mapping[str, Any], project: str) -> Json:
    part, rule = budget["budgetFilter"], budget.get("notificationsRule", {})
    money, title = budget["amount"].get("specifiedAmount"), budget.get("displayName", "")
    settings: Json = {"existing": budget["name"].rpartition("/")[2]}
    if title != budget_title(project):
        settings["name"] = title
    if money is None:
        settings["lastPeriod"] = True
    else:
        settings |= {"amount": f"{amount_of(money).normalize():f}", "currency": money["currencyCode"]}
    settings["period"] = _period(part)
    settings["thresholds"] = [
        {"forecast": share["thresholdPercent"]}
        if share.get("spendBasis") == "FORECASTED_SPEND"
        else share.get("thresholdPercent", 0)
        for share in budget.get("thresholdRules", [])
    ]
    if (services := part.get("services", [])) != [GEMINI_BILLING_SERVICE]:
        settings["services"] = services or "all"
    treatment = part.get("creditTypesTreatment", "INCLUDE_ALL_CREDITS")
    settings["credits"] = part.get("creditTypes") or treatment.partition("_")[0].lower()
    settings["iamRecipients"] = not rule.get("disableDefaultIamRecipients", False)
    if rule.get("enableProjectLevelRecipients"):
        settings["projectRecipients"] = True
    if rule.get("monitoringNotificationChannels"):
        settings["channels"] = rule["monitoringNotificationChannels"]
    if rule.get("pubsubTopic"):
        settings["topic"] = rule["pubsubTopic"]
    if ownership := _OWNERSHIP.get(budget.get("ownershipScope", "")):
        settings["ownership"] = ownership
    if part.get("labels"):
        settings["label"] = {key: values[0] for key, values in part["labels"].items()}
    return settings


def _period(part: Mapping[str, Any]) -> Any:
    custom = part.get("customPeriod")
    if not custom:
        return part.get("calendarPeriod", "MONTH").lower()
    days = {"start": custom["startDate"], "end": custom.get("endDate")}
    return {name: f"{day['year']:04}-{day['month']:02}-{day['day']:02}" for name, day in days.items() if day}


def _limits(google: Google, project: str, left_out: list[str]) -> Json:
    """The overrides on models, as in a stack file."""
    try:
        found = as_settings(list_limits(google, project))
    except NoAnswerError:
        raise
    except GoogleError as error:
        left_out.append(f"limits: not readable ({error})")
        return {}
    known: Json = {}
    for model, limits in found.items():
        if model not in QUOTA_NAMES and model != OTHERS:
            left_out.append(f"limits of {model}: unknown model")
        elif limits:
            known[model] = "deny" if limits == {"requestsPerMinute": 0} else limits
    return known


def overrides(listed: Iterable[ModelLimit]) -> Iterator[Override]:
    """The overrides of a project's limits on models."""
    for limit in listed:
        for model, bucket in limit.buckets.items():
            if limit.known and bucket.value is not None:
                yield Override(*limit.known, model, bucket.value)


def _plain(title: str) -> str:
    """A title converted to a name for a stack file: lowercase letters and digits with single hyphens."""
    words = "".join(
        letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()
    ).split()
    name = "-".join(words)[:_LONGEST].strip("-")
    return name if name[:1].isalpha() else f"key-{name}"[:_LONGEST].strip("-")


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    names = [name, *(f"{name[:21]}-{number}" for number in range(2, 100))]
    return next(each for each in names if each not in taken)
