"""The pace of writes: no window of time has more of them than Google's quota, and few writes wait for nothing."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.pace import WAY_S, Pace, Rate, Turn

RATES = st.builds(Rate, st.integers(1, 5), st.sampled_from([1.0, 10.0, 60.0]))
PAUSES = st.sampled_from([0.0, 0.1, 1.0, 5.0, 30.0])
STEPS = st.lists(st.tuples(st.sampled_from(["ask", "ask", "ask", "refused"]), PAUSES), max_size=80)


def started(pace: Pace, steps: list[tuple[str, float]]) -> list[float]:
    """The times at which writes start that ask, wait, and ask again where a refusal has come between."""
    now, waiting, starts = 0.0, list[Turn](), list[float]()

    def wake(until: float) -> None:
        while waiting and (first := min(waiting, key=lambda turn: turn.at)).at <= until:
            waiting.remove(first)
            if pace.holds(first):
                starts.append(first.at)
            else:
                waiting.append(pace.turn(first.at))

    for step, pause in steps:
        now += pause
        wake(now)
        if step == "ask":
            waiting.append(pace.turn(now))
            wake(now)
        else:
            pace.refused(now, pause)
    wake(float("inf"))
    return starts


@settings(max_examples=1000)
@given(RATES, STEPS, st.lists(st.floats(0, WAY_S), min_size=80, max_size=80))
def test_no_window_ever_has_more_writes_than_the_quota(
    rate: Rate, steps: list[tuple[str, float]], ways: list[float]
) -> None:
    starts = started(Pace(rate, enforced=True), steps)
    assert len(starts) == sum(step == "ask" for step, _ in steps)
    # Each takes a while to arrive at Google, and not all the same.
    arrivals = sorted(at + way for at, way in zip(starts, ways, strict=False))
    for first, beyond in zip(arrivals, arrivals[rate.writes :], strict=False):
        assert beyond - first >= rate.seconds - 1e-6


@given(RATES, st.integers(0, 200))
def test_many_writes_take_no_longer_than_the_quota_needs(rate: Rate, count: int) -> None:
    starts = started(Pace(rate, enforced=True), [("ask", 0.0)] * count)
    windows = max(count - 1, 0) // rate.writes
    assert max(starts, default=0.0) == pytest.approx(windows * (rate.seconds + WAY_S))


def test_a_refusal_stops_all_writes_for_its_delay_and_spaces_them_from_then_on() -> None:
    pace = Pace(Rate(2, 9.0), enforced=False)
    assert {pace.turn(0.0).at for _ in range(50)} == {0.0}
    before = pace.turn(1.0)
    pace.refused(1.0, 20.0)
    assert not pace.holds(before)
    assert [pace.turn(2.0).at for _ in range(3)] == [21.0, 25.75, 30.5]


@pytest.mark.parametrize(
    ("per_second", "window_s", "rate"),
    [
        (Decimal(1), 10, Rate(10, 10)),
        (Decimal("0.25"), 10, Rate(2, 10)),
        (Decimal("0.05"), 10, Rate(1, 20)),
        (Decimal(120) / 60, 60, Rate(120, 60)),
        (Decimal(1) / 60, 60, Rate(1, 60)),
    ],
)
def test_a_rate_counts_whole_writes_in_googles_window(per_second: Decimal, window_s: int, rate: Rate) -> None:
    assert Rate.of(per_second, window_s).writes == rate.writes
    assert Rate.of(per_second, window_s).seconds == pytest.approx(rate.seconds)
