"""Cloud Monitoring's time series of calls that the local Gemini API has answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build

from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, LocalCloud
from tests.cloud.test_generativelanguage import FLASH, GEMINI, PRO, TO_GEMINI, ask, made_key, made_project

PROJECT = "gemini-metrics"
CALLS = 'metric.type = "serviceruntime.googleapis.com/api/request_count"'
OF_KEYS = f'{CALLS} AND resource.type = "consumed_api" AND resource.labels.service = "{GEMINI}"'
BY_KEY = "resource.labels.credential_id"
NOW = datetime.now(UTC)
HOURS = {
    "interval.startTime": (NOW - timedelta(hours=1)).isoformat(),
    "interval.endTime": (NOW + timedelta(minutes=30)).isoformat(),
}
SUM: dict[str, Any] = {
    "aggregation.alignmentPeriod": "3600s",
    "aggregation.perSeriesAligner": "ALIGN_SUM",
    "aggregation.crossSeriesReducer": "REDUCE_SUM",
}


@dataclass(frozen=True)
class Used:
    """A paid project with two keys: one made three calls, of which one was refused, the other one."""

    number: str
    busy: str
    quiet: str
    strings: tuple[str, str]


@pytest.fixture(scope="module")
def used(cloud: LocalCloud) -> Iterator[Used]:
    number = made_project(cloud, PROJECT, account=ACCOUNT)
    strings = made_key(cloud, PROJECT, TO_GEMINI), made_key(cloud, PROJECT, TO_GEMINI)
    keys = cloud.call("apikeys", "GET", f"v2/projects/{PROJECT}/locations/global/keys")["keys"]
    by_string = {
        cloud.call("apikeys", "GET", f"v2/{key['name']}/keyString")["keyString"]: key["uid"] for key in keys
    }
    busy, quiet = (by_string[string] for string in strings)
    ask(cloud, strings[0])
    ask(cloud, strings[0], PRO)
    ask(cloud, strings[0], "gemini-0-none", status=404)
    ask(cloud, strings[1])
    yield Used(number, busy, quiet, strings)
    cloud.local("PUT", "clock", {"seconds": 0})
    cloud.local("PUT", "metricsLag", {"seconds": 0})


def listed(
    cloud: LocalCloud, text: str, *, status: int = 200, project: str = PROJECT, **query: Any
) -> dict[str, Any]:
    path = f"v3/projects/{project}/timeSeries"
    return cloud.call("monitoring", "GET", path, status=status, **{"filter": text, **HOURS, **query})


def sums(answer: dict[str, Any], part: str, label: str) -> dict[str, int]:
    """The sum of every series, by a label."""
    found: dict[str, int] = {}
    for series in answer.get("timeSeries", []):
        name = series[part]["labels"][label]
        values = (int(point["value"]["int64Value"]) for point in series["points"])
        found[name] = found.get(name, 0) + sum(values)
    return found


def test_googles_client_counts_the_calls_of_each_key(cloud: LocalCloud, used: Used) -> None:
    client = build(
        "monitoring",
        "v3",
        credentials=CREDENTIALS,
        client_options=ClientOptions(api_endpoint=cloud.url("monitoring")),
    )
    answer = (
        client.projects()
        .timeSeries()
        .list(
            name=f"projects/{used.number}",
            filter=f'{OF_KEYS} AND {BY_KEY} = one_of("apikey:{used.busy}", "apikey:none")',
            interval_startTime=HOURS["interval.startTime"],
            interval_endTime=HOURS["interval.endTime"],
            aggregation_alignmentPeriod="3600s",
            aggregation_perSeriesAligner="ALIGN_SUM",
            aggregation_crossSeriesReducer="REDUCE_SUM",
            aggregation_groupByFields=[BY_KEY, "metric.label.response_code_class"],
        )
        .execute()
    )
    found = {
        (series["resource"]["labels"]["credential_id"], series["metric"]["labels"]["response_code_class"]): [
            point["value"]["int64Value"] for point in series["points"]
        ]
        for series in answer["timeSeries"]
    }
    assert found == {(f"apikey:{used.busy}", "2xx"): ["2"], (f"apikey:{used.busy}", "4xx"): ["1"]}
    [point] = answer["timeSeries"][0]["points"]
    # A period ends where the interval does.
    assert datetime.fromisoformat(point["interval"]["endTime"]) == NOW + timedelta(minutes=30)


def test_a_raw_series_has_every_label_and_a_point_a_minute(cloud: LocalCloud, used: Used) -> None:
    [series] = listed(cloud, f'{OF_KEYS} {BY_KEY}="apikey:{used.quiet}"')["timeSeries"]
    assert series["resource"]["labels"] == {
        "project_id": PROJECT,
        "service": GEMINI,
        "method": "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent",
        "version": "v1beta",
        "location": "global",
        "credential_id": f"apikey:{used.quiet}",
    }
    assert series["metric"]["labels"]["response_code"] == "200"
    assert (series["metricKind"], series["valueType"], len(series["points"])) == ("DELTA", "INT64", 1)


@pytest.mark.usefixtures("used")
def test_tokens_and_requests_are_counted_by_model_in_the_tier_of_the_call(cloud: LocalCloud) -> None:
    requests = f"{GEMINI}/quota/generate_requests_per_model/usage"
    [flash, pro] = listed(cloud, f'metric.type="{requests}"')["timeSeries"]
    assert flash["metric"]["labels"]["limit_name"] == "GenerateRequestsPerMinutePerProjectPerModel"
    assert sums({"timeSeries": [flash, pro]}, "metric", "model") == {FLASH: 2, PRO: 1}
    tokens = f"{GEMINI}/quota/generate_content_paid_tier_input_token_count/usage"
    assert sums(listed(cloud, f'metric.type="{tokens}"'), "metric", "model") == {FLASH: 18, PRO: 9}
    output = f"{GEMINI}/generate_content_usage_output_token_count"
    by_model: dict[str, Any] = {**SUM, "aggregation.groupByFields": "metric.labels.model"}
    counted = sums(listed(cloud, f'metric.type="{output}"', **by_model), "metric", "model")
    assert counted == {FLASH: 2 * counted[PRO], PRO: counted[PRO]}
    for other in ("generate_content_free_tier_requests", "generate_content_paid_tier_2_requests"):
        assert listed(cloud, f'metric.type="{GEMINI}/quota/{other}/usage"') == {}


def test_points_come_in_pages_newest_first_and_headers_without_points(cloud: LocalCloud, used: Used) -> None:
    cloud.local("PUT", "clock", {"seconds": 86_400})
    ask(cloud, used.strings[1])
    days: dict[str, Any] = {
        "interval.startTime": (NOW - timedelta(days=1)).isoformat(),
        "interval.endTime": (NOW + timedelta(days=2)).isoformat(),
        "aggregation.alignmentPeriod": "3600s",
        "aggregation.perSeriesAligner": "ALIGN_RATE",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
        "aggregation.groupByFields": BY_KEY,
    }
    of_quiet = f'{OF_KEYS} AND {BY_KEY}="apikey:{used.quiet}"'
    first = listed(cloud, of_quiet, **days, pageSize=1)
    second = listed(cloud, of_quiet, **days, pageSize=1, pageToken=first["nextPageToken"])
    assert "nextPageToken" not in second
    [[newer], [older]] = ([page["timeSeries"][0]["points"][0]] for page in (first, second))
    assert newer["interval"]["startTime"] > older["interval"]["startTime"]
    assert newer["value"]["doubleValue"] == pytest.approx(1 / 3600)
    headers = listed(cloud, OF_KEYS, **days, view="HEADERS")["timeSeries"]
    assert len(headers) == 2
    assert not any("points" in series for series in headers)
    cloud.local("PUT", "clock", {"seconds": 0})


@pytest.mark.usefixtures("used")
def test_points_can_be_late(cloud: LocalCloud) -> None:
    cloud.local("PUT", "metricsLag", {"seconds": 7200})
    assert listed(cloud, OF_KEYS) == {}
    cloud.local("PUT", "metricsLag", {"seconds": 0})
    assert listed(cloud, OF_KEYS)["timeSeries"]


@pytest.mark.parametrize(
    ("text", "query", "status", "words"),
    [
        ('resource.type="consumed_api"', {}, 400, 'a restriction on "metric.type"'),
        (f'{CALLS} AND resource.type="gae_app"', {}, 400, "valid combination of metric and monitored"),
        (f'{CALLS} AND metric.labels.model="x"', {}, 400, "metric.labels.model is no label"),
        (f'{CALLS} AND {BY_KEY} "x"', {}, 400, "Unparseable filter"),
        (f'{CALLS} AND {BY_KEY}="x', {}, 400, "Unparseable filter"),
        ('metric.type="custom.googleapis.com/none"', {}, 404, "Cannot find metric(s) that match"),
        (CALLS, {"interval.startTime": ""}, 400, "interval.start_time"),
        (CALLS, {"interval.endTime": HOURS["interval.startTime"]}, 400, "interval.end_time"),
        (CALLS, {**SUM, "aggregation.alignmentPeriod": "30s"}, 400, "alignment_period"),
        (CALLS, {**SUM, "aggregation.perSeriesAligner": "ALIGN_NONE"}, 400, "cross_series_reducer"),
        (CALLS, {**SUM, "aggregation.groupByFields": "metric.labels.x"}, 400, "group_by_fields"),
        (f'{CALLS} AND ({BY_KEY}="x" OR {BY_KEY}="y")', {}, 501, "does not implement"),
        (f'{CALLS} AND {BY_KEY}!="x"', {}, 501, "does not implement"),
        (f'{CALLS} AND {BY_KEY}=starts_with("x")', {}, 501, "does not implement"),
        (CALLS, {**SUM, "aggregation.perSeriesAligner": "ALIGN_MEAN"}, 501, "does not implement"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_not_ignored(
    cloud: LocalCloud, text: str, query: dict[str, str], status: int, words: str
) -> None:
    made = {"project": "sandbox-seed", **query}
    assert words in listed(cloud, text, status=status, **made)["error"]["message"]


class Written:
    """A custom metric of the seed project."""

    def __init__(self, cloud: LocalCloud, name: str) -> None:
        self.cloud, self.type = cloud, f"custom.googleapis.com/{name}"

    def write(
        self,
        seconds: int,
        value: dict[str, Any],
        kind: str = "GAUGE",
        start: int | None = None,
        status: int = 200,
    ) -> dict[str, Any]:
        """Write a point that ends so many seconds after the beginning of the run."""
        interval = {"endTime": (NOW + timedelta(seconds=seconds)).isoformat()}
        if start is not None:
            interval["startTime"] = (NOW + timedelta(seconds=start)).isoformat()
        series = {
            "metric": {"type": self.type, "labels": {"project": "a"}},
            "resource": {"type": "global"},
            "metricKind": kind,
            "points": [{"interval": interval, "value": value}],
        }
        path = "v3/projects/sandbox-seed/timeSeries"
        return self.cloud.call("monitoring", "POST", path, {"timeSeries": [series]}, status=status)

    def read(self, **query: Any) -> tuple[str, list[Any]]:
        """The kind of its series, and the values of its points, newest first."""
        text = f'metric.type="{self.type}" AND resource.type="global"'
        [series] = listed(self.cloud, text, project="sandbox-seed", **query)["timeSeries"]
        return series["metricKind"], [next(iter(point["value"].values())) for point in series["points"]]


def test_written_points_come_back_as_they_are(cloud: LocalCloud) -> None:
    gauge = Written(cloud, "test/gauge")
    gauge.write(0, {"doubleValue": 1.5})
    gauge.write(5, {"doubleValue": 2})
    # Two in a minute stay two.
    assert gauge.read() == ("GAUGE", [2.0, 1.5])
    for change, words in (
        ({"seconds": 7, "value": {"doubleValue": 3}}, "more frequently"),
        ({"seconds": -60, "value": {"doubleValue": 3}}, "in order"),
        ({"seconds": 20, "value": {"int64Value": "3"}}, "must be DOUBLE"),
        ({"seconds": 20, "value": {"doubleValue": 3}, "kind": "CUMULATIVE", "start": 0}, "must be GAUGE"),
        ({"seconds": 20, "value": {"doubleValue": 3}, "kind": "DELTA", "start": 0}, "GAUGE or CUMULATIVE"),
        ({"seconds": 20, "value": {"doubleValue": 3}, "start": 0}, "must equal the end time"),
    ):
        assert words in gauge.write(**change, status=400)["error"]["message"]  # type: ignore[arg-type]


def test_a_cumulative_series_is_what_it_has_grown_by(cloud: LocalCloud) -> None:
    written = Written(cloud, "test/sum")
    refused = written.write(0, {"int64Value": "1"}, "CUMULATIVE", status=400)
    assert "must be before the end time" in refused["error"]["message"]
    # It begins anew after 120 seconds.
    for end, start, value in ((60, 0, "10"), (120, 0, "25"), (180, 121, "4")):
        written.write(end, {"int64Value": value}, "CUMULATIVE", start)
    assert written.read() == ("CUMULATIVE", ["4", "25", "10"])
    delta: dict[str, Any] = {
        "aggregation.alignmentPeriod": "3600s",
        "aggregation.perSeriesAligner": "ALIGN_DELTA",
    }
    assert written.read(**delta) == ("DELTA", ["19"])
    rate = {**delta, "aggregation.perSeriesAligner": "ALIGN_RATE"}
    assert written.read(**rate) == ("GAUGE", [pytest.approx(19 / 3600)])


def test_thoughts_streams_and_searches_have_series_of_their_own(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-thinks", account=ACCOUNT)
    key = made_key(cloud, "gemini-thinks", TO_GEMINI)
    model = "gemini-3.8-flash"
    body = {
        "contents": [{"parts": [{"text": "Think with 10 tokens. Search with 3 queries."}]}],
        "tools": [{"googleSearch": {}}],
    }
    ask(cloud, key, model, body=body)
    ask(cloud, key, model)
    path = f"v1/models/{model}:streamGenerateContent"
    streamed = cloud.request(
        "generativelanguage", "POST", path, json=body, headers={"X-Goog-Api-Key": key}, params={"alt": "sse"}
    )
    assert streamed.headers["content-type"] == "text/event-stream"
    pieces = cloud.request(
        "generativelanguage", "POST", path, json=body, headers={"X-Goog-Api-Key": key}
    ).json()
    assert pieces[-1]["candidates"][0]["finishReason"] == "STOP"
    of_project: dict[str, Any] = {"project": "gemini-thinks"}
    output = f'metric.type="{GEMINI}/generate_content_usage_output_token_count"'
    assert sums(listed(cloud, output, **of_project), "metric", "thinking_enabled") == {
        "true": 3 * (10 + 17),
        "false": 17,
    }
    requests = f'metric.type="{GEMINI}/quota/generate_requests_per_model/usage"'
    service = "google.ai.generativelanguage.v1beta.GenerativeService"
    assert sums(listed(cloud, requests, **of_project), "metric", "method") == {
        f"{service}.GenerateContent": 2,
        f"{service}.StreamGenerateContent": 2,
    }
    searches = f'metric.type="{GEMINI}/quota/generate_content_search_request_usage/usage"'
    assert sums(listed(cloud, searches, **of_project), "metric", "model") == {model: 3}


def test_a_project_without_the_api_has_no_series(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-unwatched")
    path = "v1/projects/gemini-unwatched/services/monitoring.googleapis.com:disable"
    cloud.call("serviceusage", "POST", path, {"checkIfServiceHasUsage": "SKIP"})
    refused = listed(cloud, OF_KEYS, project="gemini-unwatched", status=403)["error"]
    assert refused["details"][0]["reason"] == "SERVICE_DISABLED"
