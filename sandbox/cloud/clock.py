"""The clock as the control surface sets and shows it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.cloud.core.timeline import Timeline, real_now
from sandbox.cloud.core.times import rfc3339

_MOVES: Final = ("now", "advanceSeconds", "seconds")
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2199
_MODES: Final = ("hold", "flow", "rate")
_FASTEST: Final = 3600


async def change(timeline: Timeline, body: Any) -> None:
    """Move the clock; all that is due in between has been done when this returns.

    One of `{"now": "2026-12-01T00:00:00Z"}`, `{"advanceSeconds": 3600}` and `{"seconds": 60}` (so far ahead of real
    time, flowing unless `hold` is given too), one of `{"hold": true}`, `{"flow": true}` and `{"rate": 60}` (it flows
    so many times as fast), or one of each.

    Raises:
        ValueError: a body that says something else.
    """
    if not isinstance(body, dict) or not body or body.keys() - {*_MOVES, *_MODES}:
        raise ValueError(f"the body is an object with any of {', '.join((*_MOVES, *_MODES))}")
    moves = [name for name in _MOVES if name in body]
    modes = [name for name in _MODES if name in body]
    if len(moves) > 1 or len(modes) > 1:
        raise ValueError(f"only one of {' and '.join(moves if len(moves) > 1 else modes)} can be given")
    for name in modes:
        if name != "rate" and body[name] is not True:
            raise ValueError(f"{name} can only be true")
    held = modes[0] == "hold" if modes else None
    rate = {"flow": 1, "rate": _rate(body)}.get(modes[0]) if modes else None
    if "now" in body:
        await timeline.move(to=_moment(body["now"]), held=held, rate=rate)
    elif "advanceSeconds" in body:
        await timeline.move(by=_duration(body, "advanceSeconds"), held=held, rate=rate)
    elif "seconds" in body:
        await timeline.move(ahead=_duration(body, "seconds"), held=held, rate=rate)
    else:
        await timeline.move(held=held, rate=rate)


def shown(timeline: Timeline) -> dict[str, Any]:
    """The time, how far ahead of real time it is, whether it is held, and how fast it flows when it does."""
    now = timeline.now()
    return {
        "now": rfc3339(now),
        "seconds": round((now - real_now()).total_seconds()),
        "held": timeline.is_held,
        "rate": timeline.rate,
    }


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"now must be a time with its zone, such as 2026-12-01T00:00:00Z, not {value!r}")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"now must be in the years {_FIRST_YEAR} to {_LAST_YEAR}, not {value}")
    return moment.astimezone(UTC)


def _rate(body: dict[str, Any]) -> int:
    value = body.get("rate", 1)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _FASTEST:
        raise ValueError(f"rate must be a whole number from 1 to {_FASTEST}")
    return value


def _duration(body: dict[str, Any], name: str) -> timedelta:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return timedelta(seconds=value)
