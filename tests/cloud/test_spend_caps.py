"""Spend caps of Billing Budgets v1: what one must be, and the states it goes through."""

from typing import Any

import pytest

from tests.cloud.local_cloud import ACCOUNT, LocalCloud

BUDGETS = f"v1/billingAccounts/{ACCOUNT}/budgets"


def _cap(number: str, **changes: Any) -> dict[str, Any]:
    budget = {
        "displayName": "cap",
        "amount": {"specifiedAmount": {"units": "100"}},
        "budgetFilter": {
            "projects": [f"projects/{number}"],
            "services": ["services/AEFD-7695-64FA"],
            "calendarPeriod": "MONTH",
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "thresholdRules": [{"thresholdPercent": share} for share in (0.5, 0.8, 1.0)],
        "notificationsRule": {"enableProjectLevelRecipients": True},
        "ownershipScope": "ALL_USERS",
        "spendCap": {"inputState": "CONFIGURED"},
    }
    return {**budget, **changes}


def _patch(
    cloud: LocalCloud, name: str, body: dict[str, Any], mask: str | None, status: int = 200
) -> dict[str, Any]:
    query = {"updateMask": mask} if mask else {}
    return cloud.call("billingbudgets", "PATCH", f"v1/{name}", body, status=status, **query)


def _move(cloud: LocalCloud, project: str, **changes: Any) -> None:
    cloud.local("PATCH", f"spendCaps/{project}", changes)


FILTER = _cap("N")["budgetFilter"]
RULE = {"enableProjectLevelRecipients": True}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": {"lastPeriodAmount": {}}}, "amount"),
        ({"budgetFilter": {**FILTER, "projects": []}}, "budget_filter.projects"),
        ({"budgetFilter": {**FILTER, "services": ["services/6F81-5844-456A"]}}, "budget_filter.services"),
        ({"budgetFilter": {**FILTER, "calendarPeriod": "YEAR"}}, "budget_filter.calendar_period"),
        (
            {"budgetFilter": {**FILTER, "creditTypesTreatment": "INCLUDE_ALL_CREDITS"}},
            "budget_filter.credit_types_treatment",
        ),
        ({"budgetFilter": {**FILTER, "labels": {"team": ["chat"]}}}, "budget_filter.labels"),
        ({"thresholdRules": [{"thresholdPercent": 0.5}, {"thresholdPercent": 1}]}, "threshold_rules"),
        ({"notificationsRule": {}}, "notifications_rule"),
        ({"notificationsRule": {**RULE, "disableDefaultIamRecipients": True}}, "notifications_rule"),
        (
            {"notificationsRule": {**RULE, "pubsubTopic": "projects/p/topics/abc", "schemaVersion": "1.0"}},
            "notifications_rule",
        ),
        ({"ownershipScope": "BILLING_ACCOUNT"}, "ownership_scope"),
        ({"spendCap": {"inputState": "ENFORCED"}}, "spend_cap.input_state"),
        ({"spendCap": {}}, "spend_cap.input_state"),
    ],
)
def test_what_a_cap_does_not_support_is_refused_by_field(
    cloud: LocalCloud, changes: dict[str, Any], field: str
) -> None:
    number = cloud.call("cloudresourcemanager", "GET", "v3/projects/sandbox-seed")["name"].rpartition("/")[2]
    body = _cap(number, **changes)
    if body["budgetFilter"]["projects"]:
        body["budgetFilter"] = {**body["budgetFilter"], "projects": [f"projects/{number}"]}
    error = cloud.call("billingbudgets", "POST", BUDGETS, body, status=400)["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert f"budget.{field}" in [item["field"] for item in error["details"][0]["fieldViolations"]]


def test_a_cap_from_configured_to_enforced_to_lifted_and_back(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-cap-life", account=ACCOUNT)
    made = cloud.call("billingbudgets", "POST", BUDGETS, _cap(number))
    assert made["spendCap"] == {"inputState": "CONFIGURED", "outputState": "CONFIGURED", "reconciling": True}
    name = made["name"]
    for _ in range(2):
        settled = cloud.call("billingbudgets", "GET", f"v1/{name}")
    assert settled["spendCap"] == {"inputState": "CONFIGURED", "outputState": "CONFIGURED"}

    amount = {"amount": {"specifiedAmount": {"units": "150"}}}
    cap = {"spendCap": {"inputState": "CONFIGURED"}}
    refusal = _patch(cloud, name, amount, "amount", status=400)
    assert "spend_cap" in str(refusal)
    raised = _patch(cloud, name, {**amount, **cap}, "amount,spend_cap.input_state")
    assert raised["amount"]["specifiedAmount"]["units"] == "150"
    lift = {"spendCap": {"inputState": "AWAITING_NEXT_PERIOD"}}
    _patch(cloud, name, lift, "spend_cap.input_state", status=400)

    _move(cloud, "gem-cap-life", outputState="ENFORCED")
    refusal = _patch(cloud, name, {**amount, **cap}, "amount,spend_cap", status=400)
    assert refusal["error"]["status"] == "FAILED_PRECONDITION"
    lifted = _patch(cloud, name, lift, "spend_cap.input_state")
    assert lifted["spendCap"]["outputState"] == "AWAITING_NEXT_PERIOD"
    _patch(cloud, name, lift, "spend_cap.input_state", status=400)
    assert _patch(cloud, name, cap, "spendCap.inputState")["spendCap"]["outputState"] == "CONFIGURED"

    converted = _patch(cloud, name, {}, "spend_cap")
    assert "spendCap" not in converted


def test_a_second_cap_on_a_project_is_refused_without_a_word_and_a_delete_may_lie(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-cap-twice", account=ACCOUNT)
    name = cloud.call("billingbudgets", "POST", BUDGETS, _cap(number))["name"]
    error = cloud.call("billingbudgets", "POST", BUDGETS, _cap(number), status=400)["error"]
    assert error == {
        "code": 400,
        "message": "Request contains an invalid argument.",
        "status": "INVALID_ARGUMENT",
    }

    _move(cloud, "gem-cap-twice", survivesDeletes=1, unlisted=True)
    assert cloud.call("billingbudgets", "DELETE", f"v1/{name}") == {}
    assert cloud.call("billingbudgets", "GET", f"v1/{name}")["name"] == name
    listed = cloud.call("billingbudgets", "GET", BUDGETS, scope=f"projects/{number}")
    assert listed == {}
    assert cloud.call("billingbudgets", "DELETE", f"v1/{name}") == {}
    cloud.call("billingbudgets", "GET", f"v1/{name}", status=404)


def test_a_resellers_account_has_no_caps(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-cap-resold", account=ACCOUNT)
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"master": "billingAccounts/0FEDCB-A98765-432100"})
    shown = cloud.call("cloudbilling", "GET", f"v1/billingAccounts/{ACCOUNT}")
    assert shown["masterBillingAccount"] == "billingAccounts/0FEDCB-A98765-432100"
    error = cloud.call("billingbudgets", "POST", BUDGETS, _cap(number), status=400)["error"]
    assert error["status"] == "FAILED_PRECONDITION"
