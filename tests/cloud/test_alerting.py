"""Alert policies fire on the series of the local cloud, by its clock."""

from typing import Any

import pytest

from landing_zone.gemini.metrics import CALLS
from sandbox.cloud.monitoring import promql
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import FLASH, TO_GEMINI, ask, limit_to, made_key, made_project
from tests.cloud.test_money_in_time import advance

RATE = {
    "alignmentPeriod": "300s",
    "perSeriesAligner": "ALIGN_RATE",
    "crossSeriesReducer": "REDUCE_SUM",
}
MINUTES = '{monitored_resource="generativelanguage.googleapis.com/Location",limit_name=~".*PerMinute.*"}'
METRIC = "generativelanguage_googleapis_com:quota_"
TOKENS_OF_FREE = f"{METRIC}generate_content_free_tier_input_token_count_usage{MINUTES}"
TOKENS = f"{METRIC}generate_content_paid_tier_input_token_count_usage{MINUTES}"
SHARE = (
    f"60 * sum by (model, limit_name) (rate({METRIC}generate_requests_per_model_usage{MINUTES}[5m])) / "
    f"max by (model, limit_name) ({METRIC}generate_requests_per_model_limit{MINUTES}) > 0.15"
)
"""Of the form that the components write."""
RUNS = "custom.googleapis.com/gemini_guard/runs"


@pytest.fixture(scope="module", autouse=True)
def december(cloud: LocalCloud) -> None:
    """The clock is held in December."""
    cloud.local("PUT", "clock", {"now": "2026-12-01T09:00:00Z", "hold": True})


def policy(cloud: LocalCloud, project: str, condition: dict[str, Any], **more: Any) -> str:
    """An alert policy of a project that mails to its own address; returns its name."""
    email = {"type": "email", "labels": {"email_address": f"{project}@example.com"}, "displayName": "x"}
    channel = cloud.call("monitoring", "POST", f"v3/projects/{project}/notificationChannels", email)["name"]
    body = {
        "displayName": "alert",
        "combiner": "OR",
        "conditions": [{"displayName": "condition", **condition}],
        "notificationChannels": [channel],
        **more,
    }
    return str(cloud.call("monitoring", "POST", f"v3/projects/{project}/alertPolicies", body)["name"])


def query(text: str, duration: str = "0s") -> dict[str, Any]:
    body = {"query": text, "duration": duration, "evaluationInterval": "60s"}
    return {"conditionPrometheusQueryLanguage": body}


def incidents(cloud: LocalCloud, name: str) -> list[tuple[str, str | None]]:
    """When the incidents of a policy opened and closed, without the date."""
    found = [each for each in cloud.local("GET", "alerts")["incidents"] if each["policy"] == name]
    return [(each["opened"][11:-1], each["closed"] and each["closed"][11:-1]) for each in found]


def moved_to(cloud: LocalCloud, moment: str) -> None:
    cloud.local("PUT", "clock", {"now": f"2026-12-{moment}Z"})


def test_refusals_open_an_incident_that_closes_by_itself(cloud: LocalCloud) -> None:
    moved_to(cloud, "02T09:00:10")
    made_project(cloud, "acme-refused", account=ACCOUNT)
    key = made_key(cloud, "acme-refused", TO_GEMINI)
    threshold = {
        "filter": f'{CALLS} AND metric.label.response_code="429"',
        "aggregations": [RATE],
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "thresholdValue": 1 / 60,
    }
    name = policy(
        cloud,
        "acme-refused",
        {"conditionThreshold": threshold},
        severity="CRITICAL",
        alertStrategy={"autoClose": "1800s"},
    )
    ask(cloud, key)
    advance(cloud, minutes=5)
    assert incidents(cloud, name) == []
    limit_to(cloud, "acme-refused", "generate_requests_per_model", 0, FLASH)
    for _ in range(6):
        ask(cloud, key, status=429)
    advance(cloud, hours=2)
    # The last value above the threshold is that of 09:10, and without data an incident stays for half an hour.
    assert incidents(cloud, name) == [("09:06:00", "09:40:00")]
    sent = [
        mail for mail in cloud.local("GET", "mails")["mails"] if mail["to"] == ["acme-refused@example.com"]
    ]
    assert [mail["subject"] for mail in sent] == ["[ALERT - CRITICAL] alert", "[RESOLVED - CRITICAL] alert"]
    assert sent[0]["why"]["value"] == pytest.approx(6 / 300)


def test_a_share_of_failures_is_seen_against_all_calls(cloud: LocalCloud) -> None:
    moved_to(cloud, "03T09:00:10")
    made_project(cloud, "acme-share", account=ACCOUNT)
    key = made_key(cloud, "acme-share", TO_GEMINI)
    threshold = {
        "filter": f'{CALLS} AND metric.label.response_code_class="4xx"',
        "denominatorFilter": CALLS,
        "aggregations": [RATE],
        "denominatorAggregations": [RATE],
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "thresholdValue": 0.5,
    }
    name = policy(cloud, "acme-share", {"conditionThreshold": threshold})
    ask(cloud, key)
    ask(cloud, key, "gemini-0-none", status=404)
    advance(cloud, minutes=3)
    assert incidents(cloud, name) == []
    ask(cloud, key, "gemini-0-none", status=404)
    advance(cloud, minutes=1)
    assert incidents(cloud, name) == [("09:04:00", None)]


def test_a_rate_must_last_for_the_duration(cloud: LocalCloud) -> None:
    moved_to(cloud, "04T09:00:10")
    made_project(cloud, "acme-rate", account=ACCOUNT)
    text = f"sum(60 * (sum by (model) (rate({TOKENS_OF_FREE}[5m])) or sum by (model) (rate({TOKENS}[5m])))) > 1000"
    name = policy(cloud, "acme-rate", query(text, "300s"))

    def use() -> None:
        body = {"project": "acme-rate", "model": FLASH, "input": {"TEXT": 6000}}
        cloud.local("POST", "usage", body)

    use()
    advance(cloud, minutes=20)
    assert incidents(cloud, name) == []
    for _ in range(10):
        use()
        advance(cloud, minutes=1)
    advance(cloud, minutes=20)
    assert incidents(cloud, name) == [("09:26:00", "09:35:00")]


def test_a_limit_that_is_nearly_used_up_is_seen(cloud: LocalCloud) -> None:
    moved_to(cloud, "05T09:00:10")
    made_project(cloud, "acme-quota", account=ACCOUNT)
    key = made_key(cloud, "acme-quota", TO_GEMINI)
    name = policy(cloud, "acme-quota", query(SHARE))
    limit_to(cloud, "acme-quota", "generate_requests_per_model", 5, FLASH)
    for _ in range(3):
        ask(cloud, key)
    advance(cloud, minutes=2)
    assert incidents(cloud, name) == []
    ask(cloud, key)
    advance(cloud, minutes=10)
    assert incidents(cloud, name) == [("09:03:00", "09:06:00")]


def write_run(cloud: LocalCloud, moment: str, project: str = "acme-chat", value: int = 1) -> None:
    series = {
        "metric": {"type": RUNS, "labels": {"project": project, "stack": "prod"}},
        "resource": {"type": "global", "labels": {"project_id": "acme-guard"}},
        "metricKind": "GAUGE",
        "valueType": "INT64",
        "points": [{"interval": {"endTime": moment}, "value": {"int64Value": str(value)}}],
    }
    cloud.call("monitoring", "POST", "v3/projects/acme-guard/timeSeries", {"timeSeries": [series]})


def test_silence_is_noticed_after_ten_minutes_and_ends_with_the_next_run(cloud: LocalCloud) -> None:
    moved_to(cloud, "06T09:00:00")
    made_project(cloud, "acme-guard", account=ACCOUNT)
    selected = f'metric.type="{RUNS}" AND resource.type="global"'
    absent = policy(cloud, "acme-guard", {"conditionAbsent": {"filter": selected, "duration": "600s"}})
    # What has never been there is not missed by a condition on a metric; PromQL's says so at once.
    selector = 'custom_googleapis_com:gemini_guard_runs{monitored_resource="global",stack="prod"}'
    silent = policy(cloud, "acme-guard", query(f"absent_over_time({selector}[10m])"))
    advance(cloud, minutes=1)
    assert (incidents(cloud, absent), incidents(cloud, silent)) == ([], [("09:00:00", None)])
    write_run(cloud, "2026-12-06T09:01:00Z")
    advance(cloud, minutes=20)
    assert incidents(cloud, absent) == [("09:11:00", None)]
    assert incidents(cloud, silent) == [("09:00:00", "09:02:00"), ("09:11:00", None)]
    write_run(cloud, "2026-12-06T09:21:00Z")
    advance(cloud, minutes=5)
    assert incidents(cloud, absent) == [("09:11:00", "09:22:00")]
    assert incidents(cloud, silent)[1:] == [("09:11:00", "09:22:00")]
    interval: dict[str, Any] = {
        "filter": selected,
        "interval.startTime": "2026-12-06T09:00:00Z",
        "interval.endTime": "2026-12-06T10:00:00Z",
    }
    listed = cloud.call(
        "monitoring",
        "GET",
        "v3/projects/acme-guard/timeSeries",
        **interval,
    )["timeSeries"]
    assert [len(series["points"]) for series in listed] == [2]
    assert listed[0]["metricKind"] == "GAUGE"
    # A policy that is deleted takes its incidents along.
    cloud.call("monitoring", "DELETE", f"v3/{absent}")
    cloud.call("monitoring", "DELETE", f"v3/{silent}")
    advance(cloud, hours=1)
    assert len(incidents(cloud, silent)) == 2


def test_a_project_that_a_guard_cannot_see_is_noticed_though_it_sees_others(cloud: LocalCloud) -> None:
    moved_to(cloud, "06T12:00:00")
    # As the stack's alert has it: components/guard.py.
    runs = 'custom_googleapis_com:gemini_guard_runs{monitored_resource="global",stack="prod"}[10m]'
    each = "sum by (project)"
    silent = policy(
        cloud,
        "acme-guard",
        query(
            f"absent_over_time({runs}) or {each} (count_over_time({runs})) - {each} (sum_over_time({runs})) >= 9"
        ),
    )
    for minute in range(30):
        for project, seen in (("acme-chat", minute >= 5), ("acme-blind", minute < 5 or minute > 25)):
            write_run(cloud, f"2026-12-06T12:{minute:02}:00Z", project, int(seen))
        advance(cloud, minutes=1)
    # Five minutes without a role, as of a new project, are no silence.
    assert incidents(cloud, silent) == [("12:14:00", "12:27:00")]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (
            {"metric": {"type": "x.googleapis.com/y"}},
            400,
            "only metrics that begin with custom.googleapis.com/",
        ),
        ({"points": []}, 400, "only one point"),
        (
            {"points": [{"interval": {"endTime": "2025-01-01T00:00:00Z"}, "value": {"int64Value": "1"}}]},
            400,
            "too far",
        ),
        ({"points": [{"interval": {}, "value": {"int64Value": "1"}}]}, 400, "end_time"),
        ({"points": [{"interval": {}, "value": {"stringValue": "x"}}]}, 501, "does not implement"),
    ],
)
def test_points_that_google_refuses_are_refused(
    cloud: LocalCloud, change: dict[str, Any], status: int, words: str
) -> None:
    series = {"metric": {"type": RUNS}, "points": [], **change}
    refused = cloud.call(
        "monitoring", "POST", "v3/projects/sandbox-seed/timeSeries", {"timeSeries": [series]}, status=status
    )
    assert words in refused["error"]["message"]


def test_what_is_not_evaluated_is_said(cloud: LocalCloud) -> None:
    made_project(cloud, "acme-other", account=ACCOUNT)
    policy(cloud, "acme-other", query("histogram_quantile(0.9, x) > 1"))
    log = {"conditionMatchedLog": {"filter": "severity>=ERROR"}}
    strategy = {"notificationRateLimit": {"period": "300s"}}
    policy(cloud, "acme-other", log, alertStrategy=strategy)
    advance(cloud, minutes=1)
    found = [each for each in cloud.local("GET", "alerts")["notEvaluated"] if "acme-other" in each["policy"]]
    assert [each["why"] for each in found] == ["histogram_quantile()", "conditionMatchedLog"]


SAMPLES: promql.Samples = [
    (frozenset({("model", "a"), ("kind", "x")}), [30.0, 30.0]),
    (frozenset({("model", "b"), ("kind", "x")}), [5.0]),
    (frozenset({("model", "b"), ("kind", "y")}), [1.0]),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(rate(m[1m]))", {"": 66 / 60}),
        ("sum by (model) (sum_over_time(m[5m]))", {"a": 60, "b": 6}),
        ("max by (model) (m)", {"a": 30, "b": 5}),
        ('sum by (model) (m{kind="x",model!~"a.*"})', {"b": 5}),
        ("sum by (model) (m) / sum by (model) (sum_over_time(m[5m])) < 0.6", {"a": 0.5}),
        ("2 * (sum by (model) (m) + 1) >= 14", {"a": 62, "b": 14}),
        ("sum by (model) (m > 4) or count by (model) (m)", {"a": 30, "b": 5}),
        ("absent_over_time(m[5m])", {}),
        ('absent_over_time(m{kind="z"}[5m])', {"": 1}),
    ],
)
def test_promql_is_read_as_prometheus_reads_it(text: str, expected: dict[str, float]) -> None:
    found = promql.parse(text).run(lambda _name, _seconds: SAMPLES)
    assert isinstance(found, dict)
    assert {dict(labels).get("model", ""): value for labels, value in found.items()} == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    "text", ["sum(", "topk(3, m)", "sum without (a) (m)", "m offset 5m", "m[5m]", "rate(m)", "1 > 2 3", "@"]
)
def test_other_promql_is_not_guessed(text: str) -> None:
    with pytest.raises(promql.NotReadError):
        promql.parse(text)
