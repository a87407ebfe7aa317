"""Limits while an act of the guard is in force: an update raises nothing, and what it wants waits for a release."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from landing_zone.gemini.limits import UNLIMITED
from landing_zone.google.quota_overrides import Bucket, Entry, ModelLimit

Key: TypeAlias = tuple[str, str]
"""A limit's place, and the quota's name of a model; empty for all others."""


@dataclass(frozen=True)
class Held:
    """One override that the guard changed."""

    before: int | None
    """The value that a release restores; None: no override."""
    after: int
    """The value that the guard left, or is about to set."""
    earlier: int | None = None
    """What an earlier act of the guard's left."""

    def is_ours(self, value: int | None) -> bool:
        """True if a value is the guard's."""
        return value is not None and value in (self.after, self.earlier)


@dataclass(frozen=True)
class Plan:
    """The changes of an update."""

    entries: list[Entry]
    """Overrides to set at Google."""
    gone: list[tuple[ModelLimit, str]]
    """Overrides to remove at Google."""
    held: dict[Key, tuple[ModelLimit, Held]] = field(default_factory=dict)
    """Overrides of which the guard's record changes, with their limits."""


def untouched(listed: Iterable[ModelLimit], recorded: Mapping[Key, Held]) -> dict[Key, Held]:
    """Those that still are as the guard left them: what a person changed since is no longer the guard's."""
    limits = {limit.place: limit for limit in listed}
    return {
        (place, model): held
        for (place, model), held in recorded.items()
        if place in limits and held.is_ours(limits[place].bucket(model).value)
    }


def as_released(listed: Iterable[ModelLimit], held: Mapping[Key, Held]) -> list[ModelLimit]:
    """The limits as a release would leave them; `held`: those that are as the guard left them."""
    return [_released(limit, held) for limit in listed]


def _released(limit: ModelLimit, held: Mapping[Key, Held]) -> ModelLimit:
    changed = {model: held[limit.place, model] for model in limit.buckets if (limit.place, model) in held}
    if not changed:
        return limit
    buckets = dict(limit.buckets)
    # All others first: a model without an override of its own has theirs.
    for model in sorted(changed):
        bucket, before = buckets[model], changed[model].before
        own = bucket.tier_value
        if before is not None:
            buckets[model] = replace(bucket, value=before, effective=min(own, before))
            continue
        general = buckets[""].effective if model and "" in buckets else UNLIMITED
        buckets[model] = Bucket(bucket.own, min(own, general))
    return replace(limit, buckets=buckets)


def while_held(
    listed: Iterable[ModelLimit],
    recorded: Mapping[Key, Held],
    entries: Iterable[Entry],
    gone: Iterable[tuple[ModelLimit, str]],
    *,
    pending: bool,
) -> Plan:
    """The update that brings about `entries` and `gone` by a release, and until then lowers only.

    Args:
        listed: the limits in force.
        recorded: what the guard changed.
        entries: what would be set if the guard released everything now.
        gone: what would be removed then.
        pending: the guard is about to set what is recorded: the update does not keep it from that.
    """
    listed = list(listed)
    held = recorded if pending else untouched(listed, recorded)
    limits = {limit.place: limit for limit in listed}
    plan = Plan([], [])
    for entry in entries:
        key = (entry.on.place, entry.model)
        bucket, wanted = limits[entry.on.place].bucket(entry.model), _number(entry.value)
        # A model without an override has that of all others.
        act = (recorded.get(key) or recorded.get((entry.on.place, ""))) if pending else None
        now = min(wanted, bucket.effective, act.after if act else UNLIMITED)
        if bucket.value != now:
            plan.entries.append(replace(entry, value=entry.value if wanted == now else str(now)))
        if key in recorded or wanted > now:
            plan.held[key] = (entry.on, Held(wanted, now))
    for limit, model in gone:
        key, there = (limit.place, model), limits[limit.place]
        now = there.bucket(model).effective
        then = there.bucket("").effective if model else there.bucket("").tier_value
        known = held.get(key)
        if known or then > now:
            # Without the override, more would be allowed: a release removes it.
            plan.held[key] = (limit, Held(None, known.after if known else now))
        else:
            plan.gone.append((limit, model))
    return plan


def overtaken(listed: Iterable[ModelLimit], recorded: Mapping[Key, Held], done: Plan) -> Plan:
    """The update that takes back what `done` raised while the guard acted beside it.

    `listed`: the limits before `done`. `recorded`: what the guard changed.
    """
    limits = {limit.place: limit for limit in listed}
    plan = Plan([], [])

    def lower(on: ModelLimit, model: str, wanted: int | None) -> None:
        key, before = (on.place, model), limits[on.place].bucket(model).effective
        # A model without an override has that of all others.
        acted = recorded.get(key) or recorded.get((on.place, ""))
        now = min(before, acted.after) if acted else before
        if wanted is None or wanted > now:
            plan.entries.append(Entry(on, model, "-1" if now == UNLIMITED else str(now)))
            plan.held[key] = (on, Held(wanted, now))

    for entry in done.entries:
        key = (entry.on.place, entry.model)
        wanted = done.held[key][1].before if key in done.held else _number(entry.value)
        lower(entry.on, entry.model, wanted)
    for limit, model in done.gone:
        lower(limit, model, None)
    return plan


def _number(text: str) -> int:
    return UNLIMITED if text == "-1" else int(text)
