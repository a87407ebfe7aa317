"""Guards killed between any two calls, and guards that run at the same time: each act follows once, and whole."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.google import guard_release
from landing_zone.google.guard_release import BusyError
from landing_zone.google.objects import ChangedError
from landing_zone.guarding.record import Record
from tests.guard.fake_google import PRIORITY, Cloud, FakeGoogle, Killed
from tests.guard.world import BUCKET, POLICY, World, message, spent, steps

Prepare = Callable[[World], None]


def nothing_yet(_: World) -> None:
    """Only the stack's update."""


def throttled(world: World) -> None:
    """Throttled before."""
    world.run(message(800, world.cloud.now))
    world.after(1)


def stop(world: World, google: FakeGoogle | None = None, holder: str = "one") -> None:
    """A guard takes a message that stops and unlinks."""
    guard, own = world.guard(holder)
    if google is not None:
        own.before, own.after = google.before, google.after
    guard.run(message(1500, world.cloud.now))


def release(google: FakeGoogle) -> None:
    guard_release.release(google, BUCKET, POLICY.number)


def numbered(world: World, work: Callable[[FakeGoogle], None]) -> int:
    """How many calls some work makes."""
    google = FakeGoogle(world.cloud)
    work(google)
    return google.calls


def killed_at(call: int, *, before: bool) -> FakeGoogle:
    """A client whose process ends before or after one of its calls."""
    google = FakeGoogle(Cloud())

    def kill(number: int, _: str) -> None:
        if number == call:
            raise Killed

    if before:
        google.before = kill
    else:
        google.after = kill
    return google


def calls_of(prepare: Prepare) -> int:
    world = World()
    prepare(world)
    guard, google = world.guard()
    guard.run(message(1500, world.cloud.now))
    return google.calls


def once(record: Record) -> None:
    """Each step acted once, and nothing is left to do."""
    keys = [act.key for act in record.acts]
    assert len(keys) == len(set(keys))
    assert not record.pending


@pytest.mark.parametrize("prepare", [nothing_yet, throttled])
@pytest.mark.parametrize("before", [True, False])
def test_a_guard_that_is_killed_at_any_call_leaves_an_act_that_the_next_run_finishes(
    prepare: Prepare, before: bool
) -> None:
    count = calls_of(prepare)
    assert count > 15
    for call in range(count):
        world = World()
        original = world.cloud.limits
        prepare(world)
        with pytest.raises(Killed):
            stop(world, killed_at(call, before=before))
        # Another guard comes before the claim has expired, and after.
        for minutes in (1, 4):
            world.after(minutes)
            sent = message(1500, world.cloud.now)
            world.run(sent, holder="two")
        once(world.record)
        assert world.cloud.is_stopped(), f"killed at call {call}"
        assert world.cloud.link == ""
        assert all(world.cloud.disabled.values())
        release(FakeGoogle(world.cloud))
        assert world.cloud.limits == original, f"killed at call {call}"


@pytest.mark.parametrize("before", [True, False])
def test_a_release_that_is_killed_at_any_call_is_finished_by_the_next_run(before: bool) -> None:
    first = World()
    stop(first)
    for call in range(numbered(first, release)):
        world = World()
        original = world.cloud.limits
        stop(world)
        google = FakeGoogle(world.cloud)
        killed = killed_at(call, before=before)
        google.before, google.after = killed.before, killed.after
        with pytest.raises(Killed):
            release(google)
        world.after(4)
        if world.record.in_force:  # killed before it said anything
            release(FakeGoogle(world.cloud))
        world.run()
        assert world.cloud.limits == original, f"killed at call {call}"
        assert not world.record.held


@dataclass
class Meddler:
    """Runs other work before some of a guard's calls, each at a moment that is drawn."""

    world: World
    random: Random
    works: list[Callable[[World], None]]

    def before(self, _: int, __: str) -> None:
        if self.works and self.random.random() < 0.15:
            self.works.pop()(self.world)


def second(world: World) -> None:
    """Another guard takes the same message, while the first is at work."""
    stop(world, holder="two")


def third(world: World) -> None:
    """A third one polls."""
    world.run(holder="three")


def lower(world: World) -> None:
    """A message that is older."""
    world.run(message(900, world.cloud.now.replace(hour=0)), holder="four")


def person(world: World) -> None:
    """A person releases, if nobody is at work."""
    try:
        release(FakeGoogle(world.cloud))
    except (BusyError, ChangedError):
        return


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.permutations([second, third, lower, second, third]))
def test_guards_that_run_at_the_same_time_act_once(seed: int, works: list[Callable[[World], None]]) -> None:
    world = World()
    original = world.cloud.limits
    meddling = FakeGoogle(world.cloud)
    meddling.before = Meddler(world, Random(seed), [*works]).before  # noqa: S311 a test repeats
    stop(world, meddling)
    world.after(4)
    world.run()
    once(world.record)
    # The older message is right too, and may come first.
    done = [step for step in steps(world.record.acts, "done") if step != "throttle"]
    assert done == ["notify", "stop", "unlink"]
    assert world.cloud.is_stopped()
    release(FakeGoogle(world.cloud))
    assert world.cloud.limits == original


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.permutations([second, person, third, person, lower]))
def test_what_a_person_releases_while_guards_run_stays_released(
    seed: int, works: list[Callable[[World], None]]
) -> None:
    world = World()
    original = world.cloud.limits
    meddling = FakeGoogle(world.cloud)
    meddling.before = Meddler(world, Random(seed), [*works]).before  # noqa: S311 a test repeats
    stop(world, meddling)
    world.after(4)
    person(world)
    world.after(1)
    world.run(message(1501, world.cloud.now))
    once(world.record)
    assert not world.record.in_force
    assert not world.record.held
    assert world.cloud.limits == original


def test_a_guard_that_is_held_up_beyond_its_claim_takes_back_what_a_person_released() -> None:
    """Between its last look at the record and its call, more time passes than its claim lasts, and a person acts."""
    world = World()
    original = world.cloud.limits
    google = FakeGoogle(world.cloud)
    released = False

    def held_up(_: int, call: str) -> None:
        nonlocal released
        if "importConsumerOverrides" in call and not released:
            released = True
            world.after(10)
            release(FakeGoogle(world.cloud))

    google.before = held_up
    stop(world, google)
    world.after(4)
    world.run()
    assert not world.record.in_force
    assert world.cloud.limits == original


@pytest.mark.parametrize("before", [True, False])
def test_a_throttle_that_is_carried_out_again_leaves_the_same_share(before: bool) -> None:
    undisturbed = World()
    undisturbed.run(message(800, undisturbed.cloud.now))
    whole = World()
    guard, google = whole.guard()
    guard.run(message(800, whole.cloud.now))
    for call in range(google.calls):
        world = World()
        own, client = world.guard()
        killed = killed_at(call, before=before)
        client.before, client.after = killed.before, killed.after
        with pytest.raises(Killed):
            own.run(message(800, world.cloud.now))
        world.after(4)
        world.run(message(800, world.cloud.now), holder="two")
        assert world.cloud.limits == undisturbed.cloud.limits, f"killed at call {call}"


@pytest.mark.parametrize("before", [True, False])
def test_a_stop_that_does_not_hold_is_whole_wherever_a_guard_is_killed(before: bool) -> None:
    """It lowers what was not there, which a run that was killed left half done."""

    def leaking() -> World:
        world = World()
        world.cloud.absent = {PRIORITY}
        stop(world)
        world.cloud.absent = set()
        world.after(25)
        world.spends = [spent(1, world.cloud.now)]
        world.after(1)
        return world

    original = World().cloud.limits
    whole = leaking()
    guard, google = whole.guard()
    guard.run()
    assert whole.cloud.is_stopped()
    for call in range(google.calls):
        world = leaking()
        own, client = world.guard()
        killed = killed_at(call, before=before)
        client.before, client.after = killed.before, killed.after
        with pytest.raises(Killed):
            own.run()
        world.after(4)
        world.run(holder="two")
        once(world.record)
        assert world.cloud.is_stopped(), f"killed at call {call}"
        release(FakeGoogle(world.cloud))
        assert world.cloud.limits == original, f"killed at call {call}"


def test_a_guard_that_is_held_up_before_its_last_look_makes_no_call() -> None:
    """Its claim is over, another guard has acted, and a person has released that."""
    world = World()
    original = world.cloud.limits
    google = FakeGoogle(world.cloud)
    claimed = 0

    def held_up(number: int, call: str) -> None:
        nonlocal claimed
        if claimed == number - 1 and "storage GET" in call and world.record.claim and not world.cloud.log:
            world.after(10)
            second(world)
            release(FakeGoogle(world.cloud))
            world.cloud.log.clear()
        if call.startswith("storage.upload"):
            claimed = number

    google.before = held_up
    stop(world, google)
    assert world.cloud.limits == original
    assert not world.cloud.log
    assert world.record.acts
    assert not world.record.in_force
