"""The whole loop through HTTP, by a clock that is moved: calls, costs, budgets, caps, what stops and what goes on."""

import json
from base64 import b64decode
from typing import Any

import pytest
import requests

from tests.cloud.local_cloud import ACCOUNT, EURO_ACCOUNT, NEW_ACCOUNT, TOKEN, LocalCloud
from tests.cloud.test_generativelanguage import TO_GEMINI, ask, made_key, made_project
from tests.cloud.world import PUBLISHER

TOPIC = "projects/sandbox-seed/topics/money"
READER = "projects/sandbox-seed/subscriptions/money"
MODEL = "gemini-3.8-flash"
GEMINI_SERVICE = "services/AEFD-7695-64FA"


@pytest.fixture(scope="module", autouse=True)
def december(cloud: LocalCloud) -> None:
    """The clock is held at an hour after the month has begun, Pacific; caps take half an hour."""
    cloud.local("PUT", "clock", {"now": "2026-12-01T09:00:00Z", "hold": True})
    cloud.local("PUT", "billing", {"capMinutes": [30, 30], "tierCapMinutes": [60, 60]})


def advance(cloud: LocalCloud, **by: int) -> None:
    units = {"minutes": 60, "hours": 3600, "days": 86_400}
    seconds = sum(units[name] * count for name, count in by.items())
    answer = requests.put(
        f"{cloud.main}/_local/clock", json={"advanceSeconds": seconds}, headers=TOKEN, timeout=120
    )
    assert answer.status_code == 200, answer.text


def use(cloud: LocalCloud, project: str, millions: int) -> None:
    """So many million tokens of output: 3.75 USD each in 2026."""
    cloud.local("POST", "usage", {"project": project, "model": MODEL, "output": {"TEXT": millions * 10**6}})


def budget(cloud: LocalCloud, account: str, body: dict[str, Any]) -> dict[str, Any]:
    return cloud.call("billingbudgets", "POST", f"v1/billingAccounts/{account}/budgets", body)


def mails_of(cloud: LocalCloud, kind: str) -> list[dict[str, Any]]:
    return [mail for mail in cloud.local("GET", "mails")["mails"] if mail["why"]["kind"] == kind]


def test_calls_become_costs_and_a_message_that_a_reader_understands(cloud: LocalCloud) -> None:
    number = made_project(cloud, "acme-loop", account=ACCOUNT)
    cloud.call("pubsub", "PUT", f"v1/{TOPIC}", {})
    cloud.call("pubsub", "PUT", f"v1/{READER}", {"topic": TOPIC})
    binding = {"role": "roles/pubsub.publisher", "members": [PUBLISHER]}
    cloud.call("pubsub", "POST", f"v1/{TOPIC}:setIamPolicy", {"policy": {"bindings": [binding]}})
    email = {"type": "email", "labels": {"email_address": "team@example.com"}, "displayName": "team"}
    channel = cloud.call("monitoring", "POST", "v3/projects/acme-loop/notificationChannels", email)["name"]
    body = {
        "displayName": "Loop",
        "budgetFilter": {"projects": [f"projects/{number}"]},
        "amount": {"specifiedAmount": {"units": "3"}},
        "thresholdRules": [{"thresholdPercent": 1.2}, {"thresholdPercent": 0.5}],
        "notificationsRule": {
            "pubsubTopic": TOPIC,
            "schemaVersion": "1.0",
            "monitoringNotificationChannels": [channel],
        },
    }
    made = budget(cloud, ACCOUNT, body)
    answer = ask(cloud, made_key(cloud, "acme-loop", TO_GEMINI), MODEL)
    use(cloud, "acme-loop", 1)
    advance(cloud, minutes=1)
    [project] = cloud.local("GET", "costs")["projects"]
    used = answer["usageMetadata"]
    units = {line["description"].split(" token")[0]: line["units"] for line in project["lines"]}
    assert units == {
        "Generate content input": used["promptTokenCount"],
        "Generate content output": used["candidatesTokenCount"] + used.get("thoughtsTokenCount", 0) + 10**6,
    }
    assert project["billed"] == "0"
    assert mails_of(cloud, "budget") == []
    advance(cloud, days=1, hours=1)
    pulled = cloud.call("pubsub", "POST", f"v1/{READER}:pull", {"maxMessages": 1000})["receivedMessages"]
    message = pulled[-1]["message"]
    data = json.loads(b64decode(message["data"]))
    account, budget_id = made["name"].split("/")[1::2]
    assert message["attributes"] == {
        "billingAccountId": account,
        "budgetId": budget_id,
        "schemaVersion": "1.0",
    }
    assert (data["costAmount"], data["alertThresholdExceeded"]) == (3.75, 1.2)
    assert [mail["to"] for mail in mails_of(cloud, "budget")] == [["team@example.com"]] * 2


def cap(number: str, units: int) -> dict[str, Any]:
    return {
        "displayName": "Cap",
        "budgetFilter": {
            "projects": [f"projects/{number}"],
            "services": [GEMINI_SERVICE],
            "calendarPeriod": "MONTH",
            "creditTypesTreatment": "EXCLUDE_ALL_CREDITS",
        },
        "amount": {"specifiedAmount": {"units": str(units)}},
        "thresholdRules": [{"thresholdPercent": share} for share in (0.5, 0.8, 1.0)],
        "notificationsRule": {"enableProjectLevelRecipients": True},
        "ownershipScope": "ALL_USERS",
        "spendCap": {"inputState": "CONFIGURED"},
    }


def test_a_spend_cap_is_enforced_after_its_lag_lifted_by_hand_and_by_the_month(cloud: LocalCloud) -> None:
    number = made_project(cloud, "acme-capped", account=EURO_ACCOUNT)
    key = made_key(cloud, "acme-capped", TO_GEMINI)
    made = budget(cloud, EURO_ACCOUNT, cap(number, 5))
    path = f"v1/{made['name']}"

    def state() -> str:
        found = cloud.call("billingbudgets", "GET", path)["spendCap"]["outputState"]
        return str(found)

    use(cloud, "acme-capped", 2)  # 6.90 EUR
    advance(cloud, minutes=30)
    ask(cloud, key, MODEL)
    assert state() == "CONFIGURED"
    advance(cloud, minutes=1)
    assert state() == "ENFORCED"
    refused = ask(cloud, key, MODEL, status=429)
    assert "has exceeded its monthly spending cap" in refused["message"]
    assert not any("QuotaFailure" in detail["@type"] for detail in refused["details"])
    lifted = {"spendCap": {"inputState": "AWAITING_NEXT_PERIOD"}}
    cloud.call("billingbudgets", "PATCH", path, lifted, updateMask="spend_cap.input_state")
    use(cloud, "acme-capped", 2)
    advance(cloud, hours=2)
    ask(cloud, key, MODEL)
    assert state() == "AWAITING_NEXT_PERIOD"
    # Enforced by hand, as a test may want it, it is lifted when the month ends.
    cloud.local("PATCH", "spendCaps/acme-capped", {"outputState": "ENFORCED"})
    ask(cloud, key, MODEL, status=429)
    cloud.local("PUT", "clock", {"now": "2027-01-01T07:59:00Z"})
    ask(cloud, key, MODEL, status=429)
    cloud.local("PUT", "clock", {"now": "2027-01-01T08:00:00Z"})
    ask(cloud, key, MODEL)
    assert state() == "CONFIGURED"


def test_the_cap_of_a_tier_pauses_every_project_of_the_account_until_the_next_month(
    cloud: LocalCloud,
) -> None:
    cloud.local("PUT", "billing", {"tierRatesApply": False})
    for project in ("acme-spender", "acme-neighbour"):
        made_project(cloud, project, account=NEW_ACCOUNT)
    key = made_key(cloud, "acme-neighbour", TO_GEMINI)
    use(cloud, "acme-spender", 34)  # 255 USD at the prices of 2027
    advance(cloud, hours=1)
    ask(cloud, key, MODEL)
    advance(cloud, minutes=1)
    assert "usage tier's monthly spending cap" in ask(cloud, key, MODEL, status=429)["message"]
    # More room in a higher tier, and none again in the lower one.
    cloud.local("PATCH", f"billingAccounts/{NEW_ACCOUNT}", {"tier": 2})
    ask(cloud, key, MODEL)
    cloud.local("PATCH", f"billingAccounts/{NEW_ACCOUNT}", {"tier": 1})
    use(cloud, "acme-spender", 1)
    advance(cloud, hours=1, minutes=2)
    ask(cloud, key, MODEL, status=429)
    cloud.local("PUT", "clock", {"now": "2027-02-01T08:00:00Z"})
    ask(cloud, key, MODEL)


def test_depleted_credits_stop_every_project_of_the_account(cloud: LocalCloud) -> None:
    made_project(cloud, "acme-prepaid", account=NEW_ACCOUNT)
    key = made_key(cloud, "acme-prepaid", TO_GEMINI)
    cloud.local("PUT", "prepaid", {"billingAccount": NEW_ACCOUNT, "usd": 5})
    use(cloud, "acme-prepaid", 1)
    advance(cloud, minutes=1)
    refused = ask(cloud, key, MODEL, status=402)
    assert "prepayment credits are depleted" in refused["message"]
    cloud.local("PUT", "prepaid", {"billingAccount": NEW_ACCOUNT, "usd": None})
    ask(cloud, key, MODEL)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "billing", {"costHours": [5, 1]}),
        ("PUT", "prepaid", {"billingAccount": NEW_ACCOUNT, "usd": -1}),
        ("PUT", "prepaid", {"usd": 1}),
        ("POST", "usage", {"project": "acme-prepaid", "model": "gemini-0"}),
        ("POST", "usage", {"project": "acme-prepaid", "model": MODEL, "output": {"SMELL": 1}}),
        ("POST", "usage", {"project": "acme-prepaid", "model": MODEL, "output": {"TEXT": -1}}),
        ("POST", "usage", {"project": "acme-prepaid", "model": MODEL, "processing": "slow"}),
    ],
)
def test_what_makes_no_sense_is_refused(cloud: LocalCloud, method: str, path: str, body: object) -> None:
    refused = requests.request(method, f"{cloud.main}/_local/{path}", json=body, headers=TOKEN, timeout=20)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]
