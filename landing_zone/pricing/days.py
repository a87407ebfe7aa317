"""Days as Google bills them: a day begins at midnight Pacific."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from landing_zone.pricing.money import EXACT

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
EVERY_DAY: Final = frozenset(range(7))


def today() -> date:
    """Today, where Google's billing is."""
    return datetime.now(PACIFIC).date()


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}")

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    def overlap(self, other: "Period") -> "Period | None":
        """The days in both."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Period(first, last) if first <= last else None

    def months(self) -> Iterator["Period"]:
        """The calendar months in it, each as far as it lies in it."""
        first = self.first
        while first <= self.last:
            last = min(month_of(first).last, self.last)
            yield Period(first, last)
            first = last + timedelta(days=1)

    def split(self, starts: list[date]) -> Iterator["Period"]:
        """It in parts, a new one beginning on each of `starts` that lies inside."""
        bounds = [self.first, *(day for day in sorted(starts) if self.first < day <= self.last)]
        for start, following in zip(bounds, [*bounds[1:], None], strict=True):
            yield Period(start, following - timedelta(days=1) if following else self.last)

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def month_of(day: date) -> Period:
    """The calendar month that a day is in."""
    first = day.replace(day=1)
    return Period(first, _later(first, 1) - timedelta(days=1))


def calendar_period(day: date, length: str) -> Period:
    """The `MONTH`, `QUARTER` or `YEAR` that a day is in."""
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[length]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    return Period(first, _later(first, months) - timedelta(days=1))


def months_from(day: date, count: int) -> Period:
    """`count` calendar months, the one that a day is in first."""
    first = day.replace(day=1)
    return Period(first, _later(first, count) - timedelta(days=1))


def _later(first_of_month: date, months: int) -> date:
    index = first_of_month.year * 12 + first_of_month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True)
class Schedule:
    """On which days something is used, and how its use grows from month to month."""

    weekdays: frozenset[int] = EVERY_DAY
    growth: Decimal = Decimal(0)
    """A share: each calendar month's use is `1 + growth` times that of the one before."""
    start: date | None = None
    """The first day of use; without it there always was some."""
    end: date | None = None
    """The last day of use."""
    base: date | None = None
    """A day of the month that growth counts from; before it there is none."""

    def anchored(self, day: date) -> "Schedule":
        """With a month that growth counts from: its own, that of the first day of use, or that of `day`."""
        if self.base or not self.growth:
            return self
        return replace(self, base=self.start or day)

    def factor(self, day: date) -> Decimal:
        """A day's use ÷ the first month's use."""
        if not self.growth or self.base is None:
            return Decimal(1)
        months = (day.year - self.base.year) * 12 + day.month - self.base.month
        return (1 + self.growth) ** max(months, 0)

    def runs_on(self, day: date) -> bool:
        """True if there is use on a day."""
        within = (self.start is None or self.start <= day) and (self.end is None or day <= self.end)
        return within and day.weekday() in self.weekdays


@lru_cache(maxsize=65536)
def running(schedule: Schedule, period: Period) -> tuple[tuple[Decimal, int], ...]:
    """For each day of a period: use from its first day on, in days of the first month's use, and days of use.

    The last entry is the whole period's.
    """
    used, days, found = Decimal(0), 0, []
    with localcontext(EXACT):
        for offset in range(period.days):
            day = period.first + timedelta(days=offset)
            if schedule.runs_on(day):
                used += schedule.factor(day)
                days += 1
            found.append((used, days))
    return tuple(found)
