"""Timestamps as Google writes them, and as tables order them."""

from datetime import UTC, datetime, timedelta
from typing import Final

#: When something is that never is; no clock gets there.
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """An aware UTC datetime as `2026-11-23T16:00:00.123456Z`, without the fraction when it is zero."""
    return moment.isoformat().replace("+00:00", "Z")


def micros(moment: datetime) -> int:
    """Microseconds since 1970: a time that a table can order."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The time that `micros` has made a number of."""
    return _EPOCH + timedelta(microseconds=value)


def seconds(duration: str) -> float:
    """A duration as Google writes it (`600s`, `0.100s`) as a number; validation has seen to the form."""
    return float(duration.removesuffix("s"))
