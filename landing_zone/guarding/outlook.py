"""What the guard would do next in a project, and when, if it goes on as of late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from landing_zone.guarding.decision import is_due, levels
from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import STRENGTH, Deed, Record, start_of
from landing_zone.pricing.days import month_of

_TEN_MINUTES: Final = 600
_FURTHEST: Final = timedelta(days=62)
"""Not before the next month ends: then it counts anew."""


@dataclass(frozen=True)
class Next:
    """The next step on the month's money."""

    deed: Deed
    level: Decimal
    """The money at which it acts."""
    at: datetime | None
    """When the month's estimate is there at the present rate; None: not in this month."""
    in_force: datetime | None
    """By when what it does is enforced, as assumed."""


def outlook(policy: Policy, record: Record, now: datetime) -> Next | None:
    """The next step above the month's estimate; None if none is left in this month.

    `record`: as of now, with what the guard sees.
    """
    seen = record.seen
    if seen is None:
        return None
    standing = max((STRENGTH[act.does] for act in record.in_force), default=0)
    for step, deed, level in sorted(levels(policy), key=lambda each: (each[2], STRENGTH[each[1]])):
        weaker = deed != "notify" and STRENGTH[deed] <= standing
        if level <= seen.estimate or weaker or not is_due(policy, record, step, level):
            continue
        at = _reached(level - seen.estimate, seen.ten_minutes, now)
        if at is None or at >= start_of(month_of(record.period).last + timedelta(days=1)):
            return Next(deed, level, None, None)
        return Next(deed, level, at, at + policy.delays.lag)
    return None


def _reached(left: Decimal, ten_minutes: Decimal, now: datetime) -> datetime | None:
    """When so much more is spent."""
    if not ten_minutes:
        return None
    seconds = float(left / ten_minutes) * _TEN_MINUTES
    return now + timedelta(seconds=seconds) if seconds < _FURTHEST.total_seconds() else None
