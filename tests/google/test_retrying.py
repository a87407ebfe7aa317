"""Calls that Google refuses for now: waits as long as it asks, and no attempt that cannot succeed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landing_zone.google import quota_refusals, secrets
from landing_zone.google.config import GoogleConfig
from landing_zone.google.connection import Cause
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.price_catalogue import gemini_prices
from landing_zone.google.rest import Google
from landing_zone.google.retrying import READS, Retries, StoppedError
from tests.answers import servers
from tests.answers.servers import HOST, Server, answers, black_hole, in_turn, serving

RPC = "type.googleapis.com/google.rpc"
DONE = answers("200 OK", "{}")
DATE = "Wed, 25 Nov 2026 08:00:00 GMT"


class Clock(threading.Event):
    """A clock that only waits move; `waits` are their lengths."""

    def __init__(self, stops_at: int = 1000) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []
        self._stops_at = stops_at

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        self.now += timeout or 0
        return len(self.waits) >= self._stops_at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("landing_zone.google.retrying.monotonic", lambda: made.now)
    return made


@contextmanager
def google(clock: Clock, *behaviours: Any, retries: Retries = READS) -> Iterator[tuple[Google, Server]]:
    with serving(in_turn(*behaviours)) as server:
        config = GoogleConfig(
            access_token="t",
            endpoints=dict.fromkeys(("apikeys", "secretmanager"), f"http://{HOST}:{server.port}/"),
        )
        yield Google(config, clock, retries=retries), server


def refusal(code: int, status: str, message: str, *details: dict[str, Any]) -> str:
    return json.dumps(
        {"error": {"code": code, "status": status, "message": message, "details": list(details)}}
    )


def info(limit: str, **more: str) -> dict[str, Any]:
    metadata = {
        "quota_metric": "apikeys.googleapis.com/reads",
        "quota_limit": limit,
        "quota_limit_value": "60",
    }
    return {"@type": f"{RPC}.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED", "metadata": metadata | more}


def wait_of(delay: str) -> dict[str, Any]:
    return {"@type": f"{RPC}.RetryInfo", "retryDelay": delay}


MINUTE = info("ReadsPerMinutePerProject", quota_unit="1/min/{project}", consumer="projects/1")


@pytest.mark.parametrize(
    ("refused", "seconds"),
    [
        (answers("429 X", refusal(429, "", "Slow."), retry_after="7"), 7),
        (answers("503 X", refusal(503, "", "Away."), retry_after="0"), 0),
        # A date counts from the server's own clock.
        (answers("503 X", date=DATE, retry_after="Wed, 25 Nov 2026 08:00:30 GMT"), 30),
        (answers("503 X", date=DATE, retry_after="Wed, 25 Nov 2026 07:00:00 GMT"), 0),
        (answers("503 X", retry_after="soon"), 0),
        (answers("429 X", refusal(429, "RESOURCE_EXHAUSTED", "Slow.", MINUTE, wait_of("12s"))), 12),
        (answers("429 X", refusal(429, "RESOURCE_EXHAUSTED", "Slow.", wait_of("3.5s")), retry_after="9"), 9),
        (
            answers("403 X", refusal(403, "", "Slow.", {"reason": "userRateLimitExceeded"}), retry_after="4"),
            4,
        ),
    ],
)
def test_it_waits_as_long_as_google_asks(refused: Any, seconds: float, clock: Clock) -> None:
    with google(clock, refused, DONE) as (client, server):
        # A refusal, unlike a lost answer, is no doubt about a POST.
        assert client.call("apikeys", "POST", "x", body={}) == {}
        assert server.taken == 2
    [waited] = clock.waits
    assert seconds <= waited <= max(seconds * 1.1, 0.2)


def test_a_wait_beyond_the_calls_time_fails_at_once_and_says_until_when(clock: Clock) -> None:
    late = answers("503 X", refusal(503, "UNAVAILABLE", "Maintenance."), retry_after="3600")
    with google(clock, late) as (client, server), pytest.raises(GoogleError) as raised:
        client.call("apikeys", "GET", "x")
    assert (server.taken, clock.waits) == (1, [])
    assert "Google asks to wait 3600 seconds: run it again after " in raised.value.with_remedy

    # Together, the waits are no longer than the time of the call either.
    busy = answers("429 X", refusal(429, "RESOURCE_EXHAUSTED", "Slow.", MINUTE, wait_of("50s")))
    with google(clock, busy) as (client, server), pytest.raises(GoogleError):
        client.call("apikeys", "GET", "x", retry_s=120)
    assert server.taken == 3
    assert 100 <= sum(clock.waits) <= 120


def test_a_call_that_stays_refused_ends_with_its_time(clock: Clock) -> None:
    busy = answers("429 X", refusal(429, "", "Slow."))
    with google(clock, busy) as (client, _), pytest.raises(GoogleError, match="Slow"):
        client.call("apikeys", "GET", "x", retry_s=60)
    assert clock.now == pytest.approx(60)


def test_ctrl_c_ends_the_wait() -> None:
    # The second wait ends as it does when the user stops.
    stop = Clock(stops_at=2)
    with google(stop, answers("429 X", retry_after="5")) as (client, server), pytest.raises(StoppedError):
        client.call("apikeys", "GET", "x")
    assert server.taken == 2


GEMINI = {
    "@type": f"{RPC}.QuotaFailure",
    "violations": [
        {"quotaMetric": "generate_requests", "quotaId": "GenerateRequestsPerMinutePerProjectPerModel"},
        {
            "quotaMetric": "generate_requests_per_day",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "quotaValue": "50",
        },
    ],
}
OLD_DAY = "Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT)."
IN_WORDS = "Quota exceeded for quota metric 'Reads' and limit 'Reads per day' of service 'x.googleapis.com'."


@pytest.mark.parametrize(
    ("code", "message", "details", "quota"),
    [
        (429, "No.", [info("ReadsPerDayPerUser", consumer="projects/1")], "ReadsPerDayPerUser (60) of projects/1"),
        (429, "No.", [info("/d/project")], "apikeys.googleapis.com/reads, limit /d/project (60)"),
        (403, "No.", [info("Reads", quota_unit="1/d/{project}")], "apikeys.googleapis.com/reads, limit Reads (60)"),
        # What RetryInfo then says is about the minute.
        (429, "No.", [GEMINI, wait_of("20s")], "limit GenerateRequestsPerDayPerProjectPerModel-FreeTier (50)"),
        (429, "No.", [{"violations": [{"subject": "project:1", "description": "Mails per day"}]}], "Mails per day"),
        (403, OLD_DAY, [{"reason": "dailyLimitExceeded"}], "a quota of the day"),
        (429, IN_WORDS, [], "Reads per day"),
    ],
)  # fmt: skip
def test_a_days_quota_fails_at_once_with_its_name(
    code: int, message: str, details: list[dict[str, Any]], quota: str, clock: Clock
) -> None:
    refused = answers(f"{code} X", refusal(code, "RESOURCE_EXHAUSTED", message, *details))
    with google(clock, refused) as (client, server), pytest.raises(GoogleError) as raised:
        client.call("apikeys", "GET", "x")
    error = raised.value
    assert (server.taken, clock.waits) == (1, [])
    assert (error.is_daily_quota, error.is_rate_limit) == (True, False)
    assert quota in error.remedy
    assert "at midnight Pacific time, or ask for a higher quota" in error.remedy


@pytest.mark.parametrize(
    ("code", "message", "details", "is_rate"),
    [
        (429, "Resource has been exhausted (e.g. check quota).", [], True),
        (429, "No.", [MINUTE], True),
        # The metric of a token limit, and words that only sound like a day's.
        (429, "See https://x.googleapis.com/limits/per day, for today", [info("/min/model/project")], True),
        (403, "No.", [{"reason": "rateLimitExceeded"}], True),
        (403, "The caller may not read the quota per day.", [{"reason": "forbidden"}], False),
        (403, "No.", [], False),
        # Quotas that no time brings back, which have the status of a rate limit, and its old reason.
        (429, "You have exceeded your allotted project quota.", [{"reason": "rateLimitExceeded"}], False),
        (429, "Quota.", [{"violations": [{"subject": "billingAccounts/0", "description": "Full."}]}], False),
        (429, "Your prepayment credits are depleted.", [], False),
        (429, "Quota.", [{"reason": "RESOURCE_QUOTA_EXCEEDED"}], False),
        (404, "Not per day.", [MINUTE], False),
    ],
)
def test_what_is_a_rate_limit(
    code: int, message: str, details: list[dict[str, Any]], is_rate: bool, clock: Clock
) -> None:
    error = GoogleError(code, "", message, details)
    assert (error.is_rate_limit, error.is_daily_quota) == (is_rate, False)
    with google(clock, answers(f"{code} X", refusal(code, "", message, *details)), DONE) as (client, server):
        if is_rate:
            client.call("apikeys", "GET", "x")
        else:
            with pytest.raises(GoogleError):
                client.call("apikeys", "GET", "x")
        assert server.taken == 1 + is_rate


def test_connection_and_answer_have_time_outs_of_their_own(clock: Clock) -> None:
    def cause(port: int, connect_s: float, answer_s: float) -> tuple[Cause, bool]:
        config = GoogleConfig(access_token="t", endpoints={"apikeys": f"http://{HOST}:{port}/"})
        client = Google(config, clock, retries=Retries(connect_s, answer_s, 1, 0))
        with pytest.raises(NoAnswerError) as raised:
            client.call("apikeys", "POST", "x", body={})
        return raised.value.failure.cause, raised.value.lost

    # The other one would be far longer than a test may take.
    with black_hole() as port:
        assert cause(port, 0.05, 3600) == (Cause.CONNECT_TIMEOUT, False)
    with serving(servers.holds) as server:
        assert cause(server.port, 3600, 0.05) == (Cause.NO_ANSWER, True)


def test_a_page_token_that_comes_twice_ends_the_listing(clock: Clock) -> None:
    def page(number: int, following: str = "") -> Any:
        return answers("200 OK", json.dumps({"keys": [{"uid": number}], "nextPageToken": following}))

    # a → b → a → …: not only the same page for ever.
    with google(clock, page(1, "a"), page(2, "b"), page(3, "a"), page(4, "b")) as (client, server):
        listed = client.list_all("apikeys", "projects/p/locations/global/keys", "keys")
        assert [next(listed)["uid"] for _ in range(3)] == [1, 2, 3]
        with pytest.raises(
            GoogleError, match=r"keys of apikeys \(projects/p/locations/global/keys\) has no end"
        ):
            next(listed)
        assert server.taken == 3
    with google(clock, page(1, "a"), page(2)) as (client, _):
        assert [key["uid"] for key in client.list_all("apikeys", "x", "keys")] == [1, 2]


def test_so_does_one_of_the_price_catalogue() -> None:
    page = answers("200 OK", json.dumps({"skus": [], "nextPageToken": "a"}))
    with serving(page) as server:
        environment = {
            "GOOGLE_OAUTH_ACCESS_TOKEN": "t",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING": f"http://{HOST}:{server.port}/",
        }
        with pytest.raises(GoogleError, match="the price catalogue's SKUs has no end"):
            gemini_prices(environment)
        assert server.taken == 2


SECRET = "projects/p/secrets/s"


@pytest.mark.parametrize(
    ("looked", "taken"),
    [
        (answers("404 X", refusal(404, "NOT_FOUND", "No version.")), 3),
        (answers("200 OK", json.dumps({"name": f"{SECRET}/versions/1", "payload": {"data": "b2xk"}})), 3),
        # Without a look, it is not sent again.
        (answers("403 X", refusal(403, "PERMISSION_DENIED", "No.")), 2),
    ],
)
def test_a_version_whose_answer_is_lost_is_sent_again_after_a_look(
    looked: Any, taken: int, clock: Clock
) -> None:
    stored = answers("200 OK", json.dumps({"name": f"{SECRET}/versions/2"}))
    with google(clock, servers.resets, looked, stored) as (client, server):
        if taken == 3:
            assert secrets.add_version(client, SECRET, "new") == f"{SECRET}/versions/2"
        else:
            with pytest.raises(NoAnswerError):
                secrets.add_version(client, SECRET, "new")
        assert server.taken == taken


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reason", "metadata", "violations", "fieldViolations", "retryDelay", "field", "quotaId"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.integers(400, 599), JSON, JSON, JSON, JSON)
def test_a_body_of_any_form_is_decoded(
    code: int, number: Any, status: Any, message: Any, details: Any
) -> None:
    error = {"code": number, "status": status, "message": message, "details": details, "errors": details}
    found = GoogleError.from_body(code, json.dumps({"error": error}))
    assert found.with_remedy
    assert not (found.is_rate_limit and found.is_daily_quota)
    assert (found.retry_delay_s or 0) >= 0


@given(st.one_of(st.text(max_size=40), st.integers().map(str), st.datetimes().map(str), st.just("1" * 5000)))
def test_any_header_is_a_wait_or_none(text: str) -> None:
    found = quota_refusals.retry_after({"Retry-After": text, "Date": DATE})
    assert found is None or 0 <= found <= 366 * 86400


@given(st.integers(0, 10**6), st.integers(0, 10**9 - 1))
def test_a_duration_is_read_to_its_last_digit(seconds: int, nanos: int) -> None:
    delay = f"{seconds}.{nanos:09}s"
    assert GoogleError(429, "", "", [wait_of(delay)]).retry_delay_s == float(delay[:-1])
