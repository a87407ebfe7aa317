"""Cloud Monitoring: what channels, alert policies and dashboards must have, and what Google gives back of them."""

from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

CHANNELS = "v3/projects/sandbox-seed/notificationChannels"
POLICIES = "v3/projects/sandbox-seed/alertPolicies"
DASHBOARDS = "v1/projects/sandbox-seed/dashboards"
CALLS = 'metric.type="serviceruntime.googleapis.com/api/request_count" AND resource.type="consumed_api"'


@pytest.mark.parametrize(
    ("kind", "labels", "secret"),
    [
        ("slack", {"channel_name": "#alerts"}, "auth_token"),
        ("pagerduty", {}, "service_key"),
        ("webhook_basicauth", {"url": "https://example.com/hook", "username": "gemini"}, "password"),
    ],
)
def test_a_channels_secret_is_needed_and_never_shown(
    cloud: LocalCloud, kind: str, labels: dict[str, str], secret: str
) -> None:
    body = {"type": kind, "labels": labels}
    refused = cloud.call("monitoring", "POST", CHANNELS, body, status=400)["error"]
    assert refused["message"] == f"Request was missing field notification_channel.labels[{secret}]"
    body["labels"] = {**labels, secret: "hunter2-and-more"}
    made = cloud.call("monitoring", "POST", CHANNELS, body)
    for shown in (made, cloud.call("monitoring", "GET", f"v3/{made['name']}")):
        assert set(shown["labels"][secret]) == {"*"}
        assert shown["labels"].items() >= labels.items()
    # What a mask does not name stays, the secret as well.
    cloud.call("monitoring", "PATCH", f"v3/{made['name']}", {"displayName": "x"}, updateMask="displayName")
    journal = cloud.local("GET", "requests")["requests"]
    assert "hunter2-and-more" not in str(journal)


@pytest.mark.parametrize(
    ("kind", "labels", "field"),
    [
        ("pigeon", {}, "type"),
        ("sms", {"number": "home"}, "labels[number]"),
        ("pubsub", {"topic": "alerts"}, "labels[topic]"),
        ("webhook_tokenauth", {"url": "example.com"}, "labels[url]"),
        ("email", {"email_address": "a@b.io", "number": "1"}, "labels[number]"),
        ("slack", {"channel_name": "#a", "auth_token": ""}, "labels[auth_token]"),
    ],
)
def test_a_channel_that_reaches_nobody_is_refused(
    cloud: LocalCloud, kind: str, labels: dict[str, str], field: str
) -> None:
    error = cloud.call("monitoring", "POST", CHANNELS, {"type": kind, "labels": labels}, status=400)["error"]
    assert f"Field notification_channel.{field} " in error["message"]


def policy(*conditions: dict[str, Any], **others: Any) -> dict[str, Any]:
    named = [{"displayName": f"condition {index}", **each} for index, each in enumerate(conditions)]
    return {"displayName": "p", "combiner": "OR", "conditions": named, **others}


MQL = {"conditionMonitoringQueryLanguage": {"query": "fetch consumed_api", "duration": "60s"}}
PROMQL = {"conditionPrometheusQueryLanguage": {"query": "up > 1", "evaluationInterval": "30s"}}
ABSENT = {
    "conditionAbsent": {
        "filter": CALLS,
        "duration": "120s",
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}],
    }
}
LOG = {"conditionMatchedLog": {"filter": "severity>=ERROR", "labelExtractors": {"user": "EXTRACT(user)"}}}
RATE_LIMIT = {"notificationRateLimit": {"period": "300s"}}
THRESHOLD = {"filter": CALLS, "comparison": "COMPARISON_GT", "duration": "0s"}


@pytest.mark.parametrize(
    "body",
    [
        policy(MQL, severity="ERROR", userLabels={"team": "chat"}),
        policy(PROMQL, ABSENT, alertStrategy={"autoClose": "1800s", "notificationPrompts": ["OPENED"]}),
        policy(LOG, alertStrategy=RATE_LIMIT, documentation={"content": "c", "subject": "s"}),
    ],
)
def test_policies_of_every_kind_are_kept_as_they_were_given(cloud: LocalCloud, body: dict[str, Any]) -> None:
    made = cloud.call("monitoring", "POST", POLICIES, body)
    conditions = [{**each, "name": ""} for each in made.pop("conditions")]
    assert conditions == [{**each, "name": ""} for each in body["conditions"]]
    assert made.items() >= {name: value for name, value in body.items() if name != "conditions"}.items()
    changed = cloud.call(
        "monitoring", "PATCH", f"v3/{made['name']}", {"severity": "WARNING"}, updateMask="severity"
    )
    assert (changed["severity"], changed.get("alertStrategy")) == ("WARNING", body.get("alertStrategy"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (policy(MQL, ABSENT), "condition_monitoring_query_language"),
        (policy(LOG), "notification_rate_limit"),
        (policy(ABSENT, alertStrategy=RATE_LIMIT), "notification_rate_limit"),
        (policy({"conditionAbsent": {"filter": CALLS, "duration": "60s"}}), "condition_absent.duration"),
        (policy({"conditionPrometheusQueryLanguage": {"duration": "60s"}}), "query"),
        (
            policy({"conditionPrometheusQueryLanguage": {"query": "up", "evaluationInterval": "45s"}}),
            "evaluation_interval",
        ),
        (policy({"conditionThreshold": {**THRESHOLD, "comparison": "COMPARISON_GE"}}), "comparison"),
        (policy({"conditionThreshold": {**THRESHOLD, "duration": "90s"}}), "duration"),
        (policy({"conditionThreshold": THRESHOLD}, userLabels={"Team": "x"}), "user_labels"),
        (policy({"conditionThreshold": THRESHOLD}, alertStrategy={"autoClose": "60s"}), "auto_close"),
        (policy({"conditionThreshold": THRESHOLD}, severity="HIGH"), "severity"),
    ],
)
def test_a_policy_that_google_refuses_names_the_field(
    cloud: LocalCloud, body: dict[str, Any], field: str
) -> None:
    assert field in cloud.call("monitoring", "POST", POLICIES, body, status=400)["error"]["message"]


def chart(**threshold: Any) -> dict[str, Any]:
    series = {"timeSeriesFilter": {"filter": CALLS, "aggregation": {"perSeriesAligner": "ALIGN_NONE"}}}
    return {
        "title": "Calls",
        "xyChart": {
            "dataSets": [{"timeSeriesQuery": series, "plotType": "LINE"}],
            "thresholds": [{"value": 1, **threshold}],
        },
    }


def mosaic(*tiles: tuple[int, int, dict[str, Any]]) -> dict[str, Any]:
    placed = [{"xPos": x, "yPos": y, "width": 24, "height": 16, "widget": widget} for x, y, widget in tiles]
    return {"displayName": "Gemini", "mosaicLayout": {"columns": 48, "tiles": placed}}


SCORE = {"scorecard": {"timeSeriesQuery": {"prometheusQuery": "up"}, "gaugeView": {"upperBound": 1}}}
TEXT = {"text": {"content": "See the runbook.", "format": "MARKDOWN"}}


def test_a_dashboard_comes_back_without_zeros_and_with_what_google_fills_in(cloud: LocalCloud) -> None:
    body = {**mosaic((0, 0, chart()), (24, 0, SCORE), (0, 16, TEXT)), "labels": {"gemini": ""}}
    made = cloud.call("monitoring", "POST", DASHBOARDS, body)
    first, second, third = made["mosaicLayout"]["tiles"]
    assert not first.keys() & {"xPos", "yPos"}
    assert (second["xPos"], third["yPos"]) == (24, 16)
    assert first["widget"]["xyChart"]["dataSets"][0]["targetAxis"] == "Y1"
    assert made["labels"] == {"gemini": ""}
    identifier = made["name"].rpartition("/")[2]
    taken = {**body, "name": f"projects/sandbox-seed/dashboards/{identifier}"}
    cloud.call("monitoring", "POST", DASHBOARDS, taken, status=409)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"gridLayout": {}}, "dashboard.display_name"),
        ({"displayName": "d", "gridLayout": {}, "rowLayout": {}}, "layout"),
        (mosaic((25, 0, TEXT)), "tiles[0].width"),
        (mosaic((0, 0, TEXT), (23, 15, SCORE)), "tiles[1] had an invalid value: it overlaps tiles[0]"),
        (mosaic((0, 0, chart(color="RED"))), "thresholds[0].color"),
        (mosaic((0, 0, {**TEXT, **SCORE})), "oneof"),
        (mosaic((0, 0, {"scorecard": {}})), "scorecard.time_series_query"),
        (mosaic((0, 0, {"xyChart": {"dataSets": []}})), "xy_chart.data_sets"),
        ({"displayName": "d", "mosaicLayout": {"columns": 49}}, "mosaic_layout.columns"),
        ({"displayName": "d", "gridLayout": {"widgets": [{"txt": {}}]}}, "txt"),
    ],
)
def test_a_dashboard_that_google_refuses_names_the_place(
    cloud: LocalCloud, body: dict[str, Any], field: str
) -> None:
    assert field in cloud.call("monitoring", "POST", DASHBOARDS, body, status=400)["error"]["message"]
