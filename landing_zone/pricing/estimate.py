"""What a workload costs: exact, over any days, across price changes.

One request costs its tokens at the price of its day; a cache costs what is kept in it, by the hour. Everything is
linear in the requests and hours of a day, so a period's cost is a day's cost times the days, part by part between
price changes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final, Literal

from landing_zone.gemini.prices import LONG_CONTEXT, Processing
from landing_zone.pricing.days import Period, Schedule, running
from landing_zone.pricing.money import EXACT, UPWARD
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


# Not frozen, as those below: a frozen one takes three times as long to make, and there are millions.
@dataclass(slots=True)
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


def _requests(workload: Workload, case: Case, prices: Mapping[Processing, Rates], count: Decimal) -> Parts:
    """What requests cost, in the exact context."""
    fresh = workload.input_tokens.of(case) - workload.cached_tokens - workload.audio_tokens
    written = workload.output_tokens.of(case) + workload.thinking_tokens.of(case)
    found = None
    for processing, share in workload.shares:
        if not share:
            continue
        price, each = prices[processing], count * share * A_MILLIONTH
        part = Parts(
            (fresh * price.input + workload.audio_tokens * price.audio) * each,
            workload.cached_tokens * price.cached * each,
            written * price.output * each,
        )
        found = part if found is None else found + part
    return found or Parts()


@dataclass(slots=True)
class DayRate:
    """What a day of use costs while prices stay as they are."""

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
    """What a day of use costs, for each part of a period between price changes. Raises UnknownModelError."""
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
    """What rates add up to over a part of their periods, by a schedule whose growth is anchored."""
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
    """What a workload costs over a period, exactly, in the currency of the terms.

    Growth without a day to count from counts from the period's first month. Raises UnknownModelError.
    """
    rates_of_days = day_rates(workload, case, period, terms)
    return over(rates_of_days, workload.schedule.anchored(period.first), period)


_Key = tuple[Schedule, Period]


@dataclass(frozen=True, slots=True)
class _Overlap:
    """The days of a part on which some of the rates hold."""

    rates: tuple[int, ...]
    """Which ones."""
    start: int
    """The day of the part that they begin on."""
    use: tuple[tuple[Decimal, int], ...]
    """As `running` has it."""
    counts: tuple[int, ...]
    """Days of use until each day."""
    factor: Decimal | None
    """How many times the first month's use every day has; None if not all have the same."""

    @classmethod
    def of(cls, indexes: Iterable[int], schedule: Schedule, days: Period, part: Period) -> "_Overlap":
        use = running(schedule, days)
        counts = tuple(count for _, count in use)
        first = schedule.factor(days.first)
        same = all(grown == first * count for grown, count in use)
        return cls(tuple(indexes), (days.first - part.first).days, use, counts, first if same else None)


class _Shape:
    """What spendings of the same schedules and price dates share: where their rates hold in which part."""

    def __init__(self, keys: tuple[_Key, ...]) -> None:
        self._keys = keys
        self._parts: dict[Period, list[_Overlap]] = {}

    def overlaps(self, part: Period) -> list[_Overlap]:
        """Where rates hold in a part; those that hold on the same days together."""
        found = self._parts.get(part)
        if found is None:
            same: dict[_Key, list[int]] = {}
            for index, (schedule, stretch) in enumerate(self._keys):
                days = stretch.overlap(part)
                if days:
                    same.setdefault((schedule, days), []).append(index)
            found = [_Overlap.of(indexes, *key, part) for key, indexes in same.items()]
            self._parts[part] = found
        return found


_shape = lru_cache(maxsize=1024)(_Shape)
_Rates = list[tuple[Decimal, Decimal, _Overlap]]


class Spending:
    """The cost of several workloads together, by the day: for months, thresholds and charts.

    Workloads of the same schedule and price dates are one: its size is that of what differs, not of the workloads.
    """

    def __init__(self, period: Period) -> None:
        self.period = period
        self._rates: dict[_Key, tuple[Decimal, Decimal]] = {}
        self._shape: _Shape | None = None
        self._parts: dict[Period, tuple[Decimal, _Rates]] = {}
        self._sums: dict[tuple[int, ...], tuple[Decimal, Decimal]] = {}

    def add(self, schedule: Schedule, rates_of_days: Sequence[DayRate]) -> None:
        """Add a workload's rates, of this period."""
        anchored = schedule.anchored(self.period.first)
        with localcontext(EXACT):
            for rate in rates_of_days:
                growing = rate.requests.input + rate.requests.cached + rate.requests.output
                self._add((anchored, rate.period), growing, rate.storage)

    def merge(self, other: "Spending") -> None:
        """Add another's, of the same period."""
        with localcontext(EXACT):
            for key, (growing, kept) in other._rates.items():
                self._add(key, growing, kept)

    def _add(self, key: _Key, growing: Decimal, kept: Decimal) -> None:
        before = self._rates.get(key)
        self._rates[key] = (before[0] + growing, before[1] + kept) if before else (growing, kept)
        self._parts.clear()
        self._sums.clear()
        self._shape = None

    def within(self, part: Period) -> Decimal:
        """What is spent in a part of the period."""
        found = self._parts.get(part)
        return found[0] if found else self._of(part)[0]

    def until(self, part: Period, offset: int) -> Decimal:
        """What is spent from a part's first day until `offset` days later, that day included."""
        with localcontext(EXACT):
            return _spent(self._of(part)[1], offset)

    def day_of(self, part: Period, amount: Decimal) -> int | None:
        """How many days after a part's first one an amount has been spent by the day's end; None if it never is."""
        whole, rates_of_part = self._of(part)
        if whole < amount:
            return None
        with localcontext(EXACT):
            if len(rates_of_part) == 1:
                [(growing, kept, overlap)] = rates_of_part
                if overlap.factor is not None and amount > 0:
                    # Every day of use costs the same.
                    days = UPWARD.divide(amount, growing * overlap.factor + kept)
                    return overlap.start + bisect_left(overlap.counts, days)
            low, high = 0, part.days - 1
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if _spent(rates_of_part, middle) >= amount else (middle + 1, high)
            return low

    def _of(self, part: Period) -> tuple[Decimal, _Rates]:
        """What is spent in a part, and the rates that hold in it."""
        found = self._parts.get(part)
        if found is None:
            if self._shape is None:
                self._shape = _shape(tuple(self._rates))
            with localcontext(EXACT):
                rates_of_part = [(*self._sum(each.rates), each) for each in self._shape.overlaps(part)]
                found = self._parts[part] = (_spent(rates_of_part, part.days - 1), rates_of_part)
        return found

    def _sum(self, indexes: tuple[int, ...]) -> tuple[Decimal, Decimal]:
        """Rates together, by their places; the same ones hold in many a month."""
        found = self._sums.get(indexes)
        if found is None:
            every = list(self._rates.values())
            growing = sum((every[index][0] for index in indexes), Decimal(0))
            kept = sum((every[index][1] for index in indexes), Decimal(0))
            found = self._sums[indexes] = (growing, kept)
        return found


def _spent(rates_of_part: _Rates, offset: int) -> Decimal:
    """What is spent until a day of a part, in the exact context."""
    found = Decimal(0)
    for growing, kept, overlap in rates_of_part:
        position = offset - overlap.start
        if position >= 0:
            grown, count = overlap.use[min(position, len(overlap.use) - 1)]
            found += growing * grown + kept * count
    return found
