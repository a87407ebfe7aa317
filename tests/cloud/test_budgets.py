"""Billing Budgets v1 against Google's rules."""

from typing import Any

import pytest

from tests.cloud.local_cloud import ACCOUNT, EURO_ACCOUNT, LocalCloud

BUDGETS = f"v1/billingAccounts/{ACCOUNT}/budgets"
GEMINI = "services/AEFD-7695-64FA"


def _budget(**changes: Any) -> dict[str, Any]:
    budget = {
        "displayName": "b",
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "100"}},
        "budgetFilter": {"services": [GEMINI]},
        "thresholdRules": [{"thresholdPercent": 0.5}],
    }
    return {**budget, **changes}


def _create(cloud: LocalCloud, **changes: Any) -> dict[str, Any]:
    return cloud.call("billingbudgets", "POST", BUDGETS, _budget(**changes))


def _refused(cloud: LocalCloud, body: dict[str, Any]) -> list[str]:
    """The fields that the refusal names."""
    error = cloud.call("billingbudgets", "POST", BUDGETS, body, status=400)["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    return [violation["field"] for violation in error["details"][0]["fieldViolations"]]


def test_what_the_official_plugin_sends_comes_back_with_the_defaults_filled_in(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-budget-1", account=ACCOUNT)
    channel = "projects/gem-budget-1/notificationChannels/100000000002"
    made = _create(
        cloud,
        budgetFilter={
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
            "projects": [f"projects/{number}"],
            "services": [GEMINI],
        },
        notificationsRule={
            "disableDefaultIamRecipients": True,
            "monitoringNotificationChannels": [channel],
            "schemaVersion": "1.0",
        },
        thresholdRules=[
            {"spendBasis": "CURRENT_SPEND", "thresholdPercent": 0.5},
            {"spendBasis": "FORECASTED_SPEND", "thresholdPercent": 1.2},
        ],
    )
    assert made == {
        "name": made["name"],
        "etag": made["etag"],
        "displayName": "b",
        "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "100"}},
        "budgetFilter": {
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
            "calendarPeriod": "MONTH",
            "projects": [f"projects/{number}"],
            "services": [GEMINI],
        },
        "notificationsRule": {
            "disableDefaultIamRecipients": True,
            "monitoringNotificationChannels": [channel],
            "schemaVersion": "1.0",
        },
        "thresholdRules": [
            {"spendBasis": "CURRENT_SPEND", "thresholdPercent": 0.5},
            {"spendBasis": "FORECASTED_SPEND", "thresholdPercent": 1.2},
        ],
    }
    assert cloud.call("billingbudgets", "GET", f"v1/{made['name']}") == made


def test_a_project_named_by_id_comes_back_by_number(cloud: LocalCloud) -> None:
    number = cloud.create_project("gem-budget-2")
    made = _create(cloud, budgetFilter={"projects": ["projects/gem-budget-2"]})
    assert made["budgetFilter"]["projects"] == [f"projects/{number}"]
    by_scope = cloud.call("billingbudgets", "GET", BUDGETS, scope="projects/gem-budget-2")
    assert [budget["name"] for budget in by_scope["budgets"]] == [made["name"]]


def test_what_is_zero_false_or_empty_is_left_out_of_the_answer(cloud: LocalCloud) -> None:
    made = _create(
        cloud,
        displayName="",
        amount={"specifiedAmount": {"units": "0", "nanos": 0}},
        notificationsRule={"disableDefaultIamRecipients": False, "monitoringNotificationChannels": []},
    )
    assert made["amount"] == {"specifiedAmount": {"currencyCode": "USD"}}
    assert made["notificationsRule"] == {}
    assert "displayName" not in made


def test_the_currency_left_out_is_the_accounts(cloud: LocalCloud) -> None:
    body = _budget(amount={"specifiedAmount": {"units": "5", "nanos": 500_000_000}})
    made = cloud.call("billingbudgets", "POST", f"v1/billingAccounts/{EURO_ACCOUNT}/budgets", body)
    assert made["amount"] == {"specifiedAmount": {"currencyCode": "EUR", "units": "5", "nanos": 500_000_000}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"displayName": "x" * 61}, "budget.display_name"),
        ({"amount": {}}, "budget.amount"),
        ({"amount": {"specifiedAmount": {"currencyCode": "EUR", "units": "1"}}}, "currency_code"),
        ({"amount": {"specifiedAmount": {"units": "-1"}}}, "budget.amount.specified_amount"),
        ({"amount": {"specifiedAmount": {"units": "1", "nanos": -1}}}, "budget.amount.specified_amount"),
        ({"thresholdRules": [{"thresholdPercent": -0.1}]}, "threshold_rules[0].threshold_percent"),
        ({"budgetFilter": {"projects": ["projects/not-there-1"]}}, "budget_filter.projects"),
        ({"budgetFilter": {"services": ["generativelanguage.googleapis.com"]}}, "budget_filter.services"),
        ({"budgetFilter": {"creditTypes": ["PROMOTION"]}}, "budget_filter.credit_types"),
        (
            {"budgetFilter": {"creditTypesTreatment": "INCLUDE_SPECIFIED_CREDITS"}},
            "budget_filter.credit_types",
        ),
        ({"budgetFilter": {"labels": {"a": ["1"], "b": ["2"]}}}, "budget_filter.labels"),
        (
            {"budgetFilter": {"customPeriod": {"startDate": {"year": 2016, "month": 5, "day": 1}}}},
            "start_date",
        ),
        ({"notificationsRule": {"schemaVersion": "2.0"}}, "schema_version"),
        ({"notificationsRule": {"pubsubTopic": "projects/p/topics/budget"}}, "schema_version"),
        (
            {"notificationsRule": {"monitoringNotificationChannels": ["a@example.com"]}},
            "notification_channels",
        ),
        (
            {
                "notificationsRule": {
                    "monitoringNotificationChannels": ["projects/p/notificationChannels/1"] * 6
                }
            },
            "notification_channels",
        ),
        ({"notificationsRule": {"disableDefaultIamRecipients": True}}, "budget.notifications_rule"),
        (
            {
                "notificationsRule": {
                    "disableDefaultIamRecipients": True,
                    "enableProjectLevelRecipients": True,
                },
                "budgetFilter": {},
            },
            "budget.notifications_rule",
        ),
    ],
)
def test_a_budget_against_the_rules_is_refused_by_field(
    cloud: LocalCloud, changes: dict[str, Any], field: str
) -> None:
    (refused,) = _refused(cloud, _budget(**changes))
    assert refused.endswith(field)


def test_forecasts_and_last_periods_need_a_calendar_period(cloud: LocalCloud) -> None:
    custom = {"customPeriod": {"startDate": {"year": 2026, "month": 1, "day": 1}}}
    forecast = [{"thresholdPercent": 1, "spendBasis": "FORECASTED_SPEND"}]
    body = _budget(budgetFilter=custom, thresholdRules=forecast, amount={"lastPeriodAmount": {}})
    assert _refused(cloud, body) == [
        "budget.amount.last_period_amount",
        "budget.threshold_rules[0].spend_basis",
    ]
    made = _create(cloud, thresholdRules=forecast, amount={"lastPeriodAmount": {}})
    assert made["amount"] == {"lastPeriodAmount": {}}


def test_all_problems_are_reported_at_once(cloud: LocalCloud) -> None:
    body = _budget(displayName="x" * 61, amount={}, thresholdRules=[{"thresholdPercent": -1}])
    assert len(_refused(cloud, body)) == 3


def test_a_mask_changes_what_it_names_and_nothing_else(cloud: LocalCloud) -> None:
    made = _create(cloud, displayName="before")
    patch = {"displayName": "ignored", "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "250"}}}
    mask = ",".join(f"amount.specifiedAmount.{part}" for part in ("currencyCode", "units", "nanos"))
    changed = cloud.call("billingbudgets", "PATCH", f"v1/{made['name']}", patch, updateMask=mask)
    assert changed == {**made, "amount": patch["amount"], "etag": changed["etag"]}
    assert changed["etag"] != made["etag"]

    mask = "budget_filter.services,budget_filter.custom_period,threshold_rules"
    custom = {"startDate": {"year": 2026, "month": 1, "day": 1}}
    patch = {"budgetFilter": {"customPeriod": custom, "calendarPeriod": "YEAR"}}
    changed = cloud.call("billingbudgets", "PATCH", f"v1/{made['name']}", patch, updateMask=mask)
    assert "thresholdRules" not in changed
    assert "services" not in changed["budgetFilter"]


def test_a_mask_with_an_unknown_path_is_refused(cloud: LocalCloud) -> None:
    made = _create(cloud)
    path = f"v1/{made['name']}"
    cloud.call("billingbudgets", "PATCH", path, {}, updateMask="amount.specifiedAmount.cents", status=400)
    assert cloud.call("billingbudgets", "GET", path) == made


def test_without_a_mask_only_the_fields_given_change(cloud: LocalCloud) -> None:
    made = _create(cloud)
    patch = {"budgetFilter": {"calendarPeriod": "YEAR"}}
    changed = cloud.call("billingbudgets", "PATCH", f"v1/{made['name']}", patch)
    assert changed["budgetFilter"] == {**made["budgetFilter"], "calendarPeriod": "YEAR"}
    assert changed["amount"] == made["amount"]


def test_a_patch_against_the_rules_changes_nothing(cloud: LocalCloud) -> None:
    made = _create(cloud)
    path = f"v1/{made['name']}"
    patch = {"amount": {"specifiedAmount": {"currencyCode": "EUR", "units": "1"}}}
    cloud.call("billingbudgets", "PATCH", path, patch, updateMask="amount", status=400)
    assert cloud.call("billingbudgets", "GET", path) == made


def test_an_old_etag_is_refused(cloud: LocalCloud) -> None:
    made = _create(cloud)
    path = f"v1/{made['name']}"
    cloud.call(
        "billingbudgets",
        "PATCH",
        path,
        {"displayName": "one", "etag": made["etag"]},
        updateMask="displayName",
    )
    again = {"displayName": "two", "etag": made["etag"]}
    error = cloud.call("billingbudgets", "PATCH", path, again, updateMask="displayName", status=409)
    assert error["error"]["status"] == "ABORTED"


def test_a_listing_comes_in_pages_and_a_deleted_budget_is_gone(cloud: LocalCloud) -> None:
    names = {_create(cloud)["name"] for _ in range(5)}
    seen: list[str] = []
    token = ""
    while True:
        page = cloud.call("billingbudgets", "GET", BUDGETS, pageSize="2", pageToken=token)
        assert len(page["budgets"]) <= 2
        seen += [budget["name"] for budget in page["budgets"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert len(seen) == len(set(seen))
    assert names <= set(seen)

    gone = names.pop()
    for _ in range(2):  # deleting what is not there succeeds too
        assert cloud.call("billingbudgets", "DELETE", f"v1/{gone}") == {}
    cloud.call("billingbudgets", "GET", f"v1/{gone}", status=404)
