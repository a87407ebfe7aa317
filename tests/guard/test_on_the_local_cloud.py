"""The guard's acts on the local cloud: what it stops is refused there, and a release makes it work again."""

import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from guard.app import App, Settings
from landing_zone.google import guard_record, guard_release, objects, quota_overrides
from landing_zone.google.config import GoogleConfig
from landing_zone.google.guard_signals import signals_of
from landing_zone.google.rest import Google
from landing_zone.google.tiers import link_of
from landing_zone.guarding.policy import Budget, Policy
from landing_zone.guarding.record import Meter, Record
from landing_zone.names import guard_policy_object
from sandbox.cloud.endpoints import environment
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_gemini_arithmetic import wav
from tests.cloud.test_generativelanguage import LITE, TO_GEMINI, ask, finished, made_key, made_project
from tests.guard.test_function import CALLER, token
from tests.guard.world import BUCKET, POLICY, SUBSCRIPTION, push

PROJECT = "gemini-guarded"


@dataclass
class Guarded:
    """A guarded project on a local cloud of its own."""

    cloud: LocalCloud
    google: Google
    app: App
    policy: Policy
    key: str
    messages: int = 0

    def message(self, cost: float) -> None:
        self.messages += 1
        now = self.google.now
        start = f"{now:%Y-%m}-01T{'07' if now.month in range(4, 12) else '08'}:00:00Z"
        body = push(cost, now + self.messages * timedelta(seconds=9), costIntervalStart=start)
        answer = self.app.answer("POST", "/message", token(), body)
        assert answer.body == {"project": PROJECT, "unfinished": ""}

    @property
    def limits(self) -> object:
        listed = quota_overrides.list_limits(self.google, PROJECT)
        return [
            (each.place, model, bucket.value) for each in listed for model, bucket in each.buckets.items()
        ]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"))
    cloud.start()
    number = made_project(cloud, PROJECT, account=ACCOUNT)
    body = {"serviceIds": ["iam.googleapis.com", "monitoring.googleapis.com"]}
    enabled = cloud.call("serviceusage", "POST", f"v1/projects/{number}/services:batchEnable", body)
    finished(cloud, "serviceusage", enabled)
    account = cloud.call(
        "iam", "POST", f"v1/projects/{PROJECT}/serviceAccounts", {"accountId": "backend-key"}
    )["email"]
    cloud.call("storage", "POST", "storage/v1/b?project=sandbox-seed", {"name": BUCKET})
    variables = {
        **environment(cloud.ready),
        **{key: value for key, value in os.environ.items() if key == "PATH"},
    }
    config = GoogleConfig.read({}, variables)
    google = Google(config)
    policy = replace(
        POLICY,
        project=PROJECT,
        number=number,
        accounts=(account,),
        budget=Budget(ACCOUNT, "b-1", "chat budget"),
        subscription=SUBSCRIPTION,
        unlink=Decimal("1.5"),
    )
    objects.write(google, BUCKET, guard_policy_object(PROJECT), policy.as_json(), objects.ABSENT)
    app = App(Settings(BUCKET, "sandbox-seed", frozenset([CALLER]), stack="prod"), config)
    yield Guarded(cloud, google, app, policy, made_key(cloud, PROJECT, TO_GEMINI))
    assert cloud.end() == 0


def test_what_the_guard_stops_is_refused_until_it_is_released(guarded: Guarded) -> None:
    ask(guarded.cloud, guarded.key, LITE)
    before = guarded.limits
    assert guarded.app.answer("POST", "/poll", token(), None).status == 200
    guarded.message(800)
    ask(guarded.cloud, guarded.key, LITE)  # throttled
    assert guarded.limits != before
    guarded.message(1000)
    refused = ask(guarded.cloud, guarded.key, LITE, status=429)
    assert refused["status"] == "RESOURCE_EXHAUSTED"
    account = f"projects/{PROJECT}/serviceAccounts/{guarded.policy.accounts[0]}"
    assert guarded.google.call("iam", "GET", account)["disabled"] is True
    guarded.message(1500)
    assert link_of(guarded.google, PROJECT).account == ""
    record = guard_record.read(guarded.google, BUCKET, guarded.policy.number).record
    assert record is not None
    assert [act.step for act in record.in_force] == ["throttle", "stop", "unlink"]
    found = guard_release.release(guarded.google, BUCKET, guarded.policy.number)
    assert found.left == ()
    assert guarded.limits == before
    assert link_of(guarded.google, PROJECT).account == ACCOUNT
    assert not guarded.google.call("iam", "GET", account).get("disabled")
    ask(guarded.cloud, guarded.key, LITE)


def test_metrics_of_runs_and_acts_are_there_for_alerts(guarded: Guarded) -> None:
    now = guarded.google.now
    for name in ("runs", "acts"):
        found = guarded.google.list_all(
            "monitoring",
            "v3/projects/sandbox-seed/timeSeries",
            "timeSeries",
            query={
                "filter": f'metric.type="custom.googleapis.com/gemini_guard/{name}"',
                "interval.startTime": (now - timedelta(hours=1)).isoformat(),
                "interval.endTime": (now + timedelta(minutes=5)).isoformat(),
            },
        )
        labels = [each["metric"]["labels"] for each in found]
        expected = {"project": PROJECT, "stack": "prod", **({"step": "stop"} if name == "acts" else {})}
        assert expected in labels


def test_what_the_local_cloud_bills_is_never_above_what_is_metered(guarded: Guarded) -> None:
    """Two programs that price the same calls: one knows what they were, the other what Cloud Monitoring shows."""
    cloud, project = guarded.cloud, "gemini-priced"
    number = made_project(cloud, project, account=ACCOUNT)
    key = made_key(cloud, project, TO_GEMINI)
    begin = guarded.google.now.replace(second=0, microsecond=0)
    spoken = {"inlineData": {"mimeType": "audio/wav", "data": b64encode(wav(30)).decode()}}
    long = {"text": "word " * 260_000}
    tools: dict[str, Any] = {"tools": [{"googleSearch": {}}]}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (LITE, {"text": "short"}, {}),
        ("gemini-2.5-flash", spoken, {}),
        ("gemini-2.5-pro", long, {}),
        ("gemini-2.5-pro", {"text": "short"}, {"generationConfig": {"candidateCount": 3}}),
        ("gemini-3.8-flash", {"text": "What happened?"}, tools),
        ("gemini-3-pro-image", {"text": "A cat"}, {}),
        ("gemini-4-argon", {"text": "short"}, {}),
    ]
    for model, part, more in asked:
        ask(cloud, key, model, body={"contents": [{"role": "user", "parts": [part]}], **more})
    embedded = {"content": {"parts": [{"text": "one text of some words"}]}}
    cloud.call(
        "generativelanguage", "POST", "v1beta/models/gemini-embedding-001:embedContent", embedded, key=key
    )
    cloud.local("PUT", "clock", {"advanceSeconds": 180})
    [costs] = [each for each in cloud.local("GET", "costs")["projects"] if each["number"] == number]
    billed = Decimal(costs["billed"]) + Decimal(costs["notBilled"])
    assert len(costs["lines"]) > 8
    assert billed > Decimal("0.5")
    now = begin + timedelta(minutes=3)
    policy = replace(guarded.policy, project=project, number=number)
    since = replace(Record.begin(policy, now), meter=Meter(begin))
    found = signals_of(guarded.google, policy, since, None, now)
    metered = sum((each.cost for each in found.spends), Decimal(0))
    assert billed <= metered < 3 * billed
    assert found.remarks == ()
