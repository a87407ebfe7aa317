"""The periods of budgets: days, and months of days, begin at midnight Pacific."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from sandbox.cloud.cloudbilling.catalogue import PACIFIC
from sandbox.cloud.core.errors import JsonObject

_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_FOREVER: Final = date.max


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; `length` is MONTH, QUARTER, YEAR, or empty for a custom one."""

    first: date
    last: date
    length: str

    @property
    def begin(self) -> datetime:
        """Its first moment, UTC."""
        return midnight(self.first)

    def before(self) -> "Period":
        """The calendar period before it."""
        return of_calendar(self.length, self.first - timedelta(days=1))


def day_of(moment: datetime) -> date:
    """The Pacific day that a moment is in."""
    return moment.astimezone(PACIFIC).date()


@lru_cache(maxsize=1024)
def midnight(day: date) -> datetime:
    """The first moment of a Pacific day, UTC."""
    return datetime.combine(day, time(), PACIFIC).astimezone(UTC)


@lru_cache(maxsize=1024)
def of_calendar(length: str, day: date) -> Period:
    """The month, quarter or year that a day is in."""
    months = _MONTHS[length]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    after = (first + timedelta(days=31 * months)).replace(day=1)
    return Period(first, after - timedelta(days=1), length)


def next_month(moment: datetime) -> datetime:
    """When the Pacific month after that of a moment begins."""
    return midnight(of_calendar("MONTH", day_of(moment)).last + timedelta(days=1))


def of_budget(part: JsonObject, day: date) -> Period | None:
    """The period of a budget's filter that a day is in; None before or after a custom one."""
    custom = part.get("customPeriod")
    if custom is None:
        return of_calendar(part.get("calendarPeriod", "MONTH"), day)
    first = _date(custom["startDate"])
    last = _date(custom["endDate"]) if "endDate" in custom else _FOREVER
    return Period(first, last, "") if first <= day <= last else None


def _date(value: JsonObject) -> date:
    return date(value["year"], value["month"], value["day"])
