"""The cost of several workloads together, by the day: for months, thresholds and charts."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, localcontext
from functools import lru_cache

from landing_zone.pricing.days import Period, Schedule, running
from landing_zone.pricing.estimate import DayRate
from landing_zone.pricing.grounding import Pool, Pools, Queries
from landing_zone.pricing.money import EXACT, UPWARD

_Key = tuple[Schedule, Period]


@dataclass(frozen=True, slots=True)
class _Overlap:
    """The days of a part on which some of the rates hold."""

    rates: tuple[int, ...]
    """Indexes of the rates."""
    start: int
    """The day of the part that they begin on."""
    use: tuple[tuple[Decimal, int], ...]
    """As `running` has it."""
    counts: tuple[int, ...]
    """Days of use until each day."""
    factor: Decimal | None
    """Each day's use ÷ the first month's use; None if days differ."""

    @classmethod
    def of(cls, indexes: Iterable[int], schedule: Schedule, days: Period, part: Period) -> "_Overlap":
        use = running(schedule, days)
        counts = tuple(count for _, count in use)
        first = schedule.factor(days.first)
        same = all(grown == first * count for grown, count in use)
        return cls(tuple(indexes), (days.first - part.first).days, use, counts, first if same else None)


class _Shape:
    """Overlaps of rates and parts, shared by spendings with the same schedules and price dates."""

    def __init__(self, keys: tuple[_Key, ...]) -> None:
        self._keys = keys
        self._parts: dict[Period, list[_Overlap]] = {}

    def overlaps(self, part: Period) -> list[_Overlap]:
        """Overlaps of rates with a part; rates that hold on the same days together."""
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
        self._pools: dict[str, Pool] = {}

    @property
    def pools(self) -> Pools:
        """Its grounding, by pool."""
        return self._pools

    def ground(self, queries: Queries, of: str = "") -> None:
        """Add queries of a workload. `of`: the project whose allotment they use, if there are several."""
        name = f"{of} {queries.price.pool}".strip()
        self._pools.setdefault(name, Pool(name, queries.price)).add(queries)
        self._parts.clear()

    def add(self, schedule: Schedule, rates_of_days: Sequence[DayRate]) -> None:
        """Add a workload's rates, of this period."""
        anchored = schedule.anchored(self.period.first)
        with localcontext(EXACT):
            for rate in rates_of_days:
                growing = rate.requests.input + rate.requests.cached + rate.requests.output
                self._add((anchored, rate.period), growing, rate.storage)

    def merge(self, other: "Spending", name: str) -> None:
        """Add a project's, of the same period. `name`: the project's."""
        for pool in other.pools.values():
            for queries in pool.queries:
                self.ground(queries, name)
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
        """Cost of a part of the period."""
        found = self._parts.get(part)
        return found[0] if found else self._of(part)[0]

    def until(self, part: Period, offset: int) -> Decimal:
        """Cost from a part's first day until `offset` days later, that day included."""
        return self._until(self._of(part)[1], part, offset)

    def _until(self, rates_of_part: "_Rates", part: Period, offset: int) -> Decimal:
        with localcontext(EXACT):
            return _spent(rates_of_part, offset) + self._grounding(part, offset)

    def _grounding(self, part: Period, offset: int) -> Decimal:
        last = part.first + timedelta(days=offset)
        return sum((pool.within(part.first, last)[1] for pool in self._pools.values()), Decimal(0))

    def day_of(self, part: Period, amount: Decimal) -> int | None:
        """Days from a part's first one until an amount has been spent by the day's end; None if it never is."""
        whole, rates_of_part = self._of(part)
        if whole < amount:
            return None
        with localcontext(EXACT):
            if len(rates_of_part) == 1 and not self._pools:
                [(growing, kept, overlap)] = rates_of_part
                if overlap.factor is not None and amount > 0:
                    # Every day of use costs the same.
                    days = UPWARD.divide(amount, growing * overlap.factor + kept)
                    return overlap.start + bisect_left(overlap.counts, days)
            low, high = 0, part.days - 1
            while low < high:
                middle = (low + high) // 2
                low, high = (
                    (low, middle)
                    if self._until(rates_of_part, part, middle) >= amount
                    else (middle + 1, high)
                )
            return low

    def _of(self, part: Period) -> tuple[Decimal, _Rates]:
        """Cost of a part, and the rates that hold in it."""
        found = self._parts.get(part)
        if found is None:
            if self._shape is None:
                self._shape = _shape(tuple(self._rates))
            with localcontext(EXACT):
                rates_of_part = [(*self._sum(each.rates), each) for each in self._shape.overlaps(part)]
                whole = _spent(rates_of_part, part.days - 1) + self._grounding(part, part.days - 1)
                found = self._parts[part] = (whole, rates_of_part)
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
    """Cost until a day of a part, in the exact context."""
    found = Decimal(0)
    for growing, kept, overlap in rates_of_part:
        position = offset - overlap.start
        if position >= 0:
            grown, count = overlap.use[min(position, len(overlap.use) - 1)]
            found += growing * grown + kept * count
    return found
