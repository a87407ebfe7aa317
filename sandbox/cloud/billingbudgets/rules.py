"""Google's rules for a budget. Each check returns the mistakes in its part; a refusal lists all of them."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from sandbox.cloud.billingbudgets import spend_caps
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudbilling.models import Account
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, JsonObject, bad_request, field_violation
from sandbox.cloud.core.store import Store

MAX_NAME = 60
MAX_CHANNELS = 5
SCHEMA_VERSION = "1.0"
#: Custom periods start after this day.
EARLIEST_START = date(2017, 1, 1)
#: https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage, `credits.type`.
CREDIT_TYPES = frozenset(
    {
        "COMMITTED_USAGE_DISCOUNT",
        "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
        "DISCOUNT",
        "FEE_UTILIZATION_OFFSET",
        "FREE_TIER",
        "PROMOTION",
        "RESELLER_MARGIN",
        "SUBSCRIPTION_BENEFIT",
        "SUSTAINED_USAGE_DISCOUNT",
    }
)

_SERVICE = re.compile(r"services/[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}")
_SUBACCOUNT = re.compile(r"billingAccounts/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
_ANCESTOR = re.compile(r"(folders|organizations)/\d+")
_TOPIC = re.compile(r"projects/[^/]+/topics/[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")
_CHANNEL = re.compile(r"projects/[^/]+/notificationChannels/[^/]+")

Problems = Iterator[tuple[str, str]]


def check(store: Store, budget: JsonObject, account: Account) -> None:
    """Check a whole budget of an account, as it is to be stored.

    Raises:
        CloudError: 400 INVALID_ARGUMENT, a field violation for each problem.
    """
    found = [
        *_name(budget),
        *_amount(budget, account.currency),
        *_filter(store, budget.get("budgetFilter", {}), account),
        *_thresholds(budget),
        *_notifications(budget),
        *(spend_caps.problems(budget) if "spendCap" in budget else ()),
    ]
    if found:
        violations = [
            field_violation(f"budget.{field}" if field else "budget", text) for field, text in found
        ]
        raise CloudError("INVALID_ARGUMENT", None, [bad_request(violations)])


def _name(budget: JsonObject) -> Problems:
    if len(budget.get("displayName", "")) > MAX_NAME:
        yield "display_name", f"The display name must have at most {MAX_NAME} characters."


def _amount(budget: JsonObject, currency: str) -> Problems:
    amount = budget.get("amount", {})
    if len(amount) != 1:
        yield "amount", "Exactly one of specified_amount and last_period_amount must be set."
    if "lastPeriodAmount" in amount and "customPeriod" in budget.get("budgetFilter", {}):
        yield "amount.last_period_amount", "The last period's amount needs a calendar period."
    money = amount.get("specifiedAmount", {})
    if money.get("currencyCode", currency) != currency:
        yield (
            "amount.specified_amount.currency_code",
            f"The currency must be that of the billing account, {currency}, not {money['currencyCode']}.",
        )
    if int(money.get("units", "0")) < 0 or not 0 <= money.get("nanos", 0) <= 999_999_999:
        yield "amount.specified_amount", "The amount must not be negative, and its nanos be 0 to 999,999,999."


def _filter(store: Store, part: JsonObject, account: Account) -> Problems:
    for name in part.get("projects", []):
        kind, _, project = name.partition("/")
        if kind != "projects" or projects.find(store, project) is None:
            yield "budget_filter.projects", f"Project not found or not accessible: {name}."
    for name in part.get("services", []):
        if not _SERVICE.fullmatch(name):
            yield "budget_filter.services", f"Not a service of the form services/XXXX-XXXX-XXXX: {name}."
    known = {f"billingAccounts/{each}" for each in (account.id, *billing.subaccounts(store, account.id))}
    for name in part.get("subaccounts", []):
        if not _SUBACCOUNT.fullmatch(name):
            yield "budget_filter.subaccounts", f"Not a billing account's name: {name}."
        elif name not in known:
            yield "budget_filter.subaccounts", f"Neither the billing account nor a subaccount of it: {name}."
    for name in part.get("resourceAncestors", []):
        if not _ANCESTOR.fullmatch(name):
            yield (
                "budget_filter.resource_ancestors",
                f"Neither a folder's nor an organization's name: {name}.",
            )
    yield from _credits(part)
    labels = part.get("labels", {})
    if len(labels) > 1 or any(not isinstance(values, list) or len(values) != 1 for values in labels.values()):
        yield "budget_filter.labels", "Only one label with one value can be set."
    if "customPeriod" in part:
        yield from _custom_period(part["customPeriod"])


def _credits(part: JsonObject) -> Problems:
    types = part.get("creditTypes", [])
    specified = part.get("creditTypesTreatment") == "INCLUDE_SPECIFIED_CREDITS"
    if specified != bool(types):
        yield (
            "budget_filter.credit_types",
            "Credit types go with INCLUDE_SPECIFIED_CREDITS, and only with it.",
        )
    for name in types:
        if name not in CREDIT_TYPES:
            yield "budget_filter.credit_types", f"Unknown credit type: {name}."


def _date(value: JsonObject) -> date | None:
    try:
        return date(value.get("year", 0), value.get("month", 0), value.get("day", 0))
    except ValueError:
        return None


def _custom_period(period: JsonObject) -> Problems:
    start = _date(period.get("startDate", {}))
    if start is None or start <= EARLIEST_START:
        yield "budget_filter.custom_period.start_date", f"A start date after {EARLIEST_START} is required."
    if "endDate" in period:
        end = _date(period["endDate"])
        if end is None or (start is not None and end < start):
            yield (
                "budget_filter.custom_period.end_date",
                "The end must be a day that is not before the start.",
            )


def _thresholds(budget: JsonObject) -> Problems:
    rules: list[dict[str, Any]] = budget.get("thresholdRules", [])
    for index, rule in enumerate(rules):
        percent = rule.get("thresholdPercent", 0.0)
        if not isinstance(percent, float | int) or percent < 0:
            yield f"threshold_rules[{index}].threshold_percent", "The threshold must be a number, 0 or more."
        if rule.get("spendBasis") == "FORECASTED_SPEND" and "customPeriod" in budget.get("budgetFilter", {}):
            yield f"threshold_rules[{index}].spend_basis", "FORECASTED_SPEND needs a calendar period."
    if rules and not _has_recipients(budget):
        yield (
            "notifications_rule",
            "Threshold rules need someone to notify: an email recipient or a Pub/Sub topic.",
        )


def _has_recipients(budget: JsonObject) -> bool:
    rule = budget.get("notificationsRule", {})
    # Project-level recipients are ignored unless the budget has exactly one project.
    by_project = (
        rule.get("enableProjectLevelRecipients") and len(budget["budgetFilter"].get("projects", [])) == 1
    )
    return bool(
        not rule.get("disableDefaultIamRecipients")
        or rule.get("monitoringNotificationChannels")
        or rule.get("pubsubTopic")
        or by_project
    )


def _notifications(budget: JsonObject) -> Problems:
    rule = budget.get("notificationsRule", {})
    channels = rule.get("monitoringNotificationChannels", [])
    if len(channels) > MAX_CHANNELS:
        yield (
            "notifications_rule.monitoring_notification_channels",
            f"At most {MAX_CHANNELS} channels can be set.",
        )
    for name in channels:
        if not _CHANNEL.fullmatch(name):
            yield (
                "notifications_rule.monitoring_notification_channels",
                f"Not a notification channel: {name}.",
            )
    topic = rule.get("pubsubTopic", "")
    if topic and not _TOPIC.fullmatch(topic):
        yield "notifications_rule.pubsub_topic", f"Not a topic's name: {topic}."
    version = rule.get("schemaVersion", "")
    if version != SCHEMA_VERSION and (version or topic):
        yield "notifications_rule.schema_version", f'Only "{SCHEMA_VERSION}" is accepted.'
