"""`gemini-lz drift` reports what other hands changed at Google: each change once, with its author and its money."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sandbox.cloud.core.hold import is_write
from sandbox.engine import Engine
from sandbox.shell import chosen_provider
from tests.drift.stack import (
    ACCOUNT,
    GEMINI,
    MODEL,
    OTHER_ACCOUNT,
    PRINCIPAL,
    SEED,
    OtherHands,
    drift,
    prepare,
)
from tests.workspace import Cloud, Workspace

LAB, CHAT, SHOP, DESK, PLAY = (f"acme-drift-{name}" for name in ("lab", "chat", "shop", "desk", "play"))
MONITORING = f"/monitoring/v3/projects/{LAB}"


def change_limits(hands: OtherHands) -> None:
    """A limit raised, one removed, one lowered, a model opened that the stack denies, and all others."""
    hands.call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": 2})  # by Google: that is no difference
    hands.call("PATCH", f"{hands.override(LAB, MODEL)}?force=true", {"overrideValue": "900"})
    by_day = (LAB, MODEL, "generate_requests_per_model_per_day", "/d/model/project")
    hands.call("PATCH", f"{hands.override(*by_day)}?force=true", {"overrideValue": "10000"})
    hands.expect("limit raised", "lab", "limits", MODEL, "model")
    hands.call("DELETE", f"{hands.override(LAB, 'gemini-2.5-flash')}?force=true")
    hands.expect("limit removed", "lab", "limits", "gemini-2.5-flash", "model")
    hands.call("PATCH", f"{hands.override(LAB, 'gemini-2.5-pro')}?force=true", {"overrideValue": "1"})
    hands.expect("limit lowered", "lab", "limits", "gemini-2.5-pro", "model")
    for metric in (
        "generate_requests_per_model",
        "generate_content_paid_tier_2_requests",
        "generate_content_paid_tier_3_requests",
    ):
        body = {"overrideValue": "7", "dimensions": {"model": "gemini-3.5-flash-lite"}}
        hands.call("POST", f"{hands.overrides(CHAT, metric)}?force=true", body)
    hands.expect("model opened", "chat", "limits", "gemini-3.5-flash-lite", "model")
    hands.call("DELETE", f"{hands.override(SHOP, '')}?force=true")
    hands.expect("all others opened", "shop", "limits", "others", "others")


def change_keys(hands: OtherHands) -> None:
    """A key opened to everybody, one deleted, one with more methods, and one made by hand."""
    keys = hands.keys(LAB)
    targets = keys["web"]["restrictions"]["apiTargets"]
    hands.call(
        "PATCH",
        f"/apikeys/v2/{keys['web']['name']}?updateMask=restrictions",
        {"restrictions": {"apiTargets": targets}},
    )
    hands.expect("key opened", "lab", "key", "web", "restrictions")
    hands.call("DELETE", f"/apikeys/v2/{keys['app']['name']}")
    hands.expect("key deleted", "lab", "key", "app", "gone")
    till = hands.keys(SHOP)["till"]
    hands.call(
        "PATCH",
        f"/apikeys/v2/{till['name']}?updateMask=restrictions",
        {"restrictions": {"apiTargets": [{"service": GEMINI}]}},
    )
    hands.expect("methods widened", "shop", "key", "till", "restrictions")
    made = {"displayName": "by hand", "restrictions": {"apiTargets": [{"service": GEMINI}]}}
    hands.call("POST", f"/apikeys/v2/projects/{CHAT}/locations/global/keys", made)
    hands.expect("key made by hand", "chat", "key", "by hand", "not the stack's")


def change_money(hands: OtherHands) -> None:
    """A link to another account, a free project linked; budgets and caps changed and deleted."""
    hands.link(SHOP, OTHER_ACCOUNT)
    hands.expect("linked to another account", "shop", "link", "link", "billing account")
    hands.link(DESK, "")
    hands.expect("link lost", "desk", "link", "link", "billing account")
    hands.link(PLAY, OTHER_ACCOUNT)
    hands.expect("free project linked", "play", "link", "link", "billing account")
    budgets = hands.budgets()
    money = {"specifiedAmount": {"currencyCode": "USD", "units": "9000"}}
    lab = budgets[f"{LAB} Gemini API"]
    hands.call("PATCH", f"{lab}?updateMask=amount", {"amount": money})
    hands.expect("budget's amount", "lab", "budget", "budget", "amount")
    hands.call("PATCH", f"{lab}?updateMask=thresholdRules", {"thresholdRules": [{"thresholdPercent": 3}]})
    hands.expect("budget's thresholds", "lab", "budget", "lab", "thresholdRules")
    hands.call("PATCH", f"{lab}?updateMask=notificationsRule", {"notificationsRule": {}})
    hands.expect("budget's e-mail", "lab", "budget", "lab", "allUpdatesRule")
    hands.call("DELETE", budgets[f"{CHAT} Gemini API"])
    hands.expect("budget deleted", "chat", "budget", "budget", "gone")
    cap = {"amount": money, "spendCap": {"inputState": "CONFIGURED"}}
    hands.call("PATCH", f"{budgets[f'{LAB} Gemini API cap']}?updateMask=amount,spend_cap.input_state", cap)
    hands.expect("cap raised", "lab", "spend cap", "spend cap", "amount")
    hands.call("PATCH", f"/_local/spendCaps/{DESK}", {"outputState": "ENFORCED"})
    lifted = {"spendCap": {"inputState": "AWAITING_NEXT_PERIOD"}}
    hands.call("PATCH", f"{budgets[f'{DESK} Gemini API cap']}?updateMask=spend_cap.input_state", lifted)
    hands.expect("cap lifted", "desk", "spend cap", "spend cap", "lifted")
    hands.call("DELETE", budgets[f"{SHOP} Gemini API cap"])
    hands.expect("cap deleted", "shop", "spend cap", "spend cap", "gone")


def change_monitoring(hands: OtherHands) -> None:
    """A channel, an alert and a dashboard deleted, an alert switched off."""
    hands.call(
        "DELETE", f"{hands.first(f'{MONITORING}/notificationChannels', 'notificationChannels')}?force=true"
    )
    hands.expect("channel deleted", "lab", "channel", "oncall@example.com", "gone")
    off = hands.first(f"{MONITORING}/alertPolicies", "alertPolicies", " 5%")
    hands.call("PATCH", f"{off}?updateMask=enabled", {"enabled": False})
    hands.expect("alert switched off", "lab", "alert", "error-rate", "enabled")
    hands.call("DELETE", hands.first(f"{MONITORING}/alertPolicies", "alertPolicies", " 75%"))
    hands.expect("alert deleted", "lab", "alert", "quota-share", "gone")
    hands.call("DELETE", hands.first(f"/monitoring/v1/projects/{LAB}/dashboards", "dashboards"))
    hands.expect("dashboard deleted", "lab", "dashboard", "lab", "gone")


def change_governance(hands: OtherHands) -> None:
    """Contact, API, label, tag, organization policy, service accounts, a topic's grants, a quota preference."""
    hands.call("DELETE", hands.first(f"/essentialcontacts/v1/projects/{LAB}/contacts", "contacts"))
    hands.expect("contact removed", "lab", "contact", "security@example.com", "gone")
    hands.call("POST", f"/serviceusage/v1/projects/{PLAY}/services/{GEMINI}:disable", {})
    hands.expect("API disabled", "play", "API", "generativelanguage", "gone")
    labels = hands.call("GET", f"/cloudresourcemanager/v3/projects/{LAB}")["labels"]
    hands.call(
        "PATCH",
        f"/cloudresourcemanager/v3/projects/{LAB}?updateMask=labels",
        {"labels": {**labels, "team": "two"}},
    )
    hands.expect("label changed", "lab", "project", "lab", "labels")
    number = hands.call("GET", f"/cloudresourcemanager/v1/projects/{LAB}")["projectNumber"]
    parent = quote(f"//cloudresourcemanager.googleapis.com/projects/{number}", safe="")
    binding = hands.call("GET", f"/cloudresourcemanager/v3/tagBindings?parent={parent}")["tagBindings"][0]
    hands.call("DELETE", f"/cloudresourcemanager/v3/{binding['name']}")
    hands.expect("tag removed", "lab", "tag", binding["tagValue"].rpartition("/")[2], "gone")
    hands.call("DELETE", hands.first(f"/orgpolicy/v2/projects/{LAB}/policies", "policies"))
    hands.expect("organization policy removed", "lab", "organization policy", "restricted-keys", "gone")
    account = f"gemini-app@{PLAY}.iam.gserviceaccount.com"
    hands.call("POST", f"/iam/v1/projects/{PLAY}/serviceAccounts/{account}:disable", {})
    hands.expect("service account disabled", "play", "service account", "app", "disabled")
    grant = {
        "policy": {
            "bindings": [
                {
                    "role": "roles/editor",
                    "members": [f"serviceAccount:gemini-web@{LAB}.iam.gserviceaccount.com"],
                }
            ]
        }
    }
    hands.call("POST", f"/cloudresourcemanager/v3/projects/{LAB}:setIamPolicy", grant)
    hands.expect("service account given a role", "lab", "service account", "web", "role")
    topic = f"projects/{SEED}/topics/spend"
    policy = hands.call("GET", f"/pubsub/v1/{topic}:getIamPolicy")
    policy["bindings"][0]["members"].append("allUsers")
    hands.call("POST", f"/pubsub/v1/{topic}:setIamPolicy", {"policy": policy})
    hands.expect("topic opened", "", "topic", topic, "not the stack's")
    [preference] = hands.call("GET", f"/cloudquotas/v1/projects/{LAB}/locations/global/quotaPreferences")[
        "quotaPreferences"
    ]
    hands.call(
        "PATCH",
        f"/cloudquotas/v1/{preference['name']}",
        {**preference, "quotaConfig": {"preferredValue": "5"}},
    )
    hands.expect("quota preference changed", "lab", "quota", "more", "value")


def change_guard(hands: OtherHands) -> None:
    """Its schedule paused, its role narrowed, its policy raised, its record spoiled."""
    job = hands.first(f"/cloudscheduler/v1/projects/{SEED}/locations/us-central1/jobs", "jobs")
    hands.call("POST", f"{job}:pause", {})
    hands.expect("guard's schedule paused", "", "schedule", "test-guard", "paused")
    state: list[dict[str, Any]] = json.loads(hands.workspace.pulumi("stack", "export").stdout)["deployment"][
        "resources"
    ]
    [role] = [each["id"] for each in state if each["type"].endswith(":IAMCustomRole") and CHAT in each["id"]]
    hands.call(
        "PATCH",
        f"/iam/v1/{role}?updateMask=includedPermissions",
        {"includedPermissions": ["serviceusage.quotas.get"]},
    )
    hands.expect("guard's role narrowed", "chat", "custom role", "guard", "permissions")
    policy = json.loads(hands.stored(f"policy/{CHAT}.json"))
    hands.stored(f"policy/{CHAT}.json", json.dumps({**policy, "amount": "9000"}).encode())
    hands.expect("guard's policy raised", "chat", "object", "guard", "content")
    number = hands.call("GET", f"/cloudresourcemanager/v1/projects/{DESK}")["projectNumber"]
    hands.stored(f"state/{number}.json", b"{}")
    hands.expect(
        "guard's record spoiled", "desk", "guard", f"{SEED}-guard-test/state/{number}.json", "record"
    )


def backend(workspace: Workspace) -> dict[str, bytes]:
    """The files of the state, its history and its locks."""
    return {
        str(path): path.read_bytes() for path in Path(workspace.layout.backend).rglob("*") if path.is_file()
    }


@pytest.fixture
def workspace(tmp_path: Path, engine: Engine, cloud: Cloud) -> Workspace:
    """With the stand-in plugin; GCP_PROVIDER=official has the official one read."""
    return Workspace(tmp_path, engine, cloud, chosen_provider())


def test_every_change_by_other_hands_is_reported_once(workspace: Workspace) -> None:
    prepare(workspace)
    workspace.up()
    # The guard looks each minute, and would write meanwhile.
    workspace.cloud.call("PUT", "/_local/clock", {"hold": True})
    before, calls = backend(workspace), workspace.cloud.requests()[-1]["n"]
    clean = drift(workspace, 0)
    assert (clean["differences"], clean["unread"], clean["runAtWork"]) == ([], [], None)
    assert clean["worstMonth"]["applied"] == clean["worstMonth"]["inForce"]
    asked = workspace.cloud.requests(calls)
    assert not [each for each in asked if is_write(each["method"], each["path"])]

    hands = OtherHands(workspace)
    for change in (
        change_limits,
        change_keys,
        change_money,
        change_monitoring,
        change_governance,
        change_guard,
    ):
        change(hands)
    found = drift(workspace, 1)
    by_name = {
        (each["project"], each["kind"], each["name"], each["what"]): each for each in found["differences"]
    }
    assert set(by_name) == set(hands.expected.values())
    assert len(by_name) == len(found["differences"]) == len(hands.expected) >= 25
    assert found["unread"] == []
    for each in found["differences"]:
        # Google logs no writes of objects, unless somebody asks for such logs.
        logged = each["kind"] not in ("object", "guard")
        assert each["by"] == (PRINCIPAL if logged else None), each
        assert bool(each["since"]) == logged, each
        assert (each["guard"], each["ofRun"]) == (False, False), each
        assert each["worstMonth"], each
    assert backend(workspace) == before
