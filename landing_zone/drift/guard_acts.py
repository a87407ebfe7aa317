"""The spend guard's own acts: what it changed and holds is no difference that somebody else made."""

from collections.abc import Iterable
from dataclasses import replace

from landing_zone.google.quota_overrides import Bucket, ModelLimit
from landing_zone.guarding.record import Held


def as_released(listed: Iterable[ModelLimit], held: Held) -> list[ModelLimit]:
    """The limits as a release would leave them: what somebody changed since the guard did stays as it is."""
    return [
        replace(
            limit,
            buckets={
                model: _bucket(limit, model, bucket, held)
                for model, bucket in _with_added(limit, held).items()
            },
        )
        for limit in listed
    ]


def _with_added(limit: ModelLimit, held: Held) -> dict[str, Bucket]:
    """The buckets, without those of models that the guard alone has an override for."""
    found = {}
    for model, bucket in limit.buckets.items():
        value = held.value(limit.place, model)
        if model and value and value.before is None and value.is_ours(bucket.value):
            continue
        found[model] = bucket
    return found


def _bucket(limit: ModelLimit, model: str, bucket: Bucket, held: Held) -> Bucket:
    value = held.value(limit.place, model)
    if value is None or not value.is_ours(bucket.value):
        return bucket
    own = bucket.tier_value
    effective = own if value.before is None else min(own, value.before)
    return replace(bucket, value=value.before, effective=effective)
