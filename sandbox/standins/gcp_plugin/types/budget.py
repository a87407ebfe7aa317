"""A budget of a billing account."""

from collections.abc import Mapping

from sandbox.standins.gcp_plugin.schema import (
    Call,
    Resource,
    Value,
    block,
    blocks,
    flag,
    integer,
    kept_deletion_policy,
    last_segment,
    mapping,
    number,
    text,
    text_set,
    texts,
)

_FILTERS = (
    "calendarPeriod",
    "creditTypesTreatment",
    "customPeriod",
    "labels",
    "projects",
    "resourceAncestors",
    "services",
    "subaccounts",
)
_RECIPIENTS = ("monitoringNotificationChannels", "pubsubTopic")
_AMOUNTS = ("lastPeriodAmount", "specifiedAmount")


def _between(low: int, high: int) -> dict[str, Value]:
    def check(value: Value) -> str | None:
        return (
            None
            if low <= value <= high
            else f"expected {{name}} to be in the range ({low} - {high}), got {value}"
        )

    return {"required": True, "check": check}


def _is_month_by_default(old: Value, new: Value) -> bool:
    """A calendar month is what Google takes when no period is named."""
    return {old or "", new or ""} == {"", "MONTH"}


def _settled(_: Mapping[str, Value] | None, plan: dict[str, Value]) -> dict[str, Value]:
    """A period of its own takes the place of a month."""
    spent = plan.get("budgetFilter")
    if not isinstance(spent, dict) or not spent.get("customPeriod") or spent["calendarPeriod"] != "MONTH":
        return plan
    return {**plan, "budgetFilter": {**spent, "calendarPeriod": None}}


def _single_values(labels: Value) -> Value:
    return {name: values[-1] for name, values in (labels or {}).items() if values}


_DATE = {
    "year": integer(**_between(1, 9999)),
    "month": integer(**_between(1, 12)),
    "day": integer(**_between(1, 31)),
}
_PATH = "billingAccounts/{billingAccount}/budgets"

BUDGET = Resource(
    urn_type="gcp:billing/budget:Budget",
    service="billingbudgets",
    title="Budget",
    long_title="BillingBudgetsBudget",
    fields={
        "billingAccount": text(required=True, replaces=True, sent=False, read=False),
        "name": text(output=True, sent=False, from_wire=last_segment),
        "displayName": text(),
        "budgetFilter": block(
            {
                "projects": text_set(),
                "resourceAncestors": text_set(),
                "creditTypesTreatment": text(
                    default="INCLUDE_ALL_CREDITS",
                    choices=("INCLUDE_ALL_CREDITS", "EXCLUDE_ALL_CREDITS", "INCLUDE_SPECIFIED_CREDITS", ""),
                ),
                "services": texts(computed=True),
                "creditTypes": texts(),
                "subaccounts": texts(),
                # Google has a list of values per label, of which it allows one.
                "labels": mapping(
                    computed=True,
                    to_wire=lambda labels: {name: [value] for name, value in labels.items()},
                    from_wire=_single_values,
                ),
                "calendarPeriod": text(
                    choices=("MONTH", "QUARTER", "YEAR", "CALENDAR_PERIOD_UNSPECIFIED", ""),
                    same=_is_month_by_default,
                ),
                "customPeriod": block({"startDate": block(_DATE, required=True), "endDate": block(_DATE)}),
            },
            computed=True,
            at_least_one=_FILTERS,
            or_itself=("creditTypes",),
            masks=(
                "budgetFilter.projects",
                "budgetFilter.resourceAncestors",
                "budgetFilter.labels",
                "budgetFilter.calendarPeriod",
                "budgetFilter.customPeriod",
                "budgetFilter.services",
                "budgetFilter.creditTypesTreatment",
                "budgetFilter.creditTypes",
                "budgetFilter.subaccounts",
            ),
        ),
        "amount": block(
            {
                "specifiedAmount": block(
                    {"currencyCode": text(computed=True), "units": text(), "nanos": integer()},
                ),
                "lastPeriodAmount": flag(to_wire=lambda _: {}, from_wire=lambda value: value is not None),
            },
            required=True,
            exactly_one=_AMOUNTS,
            masks=(
                "amount.specifiedAmount.currencyCode",
                "amount.specifiedAmount.units",
                "amount.specifiedAmount.nanos",
            ),
        ),
        "thresholdRules": blocks(
            {
                "thresholdPercent": number(required=True, always_sent=True),
                "spendBasis": text(
                    default="CURRENT_SPEND", choices=("CURRENT_SPEND", "FORECASTED_SPEND", "")
                ),
            }
        ),
        "allUpdatesRule": block(
            {
                "pubsubTopic": text(),
                "schemaVersion": text(default="1.0", when_absent="1.0"),
                "monitoringNotificationChannels": texts(max_items=5),
                "disableDefaultIamRecipients": flag(default=False),
                "enableProjectLevelRecipients": flag(default=False),
            },
            wire="notificationsRule",
            at_least_one=_RECIPIENTS,
            masks=(
                "notificationsRule.pubsubTopic",
                "notificationsRule.schemaVersion",
                "notificationsRule.monitoringNotificationChannels",
                "notificationsRule.disableDefaultIamRecipients",
                "notificationsRule.enableProjectLevelRecipients",
            ),
        ),
        "ownershipScope": text(choices=("OWNERSHIP_SCOPE_UNSPECIFIED", "ALL_USERS", "BILLING_ACCOUNT", "")),
        "deletionPolicy": kept_deletion_policy(),
    },
    id=f"{_PATH}/{{name}}",
    import_ids=(
        "billingAccounts/(?P<billingAccount>[^/]+)/budgets/(?P<name>[^/]+)",
        "(?P<billingAccount>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    named_by_google=True,
    create=Call("POST", _PATH),
    read=Call("GET", f"{_PATH}/{{name}}"),
    update=Call("PATCH", f"{_PATH}/{{name}}"),
    delete=Call("DELETE", f"{_PATH}/{{name}}"),
    settled=_settled,
    masked=True,
    schema_version="1",
)
