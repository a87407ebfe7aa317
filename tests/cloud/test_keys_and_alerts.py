"""API Keys and Cloud Monitoring."""

import re
from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

CALLS = "serviceruntime.googleapis.com/api/request_count"
KEYS = "v2/projects/sandbox-seed/locations/global/keys"
CHANNELS = "v3/projects/sandbox-seed/notificationChannels"
POLICIES = "v3/projects/sandbox-seed/alertPolicies"
GEMINI = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}


def made_key(cloud: LocalCloud, key_id: str, body: dict[str, Any]) -> dict[str, Any]:
    operation = cloud.call("apikeys", "POST", KEYS, body, keyId=key_id)
    while not operation.get("done"):
        operation = cloud.call("apikeys", "GET", f"v2/{operation['name']}")
    key: dict[str, Any] = operation["response"]
    return key


def test_a_key_lives_and_its_string_is_shown_only_where_it_is_asked_for(cloud: LocalCloud) -> None:
    made_key(cloud, "backend", {"displayName": "b", "restrictions": GEMINI})
    shown = cloud.call("apikeys", "GET", f"{KEYS}/backend")
    assert "keyString" not in shown
    key_string = cloud.call("apikeys", "GET", f"{KEYS}/backend/keyString")["keyString"]
    assert re.fullmatch(r"AIza[\w-]{35}", key_string) is not None
    found = cloud.call("apikeys", "GET", "v2/keys:lookupKey", keyString=key_string)
    assert found["name"] == shown["name"]
    restricted = {**GEMINI, "serverKeyRestrictions": {"allowedIps": ["203.0.113.0/24"]}}
    cloud.call("apikeys", "PATCH", f"{KEYS}/backend", {"restrictions": restricted}, updateMask="restrictions")
    changed = cloud.call("apikeys", "GET", f"{KEYS}/backend")
    assert changed["restrictions"] == restricted
    assert (changed["displayName"], changed["uid"]) == ("b", shown["uid"])
    cloud.call("apikeys", "DELETE", f"{KEYS}/backend")
    cloud.call("apikeys", "GET", f"{KEYS}/backend", status=404)
    # A deleted key's id stays taken for 30 days.
    cloud.call("apikeys", "POST", KEYS, {}, keyId="backend", status=409)
    cloud.call("apikeys", "POST", f"{KEYS}/backend:undelete", {})
    assert cloud.call("apikeys", "GET", f"{KEYS}/backend/keyString")["keyString"] == key_string


@pytest.mark.parametrize(
    "body",
    [
        {"displayName": "x" * 64},
        {"restrictions": {"apiTargets": [{"service": "gemini.googleapis.com"}]}},
        {"restrictions": {"serverKeyRestrictions": {"allowedIps": ["office"]}}},
        {
            "restrictions": {
                "serverKeyRestrictions": {"allowedIps": []},
                "browserKeyRestrictions": {"allowedReferrers": []},
            }
        },
        {"serviceAccountEmail": "someone@example.com"},
    ],
)
def test_a_key_that_google_refuses_is_refused(cloud: LocalCloud, body: dict[str, Any]) -> None:
    assert cloud.call("apikeys", "POST", KEYS, body, status=400)["error"]["status"] == "INVALID_ARGUMENT"


def policy(channel: str, **threshold: Any) -> dict[str, Any]:
    return {
        "displayName": "429s",
        "combiner": "OR",
        "notificationChannels": [channel],
        "conditions": [
            {
                "displayName": "429s",
                "conditionThreshold": {
                    "filter": f'metric.type="{CALLS}" AND resource.type="consumed_api"',
                    "comparison": "COMPARISON_GT",
                    "duration": "0s",
                    **threshold,
                },
            }
        ],
    }


def test_a_channel_that_a_policy_names_goes_only_by_force(cloud: LocalCloud) -> None:
    body = {"type": "email", "labels": {"email_address": "oncall@example.com"}}
    channel = cloud.call("monitoring", "POST", CHANNELS, body)["name"]
    made = cloud.call("monitoring", "POST", POLICIES, policy(channel))
    changed = cloud.call(
        "monitoring", "PATCH", f"v3/{made['name']}", {"enabled": False}, updateMask="enabled"
    )
    assert (changed["enabled"], changed["displayName"]) == (False, "429s")
    assert (
        cloud.call("monitoring", "DELETE", f"v3/{channel}", status=400)["error"]["status"]
        == "FAILED_PRECONDITION"
    )
    cloud.call("monitoring", "DELETE", f"v3/{channel}", force="true")
    assert cloud.call("monitoring", "GET", f"v3/{made['name']}").get("notificationChannels", []) == []
    cloud.call("monitoring", "DELETE", f"v3/{made['name']}")
    cloud.call("monitoring", "GET", f"v3/{made['name']}", status=404)


def test_a_policy_or_channel_that_google_refuses_is_refused(cloud: LocalCloud) -> None:
    cloud.call("monitoring", "POST", CHANNELS, {"type": "email"}, status=400)
    cloud.call("monitoring", "POST", CHANNELS, {"type": "pigeon"}, status=400)
    missing = policy("projects/sandbox-seed/notificationChannels/1")
    cloud.call("monitoring", "POST", POLICIES, missing, status=404)
    channel = cloud.call(
        "monitoring", "POST", CHANNELS, {"type": "email", "labels": {"email_address": "a@b.io"}}
    )["name"]
    refused = cloud.call(
        "monitoring", "POST", POLICIES, policy(channel, filter='metric.type="x"'), status=400
    )
    assert "resource.type" in refused["error"]["message"]


def test_a_dashboard_is_replaced_under_its_etag(cloud: LocalCloud) -> None:
    made = cloud.call(
        "monitoring",
        "POST",
        "v1/projects/sandbox-seed/dashboards",
        {"displayName": "Gemini", "gridLayout": {}},
    )
    changed = cloud.call(
        "monitoring", "PATCH", f"v1/{made['name']}", {"displayName": "New", "etag": made["etag"]}
    )
    assert changed["displayName"] == "New"
    cloud.call(
        "monitoring", "PATCH", f"v1/{made['name']}", {"displayName": "Old", "etag": made["etag"]}, status=409
    )
    cloud.call("monitoring", "DELETE", f"v1/{made['name']}")
