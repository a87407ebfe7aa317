"""Whether limits that are set bind: Google lists an override before it applies it, and at times never does."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from landing_zone.gemini.limits import UNLIMITED, WantedLimits
from landing_zone.google import quota_overrides
from landing_zone.google.quota_overrides import Entry, ModelLimit
from provider.resource import Context

Key = tuple[str, str]
"""A limit's place, and the quota's name of a model, empty for all others."""

_WAIT_S: Final = 60.0
_SHOWN: Final = 3


def targets(listed: Iterable[ModelLimit], wanted: WantedLimits, elsewhere: Collection[Key]) -> dict[Key, int]:
    """The overrides that are to be there, and their values."""
    return {
        (limit.place, model): _number(text)
        for limit in listed
        for model, text in limit.wanted(wanted, elsewhere).items()
    }


def targets_of(entries: Iterable[Entry]) -> dict[Key, int]:
    """The same of entries."""
    return {(each.on.place, each.model): _number(each.value) for each in entries}


def unbound(listed: Iterable[ModelLimit], wanted: Mapping[Key, int]) -> list[str]:
    """Each override that is set and does not bind, in words."""
    return [
        f"{Entry(limit, model, '')}: {wanted[limit.place, model]:,} is set, {_amount(bucket.effective)} in force"
        for limit, model in _of(listed, wanted)
        if (bucket := limit.bucket(model)).value == wanted[limit.place, model] < bucket.effective
    ]


def settled(
    context: Context, project: str, listed: list[ModelLimit], wanted: Mapping[Key, int]
) -> list[ModelLimit]:
    """The limits once none allows more than was set, or the wait is over. Raises as `Google.call`."""
    deadline = time.monotonic() + _WAIT_S
    delays = context.google.backoff()
    # Another hand, such as the guard's, may have lowered some meanwhile: only what is too much is waited for.
    while any(
        limit.bucket(model).effective > wanted[limit.place, model] for limit, model in _of(listed, wanted)
    ):
        if time.monotonic() > deadline:
            break
        context.progress("waiting for the limits: Google does not apply all of them yet")
        next(delays)
        listed = quota_overrides.list_limits(context.google, project)
    return listed


def warning(project: str, found: list[str]) -> str:
    """What to say of overrides that do not bind."""
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"limits of {project} are set and not in force: {'; '.join(found[:_SHOWN])}{more}. Until they are, Google does "
        "not refuse the calls above them. Mostly it takes minutes, and the next pulumi up looks again; if it stays, "
        "remove the overrides in the console (Quotas page), run pulumi up, or ask Google's support"
    )


def _of(listed: Iterable[ModelLimit], wanted: Mapping[Key, int]) -> Iterator[tuple[ModelLimit, str]]:
    places = {limit.place: limit for limit in listed}
    return ((places[place], model) for place, model in wanted if place in places)


def _number(text: str) -> int:
    return UNLIMITED if text == "-1" else int(text)


def _amount(value: int) -> str:
    return "no limit" if value == UNLIMITED else f"{value:,}"
