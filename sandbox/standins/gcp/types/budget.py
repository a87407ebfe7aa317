"""gcp:billing/budget:Budget."""

from typing import Any

from sandbox.standins.gcp.resource import Context, ResourceType, Rule, Step
from sandbox.standins.gcp.shape import Block, Each, shaped
from sandbox.standins.gcp.values import without_empty

_DATE = Block({"day": 0, "month": 0, "year": 0})
_SHAPE = Block(
    {
        "allUpdatesRule": Block(
            {
                "disableDefaultIamRecipients": False,
                "enableProjectLevelRecipients": False,
                "monitoringNotificationChannels": [],
                "pubsubTopic": "",
                "schemaVersion": "",
            }
        ),
        "amount": Block(
            {
                "lastPeriodAmount": False,
                "specifiedAmount": Block({"currencyCode": "", "nanos": 0, "units": ""}),
            }
        ),
        "budgetFilter": Block(
            {
                "calendarPeriod": "",
                "creditTypes": [],
                "creditTypesTreatment": "",
                "customPeriod": Block({"endDate": _DATE, "startDate": _DATE}),
                "labels": {},
                "projects": [],
                "resourceAncestors": [],
                "services": [],
                "subaccounts": [],
            }
        ),
        "displayName": "",
        "ownershipScope": "",
        "thresholdRules": Each(Block({"spendBasis": "", "thresholdPercent": 0})),
    }
)
#: Input → what an update mask names for it.
_MASKS = {
    "allUpdatesRule": (
        "notificationsRule.pubsubTopic",
        "notificationsRule.schemaVersion",
        "notificationsRule.monitoringNotificationChannels",
        "notificationsRule.disableDefaultIamRecipients",
        "notificationsRule.enableProjectLevelRecipients",
    ),
    "amount.lastPeriodAmount": ("amount.lastPeriodAmount",),
    "amount.specifiedAmount": (
        "amount.specifiedAmount.currencyCode",
        "amount.specifiedAmount.units",
        "amount.specifiedAmount.nanos",
    ),
    "budgetFilter": (
        "budgetFilter.projects",
        "budgetFilter.resourceAncestors",
        "budgetFilter.creditTypes",
        "budgetFilter.creditTypesTreatment",
        "budgetFilter.services",
        "budgetFilter.subaccounts",
        "budgetFilter.labels",
        "budgetFilter.calendarPeriod",
        "budgetFilter.customPeriod",
    ),
    "displayName": ("displayName",),
    "ownershipScope": ("ownershipScope",),
    "thresholdRules": ("thresholdRules",),
}
_ORDER = (
    "displayName",
    "budgetFilter",
    "amount.specifiedAmount",
    "amount.lastPeriodAmount",
    "thresholdRules",
    "allUpdatesRule",
    "ownershipScope",
)


def _names(context: Context) -> dict[str, str]:
    account, _, budget = context.id.removeprefix("billingAccounts/").partition("/budgets/")
    made = context.answers.get("budget", {}).get("name", "").rpartition("/")[2]
    return {"account": account or context.inputs["billingAccount"], "budget": budget or made}


def _amount(inputs: dict[str, Any]) -> dict[str, Any]:
    amount = inputs.get("amount") or {}
    if amount.get("lastPeriodAmount"):
        return {"lastPeriodAmount": {}}
    return {"specifiedAmount": without_empty(amount.get("specifiedAmount") or {})}


def _rules(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**without_empty(rule), "spendBasis": rule.get("spendBasis") or "CURRENT_SPEND"}
        for rule in inputs.get("thresholdRules") or []
    ]


def _body(context: Context, *, new: bool) -> dict[str, Any]:
    inputs = context.inputs
    scope = without_empty(inputs.get("budgetFilter") or {})
    if new and scope.get("calendarPeriod") == "MONTH":
        # Google's default, which the provider leaves out of a new budget.
        del scope["calendarPeriod"]
    rule = without_empty(inputs.get("allUpdatesRule") or {})
    if rule:
        rule.setdefault("schemaVersion", "1.0")
    body: dict[str, Any] = without_empty(
        {
            "amount": _amount(inputs),
            "budgetFilter": scope,
            "displayName": inputs.get("displayName"),
            "notificationsRule": rule,
            "ownershipScope": inputs.get("ownershipScope"),
            "thresholdRules": _rules(inputs),
        }
    )
    # An amount of 0 is one: it must not be left out.
    return {**body, "amount": _amount(inputs)}


def _mask(context: Context) -> dict[str, str]:
    changed = set(context.changed)
    if "amount" in changed:
        kind = (
            "lastPeriodAmount"
            if (context.inputs.get("amount") or {}).get("lastPeriodAmount")
            else "specifiedAmount"
        )
        changed.add(f"amount.{kind}")
    return {"updateMask": ",".join(name for part in _ORDER if part in changed for name in _MASKS[part])}


def _outputs(context: Context) -> dict[str, Any]:
    budget = context.answers["budget"]
    amount = budget.get("amount", {})
    wire = {
        **budget,
        "allUpdatesRule": budget.get("notificationsRule") if context.inputs.get("allUpdatesRule") else None,
        "amount": {**amount, "lastPeriodAmount": "lastPeriodAmount" in amount},
    }
    outputs: dict[str, Any] = shaped(_SHAPE, wire)
    # Google says who owns a budget only where it was asked to.
    outputs["ownershipScope"] = outputs["ownershipScope"] if context.inputs.get("ownershipScope") else ""
    return {
        **outputs,
        "billingAccount": _names(context)["account"],
        "deletionPolicy": context.inputs.get("deletionPolicy", "DELETE"),
        "name": _names(context)["budget"],
    }


_BUDGET = "billingAccounts/{account}/budgets/{budget}"

TYPE = ResourceType(
    pulumi_type="gcp:billing/budget:Budget",
    names=_names,
    id=lambda context: context.answers["budget"]["name"],
    outputs=_outputs,
    create=(
        Step(
            "POST",
            "billingbudgets",
            "billingAccounts/{account}/budgets",
            body=lambda context: _body(context, new=True),
            keep="budget",
        ),
    ),
    read=(Step("GET", "billingbudgets", _BUDGET, keep="budget", absent=frozenset({404})),),
    update=(
        Step("PATCH", "billingbudgets", _BUDGET, query=_mask, body=lambda context: _body(context, new=False)),
    ),
    delete=(Step("DELETE", "billingbudgets", _BUDGET, absent=frozenset({404})),),
    computed=("name",),
    required=("amount", "billingAccount"),
    replaces=frozenset({"billingAccount"}),
    local=frozenset({"deletionPolicy"}),
    in_project=False,
    rules=(
        Rule(
            r"thresholdRules\[\d+\]\.thresholdPercent",
            lambda value: value >= 0,
            lambda value: f"expected threshold_percent to be at least (0), got {value}",
        ),
        Rule(
            r"thresholdRules\[\d+\]\.spendBasis",
            lambda value: value in ("CURRENT_SPEND", "FORECASTED_SPEND", ""),
            lambda value: (
                f'expected spend_basis to be one of ["CURRENT_SPEND" "FORECASTED_SPEND"], got {value}'
            ),
        ),
        Rule(
            r"allUpdatesRule\.monitoringNotificationChannels",
            lambda value: len(value) <= 5,
            lambda value: (
                f"Too many list items: Attribute supports 5 item maximum, but config has {len(value)} declared."
            ),
        ),
    ),
    import_inputs=lambda identifier: {"billingAccount": identifier.split("/")[1]},
)
