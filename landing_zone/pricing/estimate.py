"""Exact cost of a workload over any days, across price changes.

One request costs its tokens at the price of its day; a cache costs what is kept in it, by the hour. Everything is
linear in the requests and hours of a day, so a period's cost is a day's cost times the days, part by part between
price changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final, Literal

from landing_zone.gemini.prices import LONG_CONTEXT, Ground, Processing
from landing_zone.pricing.days import Period, Schedule, running
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import A_MILLIONTH, LIST_PRICES, Rates, Terms, price_changes, rates

Case = Literal["low", "expected", "high"]
CASES: Final[tuple[Case, ...]] = ("low", "expected", "high")
WAYS: Final[tuple[Processing, ...]] = ("standard", "batch", "flex", "priority")


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
    """Per request, including cached, audio, image and video tokens."""
    output_tokens: Range = NOTHING
    """Per request, without thinking tokens."""
    thinking_tokens: Range = NOTHING
    """Per request; priced as output."""
    cached_tokens: Decimal = Decimal(0)
    """Input tokens per request from a cache; as many are stored in it."""
    cached_audio_tokens: Decimal = Decimal(0)
    """Audio tokens among `cached_tokens`."""
    audio_tokens: Decimal = Decimal(0)
    """Input tokens per request, none of them cached; images and video likewise."""
    image_tokens: Decimal = Decimal(0)
    video_tokens: Decimal = Decimal(0)
    image_output_tokens: Range = NOTHING
    """Per request, in addition to `output_tokens`."""
    audio_output_tokens: Range = NOTHING
    searches: Decimal = Decimal(0)
    """Queries to Google Search of one request."""
    map_queries: Decimal = Decimal(0)
    """Queries to Google Maps of one request."""
    cache_hours: Decimal = Decimal(0)
    """Hours of a day of use that an explicit cache keeps its tokens."""
    shares: tuple[tuple[Processing, Decimal], ...] = (("standard", Decimal(1)),)
    """Way of processing -> its share of the requests; they add up to 1."""
    schedule: Schedule = field(default_factory=Schedule)
    peak_factor: Decimal = Decimal(3)
    """Peak minute ÷ average minute in its hours of use."""
    hours: Decimal = Decimal(24)
    """Hours of a day of use in which its requests come."""

    def is_long(self, case: Case) -> bool:
        """True if its prompts are over 200,000 tokens."""
        return self.input_tokens.of(case) > LONG_CONTEXT

    def certain(self) -> bool:
        """True if all of it is known exactly."""
        every = (
            self.requests,
            self.input_tokens,
            self.output_tokens,
            self.thinking_tokens,
            self.image_output_tokens,
            self.audio_output_tokens,
        )
        return all(each.low == each.high for each in every)

    def queries(self, ground: Ground) -> Decimal:
        """Queries of one request."""
        return self.searches if ground == "search" else self.map_queries


# Not frozen, as those below: a frozen one takes three times as long to make, and there are millions.
@dataclass(slots=True)
class Parts:
    """A cost by what it is for, in the currency of the terms it was computed with."""

    input: Decimal = Decimal(0)
    """Input of every modality, without cached tokens."""
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


def _requests(workload: Workload, case: Case, prices: Mapping[Processing, Rates], count: Decimal) -> Parts:
    """Cost of requests, in the exact context."""
    other = workload.audio_tokens + workload.image_tokens + workload.video_tokens
    fresh = workload.input_tokens.of(case) - workload.cached_tokens - other
    cached = workload.cached_tokens - workload.cached_audio_tokens
    written = workload.output_tokens.of(case) + workload.thinking_tokens.of(case)
    drawn, spoken = workload.image_output_tokens.of(case), workload.audio_output_tokens.of(case)
    found = None
    for processing, share in workload.shares:
        if not share:
            continue
        price, each = prices[processing], count * share * A_MILLIONTH
        part = Parts(
            (
                fresh * price.input
                + workload.audio_tokens * price.audio
                + workload.image_tokens * price.image
                + workload.video_tokens * price.video
            )
            * each,
            (cached * price.cached + workload.cached_audio_tokens * price.cached_audio) * each,
            (written * price.output + drawn * price.image_output + spoken * price.audio_output) * each,
        )
        found = part if found is None else found + part
    return found or Parts()


@dataclass(slots=True)
class DayRate:
    """Cost of a day of use while prices stay as they are."""

    period: Period
    requests: Parts
    """The first month's; growth multiplies them."""
    storage: Decimal


@lru_cache(maxsize=4096)
def _priced(
    model: str, period: Period, terms: Terms
) -> tuple[tuple[Period, Mapping[bool, Mapping[Processing, Rates]]], ...]:
    """The period in parts over which prices stay, with all of them: by whether prompts are long, by processing."""
    return tuple(
        (
            part,
            {
                long: {way: rates(model, part.first, processing=way, long=long, terms=terms) for way in WAYS}
                for long in (False, True)
            },
        )
        for part in period.split(list(price_changes(model)))
    )


def day_rates(workload: Workload, case: Case, period: Period, terms: Terms = LIST_PRICES) -> list[DayRate]:
    """Cost of a day of use, for each part of a period between price changes. Raises UnknownModelError."""
    found = []
    long = workload.is_long(case)
    with localcontext(EXACT):
        for part, prices in _priced(workload.model, period, terms):
            requests = _requests(workload, case, prices[long], workload.requests.of(case))
            kept = workload.cached_tokens * workload.cache_hours
            storage = kept * prices[long]["standard"].storage * A_MILLIONTH if kept else Decimal(0)
            found.append(DayRate(part, requests, storage))
    return found


def over(rates_of_days: Iterable[DayRate], schedule: Schedule, part: Period) -> Parts:
    """Sum of rates over a part of their periods, by a schedule whose growth is anchored."""
    fresh = cached = written = kept = Decimal(0)
    with localcontext(EXACT):
        for rate in rates_of_days:
            use = _use(schedule, rate.period, part)
            if use:
                grown, days = use
                fresh += rate.requests.input * grown
                cached += rate.requests.cached * grown
                written += rate.requests.output * grown
                kept += rate.storage * days
    return Parts(fresh, cached, written, kept)


@lru_cache(maxsize=65536)
def _use(schedule: Schedule, period: Period, part: Period) -> tuple[Decimal, int] | None:
    """The use, as `running` has it, of a period's days that lie in a part."""
    days = period.overlap(part)
    return running(schedule, days)[-1] if days else None


def estimate(workload: Workload, case: Case, period: Period, terms: Terms = LIST_PRICES) -> Parts:
    """Cost of a workload's tokens and caches over a period, exact, in the currency of the terms.

    Without grounding, whose allotment all workloads of a project share (`Spending`).
    Growth without a day to count from counts from the period's first month. Raises UnknownModelError.
    """
    rates_of_days = day_rates(workload, case, period, terms)
    return over(rates_of_days, workload.schedule.anchored(period.first), period)
