"""What an existing project has of the Gemini API: its link, keys, budget and limits, as a stack file would say it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from landing_zone.gemini import GEMINI_API, GEMINI_BILLING_SERVICE
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import BY_METRIC, Override
from landing_zone.google.errors import GoogleError
from landing_zone.google.money import amount_of
from landing_zone.google.rest import Google, Json


@dataclass(frozen=True)
class Inventory:
    """A project's settings, and what a stack file cannot say of it."""

    settings: Json
    left_out: list[str] = field(default_factory=list)
    """One line each: what is there and stays as it is, and why."""


def of_project(google: Google, project: str) -> Inventory:
    """What the project (by id) has. Raises GoogleError if its billing link cannot be read."""
    left_out: list[str] = []
    link = google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project)
    account = link.get("billingAccountName", "").removeprefix("billingAccounts/")
    settings: Json = {"projectId": project, "adopt": True, "tier": "paid" if account else "free"}
    if account:
        settings["billingAccount"] = account
    if keys := _keys(google, project, left_out):
        settings["keys"] = keys
    if account and (budget := _budget(google, account, project, left_out)):
        settings["budget"] = budget
    if limits := _limits(google, project, left_out):
        settings["limits"] = limits
    return Inventory(settings, left_out)


def _keys(google: Google, project: str, left_out: list[str]) -> Json:
    found: Json = {}
    try:
        keys = list(
            google.pages("apikeys", f"projects/{project}/locations/global/keys", "keys", project=project)
        )
    except GoogleError as error:
        left_out.append(f"keys: not readable ({error})")
        return found
    for key in keys:
        name, restrictions = key["name"].rpartition("/")[2], key.get("restrictions", {})
        title = key.get("displayName", "")
        if restrictions.get("apiTargets") != [{"service": GEMINI_API}]:
            left_out.append(f"key {title or name}: it is not restricted to the Gemini API alone")
            continue
        settings = {"existing": name, **({"displayName": title} if title else {}), **_clients(restrictions)}
        if key.get("serviceAccountEmail"):
            settings["serviceAccount"] = key["serviceAccountEmail"]
        found[_unique(_plain(title) or "key", found)] = settings
    return found


def _clients(restrictions: Mapping[str, Any]) -> Json:
    """The one kind of client that a key takes, as a stack file has it."""
    by_kind = {
        "allowedIps": restrictions.get("serverKeyRestrictions", {}).get("allowedIps"),
        "allowedReferrers": restrictions.get("browserKeyRestrictions", {}).get("allowedReferrers"),
        "iosBundleIds": restrictions.get("iosKeyRestrictions", {}).get("allowedBundleIds"),
        "androidApps": restrictions.get("androidKeyRestrictions", {}).get("allowedApplications"),
    }
    return {name: values for name, values in by_kind.items() if values}


def _budget(google: Google, account: str, project: str, left_out: list[str]) -> Json | None:
    try:
        budgets = list(
            google.pages(
                "billingbudgets",
                f"billingAccounts/{account}/budgets",
                "budgets",
                query={"scope": f"projects/{project}"},
            )
        )
    except GoogleError as error:
        left_out.append(f"budgets: not readable ({error})")
        return None
    chosen = None
    for budget in budgets:
        title = budget.get("displayName") or budget["name"]
        if "spendCap" in budget:
            left_out.append(f"spend cap {title}: take it over with spendCap: {{amount: …, adopt: true}}")
        elif chosen or budget.get("budgetFilter", {}).get("services") != [GEMINI_BILLING_SERVICE]:
            left_out.append(
                f"budget {title}: one budget of the Gemini API is taken over, and this is another"
            )
        else:
            chosen = budget
    return _budget_settings(chosen) if chosen else None


def _budget_settings(budget: Mapping[str, Any]) -> Json:
    part, rule = budget["budgetFilter"], budget.get("notificationsRule", {})
    money = budget["amount"].get("specifiedAmount")
    settings: Json = {"existing": budget["name"].rpartition("/")[2], "name": budget.get("displayName", "")}
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
    treatment = part.get("creditTypesTreatment", "INCLUDE_ALL_CREDITS")
    settings["credits"] = part.get("creditTypes") or treatment.partition("_")[0].lower()
    settings["iamRecipients"] = not rule.get("disableDefaultIamRecipients", False)
    if rule.get("enableProjectLevelRecipients"):
        settings["projectRecipients"] = True
    if rule.get("monitoringNotificationChannels"):
        settings["channels"] = rule["monitoringNotificationChannels"]
    if rule.get("pubsubTopic"):
        settings["topic"] = rule["pubsubTopic"]
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
    """The overrides for a model: the lowest of those that the tiers' metrics have."""
    found: dict[str, dict[str, int]] = {}
    try:
        for override in overrides(google, project):
            quota_model = override.model or "others"
            limits = found.setdefault(MODELS.get(quota_model, quota_model), {})
            limits[override.limit] = min(override.value, limits.get(override.limit, override.value))
    except GoogleError as error:
        left_out.append(f"limits: not readable ({error})")
        return {}
    known = {model: limits for model, limits in found.items() if model in QUOTA_NAMES or model == "others"}
    left_out += [f"limits of {model}: no model that is known here" for model in found.keys() - known.keys()]
    return known


def overrides(google: Google, project: str) -> Iterator[Override]:
    """The overrides of the project's limits on models, in one listing of all metrics. Raises as `Google.call`."""
    path = f"projects/{project}/services/{GEMINI_API}/consumerQuotaMetrics"
    for metric in google.pages("serviceusage", path, "metrics", query={"view": "FULL"}, project=project):
        for limit in metric.get("consumerQuotaLimits", []):
            window = "/min/model/project" if "/min/" in limit["unit"] else "/d/model/project"
            known = BY_METRIC.get((metric["metric"], window))
            for bucket in limit.get("quotaBuckets", []):
                override = bucket.get("consumerOverride")
                if known is None or override is None:
                    continue
                model = bucket.get("dimensions", {}).get("model", "")
                # A value of 0 is left out, as every zero is.
                yield Override(*known, model, int(override.get("overrideValue", "0")))


def _plain(title: str) -> str:
    """A title as a name of the stack file: lowercase letters and digits with single hyphens."""
    words = "".join(
        letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()
    ).split()
    name = "-".join(words)[:24].strip("-")
    return name if name[:1].isalpha() else f"key-{name}"[:24].strip("-")


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    names = [name, *(f"{name[:21]}-{number}" for number in range(2, 100))]
    return next(each for each in names if each not in taken)
