"""A project's limits as the guard lowers and restores them: every tier, every model, every metric, in one call.

Overrides only lower. So a stop sets 0 for all models of every limit, and for each that has an override of its own; a
throttle sets a share of what is in force. Limits that Google lets nobody change stay, and are named.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from landing_zone.gemini.limits import UNLIMITED
from landing_zone.google import quota_overrides
from landing_zone.google.quota_overrides import Bucket, Entry, ModelLimit
from landing_zone.google.rest import Google
from landing_zone.guarding.record import Held, HeldLimit, Value


@dataclass(frozen=True)
class Restored:
    """What became of overrides that the guard had set."""

    restored: int = 0
    left: tuple[str, ...] = ()
    """Places that somebody changed meanwhile, or that Google refuses: they stay as they are."""


def lowered(listed: Sequence[ModelLimit], held: Held, share: Decimal | None) -> Held:
    """What will be held once limits are lowered to a share, or, without one, to 0.

    What was held before stays so where nobody changed it meanwhile, with what was there before the first act.
    """
    found = []
    for limit in listed:
        if limit.fixed:
            continue
        models = {"", *limit.buckets, *(each.model for each in _values(held, limit))}
        values = {
            model: each
            for model in sorted(models)
            if (each := held.value(limit.place, model)) and each.is_ours(limit.bucket(model).value)
        }
        for model, target in _targets(limit, share, values):
            current = limit.bucket(model).value
            if current != target:
                ours = values.get(model)
                values[model] = (
                    Value(model, ours.before, target, current) if ours else Value(model, current, target)
                )
        if values:
            found.append(HeldLimit(limit.metric, limit.limit, limit.unit, tuple(values.values())))
    places = {limit.place for limit in listed if not limit.fixed}
    found += [each for each in held.limits if each.place not in places]
    return replace(held, limits=tuple(found))


def not_lowered(listed: Iterable[ModelLimit], *, throttled: bool) -> Iterator[str]:
    """What stays as it is, in words: what Google lets nobody change, and what has no limit to take a share of."""
    for limit in listed:
        if limit.fixed:
            yield f"{limit.place}: Google allows nobody to change it"
        elif throttled and all(each.effective >= UNLIMITED for each in limit.buckets.values()):
            yield f"{limit.place}: it is unlimited, and there is no share of that"


def _values(held: Held, limit: ModelLimit) -> Iterator[Value]:
    return (value for each in held.limits if each.place == limit.place for value in each.values)


def _targets(limit: ModelLimit, share: Decimal | None, ours: Collection[str]) -> Iterator[tuple[str, int]]:
    """Models of a limit, empty text for all others, and the override that each gets.

    `ours`: those that the guard has lowered already; a throttle does not take a share of a share.
    """
    for model, bucket in {"": limit.bucket(""), **limit.buckets}.items():
        if share is None:
            # A model without an override of its own has that of all others.
            if not model or bucket.value is not None:
                yield model, 0
        elif 0 < bucket.effective < UNLIMITED and model not in ours:
            kept = int((bucket.effective * share).to_integral_value(ROUND_FLOOR))
            yield model, max(kept, 1)  # a throttle slows down, and stops nothing


def entries(listed: Sequence[ModelLimit], held: Held) -> list[Entry]:
    """The overrides that are held and are not set yet."""
    by_place = {limit.place: limit for limit in listed}
    return [
        Entry(by_place[each.place], value.model, str(value.now))
        for each in held.limits
        if each.place in by_place
        for value in each.values
        if value.now is not None and by_place[each.place].bucket(value.model).value != value.now
    ]


def impose(
    google: Google, project: str, listed: Sequence[ModelLimit], held: Held
) -> tuple[Held, list[str], bool]:
    """Set what is held, in one atomic call.

    Returns:
        What is held after all, what Google refuses in words, and whether it refuses something that can be changed.

    Raises LimitError, and as `Google.call`.
    """
    refused = quota_overrides.impose(google, project, entries(listed, held))
    places = {(each.entry.on.place, each.entry.model) for each in refused}
    set_now = {limit.place for limit in listed}
    kept = [
        replace(
            limit,
            values=tuple(each for each in limit.values if (limit.place, each.model) not in places),
            imposed=limit.imposed or limit.place in set_now,
        )
        for limit in held.limits
    ]
    held = replace(held, limits=tuple(limit for limit in kept if limit.values))
    return held, [str(each) for each in refused], any(not each.fixed for each in refused)


def restore(google: Google, project: str, held: Held) -> Restored:
    """Give limits back what was there before the guard's acts, where they still are as it set them.

    Raises LimitError, and as `Google.call`.
    """
    if not held.limits:
        return Restored()
    by_place = {limit.place: limit for limit in quota_overrides.list_limits(google, project)}
    left = [f"{each.place} is gone" for each in held.limits if each.place not in by_place]
    set_again: list[Entry] = []
    removed: list[tuple[ModelLimit, str]] = []
    for limit, value in _held(held.limits, by_place):
        bucket = limit.bucket(value.model)
        if bucket.value == value.before:
            continue
        if not value.is_ours(bucket.value):
            entry = Entry(limit, value.model, "")
            left.append(f"{entry}: it was changed to {_shown(bucket.value)} meanwhile, and stays so")
        elif value.before is None:
            removed.append((limit, value.model))
        else:
            set_again.append(Entry(limit, value.model, _allowed(bucket, value.before)))
    refused = quota_overrides.impose(google, project, set_again)
    quota_overrides.remove(google, project, removed)
    left += [str(each) for each in refused]
    return Restored(len(set_again) - len(refused) + len(removed), tuple(left))


def _held(held: Iterable[HeldLimit], by_place: dict[str, ModelLimit]) -> Iterator[tuple[ModelLimit, Value]]:
    return ((by_place[each.place], value) for each in held if each.place in by_place for value in each.values)


def _allowed(bucket: Bucket, value: int) -> str:
    """A value, or the tier's own if that is lower by now: Google accepts none above it."""
    return bucket.own if value >= bucket.tier_value else str(value)


def _shown(value: int | None) -> str:
    return "no override" if value is None else str(value)
