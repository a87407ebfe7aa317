"""Schedules in unix-cron's format, as Cloud Scheduler reads them, and when they come round."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART: Final = re.compile(r"(?:\*|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:/(\d+))?", re.ASCII)
_MINUTE: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(days=366 * 8 + 1)
"""29 February can be eight years away."""


class ScheduleError(ValueError):
    """A text that is no schedule; the message says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule: the values of each field at which it comes round."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Day of the month and day of the week are both restricted: one of them is enough."""

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after `moment`, UTC; None if there is none.

        A time that a change of the clocks leaves out does not come round, and one that it repeats comes twice.
        """
        at = moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        latest = at + _LONGEST_WAIT
        while at <= latest:
            local = at.astimezone(zone)
            if local.month not in self.months or not self._is_day(local):
                midnight = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
                at = max(midnight.astimezone(UTC), at + _MINUTE)
            elif local.hour not in self.hours:
                at += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                at += _MINUTE
            else:
                return at
        return None

    def _is_day(self, local: datetime) -> bool:
        by_month, by_week = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either_day else by_month and by_week


@lru_cache(maxsize=1024)
def parse(text: str) -> Schedule:
    """The schedule of five fields: minute, hour, day of the month, month, day of the week.

    A field is `*` or a list of values and ranges, each perhaps with a step (`*/15`, `9-17`, `mon-fri`, `1,15`).

    Raises:
        ScheduleError: it is none.
    """
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f"a schedule has five fields, and {text!r} has {len(fields)}")
    minutes, hours, days, months, weekdays = (
        frozenset(_values(field, *about)) for field, about in zip(fields, _FIELDS, strict=True)
    )
    schedule = Schedule(
        minutes,
        hours,
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    if schedule.after(datetime(2024, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise ScheduleError(f"{text!r} never comes round")
    return schedule


def _values(field: str, name: str, least: int, most: int) -> Iterator[int]:
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ScheduleError(f"{part!r} is no {name}")
        first = _number(found[1], name) if found[1] else least
        last = _number(found[2], name) if found[2] else first if found[1] else most
        step = int(found[3] or 1)
        if found[3] and found[1] and not found[2]:
            raise ScheduleError(f"{part!r}: a step needs a range or *")
        if not least <= first <= last <= most or not 1 <= step <= most:
            raise ScheduleError(
                f"{part!r} is no {name}: it is from {least} to {most}, the smaller value first"
            )
        yield from range(first, last + 1, step)


def _number(text: str, name: str) -> int:
    names = {"month": _MONTHS, "weekday": _DAYS}.get(name, ())
    if text in names:
        return names.index(text) + (1 if name == "month" else 0)
    if not text.isdecimal():
        raise ScheduleError(f"{text!r} is no {name}")
    return int(text)
