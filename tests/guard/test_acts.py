"""What the guard's acts do at Google, and that a release restores exactly what was there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from guard.project import Run
from landing_zone.google import guard_release
from landing_zone.google.errors import GoogleError
from landing_zone.google.guard_release import BusyError
from landing_zone.guarding.policy import StopBy, StopStep
from landing_zone.guarding.record import HeldLimit, Value
from landing_zone.guarding.release import needs_restoring
from tests.guard.fake_google import (
    EMBEDDINGS,
    FREE_EMBEDDINGS,
    PER_MINUTE,
    PRIORITY,
    VIDEOS,
    FakeGoogle,
    Killed,
)
from tests.guard.world import BUCKET, EMAILS, POLICY, World, message, spent, steps, with_amount

REQUESTS = "generativelanguage.googleapis.com/generate_requests_per_model"
FLASH, PRO = "gemini-3.8-flash", "gemini-2.5-pro"


def steps_after(world: World, cost: object, minutes: int = 1) -> list[str]:
    """Steps that follow a message after some time."""
    world.after(minutes)
    return steps(world.run(message(cost, world.cloud.now)).acts)


def release(world: World) -> guard_release.Released:
    return guard_release.release(FakeGoogle(world.cloud), BUCKET, POLICY.number)


def test_steps_follow_the_money_and_a_release_restores_what_was_there_before_the_first() -> None:
    world = World(replace(POLICY, unlink=Decimal("1.5")))
    before = world.cloud.limits
    assert steps_after(world, 499.99) == []
    assert steps_after(world, 500) == ["notify"]
    assert world.cloud.limits == before
    assert steps_after(world, 800) == ["throttle"]
    throttled = world.cloud.overrides
    # A quarter of what was in force, on every tier; what was denied stays so.
    assert throttled[REQUESTS, PER_MINUTE, FLASH] == 15
    assert throttled[REQUESTS, PER_MINUTE, ""] == 0
    assert (REQUESTS, PER_MINUTE, PRO) not in throttled
    assert throttled[f"{REQUESTS}_per_day", "/d/model/project", FLASH] == 250
    assert all(throttled[metric, PER_MINUTE, ""] in (0, 250) for metric in (PRIORITY, VIDEOS, EMBEDDINGS))
    assert steps_after(world, 900) == []
    assert steps_after(world, 1000) == ["stop"]
    assert world.cloud.is_stopped()
    assert world.cloud.disabled == dict.fromkeys(EMAILS, True)
    assert not any(metric == FREE_EMBEDDINGS for metric, _, _ in world.cloud.overrides)
    assert any("embed_content_free_tier_requests" in each for each in world.record.acts[-1].left)
    assert steps_after(world, 1500) == ["unlink"]
    assert world.cloud.link == ""
    found = release(world)
    assert steps(found.acts) == ["throttle", "stop", "unlink"]
    assert (world.cloud.limits, found.left) == (before, ())
    assert not world.record.held


def test_each_change_of_limits_is_one_call() -> None:
    world = World()
    steps_after(world, 800)
    steps_after(world, 1000)
    imports = [call for call in world.cloud.log if "importConsumerOverrides" in call]
    assert len(imports) == 2


def test_what_is_released_does_not_act_again_in_the_month_and_a_higher_step_does() -> None:
    world = World()
    assert steps_after(world, 1000) == ["notify", "stop"]
    before = world.cloud.limits
    release(world)
    assert steps_after(world, 1200) == []
    assert world.cloud.limits != before
    assert steps_after(world, 1500) == ["unlink"]


def test_an_amount_that_is_raised_after_a_release_stops_at_the_new_one() -> None:
    world = World()
    steps_after(world, 1000)
    release(world)
    world.write_policy(with_amount(POLICY, 2000))
    assert steps_after(world, 1300) == []
    assert steps_after(world, 2000) == ["stop"]
    assert world.cloud.is_stopped()


def test_an_act_stays_in_force_when_its_step_is_taken_out_or_its_amount_raised() -> None:
    world = World()
    steps_after(world, 1000)
    stopped = world.cloud.limits
    world.write_policy(replace(with_amount(POLICY, 9000), stop=None, throttle=None))
    assert steps_after(world, 1001) == []
    assert world.cloud.limits == stopped
    release(world)
    assert not world.cloud.is_stopped()


def test_what_a_person_changed_meanwhile_is_left_alone() -> None:
    world = World()
    steps_after(world, 800)
    world.cloud.overrides[REQUESTS, PER_MINUTE, FLASH] = 40
    steps_after(world, 1000)
    # The stop lowers what the person set, and that is what comes back.
    assert world.cloud.overrides[REQUESTS, PER_MINUTE, FLASH] == 0
    world.cloud.overrides[VIDEOS, PER_MINUTE, FLASH] = 7
    del world.cloud.overrides[PRIORITY, PER_MINUTE, ""]
    world.cloud.disabled[EMAILS[0]] = False
    found = release(world)
    assert world.cloud.overrides[REQUESTS, PER_MINUTE, FLASH] == 40
    assert world.cloud.overrides[VIDEOS, PER_MINUTE, FLASH] == 7
    assert (PRIORITY, PER_MINUTE, "") not in world.cloud.overrides
    assert world.cloud.disabled == dict.fromkeys(EMAILS, False)
    assert any("changed to 7 meanwhile" in each for each in found.left)


def test_what_was_disabled_or_unlinked_before_stays_so() -> None:
    world = World()
    world.cloud.disabled[EMAILS[1]] = True
    world.cloud.link = ""
    before = world.cloud.limits
    steps_after(world, 1500)
    release(world)
    assert world.cloud.limits == before


@pytest.mark.parametrize(
    ("by", "limits", "keys"), [("limits", True, False), ("keys", False, True), ("both", True, True)]
)
def test_a_stop_takes_the_way_that_the_setting_says(by: StopBy, limits: bool, keys: bool) -> None:
    world = World(replace(POLICY, stop=StopStep(Decimal(1), by), unlink=None))
    steps_after(world, 1000)
    assert world.cloud.is_stopped() is limits
    assert all(world.cloud.disabled.values()) is keys


def test_a_dry_run_says_what_would_be_done_once_and_changes_nothing() -> None:
    world = World(replace(POLICY, dry_run=True))
    before = world.cloud.limits
    assert steps_after(world, 1500) == ["notify", "stop", "unlink"]
    assert steps_after(world, 1600) == []
    assert (world.cloud.limits, world.cloud.log) == (before, [])
    # Once it is none any more, the steps are due.
    world.write_policy(POLICY)
    assert steps_after(world, 1601) == ["notify", "stop", "unlink"]
    assert world.cloud.is_stopped()


def test_a_burst_acts_whatever_the_month_has_left_and_once() -> None:
    world = World()
    noon = world.cloud.now
    world.run()
    world.spends = [spent("0.6", noon + timedelta(minutes=each)) for each in range(10)]
    world.after(10)
    assert steps(world.run().acts) == []  # ten minutes cost 6, three times what is planned, and not more
    world.spends.append(spent("0.7", noon + timedelta(minutes=10)))
    world.after(1)
    [act] = world.run().acts
    assert (act.step, act.does) == ("rate", "throttle")
    assert act.level == 6
    assert "ten minutes cost 6.10 USD" in act.reason
    release(world)
    world.spends.append(spent(90, noon + timedelta(minutes=11)))
    world.after(1)
    assert steps(world.run().acts) == []


def refusing(world: World, what: str, holder: str = "one") -> Callable[[object], Run]:
    """A guard that Google refuses some calls."""
    guard, google = world.guard(holder)

    def refuse(_: int, call: str) -> None:
        if what in call:
            raise GoogleError(403, "PERMISSION_DENIED", f"no permission for {what}")

    google.before = refuse
    return lambda cost: guard.run(message(cost, world.cloud.now))


@pytest.mark.parametrize("refused", ["importConsumerOverrides", "serviceusage GET", "web@", "iam GET"])
def test_a_part_that_google_refuses_keeps_no_other_from_being_carried_out(refused: str) -> None:
    world = World()
    before = world.cloud.limits
    run = refusing(world, refused)(1500)
    # The stop is whole but for what is refused, and what follows it is done.
    assert f"no permission for {refused}" in run.unfinished
    assert steps(run.acts) == ["notify", "unlink"]
    assert world.cloud.is_stopped() is ("serviceusage" not in refused and "import" not in refused)
    assert world.cloud.disabled[EMAILS[0]] is (refused != "iam GET")
    assert world.cloud.link == ""
    world.after(1)
    assert steps(world.run().acts) == ["stop"]
    assert world.cloud.is_stopped()
    assert all(world.cloud.disabled.values())
    release(world)
    assert world.cloud.limits == before


@pytest.mark.parametrize("refused", ["cloudbilling PUT", "iam POST", "importConsumerOverrides"])
def test_what_cannot_be_restored_stays_held_and_the_rest_is_restored(refused: str) -> None:
    """The guard itself may unlink billing, and only a person may link it."""
    world = World(replace(POLICY, release_at_new_period=True))
    linked = world.cloud.link
    steps_after(world, 1500)
    world.cloud.now = world.cloud.now.replace(month=12, day=1, hour=8)
    guard, google = world.guard()

    def refuse(_: int, call: str) -> None:
        if refused in call:
            raise GoogleError(403, "PERMISSION_DENIED", "not you")

    google.before = refuse
    assert "not you" in guard.run().unfinished
    held = world.record.held
    assert (bool(held.link), bool(held.accounts), bool(held.limits)) == (
        "billing" in refused,
        "iam" in refused,
        "import" in refused,
    )
    assert world.cloud.is_stopped() is ("import" in refused)
    assert (world.cloud.link == linked) is ("billing" not in refused)
    release(world)
    assert (world.cloud.link, world.cloud.disabled) == (linked, dict.fromkeys(EMAILS, False))
    assert not world.record.held


def test_a_stop_that_does_not_hold_lowers_what_was_not_there_and_nothing_that_a_person_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    tier_2 = "generativelanguage.googleapis.com/generate_content_paid_tier_2_requests"
    world.cloud.absent = {tier_2}
    steps_after(world, 1000)
    world.cloud.absent = set()  # the account is moved to another tier, whose limits nobody lowered
    world.cloud.overrides[VIDEOS, PER_MINUTE, FLASH] = 7
    world.after(10)
    world.spends = [spent(1, world.cloud.now)]
    world.after(9)
    assert steps(world.run().acts) == []  # the end of an answer that was asked for before
    assert not world.cloud.is_stopped()
    world.after(12)
    world.spends.append(spent(1, world.cloud.now))
    world.after(1)
    run = world.run()
    assert steps(run.acts) == steps(run.unreported)[-1:] == ["stop"]
    assert world.cloud.overrides[tier_2, PER_MINUTE, ""] == 0
    assert world.cloud.overrides[VIDEOS, PER_MINUTE, FLASH] == 7
    assert "use goes on, though the guard stopped" in str(world.record.seen)
    assert "stop was carried out again, as use went on: the month has cost" in capsys.readouterr().out
    world.after(1)
    assert steps(world.run().acts) == []
    # What goes on is a person's: they are not mailed of it every quarter of an hour.
    world.cloud.put("state/123.json", world.record.reporting(world.record.acts).as_json())
    world.after(30)
    world.spends.append(spent(1, world.cloud.now))
    world.after(1)
    run = world.run()
    assert (steps(run.acts), run.unreported) == (["stop"], ())
    release(world)
    assert (tier_2, PER_MINUTE, "") not in world.cloud.overrides
    assert world.cloud.overrides[REQUESTS, PER_MINUTE, FLASH] == 60
    assert not world.record.held


def test_a_key_that_comes_while_keys_are_stopped_is_stopped_once_it_is_used() -> None:
    assert POLICY.stop
    keys = replace(POLICY, stop=replace(POLICY.stop, by="keys"))
    world = World(replace(keys, accounts=EMAILS[:1]))
    steps_after(world, 1000)
    # An update adds one with an account of its own; of the others, a person enables the one that was stopped.
    world.write_policy(replace(keys, accounts=EMAILS))
    world.cloud.disabled |= dict.fromkeys(EMAILS, False)
    world.after(30)
    world.spends = [spent(1, world.cloud.now)]
    world.after(1)
    assert steps(world.run().acts) == ["stop"]
    assert world.cloud.disabled == {EMAILS[0]: False, EMAILS[1]: True}
    release(world)
    assert world.cloud.disabled == dict.fromkeys(EMAILS, False)


def test_what_is_released_of_an_earlier_month_is_not_done_again_at_once() -> None:
    world = World()
    steps_after(world, 800)
    world.cloud.now = world.cloud.now.replace(month=12, day=20)
    december = "2026-12-01T08:00:00Z"
    assert steps(world.run(message(850, world.cloud.now, costIntervalStart=december)).acts) == ["notify"]
    release(world)
    world.after(1)
    assert steps(world.run(message(860, world.cloud.now, costIntervalStart=december)).acts) == []
    world.after(1)
    assert steps(world.run(message(1000, world.cloud.now, costIntervalStart=december)).acts) == ["stop"]


@pytest.mark.parametrize("releases", [False, True])
def test_a_new_month_counts_anew_and_restores_only_if_asked(releases: bool) -> None:
    world = World(replace(POLICY, release_at_new_period=releases))
    before = world.cloud.limits
    steps_after(world, 1000)
    stopped = world.cloud.limits
    world.cloud.now = world.cloud.now.replace(month=12, day=1, hour=8)
    assert steps(world.run().acts) == []
    record = world.record
    assert (record.period.month, record.billed, record.ignored) == (12, None, {})
    assert world.cloud.limits == (before if releases else stopped)
    assert bool(record.in_force) is not releases
    # Nobody acknowledged anything of the new month.
    release(world)
    world.after(1)
    again = message(1000, world.cloud.now, costIntervalStart="2026-12-01T08:00:00Z")
    assert steps(world.run(again).acts) == ["notify", "stop"]


def test_a_release_sets_what_an_update_of_the_stack_asked_for_meanwhile() -> None:
    """The update writes it into the record, and leaves the limits as they are."""
    world = World()
    steps_after(world, 1000)
    record = world.record

    def asked(limit: HeldLimit) -> HeldLimit:
        if (limit.metric, limit.limit) != (REQUESTS, PER_MINUTE):
            return limit
        values = tuple(replace(each, before=90) if each.model == FLASH else each for each in limit.values)
        return replace(limit, values=(*values, Value(PRO, 5, None)))

    held = replace(record.held, limits=tuple(map(asked, record.held.limits)))
    world.cloud.put(f"state/{POLICY.number}.json", replace(record, held=held).as_json())
    assert world.cloud.is_stopped()
    release(world)
    assert world.cloud.overrides[REQUESTS, PER_MINUTE, FLASH] == 90
    assert world.cloud.overrides[REQUESTS, PER_MINUTE, PRO] == 5


def test_a_release_waits_for_an_act_that_is_being_carried_out() -> None:
    world = World()
    guard, google = world.guard()

    def kill(_: int, call: str) -> None:
        if "import" in call:
            raise Killed

    google.before = kill
    with pytest.raises(Killed):
        guard.run(message(1000, world.cloud.now))
    with pytest.raises(BusyError, match="right now"):
        release(world)
    world.after(4)
    assert steps(release(world).acts) == ["stop"]
    assert not needs_restoring(world.record)
    world.run()
    assert not world.cloud.is_stopped()
