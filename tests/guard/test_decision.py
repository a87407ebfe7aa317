"""The decision: the estimate is never below the truth, no step acts on less than its setting says, and each once."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.guarding.decision import Signals, decide, levels, rate_level
from landing_zone.guarding.estimate import (
    MOST_CORRECTION,
    correction,
    estimated,
    metered,
    settled,
    ten_minutes,
)
from landing_zone.guarding.policy import Delays, Policy, Rate, StopStep, Throttle
from landing_zone.guarding.record import STRENGTH, Billed, Meter, Record
from landing_zone.guarding.release import release
from landing_zone.pricing.metered import Spend
from tests.guard.world import MINUTE, POLICY, message, spent, steps, with_amount

START = datetime(2026, 11, 1, 7, tzinfo=UTC)
BILLING = timedelta(hours=2)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)

shares = st.decimals(Decimal("0.1"), Decimal("1.9"), places=1)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies with any steps, in order, and delays that a test can be about."""
    notify, throttle, stop, unlink = sorted(draw(st.lists(shares, min_size=4, max_size=4)))
    return replace(
        POLICY,
        amount=draw(st.sampled_from([Decimal(0), Decimal(5), Decimal(100)])),
        notify=draw(st.none() | st.just(notify)),
        throttle=draw(st.none() | st.just(Throttle(throttle, Decimal("0.25")))),
        stop=draw(st.none() | st.just(StopStep(stop))),
        unlink=draw(st.none() | st.just(unlink)),
        rate=draw(st.none() | st.sampled_from([Rate(Decimal(3)), Rate(Decimal(2), "stop")])),
        ten_minutes=draw(st.none() | st.sampled_from([Decimal(0), Decimal(1)])),
        release_at_new_period=draw(st.booleans()),
        delays=Delays(billing=BILLING),
    )


@dataclass(frozen=True)
class Event:
    """A poll, after some minutes in which something was used, and perhaps with a message."""

    minutes: int
    cost: Decimal
    """Truly, of each minute."""
    shown: Decimal
    """Of the metered price: true cost times this."""
    lag: int
    """Minutes that Cloud Monitoring is late."""
    billed: int | None
    """A message that has what is older than so many minutes."""
    released: bool


events = st.lists(
    st.builds(
        Event,
        st.sampled_from([1, 1, 2, 7, 45, 300, 20_000]),
        st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("0.5"), Decimal(3)]),
        st.sampled_from([Decimal(1), Decimal("1.8"), Decimal(4)]),
        st.integers(0, 5),
        st.none() | st.integers(0, int(BILLING / MINUTE)),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(policies(), events)
def test_no_step_acts_on_less_than_its_setting_and_the_estimate_is_never_below_the_truth(
    policy: Policy, events: list[Event]
) -> None:
    now, record = START, Record.begin(policy, START)
    used: list[tuple[Spend, Decimal]] = []
    """What is metered, and its true cost."""
    for event in events:
        # No more than an hour's minutes are used, so that a month is not thousands of them.
        for place in range(min(event.minutes, 60)):
            start = now + place * MINUTE
            used.append((spent(event.cost * event.shown, start), event.cost))
        now += event.minutes * MINUTE
        read_until = now - event.lag * MINUTE
        begun = record.meter.watermark if now < _next_month(record) else _next_month(record)
        fresh = tuple(each for each, _ in used if each.start >= begun and each.end <= read_until)
        billed = None
        if event.billed is not None:
            until = now - event.billed * MINUTE
            cost = _true(used, _month_of(now), until)
            billed = message(float(cost), now, costIntervalStart=_month_of(now).isoformat())
        before = record
        decision = decide(policy, record, Signals(fresh, read_until, billed), now)
        record = decision.record
        assert record.seen is not None
        assert record.seen.estimate >= _true(used, _month_of(now), read_until) - Decimal("1e-9")
        if record.billed:
            assert record.seen.estimate >= record.billed.amount
        for act in decision.acts:
            asked = rate_level(policy) if act.step == "rate" else dict(_levels(policy))[act.step]
            assert act.level == asked
            reached = record.seen.ten_minutes if act.step == "rate" else act.estimate
            assert reached >= act.level
            assert reached > 0
            same = [each for each in before.acts if each.key == act.key]
            assert all(each.status == "released" for each in same)
            stronger = [each for each in before.in_force if STRENGTH[each.does] >= STRENGTH[act.does]]
            assert act.does == "notify" or not stronger or before.period != record.period
        assert len({act.key for act in decision.acts}) == len(decision.acts)
        if event.released:
            record = release(record, now)
            again = decide(policy, record, Signals(), now)
            assert not {act.step for act in decision.acts} & {act.step for act in again.acts}


def _levels(policy: Policy) -> list[tuple[Any, Decimal]]:
    return [(step, level) for step, _, level in levels(policy)]


def _month_of(now: datetime) -> datetime:
    # Midnight Pacific: 7 UTC until the clocks change in November, then 8.
    return max(each for each in (START, *_LATER) if each <= now)


_LATER = [
    datetime(2026, 12, 1, 8, tzinfo=UTC),
    *(datetime(2027, month, 1, 8, tzinfo=UTC) for month in (1, 2, 3)),
]


def _next_month(record: Record) -> datetime:
    return next(each for each in _LATER if each.date() > record.period)


def _true(used: list[tuple[Spend, Decimal]], start: datetime, until: datetime) -> Decimal:
    return sum((cost for each, cost in used if each.start >= start and each.end <= until), Decimal(0))


def test_what_is_settled_and_what_is_fresh_are_all_of_it_whenever_it_is_polled() -> None:
    spends = [spent("0.37", START + each * MINUTE) for each in range(400)]
    whole = sum((each.cost for each in spends), Decimal(0))
    for step in (1, 7, 61, 400):
        meter = Meter(START)
        for minute in range(step, 401, step):
            until = START + minute * MINUTE
            fresh = [each for each in spends if each.start >= meter.watermark and each.end <= until]
            assert metered(meter, fresh) == Decimal("0.37") * minute
            meter = settled(meter, fresh, until, BILLING)
        assert meter.settled == sum(each.cost for each in meter.recent)
        assert meter.settled <= whole


def test_billing_corrects_the_meter_and_says_so() -> None:
    fresh = [spent(40, NOON - timedelta(hours=30), 60), spent(10, NOON - MINUTE)]
    record = replace(Record.begin(POLICY, START), meter=Meter(START))

    def shown(billed: object, known: object) -> tuple[Any, str]:
        held = replace(record, billed=Billed(Decimal(str(billed)), NOON, Decimal(str(known))))
        found = estimated(held, fresh, timedelta(hours=24), "USD", NOON)
        return found.amount, found.basis

    # 40 were metered before the last day and cost 25: those 25 count, and the last day's as metered.
    assert shown(25, 50) == (
        35,
        "25.00 USD billed as of 2026-11-10 12:00 UTC, and 10.00 USD metered since 2026-11-09 12:00 UTC",
    )
    # Half as much again was billed as was metered.
    assert shown(75, 50) == (
        75,
        "75.00 USD billed as of 2026-11-10 12:00 UTC, which is above what is metered",
    )
    amount, basis = shown(60, 50)
    assert amount == 60
    assert "billed" in basis
    assert shown(45, 50) == (
        50,
        "50.00 USD metered in the month; 45.00 USD billed as of 2026-11-10 12:00 UTC",
    )
    later = replace(record, billed=Billed(Decimal(60), NOON, Decimal(40)))
    found = estimated(later, [*fresh, spent(20, NOON)], timedelta(hours=24), "USD", NOON + MINUTE)
    assert found.amount == 105
    assert "times 1.50 as more was billed than metered" in found.basis
    assert correction(Billed(Decimal(500), NOON, Decimal(1))) == MOST_CORRECTION
    assert correction(Billed(Decimal(500), NOON, Decimal(0))) == 1


def test_a_guard_that_begins_in_the_middle_of_a_month_waits_for_what_is_billed() -> None:
    before = (spent(5000, NOON - timedelta(days=3), 60),)
    first = decide(POLICY, None, Signals(before, NOON), NOON)
    assert not first.acts
    assert first.record.seen is not None
    assert first.record.seen.estimate == 0
    later = NOON + timedelta(minutes=20)
    second = decide(POLICY, first.record, Signals(message=message(300, later), read_until=later), later)
    assert second.record.seen is not None
    assert not second.acts
    assert second.record.seen.estimate == 300
    # Without any, what was metered counts in the end.
    late = NOON + timedelta(hours=2)
    assert steps(decide(POLICY, first.record, Signals(read_until=late), late).acts) == [
        "notify",
        "stop",
        "unlink",
    ]


def test_a_burst_is_any_ten_minutes_of_late() -> None:
    minutes = [spent(1, NOON + each * MINUTE) for each in (0, 3, 9, 10, 25)]
    assert ten_minutes(minutes, NOON + 12 * MINUTE) == 3
    assert ten_minutes(minutes, NOON + 60 * MINUTE) == 0
    assert ten_minutes([spent(50, NOON - timedelta(hours=1), 60)], NOON) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (with_amount(POLICY, 2000), []),
        (with_amount(POLICY, 1200), ["stop"]),
        (with_amount(POLICY, 100), []),
        (replace(POLICY, stop=None), []),
        (replace(POLICY, unlink=Decimal("1.2")), ["unlink"]),
    ],
)
def test_after_a_release_the_policy_of_now_says_what_is_above_the_level(
    change: Policy, expected: list[str]
) -> None:
    stopped = decide(POLICY, None, Signals(message=message(1000, NOON)), NOON).record
    freed = release(stopped, NOON)
    later = NOON + MINUTE
    billed = Signals(message=message(1250, later))
    found = [act.step for act in decide(change, freed, billed, later).acts if act.step != "notify"]
    assert found == expected


def test_a_clock_that_goes_back_decides_nothing() -> None:
    record = decide(POLICY, None, Signals(message=message(10, NOON)), NOON).record
    found = decide(POLICY, record, Signals((spent(9999, NOON),), NOON), NOON - timedelta(days=30))
    assert (found.record, found.acts) == (record, ())
    assert "nothing was decided" in found.remarks[0]


def test_budget_messages_that_do_not_count_are_remarked() -> None:
    record = decide(POLICY, None, Signals(message=message(50, NOON), read_until=NOON), NOON).record
    later = NOON + timedelta(hours=12)
    assert decide(POLICY, record, Signals(read_until=later), later).remarks == ()
    later += MINUTE
    [remark] = decide(POLICY, record, Signals(read_until=later), later).remarks
    assert remark.startswith("no budget message has counted since 2026-11-10 12:00 UTC")
    # A month that has just begun waits for its own.
    december = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert decide(POLICY, record, Signals(read_until=december), december).remarks == ()


def test_no_amount_in_another_currency_counts() -> None:
    """The project was moved to a billing account that is paid otherwise."""
    yen = replace(POLICY, currency="JPY", amount=Decimal(150_000))
    first = decide(yen, None, Signals(message=message(149_000, NOON, currencyCode="JPY")), NOON)
    assert steps(first.acts) == ["notify", "throttle"]
    later = NOON + MINUTE
    month = (spent(2, START), spent(3, NOON - 40 * MINUTE), spent(1, NOON))
    moved = decide(POLICY, first.record, Signals(month, later), later)
    assert moved.record.seen is not None
    assert moved.record.seen.estimate == 1  # since it began, as of any guard that is new
    assert moved.record.meter.settled == 5
    assert not moved.acts
    again = decide(POLICY, moved.record, Signals(message=message(20, later)), later)
    assert again.ignored is None
