"""Cloud Scheduler: schedules, runs by the held clock, retries, and who may do what."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.api_core.client_options import ClientOptions
from googleapiclient.discovery import build
from hypothesis import given
from hypothesis import strategies as st

from sandbox.cloud.cloudscheduler import cron
from tests.cloud.local_cloud import ACCOUNT, CREDENTIALS, LocalCloud
from tests.cloud.receiver import receiver

PROJECT = "gem-scheduler"
JOBS = f"v1/projects/{PROJECT}/locations/us-central1/jobs"
UTC_ZONE, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("America/New_York")
Call = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _project(cloud: LocalCloud) -> None:
    cloud.create_project(PROJECT, account=ACCOUNT)
    for api in ("cloudscheduler", "iam"):
        path = f"v1/projects/{PROJECT}/services/{api}.googleapis.com:enable"
        cloud.call("serviceusage", "POST", path, {})
    cloud.local("PUT", "clock", {"now": "2026-12-01T00:00:30Z", "hold": True})


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("* * * * *", "2026-12-01T00:00:00", "2026-12-01T00:01"),
        ("* * * * *", "2026-12-31T23:59:59", "2027-01-01T00:00"),
        ("*/15 * * * *", "2026-12-01T00:45:00", "2026-12-01T01:00"),
        ("7-59/20 3 * * *", "2026-12-01T03:27:00", "2026-12-01T03:47"),
        ("0 9-17 * * mon-fri", "2026-12-04T17:00:00", "2026-12-07T09:00"),
        ("30 4 1,15 * fri", "2026-12-01T05:00:00", "2026-12-04T04:30"),
        ("0 0 29 2 *", "2026-12-01T00:00:00", "2028-02-29T00:00"),
        ("0 0 * jun 7", "2026-12-01T00:00:00", "2027-06-06T00:00"),
        ("0 0 * * 0", "2026-12-01T00:00:00", "2026-12-06T00:00"),
    ],
)
def test_when_a_schedule_comes_round(text: str, after: str, expected: str) -> None:
    found = cron.parse(text).after(datetime.fromisoformat(f"{after}+00:00"), UTC_ZONE)
    assert found == datetime.fromisoformat(f"{expected}+00:00")


def test_a_schedule_where_the_clocks_change() -> None:
    night = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)  # midnight in New York; 02:00 to 03:00 does not exist
    daily = cron.parse("30 2 * * *")
    assert daily.after(night, NEW_YORK) == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
    repeated = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30 for the first time
    twice = cron.parse("30 1 * * *").after(repeated, NEW_YORK)
    assert twice == repeated + timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "\u0661 * * * *",
        "60 * * * *",
        "* * 0 * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "5/2 * * * *",
        "0 0 31 2 *",
        "a * * * *",
    ],
)
def test_a_bad_schedule_is_refused(text: str) -> None:
    with pytest.raises(cron.ScheduleError):
        cron.parse(text)


@given(
    st.tuples(
        *(st.sets(st.integers(least, most), min_size=1, max_size=4) for _, least, most in cron._FIELDS)
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 made aware below
    st.sampled_from([UTC_ZONE, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_a_schedule_comes_round_as_a_search_minute_by_minute_finds(
    values: tuple[set[int], ...], moment: datetime, zone: ZoneInfo
) -> None:
    fields = [",".join(map(str, sorted(each))) for each in values]
    schedule = cron.parse(" ".join([*fields[:2], "*", "*", "*"]))
    at = moment.replace(tzinfo=UTC)
    expected = at.replace(second=0, microsecond=0)
    while True:
        expected += timedelta(minutes=1)
        local = expected.astimezone(zone)
        if local.minute in values[0] and local.hour in values[1]:
            break
    assert schedule.after(at, zone) == expected


def job(cloud: LocalCloud, name: str, target: Call, **settings: Any) -> Call:
    full = f"projects/{PROJECT}/locations/us-central1/jobs/{name}"
    body = {"name": full, "schedule": "* * * * *", "httpTarget": target, **settings}
    return cloud.call("cloudscheduler", "POST", JOBS, body)


def advance(cloud: LocalCloud, seconds: int) -> None:
    cloud.local("PUT", "clock", {"advanceSeconds": seconds})


def test_a_job_runs_by_the_clock_with_a_token(cloud: LocalCloud) -> None:
    made = cloud.call("iam", "POST", f"v1/projects/{PROJECT}/serviceAccounts", {"accountId": "caller"})
    token = {"serviceAccountEmail": made["email"]}
    with receiver() as endpoint:
        target = {"uri": f"{endpoint.url}/poll", "oidcToken": token, "body": "e30="}
        created = job(cloud, "poll", target)
        assert created["httpTarget"]["oidcToken"]["audience"] == target["uri"]
        assert (created["state"], created["timeZone"]) == ("ENABLED", "Etc/UTC")
        advance(cloud, 180)
        runs = endpoint.taken()
        assert [run.headers["x-cloudscheduler-scheduletime"] for run in runs] == [
            f"2026-12-01T00:0{minute}:00Z" for minute in (1, 2, 3)
        ]
        first = runs[0]
        assert (first.path, first.body, first.headers["x-cloudscheduler"]) == ("/poll", b"{}", "true")
        assert first.headers["x-cloudscheduler-jobname"] == "poll"
        assert first.headers["authorization"].count(".") == 2

        path = f"{JOBS}/poll"
        cloud.call("cloudscheduler", "POST", f"{path}:pause", {})
        cloud.call("cloudscheduler", "POST", f"{path}:pause", {}, status=400)
        advance(cloud, 120)
        assert endpoint.taken() == []
        cloud.call("cloudscheduler", "POST", f"{path}:run", {})
        advance(cloud, 0)
        assert len(endpoint.taken()) == 1
        cloud.call("cloudscheduler", "POST", f"{path}:resume", {})
        patch = {"schedule": "*/10 * * * *", "httpTarget": {**target, "uri": f"{endpoint.url}/slow"}}
        cloud.call("cloudscheduler", "PATCH", path, patch, updateMask="schedule,httpTarget.uri")
        advance(cloud, 600)
        assert [run.path for run in endpoint.taken()] == ["/slow"]
        shown = cloud.call("cloudscheduler", "GET", path)
        assert (shown["status"], shown["httpTarget"]["body"]) == ({}, "e30=")
        cloud.call("cloudscheduler", "DELETE", path)
        advance(cloud, 600)
        assert endpoint.taken() == []


def test_an_attempt_that_fails_is_repeated(cloud: LocalCloud) -> None:
    with receiver() as endpoint:
        endpoint.answers[:] = [500, 503, 500]
        retry = {"retryCount": 2, "minBackoffDuration": "5s", "maxDoublings": 5}
        job(cloud, "retried", {"uri": endpoint.url}, schedule="0 * * * *", retryConfig=retry)
        advance(cloud, 3600)
        assert len(endpoint.taken()) == 3
        status = cloud.call("cloudscheduler", "GET", f"{JOBS}/retried")
        assert status["status"] == {"code": 13}
        advance(cloud, 3600)
        assert len(endpoint.taken()) == 1
        assert cloud.call("cloudscheduler", "GET", f"{JOBS}/retried")["status"] == {}
        cloud.call("cloudscheduler", "DELETE", f"{JOBS}/retried")


def test_bad_jobs_and_callers_without_permission_are_refused(cloud: LocalCloud) -> None:
    name = f"projects/{PROJECT}/locations/us-central1/jobs/bad"
    good = {"name": name, "schedule": "* * * * *", "httpTarget": {"uri": "https://example.com"}}
    bad: list[Call] = [
        {"schedule": "every day"},
        {"timeZone": "Mars/Olympus"},
        {"attemptDeadline": "5s"},
        {"httpTarget": {"uri": "example.com"}},
        {"retryConfig": {"retryCount": 6}},
        {"name": f"projects/{PROJECT}/locations/us-east1/jobs/bad"},
        {"pubsubTarget": {"topicName": f"projects/{PROJECT}/topics/x", "data": "eA=="}},
    ]
    for changes in bad:
        cloud.call("cloudscheduler", "POST", JOBS, {**good, **changes}, status=400)
    cloud.local("PUT", "identities", {"identities": {"ann": {"member": "user:ann@example.com"}}})
    error = cloud.call("cloudscheduler", "POST", JOBS, good, token="ann", status=403)["error"]
    assert '"cloudscheduler.jobs.create"' in error["message"]
    cloud.local("DELETE", "identities")
    cloud.create_project("gem-no-scheduler")
    path = "v1/projects/gem-no-scheduler/locations/us-central1/jobs"
    error = cloud.call("cloudscheduler", "GET", path, status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"


def test_googles_client_creates_a_job_that_publishes(cloud: LocalCloud) -> None:
    seed = "sandbox-seed"
    cloud.call(
        "serviceusage", "POST", f"v1/projects/{seed}/services/cloudscheduler.googleapis.com:enable", {}
    )
    topic = f"projects/{seed}/topics/ticks"
    cloud.call("pubsub", "PUT", f"v1/{topic}", {})
    cloud.call("pubsub", "PUT", f"v1/projects/{seed}/subscriptions/ticks", {"topic": topic})
    client = build(
        "cloudscheduler",
        "v1",
        credentials=CREDENTIALS,
        client_options=ClientOptions(api_endpoint=cloud.url("cloudscheduler")),
        static_discovery=True,
    )
    jobs = client.projects().locations().jobs()
    parent = f"projects/{seed}/locations/us-central1"
    body = {
        "schedule": "0 0 * * *",
        "pubsubTarget": {"topicName": topic, "data": "eA=="},
        "timeZone": "Europe/Berlin",
    }
    made = jobs.create(parent=parent, body=body).execute()
    cloud.local("PUT", "clock", {"now": made["scheduleTime"]})
    pulled = cloud.call("pubsub", "POST", f"v1/projects/{seed}/subscriptions/ticks:pull", {"maxMessages": 9})
    [received] = pulled["receivedMessages"]
    assert received["message"]["publishTime"] == made["scheduleTime"]
    assert jobs.list(parent=parent).execute()["jobs"][0]["name"] == made["name"]
