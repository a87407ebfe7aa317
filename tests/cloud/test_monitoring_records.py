"""Snoozes, uptime checks and the kinds of channels, by Google's Python client."""

from typing import Any

import pytest

from tests.cloud.googles_client import client, refusal
from tests.cloud.local_cloud import LocalCloud
from tests.cloud.test_alerting import incidents, policy

PROJECT = "gem-watched"
NAME = f"projects/{PROJECT}"
METRIC = "custom.googleapis.com/depth"


@pytest.fixture(scope="module")
def projects(cloud: LocalCloud) -> Any:
    cloud.local("PUT", "clock", {"now": "2026-12-01T09:00:00Z", "hold": True})
    cloud.create_project(PROJECT)
    path = f"v1/{NAME}/services/monitoring.googleapis.com:enable"
    cloud.call("serviceusage", "POST", path, {})
    return client(cloud, "monitoring", "v3").projects()


def _write(cloud: LocalCloud, value: float) -> None:
    """Write a point a minute from now, and wait until it is seen."""
    cloud.local("PUT", "clock", {"advanceSeconds": 60})
    now = cloud.local("GET", "clock")["now"]
    resource = {"type": "global", "labels": {"project_id": PROJECT}}
    point = {"interval": {"endTime": now}, "value": {"doubleValue": value}}
    series = {"metric": {"type": METRIC}, "resource": resource, "points": [point]}
    cloud.call("monitoring", "POST", f"v3/{NAME}/timeSeries", {"timeSeries": [series]})
    cloud.local("PUT", "clock", {"advanceSeconds": 600})


def _deep(cloud: LocalCloud) -> str:
    threshold = {
        "filter": f'metric.type="{METRIC}" AND resource.type="global"',
        "aggregations": [{"alignmentPeriod": "3600s", "perSeriesAligner": "ALIGN_MAX"}],
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "thresholdValue": 5,
    }
    return policy(cloud, PROJECT, {"conditionThreshold": threshold})


def test_a_snoozed_policy_opens_no_incident_until_the_snooze_is_over(
    cloud: LocalCloud, projects: Any
) -> None:
    watched, other = _deep(cloud), _deep(cloud)
    body: dict[str, Any] = {
        "displayName": "deploy",
        "criteria": {"policies": [watched]},
        "interval": {"startTime": "2026-12-01T09:00:00Z", "endTime": "2026-12-01T12:00:00Z"},
    }
    snoozes = projects.snoozes()
    made = snoozes.create(parent=NAME, body=body).execute()
    assert snoozes.get(name=made["name"]).execute() == made
    assert snoozes.list(parent=NAME).execute() == {"snoozes": [made]}
    _write(cloud, 9)
    assert (len(incidents(cloud, watched)), len(incidents(cloud, other))) == (0, 1)
    # It is ended by a change of its end; what is met still opens an incident then.
    end = {"interval": {"endTime": "2026-12-01T09:30:00Z"}}
    ended = snoozes.patch(name=made["name"], body=end, updateMask="interval.endTime").execute()
    assert ended["interval"] == {**body["interval"], **end["interval"]}
    cloud.local("PUT", "clock", {"now": "2026-12-01T09:29:00Z"})
    assert incidents(cloud, watched) == []
    cloud.local("PUT", "clock", {"now": "2026-12-01T09:31:00Z"})
    assert [opened for opened, _ in incidents(cloud, watched)] == ["09:30:00"]
    name = {"displayName": "late"}
    assert refusal(snoozes.patch(name=made["name"], body=name, updateMask="displayName")) == 400
    begun = {**body, "interval": {"startTime": "2026-12-01T09:00:00Z", "endTime": "2026-12-01T22:00:00Z"}}
    second = snoozes.create(parent=NAME, body=begun).execute()["name"]
    later = {"interval": {"startTime": "2026-12-01T10:00:00Z"}}
    assert refusal(snoozes.patch(name=second, body=later, updateMask="interval.startTime")) == 400
    assert refusal(snoozes.patch(name=second, body={}, updateMask="criteria")) == 400


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": ""},
        {"criteria": {}},
        {"criteria": {"policies": [f"{NAME}/alertPolicies/1"]}},
        {"interval": {"endTime": "2030-01-01T00:00:00Z"}},
        {"interval": {"startTime": "2030-01-02T00:00:00Z", "endTime": "2030-01-01T00:00:00Z"}},
        {"interval": {"startTime": "2020-01-01T00:00:00Z", "endTime": "2020-01-02T00:00:00Z"}},
    ],
)
def test_a_bad_snooze_is_refused(cloud: LocalCloud, projects: Any, change: dict[str, Any]) -> None:
    interval = {"startTime": "2030-01-01T00:00:00Z", "endTime": "2030-01-02T00:00:00Z"}
    body = {"displayName": "x", "criteria": {"policies": [_deep(cloud)]}, "interval": interval, **change}
    assert refusal(projects.snoozes().create(parent=NAME, body=body)) == 400


def test_an_uptime_check_is_kept_until_no_policy_looks_at_it(cloud: LocalCloud, projects: Any) -> None:
    checks = projects.uptimeCheckConfigs()
    resource = {"type": "uptime_url", "labels": {"host": "example.com", "project_id": PROJECT}}
    http = {"useSsl": True, "authInfo": {"username": "ann", "password": "hush-hush"}}
    body = {"displayName": "Front page", "monitoredResource": resource, "httpCheck": http}
    made = checks.create(parent=NAME, body=body).execute()
    assert made["name"].startswith(f"{NAME}/uptimeCheckConfigs/front-page-")
    assert (made["period"], made["timeout"], made["httpCheck"]["port"]) == ("60s", "10s", 443)
    assert made["httpCheck"]["authInfo"]["password"] == "******"
    assert checks.get(name=made["name"]).execute() == made
    assert checks.list(parent=NAME).execute() == {"uptimeCheckConfigs": [made], "totalSize": 1}
    changed = checks.patch(name=made["name"], body={"period": "300s"}, updateMask="period").execute()
    assert changed == {**made, "period": "300s"}
    other = {"monitoredResource": {**resource, "labels": {"host": "example.org", "project_id": PROJECT}}}
    assert refusal(checks.patch(name=made["name"], body=other, updateMask="monitoredResource")) == 400
    identifier = made["name"].rpartition("/")[2]
    failing = {
        "filter": 'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND '
        f'resource.type="uptime_url" AND metric.label.check_id="{identifier}"',
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_NEXT_OLDER"}],
        "comparison": "COMPARISON_GT",
        "duration": "60s",
        "thresholdValue": 1,
    }
    alert = policy(cloud, PROJECT, {"conditionThreshold": failing})
    assert refusal(checks.delete(name=made["name"])) == 400
    projects.alertPolicies().delete(name=alert).execute()
    checks.delete(name=made["name"]).execute()
    assert refusal(checks.get(name=made["name"])) == 404
    for bad in (
        {"displayName": ""},
        {"httpCheck": None},
        {"monitoredResource": None},
        {"tcpCheck": {"port": 1}},
        {"period": "61s"},
        {"timeout": "61s"},
    ):
        given = {key: value for key, value in {**body, **bad}.items() if value is not None}
        assert refusal(checks.create(parent=NAME, body=given)) == 400
    tcp = {"displayName": "Port", "monitoredResource": resource, "tcpCheck": {"port": 443}}
    assert checks.create(parent=NAME, body=tcp).execute()["tcpCheck"] == {"port": 443}
    assert refusal(checks.create(parent=NAME, body={**tcp, "tcpCheck": {}})) == 400


def test_the_kinds_of_channels_are_described(projects: Any) -> None:
    described = projects.notificationChannelDescriptors()
    found = described.list(name=NAME).execute()["channelDescriptors"]
    assert {"email", "pubsub", "webhook_tokenauth"} <= {each["type"] for each in found}
    [email] = [each for each in found if each["type"] == "email"]
    assert described.get(name=email["name"]).execute() == email
    assert [label["key"] for label in email["labels"]] == ["email_address"]
    assert refusal(described.get(name=f"{email['name']}s")) == 404
