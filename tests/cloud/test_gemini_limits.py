"""The Gemini API's limits let no call over them, and its series and its usage say what was served."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.store import Store
from sandbox.cloud.generativelanguage import limits, usage
from sandbox.cloud.monitoring import timeseries
from sandbox.cloud.services import SERVICES
from sandbox.cloud.serviceusage import models as overrides
from tests.cloud.gemini_load import Target
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import (
    GEMINI,
    PROMPT,
    TO_GEMINI,
    limit_to,
    made_key,
    made_project,
    violations,
)

LITE, FLASH, PRO = "gemini-2.5-flash-lite", "gemini-3.5-flash", "gemini-2.5-pro"
BEGIN = datetime(2026, 11, 27, 23, 50, tzinfo=UTC)
#: Seven minutes before Pacific midnight, so that days change too.
LATE = datetime(2026, 11, 28, 7, 53, tzinfo=UTC)
A_MINUTE, TOKENS_A_MINUTE, A_DAY = 5, 60, 12


@dataclass(frozen=True)
class Try:
    """A call that is tried some milliseconds after the one before."""

    wait_ms: int
    tokens: int
    tier: int
    model: str


TRIES = st.lists(
    st.builds(
        Try,
        # Bursts mostly, and waits of about a minute.
        st.one_of(
            st.just(0),
            st.integers(0, 300),
            st.integers(0, 15_000),
            st.sampled_from((58_999, 59_300, 59_999, 60_000, 60_400, 61_000)),
        ),
        st.integers(1, 30),
        st.sampled_from((0, 1)),
        st.sampled_from((LITE, FLASH)),
    ),
    min_size=10,
    max_size=60,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = _opened(tmp_path_factory.mktemp("limits"))
    yield made
    made.close()


def _limited(store: Store) -> str:
    """A new project's number, with limits on every model in every tier."""
    project = str(store.next_value("test_project"))
    for tier in range(4):
        for limit in limits.of_tier("Generate", tier):
            most = TOKENS_A_MINUTE if limits.counts_tokens(limit) else A_MINUTE
            if limit.name.startswith("/d/"):
                most = 10**6 if limits.counts_tokens(limit) else A_DAY
            overrides.add_override(store, project, limit, {}, most, force=True)
    return project


@settings(max_examples=100, deadline=None)
@given(tries=TRIES, cuts=st.lists(st.integers(1, 120), max_size=5), begin=st.sampled_from((BEGIN, LATE)))
def test_no_minute_and_no_day_has_more_than_its_limit_and_the_series_add_up(
    store: Store, tries: list[Try], cuts: list[int], begin: datetime
) -> None:
    store._db.execute("BEGIN")
    try:
        project = _limited(store)
        served: list[tuple[datetime, Try]] = []
        now = begin
        for each in tries:
            now += timedelta(milliseconds=each.wait_ms)
            if not _is_admitted(store, project, now, each):
                assert _had_to_be_refused(served, each, now)
                continue
            served.append((now, each))
            used = usage.Used(
                each.model,
                each.model,
                "GenerateContent",
                each.tier,
                input={"TEXT": each.tokens},
                output={"TEXT": 3, "IMAGE": 4},
            )
            usage.add(store, project, now, used)
        for at, each in served:
            window = [other for then, other in served if at - timedelta(minutes=1) < then <= at]
            own = [other.tokens for other in window if other.model == each.model]
            assert len(own) <= A_MINUTE
            assert sum(own) <= TOKENS_A_MINUTE
            day = [then for then, other in served if other.model == each.model and _day(then) == _day(at)]
            assert len(day) <= A_DAY
        _check_sums(store, project, served, begin, cuts)
    finally:
        store._db.execute("ROLLBACK")


def _is_admitted(store: Store, project: str, now: datetime, each: Try) -> bool:
    try:
        limits.count(store, now, each.tier, limits.Counted(project, "Generate", each.model, each.tokens))
    except CloudError as refused:
        assert refused.status == "RESOURCE_EXHAUSTED"  # noqa: PT017 that it is refused is not expected
        return False
    return True


def _day(moment: datetime) -> object:
    return (moment - timedelta(hours=8)).date()


def _had_to_be_refused(served: list[tuple[datetime, Try]], tried: Try, now: datetime) -> bool:
    """A call is refused only if the last 61 seconds, or the day, leave none."""
    own = [(then, other) for then, other in served if other.model == tried.model]
    recent = [other.tokens for then, other in own if then > now - timedelta(seconds=61)]
    today = [then for then, _ in own if _day(then) == _day(now)]
    return len(recent) >= A_MINUTE or sum(recent) + tried.tokens > TOKENS_A_MINUTE or len(today) >= A_DAY


def _check_sums(
    store: Store, project: str, served: list[tuple[datetime, Try]], begin: datetime, cuts: list[int]
) -> None:
    """Series that are read in consecutive parts, each as soon as it is there, add up to what was served."""
    lag = timedelta(minutes=4)
    store.metrics_lag = lag
    minutes = sorted({0, *cuts, 130})
    about = Project(project, "a-project", "", "", "ACTIVE", {}, "", "", "", 1)

    def read(metric: str) -> int:
        found = 0
        for first, last in pairwise(minutes):
            start, end = (begin + timedelta(minutes=at) for at in (first, last))
            query = {
                "filter": f'metric.type = "{metric}"',
                "interval.startTime": start.isoformat(),
                "interval.endTime": end.isoformat(),
            }
            answer = timeseries.listed(store, about, query, end + lag)
            too_early = timeseries.listed(store, about, query, start + lag)
            assert too_early == {}
            found += sum(
                int(point["value"]["int64Value"])
                for series in answer.get("timeSeries", [])
                for point in series["points"]
            )
        return found

    for tier, requests, tokens in (
        (0, "generate_content_free_tier_requests", "generate_content_free_tier_input_token_count"),
        (1, "generate_requests_per_model", "generate_content_paid_tier_input_token_count"),
    ):
        own = [each.tokens for _, each in served if each.tier == tier]
        # In the free tier a limit of the minute and one of the day repeat the traffic.
        repeats = 2 if tier == 0 else 1
        assert read(f"{GEMINI}/quota/{requests}/usage") == repeats * len(own)
        assert read(f"{GEMINI}/quota/{tokens}/usage") == repeats * sum(own)
    assert read(f"{GEMINI}/generate_content_usage_output_token_count") == 7 * len(served)
    found = usage.between(store, project, begin, begin + timedelta(minutes=130))
    assert sum(each.requests for each in found) == len(served)
    assert sum(usage.total(each.input) for each in found) == sum(each.tokens for _, each in served)


def test_of_64_callers_at_once_exactly_as_many_are_served_as_the_limit_says(cloud: LocalCloud) -> None:
    limit, calls = 150, 400
    made_project(cloud, "gemini-crowd", account=ACCOUNT)
    key = made_key(cloud, "gemini-crowd", TO_GEMINI)
    limit_to(cloud, "gemini-crowd", "generate_requests_per_model", limit, LITE)
    # A clock that stands: no minute passes meanwhile.
    cloud.local("PUT", "clock", {"hold": True})
    crowd = Target(cloud.url("generativelanguage"), key)
    assert crowd.ask(LITE, PROMPT, calls=calls) == {200: limit, 429: calls - limit}
    cloud.local("PUT", "clock", {"advanceSeconds": 61})
    assert crowd.ask(LITE, PROMPT, calls=1) == {200: 1}
    cloud.local("PUT", "clock", {"seconds": 0})


def test_a_restart_forgets_neither_the_minute_nor_the_day(tmp_path: Path) -> None:
    before = _opened(tmp_path)
    with before.transaction():
        for limit in limits.of_tier("Generate", 1):
            model = FLASH if limit.name.startswith("/d/") else LITE
            overrides.add_override(before, "7", limit, {"model": model}, 1, force=True)
        assert [_is_admitted(before, "7", BEGIN, Try(0, 1, 1, model)) for model in (LITE, FLASH)] == [
            True,
            True,
        ]
    before.close()
    after = _opened(tmp_path)
    for seconds, admitted in ((1, [False, False]), (61, [True, False])):
        later = BEGIN + timedelta(seconds=seconds)
        with after.transaction():
            found = [_is_admitted(after, "7", later, Try(0, 1, 1, model)) for model in (LITE, FLASH)]
        assert found == admitted
    after.close()


def _opened(folder: Path) -> Store:
    store = Store(folder / "state.db")
    store.prepare([service.schema for service in SERVICES], lambda _: None)
    return store


def test_each_text_of_a_batch_to_embed_is_a_request(cloud: LocalCloud) -> None:
    made_project(cloud, "gemini-vectors", account=ACCOUNT)
    key = made_key(cloud, "gemini-vectors", TO_GEMINI)
    model = "models/gemini-embedding-001"
    limit_to(
        cloud,
        "gemini-vectors",
        "embed_content_paid_tier_requests",
        5,
        "gemini-embedding-1.0",
        "/min/model/project/user",
    )

    def embed(texts: int, status: int = 200) -> dict[str, Any]:
        one = {"model": model, "content": {"parts": [{"text": "x"}]}, "outputDimensionality": 2}
        path = f"v1beta/{model}:batchEmbedContents"
        body = {"requests": [one] * texts}
        return cloud.call("generativelanguage", "POST", path, body, status=status, key=key)

    embed(3)
    # All of a batch, or nothing of it.
    [refused] = violations(embed(3, 429)["error"])
    assert refused["quotaId"] == "EmbedContentPerMinutePerProjectPerUserPerModel-PaidTier"
    embed(2)
    now = datetime.now(UTC)
    query: dict[str, Any] = {
        "filter": f'metric.type="{GEMINI}/quota/embed_content_paid_tier_requests/usage"',
        "interval.startTime": (now - timedelta(hours=1)).isoformat(),
        "interval.endTime": (now + timedelta(hours=1)).isoformat(),
    }
    path = "v3/projects/gemini-vectors/timeSeries"
    series = cloud.call("monitoring", "GET", path, **query)["timeSeries"]
    assert [each["metric"]["labels"]["method"].rpartition(".")[2] for each in series] == [
        "BatchEmbedContents"
    ]
    values = [int(point["value"]["int64Value"]) for each in series for point in each["points"]]
    assert sum(values) == 5
