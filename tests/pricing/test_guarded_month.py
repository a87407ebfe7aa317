"""The bound with the spend guard holds against thieves who know it: at limits, quiet first, with caches and queries.

The guard of these tests keeps the promise of the real one and no more: it polls, sees calls once the series have them,
sees all costs once a message has them, and what it does is enforced when the time of the act has passed. It estimates
as low as the promise allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.exposure import Doors, Window
from landing_zone.pricing.guarded_month import Guard, Throttle, beyond, lowered
from landing_zone.pricing.money import EXACT, NANO
from landing_zone.pricing.rates import Terms
from landing_zone.pricing.worst_month import Spender, Stop, kept, late, most
from tests.pricing.test_adversary import Choices, Few, Spenders, Start, Thief

MINUTE: Final = timedelta(minutes=1)
NEARLY: Final = Decimal("0.999")
"""The end of a minute."""
AMOUNTS: Final = [Decimal(1), Decimal(20), Decimal(300)]


@dataclass(frozen=True)
class Delays:
    """Minutes of each part of what makes the guard late."""

    poll: int
    series: int
    act: int
    billing: int

    @property
    def lag(self) -> timedelta:
        return (self.poll + self.series + self.act) * MINUTE


@dataclass(frozen=True)
class Steps:
    """A guard's steps."""

    amount: Decimal
    throttle: Decimal | None
    """Share of the amount."""
    to: Decimal
    queries: int

    def guard(self, spender: Spender, delays: Delays) -> Guard:
        slow = None
        if self.throttle is not None:
            slow = Throttle(
                self.throttle * self.amount,
                replace(
                    spender, limits={model: lowered(each, self.to) for model, each in spender.limits.items()}
                ),
            )
        return Guard(self.amount, delays.lag, delays.billing * MINUTE, self.queries, slow)


AllSteps = st.builds(
    Steps,
    st.sampled_from(AMOUNTS),
    st.none() | st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("0.8"), Decimal(1)]),
    st.sampled_from([Decimal("0.1"), Decimal("0.25"), Decimal("0.5")]),
    st.integers(0, 4),
)
AllDelays = st.builds(
    Delays,
    st.sampled_from([1, 3]),
    st.sampled_from([0, 4]),
    st.sampled_from([0, 5]),
    st.sampled_from([15, 60]),
)


@dataclass
class Books:
    """What was spent, and when: what the guard meters, and all of it."""

    metered: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    whole: list[tuple[Decimal, Decimal]] = field(default_factory=list)

    def add(self, at: Decimal, metered: Decimal, whole: Decimal) -> None:
        self.metered.append((at, metered))
        self.whole.append((at, whole))

    def estimate(self, now: Decimal, delays: Delays) -> Decimal:
        """The lowest estimate that the guard's promise allows."""
        seen = _until(self.metered, now - delays.series)
        return max(seen, _until(self.whole, now - delays.billing))


def _until(entries: Sequence[tuple[Decimal, Decimal]], moment: Decimal) -> Decimal:
    return sum((cost for at, cost in entries if at <= moment), Decimal(0))


def stolen(
    spender: Spender,
    steps: Steps,
    delays: Delays,
    start: datetime,
    random: Random,
    *,
    quiet: bool = False,
    hoards: bool = False,
    fills: int | None = None,
) -> Decimal:
    """What a thief spends until the guard has stopped the project.

    `fills`: minutes in which caches are filled; then nothing is called until they have cost almost the amount.
    """
    thief, books = Thief(spender, random, hoards), Books()
    for model in thief.models:
        model.assumed = steps.queries
    phase, rest = random.randrange(delays.poll), random.randrange(30) if quiet else 0
    throttled: int | None = None
    stopped: int | None = None
    for minute in range(4 * 60):
        at, now = start + minute * MINUTE, Decimal(minute)
        if minute % delays.poll == phase:
            found = books.estimate(now, delays)
            if steps.throttle is not None and throttled is None and found >= steps.throttle * steps.amount:
                throttled = minute + delays.act
            if stopped is None and found >= steps.amount:
                stopped = minute + delays.act
        if stopped is not None and minute >= stopped:
            break
        if throttled is not None and minute >= throttled:
            for model in thief.models:
                model.limits = lowered(spender.limits[model.id], steps.to)
        patient = fills is not None and minute >= fills
        thief.hoards = hoards or (fills is not None and not patient)
        if patient and _until(books.whole, now) < steps.amount * Decimal("0.95"):
            books.add(now + NEARLY, Decimal(0), thief.store(at))
            continue
        waits = rest > 0 and _until(books.metered, now) >= steps.amount / 2
        rest -= waits
        if not waits:
            before = sum((model.unmetered for model in thief.models), Decimal(0))
            cost = thief.call(at, late=stopped is not None)
            unseen = sum((model.unmetered for model in thief.models), Decimal(0)) - before
            books.add(now + random.choice([Decimal(0), NEARLY]), cost - unseen, cost)
        books.add(now + NEARLY, Decimal(0), thief.store(at))
    return sum((cost for _, cost in books.whole), Decimal(0))


@settings(deadline=None, max_examples=80)
@given(
    spender=Spenders,
    steps=AllSteps,
    delays=AllDelays,
    start=Start,
    random=Choices,
    quiet=st.booleans(),
    hoards=st.booleans(),
)
def test_no_thief_spends_more_than_the_guard_allows(
    spender: Spender,
    steps: Steps,
    delays: Delays,
    start: datetime,
    random: Random,
    quiet: bool,
    hoards: bool,
) -> None:
    found = beyond(spender, start.date(), steps.guard(spender, delays))
    with localcontext(EXACT):
        assert found.total is not None
        spent = stolen(spender, steps, delays, start, random, quiet=quiet, hoards=hoards)
        assert spent <= steps.amount + found.total


@given(spender=Spenders, steps=AllSteps, delays=AllDelays, start=Start, more=st.integers(0, 300))
@settings(deadline=None, max_examples=60)
def test_the_guard_is_never_worse_than_a_cap_of_its_amount_that_is_as_late(
    spender: Spender, steps: Steps, delays: Delays, start: datetime, more: int
) -> None:
    day, guard = start.date(), steps.guard(spender, delays)
    found = beyond(spender, day, guard)
    longest = guard.lag + (guard.billing_delay if found.unmetered else 0 * MINUTE) + more * MINUTE
    cap = late([spender], day, Stop(guard.amount, longest)).total
    with localcontext(EXACT):
        assert found.total is not None
        assert cap is not None
        # Two roundings.
        assert found.total <= cap + 2 * NANO
        # A throttle, whatever it is, makes no bound larger, nor does a shorter lag.
        alone = beyond(spender, day, replace(guard, throttle=None))
        assert alone.total is not None
        assert found.total <= alone.total
        slower = beyond(spender, day, replace(guard, lag=guard.lag + MINUTE))
        assert slower.total is not None
        assert found.total <= slower.total + 2 * NANO


FLASH = "gemini-3.8-flash"
SHUT = Doors(caches=False)
NOON = datetime(2026, 11, 24, 12, tzinfo=PACIFIC)
TEN = Delays(1, 4, 5, 24 * 60)


def test_the_sum_by_hand() -> None:
    # A request of 10,000 tokens a minute at most, and 65,536 tokens of answer: 10 minutes touch eleven.
    spender = Spender({FLASH: Limits(4, None, 10_000)}, BLOCKED, Terms(), SHUT)
    a_minute = (10_000 * Decimal("0.75") + 4 * 65_536 * Decimal("3.75")) / 10**6
    # A quarter of 4 requests is 1, and of 10,000 tokens 2,500.
    lower = (2_500 * Decimal("0.75") + 65_536 * Decimal("3.75")) / 10**6
    day = NOON.date()
    steps = Steps(Decimal(100), None, Decimal("0.25"), 0)
    guard = steps.guard(spender, TEN)
    assert beyond(spender, day, guard).total == 11 * a_minute
    assert 11 * a_minute < 20
    early = beyond(spender, day, replace(steps, throttle=Decimal("0.8")).guard(spender, TEN))
    assert (early.total, early.throttled) == (11 * lower, True)
    # Throttled at 99 dollars, it may be at 99 + 11 minutes when the lower limits hold.
    close = beyond(spender, day, replace(steps, throttle=Decimal("0.99")).guard(spender, TEN))
    assert close.total == min(11 * a_minute, 11 * a_minute - 1 + 11 * lower)


def test_what_is_seen_once_it_is_billed_is_said() -> None:
    limits = {FLASH: Limits(4, None, 10_000)}
    day = NOON.date()

    def unmetered(doors: Doors, queries: int) -> tuple[str, ...]:
        guard = Guard(Decimal(100), timedelta(minutes=10), timedelta(hours=24), queries)
        return beyond(Spender(limits, BLOCKED, Terms(), doors), day, guard).unmetered

    assert unmetered(Doors(caches=False, queries=3), 3) == ()
    assert unmetered(Doors(caches=True, queries=3), 3) == ("caches",)
    assert unmetered(Doors(caches=False, queries=3), 0) == ("queries to Google Search",)
    assert unmetered(Doors(caches=True, queries=3), 1) == ("caches", "queries to Google Search")


def test_a_thief_who_fills_caches_spends_more_than_what_is_metered_allows() -> None:
    """Why storage counts over the billing delay: limits of ten minutes alone would be no bound."""
    spender = Spender(
        {"gemini-3.1-pro-preview": Limits(4, None, 150_000)}, BLOCKED, Terms(), Doors(queries=0)
    )
    delays, steps = Delays(1, 4, 5, 180), Steps(Decimal(20), None, Decimal("0.25"), 0)
    guard = steps.guard(spender, delays)
    spent = stolen(spender, steps, delays, NOON, Random(0), hoards=True)  # noqa: S311 a test's choices
    shut = beyond(replace(spender, doors=SHUT), NOON.date(), guard)
    with localcontext(EXACT):
        assert shut.total is not None
        assert spent > guard.amount + shut.total


def test_a_thief_who_waits_for_storage_to_be_billed_has_both_amounts() -> None:
    """Why what is metered counts from 0 when the rest has cost the amount: the guard sees the larger of the two."""
    spender = Spender({"gemini-3.1-pro-preview": Limits(4, None, 30_000)}, BLOCKED, Terms(), Doors(queries=0))
    delays, steps = Delays(1, 4, 5, 15), Steps(Decimal(20), None, Decimal("0.25"), 0)
    day, guard = NOON.date(), steps.guard(spender, delays)
    found, late_too = beyond(spender, day, guard), Window.any(guard.lag + guard.billing_delay)
    soon = beyond(replace(spender, doors=SHUT), day, guard).total
    everything, calls = (most(each, day, late_too) for each in (spender, replace(spender, doors=SHUT)))
    held = kept([spender], day, Stop(guard.amount, guard.lag + guard.billing_delay))
    spent = stolen(spender, steps, delays, NOON, Random(0), fills=60)  # noqa: S311 a test's choices
    with localcontext(EXACT):
        assert None not in (soon, everything, calls, held, found.total)
        assert guard.amount + soon + everything - calls + held < spent <= guard.amount + found.total  # type: ignore[operator]


def test_the_bound_is_of_the_size_of_what_a_thief_spends() -> None:
    spender = Spender({FLASH: Limits(4, None, 100_000)}, BLOCKED, Terms(), Doors(caches=False, queries=3))
    steps = Steps(Decimal(20), Decimal("0.5"), Decimal("0.25"), 3)
    found = beyond(spender, NOON.date(), steps.guard(spender, TEN))
    most = max(
        stolen(spender, steps, TEN, NOON, Random(seed))  # noqa: S311 a test's choices
        for seed in range(5)
    )
    with localcontext(EXACT):
        assert found.total is not None
        assert most > (steps.amount + found.total) * Decimal("0.7")


@pytest.mark.parametrize(
    ("spender", "why"),
    [
        (Spender({FLASH: Limits(None, None, 1000)}, BLOCKED), "no limit of requests"),
        (Spender({}, None), "no limit of any model"),
    ],
)
def test_what_limits_do_not_bound_the_guard_does_not_either(spender: Spender, why: str) -> None:
    assert (
        beyond(spender, NOON.date(), Steps(Decimal(1), None, Decimal(1), 3).guard(spender, TEN)).total is None
    ), why


@given(limits=st.builds(Limits, Few, Few, Few), to=st.decimals(Decimal("0.001"), 1, places=3))
def test_lowered_limits_are_never_below_the_share_and_deny_what_was_denied(
    limits: Limits, to: Decimal
) -> None:
    for name, value in limits.items():
        low = lowered(limits, to).get(name)
        assert low is not None
        assert to * value <= low < to * value + 1
    assert lowered(limits, to).blocks == limits.blocks
