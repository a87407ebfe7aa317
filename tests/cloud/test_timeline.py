"""The clock: it flows or is held, is moved, and runs what is due in between, each at its own moment."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from sandbox.clock import wanted
from sandbox.cloud.core import chance
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Delivery, Job, Timeline
from sandbox.errors import PrerequisiteError
from tests.cloud.local_cloud import TOKEN, LocalCloud

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.db")
    opened.prepare([], lambda _: None)
    yield opened
    opened.close()


class Hourly:
    """A job that is due every hour until `last`, and sends one delivery each time."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.next: datetime | None = first
        self.last = last
        self.ran: list[datetime] = []
        self.answered: list[tuple[datetime, int | None]] = []

    def due(self, _: Store) -> datetime | None:
        return self.next

    def work(self, _: Store, now: datetime) -> Sequence[Delivery]:
        self.ran.append(now)
        self.next = now + HOUR if now < self.last else None
        return [Delivery("http://127.0.0.1:1/", {}, b"", 1, self.done)]

    def done(self, _: Store, now: datetime, status: int | None) -> None:
        self.answered.append((now, status))


def test_a_move_runs_all_that_is_due_at_its_own_moment_and_waits_for_the_answers(store: Store) -> None:
    hourly = Hourly(NOON + HOUR, NOON + timedelta(days=1))
    seen: list[datetime] = []

    async def post(_: Delivery) -> int | None:
        await asyncio.sleep(0)
        seen.append(timeline.now())
        return 503

    timeline = Timeline(store, [Job(hourly.due, hourly.work)], post)

    async def run() -> None:
        await timeline.move(to=NOON, held=True)
        assert hourly.ran == []
        await timeline.move(by=3 * HOUR)

    asyncio.run(run())
    expected = [NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert hourly.ran == seen == expected
    assert hourly.answered == [(moment, 503) for moment in expected]
    assert timeline.now() == NOON + 3 * HOUR


@pytest.mark.parametrize("held", [True, False])
def test_a_run_that_is_killed_on_the_way_goes_on_from_there(store: Store, held: bool) -> None:
    hourly = Hourly(NOON + HOUR, NOON + 3 * HOUR)
    next_run: list[datetime] = []

    async def post(_: Delivery) -> int | None:
        another = Timeline(store)  # what the next run would find, if this one ended here
        another.load()
        next_run.append(another.now())
        return 200

    timeline = Timeline(store, [Job(hourly.due, hourly.work)], post)
    asyncio.run(timeline.move(to=NOON, held=held))
    asyncio.run(timeline.move(to=NOON + 3 * HOUR))
    for found, moment in zip(next_run, hourly.ran, strict=True):
        assert found == moment if held else timedelta() <= found - moment < HOUR


def test_work_that_fails_stops_the_clock_at_its_moment(store: Store) -> None:
    def fail(_: Store, now: datetime) -> Sequence[Delivery]:
        raise LookupError(now.isoformat())

    timeline = Timeline(store, [Job(lambda _: NOON + HOUR, fail)])
    asyncio.run(timeline.move(to=NOON, held=True))
    with pytest.raises(LookupError):
        asyncio.run(timeline.move(by=2 * HOUR))
    assert timeline.now() == NOON + HOUR


def test_work_that_stays_due_is_not_run_for_ever(store: Store) -> None:
    timeline = Timeline(store, [Job(lambda _: NOON, lambda _store, _now: [])])
    with pytest.raises(RuntimeError, match="always more to do"):
        asyncio.run(timeline.move(to=NOON + HOUR, held=True))


def test_a_clock_that_flows_runs_what_a_call_makes_due_without_being_moved(store: Store) -> None:
    hourly = Hourly(datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
    answered = asyncio.Event()

    async def post(_: Delivery) -> int | None:
        answered.set()
        return 200

    async def run() -> None:
        timeline = Timeline(store, [Job(hourly.due, hourly.work)], post)
        flowing = asyncio.create_task(timeline.flow())
        hourly.next = timeline.now()
        timeline.wake()
        await asyncio.wait_for(answered.wait(), 20)
        flowing.cancel()
        await asyncio.gather(flowing, return_exceptions=True)

    asyncio.run(run())
    assert len(hourly.ran) == 1


def test_every_answer_has_the_clocks_date_and_a_restart_goes_on_from_it(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path)
    cloud.start()
    shown = cloud.local("PUT", "clock", {"now": "2026-12-01T12:00:00+00:00", "hold": True})
    assert (shown["now"], shown["held"]) == ("2026-12-01T12:00:00Z", True)
    cloud.local("PUT", "clock", {"advanceSeconds": 90})
    cloud.end()
    cloud.start()
    for url in ("/cloudbilling/v1/billingAccounts", "/none", "/_local/clock", "/_local/none"):
        answer = requests.get(f"{cloud.main}{url}", headers=TOKEN, timeout=20)
        assert parsedate_to_datetime(answer.headers["date"]) == NOON + timedelta(seconds=90)
    made = cloud.call("cloudresourcemanager", "GET", "v3/projects/sandbox-seed")
    assert datetime.fromisoformat(made["createTime"]) != NOON
    cloud.local("PUT", "clock", {"flow": True})
    shown = cloud.local("PUT", "clock", {"seconds": 3600})
    assert (shown["held"], shown["seconds"]) == (False, 3600)
    assert cloud.end() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"now": "2026-12-01T12:00:00"},
        {"now": 5},
        {"now": "9999-12-31T23:59:59Z"},
        {"now": "0001-01-01T00:00:00+14:00"},
        {"seconds": -1},
        {"advanceSeconds": 1.5},
        {"seconds": 1, "advanceSeconds": 1},
        {"hold": True, "flow": True},
        {"hold": False},
        {"minutes": 5},
    ],
)
def test_the_clock_refuses_what_is_no_time(cloud: LocalCloud, body: object) -> None:
    refused = requests.put(f"{cloud.main}/_local/clock", json=body, headers=TOKEN, timeout=20)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]


def test_chance_depends_on_the_seed_and_the_purpose_alone(store: Store) -> None:
    first = [chance.share(store, "lag", number) for number in range(200)]
    assert [chance.share(store, "lag", number) for number in range(200)] == first
    assert 0.4 < sum(first) / 200 < 0.6
    chance.set_seed(store, 1)
    assert chance.share(store, "lag", 0) != first[0]
    assert chance.between(store, HOUR, HOUR, "x") == HOUR


def test_make_clock_takes_steps_times_and_modes() -> None:
    assert wanted([]) == {}
    assert wanted(["+2h", "hold"]) == {"advanceSeconds": 7200, "hold": True}
    assert wanted(["2026-12-01T00:00Z"]) == {"now": "2026-12-01T00:00Z"}
    with pytest.raises(PrerequisiteError, match="It takes: "):
        wanted(["tomorrow"])


@pytest.mark.parametrize("turns", range(6))
def test_the_flow_ends_when_it_is_cancelled_just_as_it_is_woken(store: Store, turns: int) -> None:
    async def run() -> None:
        timeline = Timeline(store)
        flow = asyncio.create_task(timeline.flow())
        for _ in range(4):
            await asyncio.sleep(0)
        timeline.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        flow.cancel()
        done, _ = await asyncio.wait([flow], timeout=5)
        assert done, "it goes on, and a local cloud would not end"

    asyncio.run(run())


def test_a_clock_that_flows_faster_runs_what_is_due_and_goes_on_after_a_restart(store: Store) -> None:
    hourly = Hourly(NOON + HOUR, NOON + HOUR)
    ran = asyncio.Event()

    async def post(_: Delivery) -> int | None:
        ran.set()
        return 200

    async def run() -> None:
        timeline = Timeline(store, [Job(hourly.due, hourly.work)], post)
        flowing = asyncio.create_task(timeline.flow())
        await timeline.move(to=NOON, held=False, rate=3600 * 10)
        await asyncio.wait_for(ran.wait(), 20)
        flowing.cancel()
        restarted = Timeline(store)
        restarted.load()
        before = timeline.now()
        assert before <= restarted.now() <= timeline.now()
        await restarted.move(held=False, rate=1)
        assert restarted.now() - NOON >= HOUR

    asyncio.run(run())
    assert NOON + HOUR <= hourly.ran[0] < NOON + timedelta(days=1)
