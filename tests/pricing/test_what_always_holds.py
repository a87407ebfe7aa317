"""What holds of every estimate, of every bound, and of all limits that are derived."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from landing_zone.gemini.limits import Limits
from landing_zone.gemini.models import QUOTA_NAMES, RECORDS
from landing_zone.gemini.prices import Processing
from landing_zone.pricing.days import Period, Schedule
from landing_zone.pricing.estimate import CASES, Range, Workload, day_rates, estimate
from landing_zone.pricing.exposure import WINDOWS, Prices, Window, bound
from landing_zone.pricing.grounding import GROUNDS, queries_of
from landing_zone.pricing.largest_limits import LIMITS, Need, ceilings, derive, fit, need_of, smallest
from landing_zone.pricing.money import EXACT, CurrencyMismatchError, Money, totals
from landing_zone.pricing.rates import Terms
from landing_zone.pricing.spending import Spending


@pytest.fixture(scope="module", autouse=True)
def exactly() -> Iterator[None]:
    """The tests' own sums lose no digit either."""
    with localcontext(EXACT):
        yield


MODELS = st.sampled_from(sorted(QUOTA_NAMES))
# Limits are derived for models that write text: of others the minute's ceiling moves in steps, as few tokens fit.
TEXT = st.sampled_from(sorted(model for model in QUOTA_NAMES if RECORDS[model].makes == "text"))
Days = st.dates(date(2026, 9, 1), date(2027, 3, 31))
Counts = st.integers(0, 400_000).map(Decimal)
Shares = st.decimals(0, Decimal("0.3"), places=2)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(Days)
    return Period(first, first + timedelta(days=draw(st.integers(0, 120))))


@st.composite
def ranges(draw: st.DrawFn, most: int = 400_000) -> Range:
    return Range(*sorted(draw(st.tuples(*[st.integers(0, most).map(Decimal)] * 3))))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    start = draw(st.none() | Days)
    return Schedule(
        draw(st.sampled_from([frozenset(range(7)), frozenset(range(5)), frozenset({2, 6})])),
        draw(st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("-0.25"), Decimal("0.015")])),
        start,
        draw(st.none() | Days.filter(lambda day: start is None or day >= start)),
        draw(Days),
    )


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    tokens = draw(ranges())
    fresh = int(tokens.low)
    parts = []
    for _ in range(4):
        parts.append(Decimal(draw(st.integers(0, fresh))))
        fresh -= int(parts[-1])
    cached, audio, image, video = parts
    special: list[tuple[Processing, Decimal]] = [
        ("batch", draw(Shares)),
        ("flex", draw(Shares)),
        ("priority", draw(Shares)),
    ]
    return Workload(
        model=draw(MODELS),
        requests=draw(ranges(50_000)),
        input_tokens=tokens,
        output_tokens=draw(ranges()),
        thinking_tokens=draw(ranges()),
        cached_tokens=cached,
        cached_audio_tokens=Decimal(draw(st.integers(0, int(cached)))),
        audio_tokens=audio,
        image_tokens=image,
        video_tokens=video,
        image_output_tokens=draw(ranges()),
        audio_output_tokens=draw(ranges()),
        searches=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal("2.5")])),
        map_queries=draw(st.sampled_from([Decimal(0), Decimal("0.2")])),
        cache_hours=draw(st.decimals(0, 24, places=1)),
        shares=(("standard", 1 - sum((share for _, share in special), Decimal(0))), *special),
        schedule=draw(schedules()),
        peak_factor=draw(st.decimals(1, 20, places=1)),
        hours=Decimal(draw(st.integers(1, 24))),
    )


def cost(workload: Workload, period: Period, case: Any = "expected", terms: Terms | None = None) -> Decimal:
    return estimate(workload, case, period, terms or Terms()).total


@given(workload=workloads(), period=periods(), data=st.data())
def test_an_estimate_of_two_parts_is_that_of_the_whole(
    workload: Workload, period: Period, data: st.DataObject
) -> None:
    if period.days > 1:
        last = period.first + timedelta(days=data.draw(st.integers(0, period.days - 2)))
        before, after = Period(period.first, last), Period(last + timedelta(days=1), period.last)
        assert cost(workload, before) + cost(workload, after) == cost(workload, period)


@given(workload=workloads(), period=periods(), share=st.decimals(0, 1, places=3))
def test_requests_cost_the_same_in_one_workload_or_in_two(
    workload: Workload, period: Period, share: Decimal
) -> None:
    def part(of: Decimal) -> Decimal:
        requests = Range.exactly(workload.requests.expected * of)
        # What a cache keeps does not depend on how many requests read it.
        return cost(replace(workload, requests=requests, cache_hours=Decimal(0)), period)

    assert part(share) + part(1 - share) == part(Decimal(1))


@given(workload=workloads(), period=periods(), more=st.integers(1, 300_000).map(Decimal), data=st.data())
def test_more_of_anything_never_costs_less(
    workload: Workload, period: Period, more: Decimal, data: st.DataObject
) -> None:
    name = data.draw(
        st.sampled_from(
            [
                "requests",
                "input_tokens",
                "output_tokens",
                "thinking_tokens",
                "image_output_tokens",
                "audio_output_tokens",
            ]
        )
    )
    larger: dict[str, Any] = {name: Range.exactly(getattr(workload, name).expected + more)}
    usual = cost(workload, period)
    assert 0 <= usual <= cost(replace(workload, **larger), period)
    hours = min(workload.cache_hours + 1, Decimal(24))
    assert usual <= cost(replace(workload, cache_hours=hours), period)
    assert usual <= cost(workload, Period(period.first, period.last + timedelta(days=int(more) % 60)))
    low, expected, high = (cost(workload, period, case) for case in CASES)
    assert low <= expected <= high


@given(several=st.lists(workloads(), min_size=1, max_size=3), period=periods(), data=st.data())
def test_spending_by_the_day_adds_up_to_the_estimates(
    several: list[Workload], period: Period, data: st.DataObject
) -> None:
    spending = Spending(period)
    for workload in several:
        spending.add(workload.schedule, day_rates(workload, "expected", period))
        for ground in GROUNDS:
            requests, queries = workload.requests.expected, workload.queries(ground)
            for each in queries_of(workload.model, ground, requests, queries, workload.schedule, period):
                spending.ground(each)
    grounding = sum(
        (pool.within(period.first, period.last)[1] for pool in spending.pools.values()), Decimal(0)
    )
    whole = sum((cost(workload, period) for workload in several), grounding)
    assert spending.within(period) == whole == spending.until(period, period.days - 1)
    days = [spending.until(period, offset) for offset in range(period.days)]
    assert days == sorted(days)
    target = data.draw(st.decimals(0, whole + 1, places=2))
    offset = spending.day_of(period, target)
    reached = [day for day, spent in enumerate(days) if spent >= target]
    assert offset == (reached[0] if reached else None)


@given(
    workload=workloads(),
    period=periods(),
    discount=st.decimals(0, 1, places=3),
    rate=st.decimals("0.01", 900),
)
def test_terms_multiply(workload: Workload, period: Period, discount: Decimal, rate: Decimal) -> None:
    terms = Terms(discount, currency="EUR", usd_rate=rate)
    assert cost(workload, period, terms=terms) == cost(workload, period) * (1 - discount) * rate


Amounts = st.decimals(-1000, 1000, places=9)


@given(one=Amounts, other=Amounts)
def test_currencies_never_mix(one: Decimal, other: Decimal) -> None:
    dollars, euros = Money(one, "USD"), Money(other, "EUR")
    for mixed in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: dollars <= euros,
    ):
        with pytest.raises(CurrencyMismatchError):
            mixed()
    assert totals([dollars, euros, dollars]) == (euros, dollars + dollars)


Limit = st.none() | st.integers(0, 3_000_000)
AnyLimits = st.builds(Limits, Limit, Limit, Limit)
Prices_ = st.builds(Prices.of, MODELS, Days)
Windows = st.sampled_from(list(WINDOWS.values())) | st.builds(
    Window.any, st.timedeltas(timedelta(minutes=1), timedelta(days=31))
)


@given(prices=Prices_, limits=AnyLimits, window=Windows, more=st.integers(1, 500_000), data=st.data())
def test_a_bound_never_falls_when_a_limit_rises_or_goes(
    prices: Prices, limits: Limits, window: Window, more: int, data: st.DataObject
) -> None:
    found = bound(prices, limits, window)
    name = data.draw(st.sampled_from(LIMITS))
    value = getattr(limits, name)
    for changed in (None, value if value is None else value + more):
        higher = bound(prices, replace(limits, **{name: changed}), window)
        assert higher is None or (found is not None and found.total <= higher.total)
    if found:
        assert min(found.input, found.output, found.storage) >= 0


@given(prices=Prices_, limits=AnyLimits, minutes=st.integers(1, 20_000), more=st.integers(1, 20_000))
def test_a_bound_never_falls_when_the_lag_grows(
    prices: Prices, limits: Limits, minutes: int, more: int
) -> None:
    short, long = (
        bound(prices, limits, Window.any(timedelta(minutes=length))) for length in (minutes, minutes + more)
    )
    assert (short is None) == (long is None)
    assert not short or not long or short.total <= long.total


@st.composite
def needs(draw: st.DrawFn, model: str) -> Need | None:
    planned = [replace(each, model=model) for each in draw(st.lists(workloads(), max_size=2))]
    return need_of(planned, date(2026, 11, 24))


Lags = st.integers(1, 31 * 1440).map(lambda minutes: timedelta(minutes=minutes))
Allowances = st.decimals("0.01", 100_000, places=2)


def most(prices: Prices, limits: Limits, lag: timedelta) -> Decimal:
    found = bound(prices, limits, Window.any(lag))
    assert found
    return found.total


@settings(deadline=None)
@given(
    model=TEXT, day=Days, allowance=Allowances, lag=Lags, tier=st.just(Limits()) | AnyLimits, data=st.data()
)
def test_derived_limits_are_the_largest_within_the_allowance(
    model: str, day: date, allowance: Decimal, lag: timedelta, tier: Limits, data: st.DataObject
) -> None:
    prices, need = Prices.of(model, day), data.draw(needs(model))
    found = derive(prices, allowance, lag, need, tier)
    assert found.exposure == most(prices, found.limits, lag) <= allowance
    highest = ceilings(found.limits, prices, need, tier)
    for name in LIMITS:
        value, ceiling = getattr(found.limits, name), getattr(highest, name)
        assert value <= ceiling
        one_more = replace(found.limits, **{name: value + 1})
        assert value == ceiling or most(prices, one_more, lag) > allowance


@settings(deadline=None)
@given(model=TEXT, allowance=Allowances, more=Allowances, data=st.data())
def test_more_allowed_is_never_fewer_requests(
    model: str, allowance: Decimal, more: Decimal, data: st.DataObject
) -> None:
    prices, need = Prices.of(model, date(2026, 11, 24)), data.draw(needs(model))
    less, larger = (
        derive(prices, amount, timedelta(hours=24), need) for amount in (allowance, allowance + more)
    )
    assert (less.limits.requests_per_day or 0) <= (larger.limits.requests_per_day or 0)


@settings(deadline=None)
@given(model=TEXT, allowance=Allowances, lag=Lags, data=st.data())
def test_a_need_that_fits_is_let_through(
    model: str, allowance: Decimal, lag: timedelta, data: st.DataObject
) -> None:
    prices, need = Prices.of(model, date(2026, 11, 24)), data.draw(needs(model))
    found = derive(prices, allowance, lag, need)
    if need and found.needs_exposure <= allowance:
        for name in LIMITS:
            assert getattr(found.limits, name) >= getattr(need.limits, name), name


@settings(deadline=None)
@given(allowance=Allowances, lag=Lags, share=st.decimals("0.01", "0.99", places=2), data=st.data())
def test_each_way_to_fit_fits(
    allowance: Decimal, lag: timedelta, share: Decimal, data: st.DataObject
) -> None:
    found = {
        model: (Prices.of(model, date(2026, 11, 24)), need)
        for model in data.draw(st.lists(TEXT, min_size=1, max_size=2, unique=True))
        if (need := data.draw(needs(model)))
    }
    assume(found)
    shares = dict(zip(found, (share, 1 - share), strict=False))
    what, enough, together = (
        fit(found, allowance, shares, lag),
        *(smallest(found, s, lag) for s in (shares, None)),
    )

    def fits(allowed: Decimal, divided: dict[str, Decimal], late: timedelta) -> bool:
        return all(most(p, need.limits, late) <= divided[m] * allowed for m, (p, need) in found.items())

    assert enough is not None
    assert fits(enough, shares, lag)
    assert not fits(enough - Decimal("1e-9"), shares, lag)
    assert together == sum(most(p, need.limits, lag) for p, need in found.values()) <= enough
    assert what.lag is None or fits(allowance, shares, what.lag)
    assert what.shares is None or fits(allowance, dict(what.shares), lag)
