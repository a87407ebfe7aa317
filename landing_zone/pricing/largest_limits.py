"""Limits from a budget: the largest whose exposure over a lag stays within an allowance.

Of a model's three limits the requests a day and the input tokens a minute are grown together, from what the workload
needs, as far as the allowance holds both; then each by itself, as far as it still does. The requests a minute let a
day's requests through at the workload's peak: they have that as a ceiling of their own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal, localcontext
from math import ceil
from typing import Final

from landing_zone.gemini.limits import Limits
from landing_zone.pricing.estimate import Workload
from landing_zone.pricing.exposure import DAY, Prices, Window, bound
from landing_zone.pricing.money import EXACT, UPWARD

LARGEST: Final = 10**12
"""Above any limit there is: what is looked through for the largest."""
SOON: Final = 31
"""Days within which what starts is needed."""
USUAL_PEAK: Final = Decimal(3)
"""The peak factor of a model without a workload."""
LIMITS: Final = ("input_tokens_per_minute", "requests_per_minute", "requests_per_day")
"""In the order in which what is left of an allowance is used: tokens cost least, so that requests stay as they are in
proportion, and never fall when more is allowed."""


@dataclass(frozen=True)
class Need:
    """Limits that a workload needs of one model at its peak."""

    limits: Limits
    """All three."""
    peak_factor: Decimal
    hours: Decimal
    """Hours of a day with requests."""


@dataclass(frozen=True)
class Derived:
    """The limits of one model."""

    limits: Limits
    """All three."""
    exposure: Decimal
    """Over the lag; at most the allowance."""
    allowance: Decimal
    need: Need | None
    needs_exposure: Decimal
    """The most that the need alone costs over the lag."""


def _exposure(prices: Prices, limits: Limits, window: Window) -> Decimal:
    found = bound(prices, limits, window)
    assert found is not None, "limits of requests are set"  # noqa: S101 -- all three limits are, here
    return found.total


def requests_per_minute(per_day: int, need: Need | None) -> int:
    """The requests a minute that let a day's requests through at the peak: that limit's own ceiling."""
    peak = need.peak_factor if need else USUAL_PEAK
    hours = need.hours if need else Decimal(24)
    with localcontext(EXACT):
        return int((per_day * peak / (hours * 60)).to_integral_value(ROUND_CEILING))


def ceilings(limits: Limits, prices: Prices, need: Need | None, tier: Limits) -> Limits:
    """The most that each limit may be beside the others: more would let nothing more through, or Google refuses it.

    If a day's need fits, its peak minute must fit too.
    """
    per_minute, per_day = limits.requests_per_minute or 0, limits.requests_per_day or 0
    least = need.limits if need and per_day >= (need.limits.requests_per_day or 0) else Limits(0, 0, 0)
    own = Limits(
        max(min(requests_per_minute(per_day, need), per_day), least.requests_per_minute or 0)
        if per_day
        else 0,
        per_minute * DAY,
        max(per_minute * prices.size.context, least.input_tokens_per_minute or 0) if per_minute else 0,
    )
    return own.tightened(tier)


def derive(
    prices: Prices,
    allowance: Decimal,
    lag: timedelta,
    need: Need | None = None,
    tier: Limits = Limits(),  # noqa: B008 -- frozen
) -> Derived:
    """The largest limits of one model whose exposure over `lag` is at most `allowance`.

    Raising any of the three by one would pass the allowance, unless it passes its ceiling (`ceilings`).
    """
    window = Window.any(lag)

    def holds(limits: Limits, part: Decimal = allowance) -> bool:
        return _exposure(prices, limits, window) <= part

    # Without a need, half of it is for requests and their answers, and what is left for input tokens.
    part = allowance if need else allowance / 2
    limits = _together(prices, need, tier, lambda limits: holds(limits, part))
    while True:
        before = limits
        for name in LIMITS:
            limits = _raised(limits, name, getattr(ceilings(limits, prices, need, tier), name), holds)
        if limits == before:
            break
    return Derived(
        limits,
        _exposure(prices, limits, window),
        allowance,
        need,
        _exposure(prices, need.limits, window) if need else Decimal(0),
    )


def _together(prices: Prices, need: Need | None, tier: Limits, holds: Callable[[Limits], bool]) -> Limits:
    """The largest limits in the need's proportions that hold, from the need itself if that does."""
    least = need.limits if need else Limits(0, 0, 0)
    fits = need is not None and holds(least)

    def scaled(per_day: int) -> Limits:
        tokens = per_day * (least.input_tokens_per_minute or 0) // (least.requests_per_day or 1)
        found = Limits(requests_per_minute(per_day, need), per_day, tokens)
        return _clipped(_at_least(found, least) if fits else found, prices, need, tier)

    smallest = (least.requests_per_day or 0) if fits else 0
    most = _largest(smallest, LARGEST, lambda per_day: holds(scaled(per_day)))
    for found in (
        scaled(most),
        _clipped(least, prices, need, tier),
        _clipped(Limits(1, 1, 0), prices, need, tier),
    ):
        if found.requests_per_day and holds(found):
            return found
    return Limits(0, 0, 0)


def _at_least(limits: Limits, least: Limits) -> Limits:
    pairs = ((getattr(limits, name) or 0, getattr(least, name) or 0) for name in limits.__dataclass_fields__)
    return Limits(*(max(pair) for pair in pairs))


def _clipped(limits: Limits, prices: Prices, need: Need | None, tier: Limits) -> Limits:
    """Limits within their ceilings."""
    while True:
        before = limits = limits.tightened(tier)
        for name in LIMITS:
            limits = limits.tightened(Limits(**{name: getattr(ceilings(limits, prices, need, tier), name)}))
        if limits == before:
            return limits


def _raised(limits: Limits, name: str, most: int, holds: Callable[[Limits], bool]) -> Limits:
    """With one limit as large as it can be, the others as they are."""
    current = getattr(limits, name)
    if current >= most:
        return limits
    return replace(
        limits, **{name: _largest(current, most, lambda value: holds(replace(limits, **{name: value})))}
    )


def _largest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The largest number for which `holds`, which does for `low` and for none above one for which it does not."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def need_of(workloads: Iterable[Workload], day: date) -> Need | None:
    """What workloads of one model need together on a day: the high case, at their peaks; None without any.

    Growth is that of the day's month. What ended before the day, or starts more than a month after it, needs nothing.
    """
    per_minute = tokens = 0
    per_day = peak = hours = Decimal(0)
    with localcontext(EXACT):
        for workload in workloads:
            start, end = workload.schedule.start, workload.schedule.end
            if (end and end < day) or (start and (start - day).days > SOON):
                continue
            count = workload.requests.high * workload.schedule.anchored(day).factor(day)
            # A minute holds whole requests: one at least, with all of its tokens.
            minute = max(
                ceil(UPWARD.divide(count * workload.peak_factor, workload.hours * 60)), 1 if count else 0
            )
            per_minute += minute
            per_day += count
            tokens += ceil(minute * workload.input_tokens.high)
            peak, hours = max(peak, workload.peak_factor), max(hours, workload.hours)
    if not per_day:
        return None
    limits = Limits(per_minute, ceil(per_day), tokens)
    return Need(limits, peak, hours)


def smallest(
    needs: Mapping[str, tuple[Prices, Need]], shares: Mapping[str, Decimal] | None, lag: timedelta
) -> Decimal | None:
    """The smallest allowance that the needs of all models fit in over a lag; None if a needed model has no share.

    `shares`: by model; None if the allowance is divided by what each needs.
    """
    costs = {
        model: _exposure(prices, need.limits, Window.any(lag)) for model, (prices, need) in needs.items()
    }
    with localcontext(EXACT):
        if shares is None:
            return sum(costs.values(), Decimal(0))
        if any(not shares[model] for model in costs):
            return None
        # Never below the true quotient, or the need would not fit.
        return max((UPWARD.divide(cost, shares[model]) for model, cost in costs.items()), default=Decimal(0))


@dataclass(frozen=True)
class Fit:
    """Changes by which the needs of all models fit an allowance: the setting, and its value."""

    shares: Mapping[str, Decimal] | None
    """Shares that are enough with this allowance; None if none are."""
    lag: timedelta | None
    """The longest lag, in whole minutes, over which the needs stay within the allowance; None if not even a minute."""


def fit(
    needs: Mapping[str, tuple[Prices, Need]],
    allowance: Decimal,
    shares: Mapping[str, Decimal],
    lag: timedelta,
) -> Fit:
    """By how much needs miss an allowance. `needs` and `shares` by model."""

    def cost(model: str, over: timedelta) -> Decimal:
        prices, need = needs[model]
        return _exposure(prices, need.limits, Window.any(over))

    def holds(minutes: int) -> bool:
        return all(cost(model, timedelta(minutes=minutes)) <= shares[model] * allowance for model in needs)

    with localcontext(EXACT):
        wanted = {model: _share_up(cost(model, lag), allowance) for model in needs}
        longest = _largest(0, int(lag.total_seconds()) // 60, holds)
        return Fit(
            wanted if sum(wanted.values()) <= 1 else None,
            timedelta(minutes=longest) if longest else None,
        )


def _share_up(cost: Decimal, allowance: Decimal) -> Decimal:
    return (cost / allowance).quantize(Decimal("0.0001"), rounding=ROUND_CEILING)
