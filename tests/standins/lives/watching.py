"""Channels, alert policies and dashboards."""

import json

from tests.standins.lives.life import HOME, Life

_CALLS = 'metric.type="serviceruntime.googleapis.com/api/request_count" AND resource.type="consumed_api"'
_RATE = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}
_THRESHOLD = {
    "filter": _CALLS,
    "comparison": "COMPARISON_GT",
    "duration": "60s",
    "thresholdValue": 1,
    "aggregations": [_RATE],
}


def _threshold(**changed: object) -> dict[str, object]:
    merged = {name: value for name, value in {**_THRESHOLD, **changed}.items() if value is not None}
    return {"conditions": [{"displayName": "Calls", "conditionThreshold": merged}]}


def _dashboard(title: str, **more: object) -> str:
    return json.dumps(
        {
            "displayName": title,
            "gridLayout": {"columns": "2", "widgets": [{"text": {"content": "x"}}]},
            **more,
        }
    )


WATCHING = (
    Life(
        type="monitoring/notificationChannel:NotificationChannel",
        inputs={
            "project": HOME,
            "type": "email",
            "displayName": "On call",
            "labels": {"email_address": "oncall@example.com"},
        },
        updates=(
            {"displayName": "On call, day and night"},
            {"labels": {"email_address": "chat@example.com"}},
            {"description": "Who is called"},
            {"enabled": False},
            {"enabled": True},
            {"userLabels": {"team": "chat"}},
            {"userLabels": None, "description": None, "displayName": None},
            {"forceDelete": True},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
            {
                "type": "slack",
                "labels": {"channel_name": "#gemini"},
                "sensitiveLabels": {"authToken": "first-token"},
            },
            {"sensitiveLabels": {"authToken": "second-token"}},
        ),
        bad=(
            {"type": "carrier-pigeon"},
            {"type": ""},
            {"labels": {"email_address": "nobody"}},
            {"labels": {}},
            {"labels": {"colour": "blue"}},
            {"labels": None},
            {"labels": {"auth_token": "a"}, "sensitiveLabels": {"authToken": "b"}},
            {"sensitiveLabels": {}},
            {"sensitiveLabels": {"authToken": "a", "password": "b"}},
            {"sensitiveLabels": {"authTokenWo": "a"}},
            {"displayName": "x" * 513},
            {"userLabels": {"Team": "chat"}},
            {"project": "none-such-project"},
            {"name": "mine"},
        ),
    ),
    Life(
        type="monitoring/alertPolicy:AlertPolicy",
        inputs={
            "project": HOME,
            "displayName": "Calls",
            "combiner": "OR",
            **_threshold(),
            "documentation": {"content": "See the page."},
        },
        updates=(
            {"displayName": "Too many calls"},
            {"combiner": "AND"},
            {"enabled": False},
            {"enabled": True},
            _threshold(thresholdValue=2.5),
            _threshold(trigger={"count": 2}),
            _threshold(trigger={"percent": 50}),
            _threshold(comparison="COMPARISON_LT", duration="0s"),
            _threshold(denominatorFilter=_CALLS, denominatorAggregations=[_RATE]),
            _threshold(evaluationMissingData="EVALUATION_MISSING_DATA_INACTIVE"),
            _threshold(
                aggregations=[
                    {**_RATE, "crossSeriesReducer": "REDUCE_SUM", "groupByFields": ["resource.label.method"]}
                ]
            ),
            {
                "conditions": [
                    {
                        "displayName": "PromQL",
                        "conditionPrometheusQueryLanguage": {"query": "up > 1", "duration": "60s"},
                    },
                    {
                        "displayName": "Absence",
                        "conditionAbsent": {"filter": _CALLS, "duration": "120s", "aggregations": [_RATE]},
                    },
                ]
            },
            {
                "conditions": [
                    {"displayName": "Log", "conditionMatchedLog": {"filter": 'severity="ERROR"'}},
                ],
                "alertStrategy": {"notificationRateLimit": {"period": "300s"}},
            },
            {"alertStrategy": {"notificationRateLimit": {"period": "600s"}, "autoClose": "3600s"}},
            {"alertStrategy": None, **_threshold()},
            {"documentation": {"content": "See another page.", "subject": "Calls"}},
            {
                "documentation": {
                    "content": "x",
                    "links": [{"displayName": "page", "url": "https://example.com"}],
                }
            },
            {"documentation": None},
            {"userLabels": {"team": "chat"}},
            {"userLabels": None},
            {"severity": "ERROR"},
            {"severity": None},
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
        ),
        bad=(
            {"combiner": "XOR"},
            {"combiner": ""},
            {"conditions": []},
            {"conditions": [{"displayName": "Nothing"}]},
            {"conditions": [{"conditionThreshold": _THRESHOLD}]},
            _threshold(comparison=None),
            _threshold(comparison="COMPARISON_MORE"),
            _threshold(duration=None),
            _threshold(duration="90 minutes"),
            _threshold(filter="nonsense ="),
            _threshold(filter=None),
            _threshold(aggregations=[{"perSeriesAligner": "ALIGN_ALL"}]),
            _threshold(trigger={"count": "many"}),
            {"documentation": {}},
            {"notificationChannels": ["none"]},
            {"severity": "BAD"},
            {"alertStrategy": {"notificationPrompts": ["MAYBE"]}},
            {"userLabels": {"Team": "chat"}},
            {"project": "none-such-project"},
            {"creationRecords": []},
        ),
    ),
    Life(
        type="monitoring/dashboard:Dashboard",
        inputs={"project": HOME, "dashboardJson": _dashboard("Gemini")},
        updates=(
            {"dashboardJson": _dashboard("Gemini & others")},
            {"dashboardJson": _dashboard("Gemini", labels={"team": "chat"})},
            {
                "dashboardJson": json.dumps(
                    {"displayName": "Gemini", "mosaicLayout": {"columns": 12, "tiles": []}}
                )
            },
            {"deletionPolicy": "PREVENT"},
            {"deletionPolicy": None},
        ),
        bad=(
            {"dashboardJson": "{"},
            {"dashboardJson": ""},
            {"dashboardJson": "[]"},
            {"dashboardJson": "null"},
            {"dashboardJson": "12"},
            {"dashboardJson": '{"displayName": }'},
            {"dashboardJson": "{'displayName': 'x'}"},
            {"dashboardJson": json.dumps({"displayName": ""})},
            {"dashboardJson": json.dumps({"colour": "blue"})},
            {"dashboardJson": json.dumps({"displayName": "x", "gridLayout": {"widgets": [{"colour": 1}]}})},
            {"project": "none-such-project"},
        ),
    ),
)
