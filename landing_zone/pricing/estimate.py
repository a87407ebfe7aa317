"""What a workload costs: exact, over any days, across price changes.

One request costs its tokens at the price of its day; a cache costs what is kept in it, by the hour. Everything is
linear in the requests and hours of a day, so a period's cost is a day's cost times the days, part by part between
price changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final, Literal

from landing_zone.gemini.prices import LONG_CONTEXT, Processing
from landing_zone.pricing.days import Period, Schedule, running
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import LIST_PRICES, MILLION, Rates, Terms, price_changes, rates

Case = Literal["low", "expected", "high"]
CASES: Final[tuple[Case, ...]] = ("low", "expected", "high")


@dataclass(frozen=True)
class Range:
    """A quantity that is not known exactly: `low <= expected <= high`."""

    low: Decimal
    expected: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.expected <= self.high:
            raise ValueError(f"0 <= low <= expected <= high does not hold for {self}")

    @classmethod
    def exactly(cls, value: Decimal | int) -> "Range":
        """A quantity that is known."""
        number = Decimal(value)
        return cls(number, number, number)

    def of(self, case: Case) -> Decimal:
        """Its value in a case."""
        value: Decimal = getattr(self, case)
        return value


NOTHING: Final = Range.exactly(0)


@dataclass(frozen=True)
class Workload:
    """The use of one model that is planned."""

    model: str
    requests: Range
    """A day of use."""
    input_tokens: Range
    """Of one request, all of them: cached and audio ones too."""
    output_tokens: Range = NOTHING
    """Of one request, without thinking."""
    thinking_tokens: Range = NOTHING
    """Of one request; they cost what output does."""
    cached_tokens: Decimal = Decimal(0)
    """Of the input of one request; also what the cache keeps."""
    audio_tokens: Decimal = Decimal(0)
    """Of the input of one request that no cache supplies."""
    cache_hours: Decimal = Decimal(0)
    """Hours of a day of use that an explicit cache keeps its tokens."""
    shares: tuple[tuple[Processing, Decimal], ...] = (("standard", Decimal(1)),)
    """Way of processing -> its share of the requests; they add up to 1."""
    schedule: Schedule = field(default_factory=Schedule)
    peak_factor: Decimal = Decimal(3)
    """How many times the mean of its hours of use the busiest minute has."""
    hours: Decimal = Decimal(24)
    """Hours of a day of use in which its requests come."""

    def is_long(self, case: Case) -> bool:
        """Whether its prompts are over 200,000 tokens."""
        return self.input_tokens.of(case) > LONG_CONTEXT

    def certain(self) -> bool:
        """Whether all of it is known exactly."""
        every = (self.requests, self.input_tokens, self.output_tokens, self.thinking_tokens)
        return all(each.low == each.high for each in every)


@dataclass(frozen=True, slots=True)
class Parts:
    """A cost by what it is for, in the currency of the terms it was computed with."""

    input: Decimal = Decimal(0)
    """Without what a cache supplies; audio included."""
    cached: Decimal = Decimal(0)
    output: Decimal = Decimal(0)
    """Thinking included."""
    storage: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """All of it."""
        with localcontext(EXACT):
            return self.input + self.cached + self.output + self.storage

    def __add__(self, other: "Parts") -> "Parts":
        with localcontext(EXACT):
            return Parts(
                self.input + other.input,
                self.cached + other.cached,
                self.output + other.output,
                self.storage + other.storage,
            )


def request_cost(workload: Workload, case: Case, day: date, terms: Terms = LIST_PRICES) -> Parts:
    """What one of its requests costs on a day, mixed as its ways of processing are; no storage."""
    found = Parts()
    for processing, share in workload.shares:
        if share:
            price = rates(
                workload.model, day, processing=processing, long=workload.is_long(case), terms=terms
            )
            found += _one_request(workload, case, price, share)
    return found


def _one_request(workload: Workload, case: Case, price: Rates, share: Decimal) -> Parts:
    with localcontext(EXACT):
        fresh = workload.input_tokens.of(case) - workload.cached_tokens - workload.audio_tokens
        written = workload.output_tokens.of(case) + workload.thinking_tokens.of(case)
        each = share / MILLION
        return Parts(
            input=(fresh * price.input + workload.audio_tokens * price.audio) * each,
            cached=workload.cached_tokens * price.cached * each,
            output=written * price.output * each,
        )


def storage_cost(workload: Workload, day: date, terms: Terms = LIST_PRICES) -> Decimal:
    """What its cache costs on a day of use."""
    if not workload.cache_hours:
        return Decimal(0)
    with localcontext(EXACT):
        price = rates(workload.model, day, terms=terms).storage
        return workload.cached_tokens * workload.cache_hours * price / MILLION


@dataclass(frozen=True, slots=True)
class DayRate:
    """What a day of use costs while prices stay as they are."""

    period: Period
    requests: Parts
    """The first month's; growth multiplies them."""
    storage: Decimal

    @property
    def growing(self) -> Decimal:
        """The part that grows."""
        return self.requests.total


@lru_cache(maxsize=4096)
def _stretches(model: str, period: Period) -> tuple[Period, ...]:
    """The period in parts over which the model's prices stay as they are."""
    return tuple(period.split(list(price_changes(model))))


def day_rates(workload: Workload, case: Case, period: Period, terms: Terms = LIST_PRICES) -> list[DayRate]:
    """What a day of use costs, for each part of a period between price changes. Raises UnknownModelError."""
    found = []
    requests = workload.requests.of(case)
    for stretch in _stretches(workload.model, period):
        one = request_cost(workload, case, stretch.first, terms)
        with localcontext(EXACT):
            all_of_them = Parts(one.input * requests, one.cached * requests, one.output * requests)
        found.append(DayRate(stretch, all_of_them, storage_cost(workload, stretch.first, terms)))
    return found


def over(rates_of_days: Iterable[DayRate], schedule: Schedule) -> Parts:
    """What rates add up to over their periods, by a schedule whose growth is anchored."""
    found = Parts()
    for rate in rates_of_days:
        grown, days = running(schedule, rate.period)[-1]
        with localcontext(EXACT):
            found += Parts(
                rate.requests.input * grown,
                rate.requests.cached * grown,
                rate.requests.output * grown,
                rate.storage * days,
            )
    return found


def estimate(workload: Workload, case: Case, period: Period, terms: Terms = LIST_PRICES) -> Parts:
    """What a workload costs over a period, exactly, in the currency of the terms.

    Growth without a day to count from counts from the period's first month. Raises UnknownModelError.
    """
    return over(day_rates(workload, case, period, terms), workload.schedule.anchored(period.first))


class Spending:
    """The cost of several workloads together, by the day: for months, thresholds and charts.

    Workloads of the same schedule and price dates are one: its size is that of what differs, not of the workloads.
    """

    def __init__(self, period: Period) -> None:
        self.period = period
        self._rates: dict[tuple[Schedule, Period], tuple[Decimal, Decimal]] = {}

    def add(self, schedule: Schedule, rates_of_days: Sequence[DayRate]) -> None:
        """Add a workload's rates, of this period."""
        anchored = schedule.anchored(self.period.first)
        with localcontext(EXACT):
            for rate in rates_of_days:
                growing, kept = self._rates.get((anchored, rate.period), (Decimal(0), Decimal(0)))
                self._rates[anchored, rate.period] = (growing + rate.growing, kept + rate.storage)

    def merge(self, other: "Spending") -> None:
        """Add another's, of the same period."""
        with localcontext(EXACT):
            for key, (growing, kept) in other._rates.items():
                before = self._rates.get(key, (Decimal(0), Decimal(0)))
                self._rates[key] = (before[0] + growing, before[1] + kept)

    def within(self, part: Period) -> Decimal:
        """What is spent in a part of the period."""
        found = Decimal(0)
        with localcontext(EXACT):
            for (schedule, stretch), (growing, kept) in self._rates.items():
                days = stretch.overlap(part)
                if days:
                    grown, count = running(schedule, days)[-1]
                    found += growing * grown + kept * count
        return found

    def until(self, part: Period, offset: int) -> Decimal:
        """What is spent from a part's first day until `offset` days later, that day included."""
        found = Decimal(0)
        with localcontext(EXACT):
            for (schedule, stretch), (growing, kept) in self._rates.items():
                days = stretch.overlap(part)
                position = offset - (days.first - part.first).days if days else -1
                if days and position >= 0:
                    grown, count = running(schedule, days)[min(position, days.days - 1)]
                    found += growing * grown + kept * count
        return found
