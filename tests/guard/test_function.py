"""The function as it is called: who may, what it answers, and that one project's failure is no other's."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest

from guard import main
from guard.app import App, Settings
from guard.callers import is_allowed
from landing_zone.google import guard_signals, objects, usage_series
from landing_zone.google.config import GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.time_series import HOUR
from landing_zone.google.usage_series import MINUTE, Series
from landing_zone.guarding.decision import Signals
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Meter, Record
from landing_zone.pricing.metered import LOOK_BACK, Use
from tests.guard.fake_google import FakeGoogle
from tests.guard.world import BUCKET, POLICY, World, push, steps

CALLER = "gemini-guard-call-prod@acme-seed.iam.gserviceaccount.com"
SETTINGS = Settings(BUCKET, "acme-seed", frozenset([CALLER]), stack="prod")


def token(**claims: Any) -> str:
    """A header with a token; Cloud Run has removed its signature."""
    body = {"email": CALLER, "email_verified": True, "aud": "https://guard", **claims}
    parts = ({"alg": "RS256"}, body)
    encoded = ".".join(urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts)
    return f"Bearer {encoded}.SIGNATURE_REMOVED_BY_GOOGLE"


class Deployed:
    """A function of a world, and what it logs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.google = FakeGoogle(world.cloud)
        self.app = App(SETTINGS, GoogleConfig(), google=self.google, look=world.look, holder="one")

    def call(self, path: str, body: Any = None, authorization: str = "") -> tuple[int, dict[str, Any]]:
        answer = self.app.answer("POST", path, authorization or token(), body)
        return answer.status, json.loads(answer.text)

    def refuse(self, part: str, error: GoogleError) -> None:
        """Have Google refuse the calls in whose service, method and path a part is."""

        def refused(_: int, call: str) -> None:
            if part in call:
                raise error

        self.google.before = refused


def metrics(world: World, name: str) -> list[dict[str, str]]:
    """The labels of what was written, without the stack, which all have."""
    found = [
        each["metric"]["labels"] for each in world.cloud.metrics if each["metric"]["type"].endswith(name)
    ]
    assert all(labels["stack"] == "prod" for labels in found)
    return [{key: value for key, value in labels.items() if key != "stack"} for labels in found]


def runs(world: World) -> dict[str, str]:
    """Of each project: 1 if all of its use was seen."""
    return {
        each["metric"]["labels"]["project"]: each["points"][0]["value"]["int64Value"]
        for each in world.cloud.metrics
        if each["metric"]["type"].endswith("/runs")
    }


def test_a_message_acts_and_is_said_in_the_log_and_the_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    deployed = Deployed(world)
    assert deployed.call("/message", push(1000, world.cloud.now)) == (
        200,
        {"project": "acme-chat", "unfinished": ""},
    )
    assert world.cloud.is_stopped()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [line] = [each for each in lines if each.get("does") == "stop"]
    assert line["severity"] == "WARNING"
    assert line["message"] == (
        "chat: stop was carried out: the month has cost 1,000.00 USD, and stop acts at 1,000.00 USD"
    )
    assert line["estimate"] == {"amount": "1000", "currency": "USD"}
    assert "billed as of 2026-11-10 12:00 UTC" in line["basis"]
    assert {"model": "gemini-3.8-flash", "before": 60, "after": 0}.items() <= {
        key: value
        for each in line["changes"]
        if each.get("limit", "").endswith("generate_requests_per_model/min/model/project")
        for key, value in each.items()
        if each["model"] == "gemini-3.8-flash"
    }.items()
    assert metrics(world, "/acts") == [
        {"project": "acme-chat", "step": "notify"},
        {"project": "acme-chat", "step": "stop"},
    ]
    assert metrics(world, "/runs") == []
    deployed.call("/poll")
    assert metrics(world, "/runs") == [{"project": "acme-chat"}]


def test_a_message_that_changes_nothing_is_taken_and_not_sent_again() -> None:
    world = World()
    deployed = Deployed(world)
    for body, reason in [
        ({"subscription": "x"}, "not a budget message"),
        (push(5000, world.cloud.now, attributes={}, budgetDisplayName="x"), "of another budget"),
        (push(5000, world.cloud.now, currencyCode="EUR"), "in another currency"),
    ]:
        assert deployed.call("/message", body) == (200, {"ignored": reason})
        # Of whatever project or none, it is counted where a chart can show it.
        assert metrics(world, "/ignored_messages")[-1] == {"reason": reason}
    assert world.record.ignored == {"in another currency": 1}
    assert not world.cloud.log


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (token(), True),
        (token(aud="https://other"), True),
        (token(email="thief@example.com"), False),
        (token(email_verified=False), False),
        (token(email_verified="true"), False),
        ("", False),
        ("Bearer x.y.z", False),
        ("Bearer ", False),
        (token().replace("Bearer", "Basic"), False),
    ],
)
def test_only_the_guards_own_callers_are_answered(header: str, allowed: bool) -> None:
    assert is_allowed(header, [CALLER]) is allowed
    world = World()
    status, _ = Deployed(world).call("/message", push(1000, world.cloud.now), header or "none")
    assert (status == 200, world.cloud.is_stopped()) == (allowed, allowed)


def test_an_audience_is_checked_if_there_is_one() -> None:
    assert is_allowed(token(), [CALLER], "https://guard")
    assert not is_allowed(token(aud="https://other"), [CALLER], "https://guard")
    assert not is_allowed(token(), [])


def test_a_project_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    other = replace(POLICY, project="acme-search", number="456", name="search", accounts=())
    world.cloud.put("policy/acme-search.json", other.as_json())
    world.cloud.put("policy/acme-broken.json", {"version": 99})
    look = world.look

    def failing(google: Any, policy: Policy, *rest: Any) -> Any:
        if policy.project == "acme-search":
            raise RuntimeError("something nobody thought of")
        return look(google, policy, *rest)

    monkeypatch.setattr(world, "look", failing)
    deployed = Deployed(world)
    status, body = deployed.call("/poll")
    assert (status, body["projects"]) == (500, 1)
    assert body["failed"]["acme-search"] == "something nobody thought of"
    assert "of version 99" in body["failed"]["acme-broken"]
    # Silence is alerted on for each project by itself.
    assert runs(world) == {"acme-chat": "1", "acme-search": "0", "acme-broken": "0"}


def test_what_google_refuses_is_tried_again_by_the_next_run_and_not_by_pub_sub() -> None:
    world = World()
    deployed = Deployed(world)
    deployed.refuse("importConsumerOverrides", GoogleError(403, "PERMISSION_DENIED", "no permission"))
    status, body = deployed.call("/message", push(1000, world.cloud.now))
    assert (status, "no permission" in body["unfinished"]) == (200, True)
    assert steps(world.record.pending) == ["stop"]
    status, body = deployed.call("/poll")
    assert (status, list(body["unfinished"])) == (200, ["acme-chat"])
    # People hear of it at once, again if it goes on, and when it is done.
    assert metrics(world, "/acts")[-1] == {"project": "acme-chat", "step": "stop (not done yet)"}
    assert runs(world) == {"acme-chat": "0"}
    deployed.google.before = lambda _number, _call: None
    # Another process of the function, a minute later.
    world.after(1)
    assert Deployed(world).call("/poll") == (200, {"projects": 1, "failed": {}, "unfinished": {}})
    assert world.cloud.is_stopped()
    assert metrics(world, "/acts").count({"project": "acme-chat", "step": "stop"}) == 1


@pytest.mark.parametrize("content", [{"version": 99}, {"version": 1, "project": "acme-chat"}, []])
def test_a_record_that_cannot_be_read_is_never_written_over(content: Any) -> None:
    """It says what was there before the guard's acts."""
    world = World()
    world.cloud.put("state/123.json", content)
    before = world.cloud.objects["state/123.json"]
    deployed = Deployed(world)
    # Pub/Sub sends it again, until the function can read the record.
    assert deployed.call("/message", push(1000, world.cloud.now))[0] == 503
    assert deployed.call("/poll")[0] == 500
    assert world.cloud.objects["state/123.json"] == before
    assert runs(world) == {"acme-chat": "0"}
    assert not world.cloud.log


def test_a_bucket_that_cannot_be_read_is_an_error_that_pub_sub_sends_again_after() -> None:
    world = World()
    deployed = Deployed(world)
    deployed.refuse("storage", GoogleError(503, "UNAVAILABLE", "down"))
    assert deployed.call("/message", push(1000, world.cloud.now))[0] == 503
    assert deployed.call("/poll")[0] == 503


def test_metrics_that_cannot_be_written_stop_nothing() -> None:
    world = World()
    deployed = Deployed(world)
    deployed.refuse("monitoring POST", GoogleError(501, "UNIMPLEMENTED", "not here"))
    assert deployed.call("/message", push(1000, world.cloud.now))[0] == 200
    assert world.cloud.is_stopped()


def test_an_act_that_did_not_get_into_the_metrics_is_reported_by_the_next_run_and_once() -> None:
    """People are mailed from the metric: neither a refusal nor a killed process may keep an act from them."""
    world = World()
    deployed = Deployed(world)
    deployed.refuse("monitoring POST", GoogleError(503, "UNAVAILABLE", "later"))
    deployed.call("/message", push(1000, world.cloud.now))
    assert metrics(world, "/acts") == []
    for _ in range(3):
        world.after(1)
        Deployed(world).call("/poll")
    assert [each["step"] for each in metrics(world, "/acts")] == ["notify", "stop"]
    assert steps(world.record.acts) == ["notify", "stop"]


def test_a_run_leaves_alone_what_another_of_its_process_carries_out() -> None:
    world = World()
    deployed = Deployed(world)
    polled: list[int] = []

    def meanwhile(_: int, call: str) -> None:
        if "importConsumerOverrides" in call and not polled:
            polled.append(0)
            polled[0] = deployed.call("/poll")[0]

    deployed.google.before = meanwhile
    deployed.call("/message", push(1000, world.cloud.now))
    assert polled == [200]
    assert len([call for call in world.cloud.log if "importConsumerOverrides" in call]) == 1


def test_an_act_that_hangs_is_said_while_its_run_has_the_claim() -> None:
    world = World()
    deployed = Deployed(world)
    said: list[dict[str, Any]] = []

    def hang(_: int, call: str) -> None:
        if "importConsumerOverrides" in call and not said:
            said.append({})
            world.after(2)
            said.append(deployed.call("/poll")[1])
            # Another run takes over, and hangs as well.
            record = world.record.claimed("another", world.cloud.now + 3 * MINUTE, 3 * MINUTE)
            world.cloud.put("state/123.json", record.as_json())
            world.after(4)
            said.append(deployed.call("/poll")[1])

    deployed.google.before = hang
    deployed.call("/message", push(1000, world.cloud.now))
    assert said[1]["unfinished"] == {}
    assert said[2]["unfinished"] == {"acme-chat": "stop is not done since 2026-11-10 12:00 UTC"}
    assert runs(world) == {"acme-chat": "0"}


def test_a_remark_is_logged_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.run()
    remarked = Signals(read_until=world.cloud.now, remarks=("no price is known for gemini-9",))
    monkeypatch.setattr(world, "look", lambda *_: remarked)
    for _ in range(3):
        Deployed(world).call("/poll")
        world.after(1)
    assert capsys.readouterr().out.count("gemini-9") == 1


@pytest.mark.parametrize("bucket", ["acme-seed-guard-prod", "bucket-seed-guard-prod"])
def test_a_bucket_that_is_not_there_is_no_absent_object(bucket: str) -> None:
    google = FakeGoogle(World().cloud)

    def answer(message: str) -> None:
        def refuse(_: int, __: str) -> None:
            raise GoogleError(404, "notFound", message)

        google.before = refuse

    answer(f"No such object: {bucket}/state/123.json")
    assert objects.read(google, bucket, "state/123.json").generation == objects.ABSENT
    answer("The specified bucket does not exist.")
    with pytest.raises(GoogleError, match="bucket does not exist"):
        objects.read(google, bucket, "state/123.json")


def test_a_policy_is_read_again_only_when_it_was_written() -> None:
    world = World()
    deployed = Deployed(world)
    read: list[str] = []
    deployed.google.before = lambda _, call: read.append(call) if "policy%2F" in call else None
    deployed.call("/poll")
    deployed.call("/poll")
    assert len(read) == 1
    world.write_policy(replace(POLICY, dry_run=True))
    deployed.call("/poll")
    assert len(read) == 2


def test_the_entry_point_takes_its_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GUARD_BUCKET": BUCKET,
        "GUARD_PROJECT": "acme-seed",
        "GUARD_CALLERS": f"{CALLER}, other@acme-seed.iam.gserviceaccount.com",
        "GUARD_AUDIENCE": "https://guard",
    }.items():
        monkeypatch.setenv(name, value)
    main._app.cache_clear()
    server = flask.Flask("guard")
    for path, method, header, status in [
        ("/", "POST", token(), 404),
        ("/poll", "GET", token(), 405),
        ("/poll", "POST", token(aud="x"), 403),
    ]:
        with server.test_request_context(path, method=method, headers={"Authorization": header}, json={}):
            text, found, _ = main.guard(flask.request)
            assert (found, "error" in json.loads(text)) == (status, True)
    main._app.cache_clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, datetime, timedelta]]:
    """What is read of the series, each minute with one request; every answer is fit to be priced."""
    found: list[tuple[datetime, datetime, timedelta]] = []

    def read(
        _: Any, __: str, after: datetime, until: datetime, ___: Any, length: timedelta, *, partly: bool
    ) -> Series:
        assert partly
        found.append((after, until, length))
        starts = [after + place * length for place in range((until - after) // length)]
        return Series(
            tuple(Use(start, start + length, "gemini-3.8-flash", 1, 1000, 10) for start in starts), until
        )

    monkeypatch.setattr(guard_signals, "read", read)
    return found


@pytest.mark.parametrize("minutes", [0, 5, 39, 180, 181, 250, 1_441, 9_999])
def test_what_is_read_has_each_time_since_the_watermark_once(
    asked: list[tuple[datetime, datetime, timedelta]], minutes: int
) -> None:
    now = World().cloud.now.replace(minute=23, second=41)
    watermark = now.replace(second=0) - minutes * MINUTE
    record = replace(Record.begin(POLICY, now), meter=Meter(watermark))
    found = guard_signals.signals_of(FakeGoogle(World().cloud), POLICY, record, None, now)
    ends = watermark
    for spend in found.spends:
        assert spend.start == ends
        ends = spend.end
    assert ends == found.read_until == now.replace(second=0)
    assert asked[0][0] <= watermark - LOOK_BACK
    whole = [each for each in asked if each[2] == HOUR and each[0] < each[1]]
    assert bool(whole) is (minutes > 181)
    assert all(each.minute == 0 for start, end, _ in whole for each in (start, end))


@pytest.mark.usefixtures("asked")
def test_in_another_currency_the_month_is_read_anew() -> None:
    now = World().cloud.now
    record = replace(Record.begin(POLICY, now), meter=Meter(now - 40 * MINUTE))
    yen = replace(POLICY, currency="JPY")
    found = guard_signals.signals_of(FakeGoogle(World().cloud), yen, record, None, now)
    assert found.spends[0].start == datetime(2026, 11, 1, 7, tzinfo=UTC)


def test_what_could_be_read_counts_though_one_metric_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.run()
    world.after(10)
    end = world.cloud.now - 3 * MINUTE
    asked: list[float] = []

    def one(*call: Any) -> Any:
        counter, retry_s = call[2], call[-1]
        asked.append(retry_s)
        if counter.metric == usage_series.OUTPUT:
            raise GoogleError(429, "RESOURCE_EXHAUSTED", "too many queries")
        if not counter.metric.endswith("/generate_requests_per_model/usage"):
            return None
        points = [{"interval": {"endTime": end.isoformat()}, "value": {"int64Value": "100000"}}]
        return [{"metric": {"labels": {"model": "gemini-3.8-flash"}}, "points": points}]

    monkeypatch.setattr(usage_series, "_read", one)
    monkeypatch.setattr(usage_series, "_AT_ONCE", 1)
    app = App(SETTINGS, GoogleConfig(), google=FakeGoogle(world.cloud), holder="one")
    polled = app.poll()
    # What is known of it is far above the amount: it acts, and says that it does not see everything.
    assert world.cloud.is_stopped()
    assert (polled.status, runs(world)) == (500, {"acme-chat": "0"})
    assert "some of what Cloud Monitoring counts could not be read: " in polled.body["failed"]["acme-chat"]
    # One that is refused after its retries is waited for, and the others are not.
    refused = asked.index(0)
    assert set(asked[:refused]) != {0}
    assert set(asked[refused:]) == {0}


def test_what_is_billed_counts_also_while_the_series_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise GoogleError(403, "PERMISSION_DENIED", "no permission")

    monkeypatch.setattr(usage_series, "_read", refuse)
    world = World()
    app = App(SETTINGS, GoogleConfig(), google=FakeGoogle(world.cloud), holder="one")
    answer: Callable[[Any], Any] = lambda body: app.answer("POST", "/message", token(), body)  # noqa: E731
    assert answer(push(1000, world.cloud.now)).status == 200
    assert world.cloud.is_stopped()
    assert world.record.seen is not None
    assert "no permission" in world.record.seen.remarks[0]
    # That it sees no use is reported as if it did not run.
    polled = app.poll()
    assert (polled.status, runs(world)) == (500, {"acme-chat": "0"})
    assert "no permission" in polled.body["failed"]["acme-chat"]
