"""The limits that last: those that hold on every paid tier, for Google moves a billing account up by itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, get_args

from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName, Override
from landing_zone.pricing.exposure import BLOCKED, Limits
from landing_zone.settings.costs import LIMIT_FIELDS

PAID: Final = ("1", "2", "3")
"""The paid tiers."""
_NAMES: Final[tuple[LimitName, ...]] = get_args(LimitName)
_REQUESTS: Final[tuple[LimitName, ...]] = ("requestsPerMinute", "requestsPerDay")
_NONE: Final = -1
"""An override that is no limit."""

_Held = Mapping[tuple[LimitName, str], int]
"""Limit and tier -> the override's value."""


def lasting(overrides: Iterable[Override]) -> tuple[dict[str, Limits], Limits | None, list[str]]:
    """The limits by model id, those of every other model, and quota names of limited models that are not known.

    As Service Usage does, an override without a model counts for a model on each limit on which it has none of its own.
    """
    by_model: defaultdict[str, dict[tuple[LimitName, str], int]] = defaultdict(dict)
    for override in overrides:
        by_model[override.model][override.limit, override.tier] = override.value
    general = by_model.pop("", {})
    others = _limits(general)
    limits, unknown = {}, []
    for quota_model, own in sorted(by_model.items()):
        model = MODELS.get(quota_model, quota_model)
        found = _limits({**general, **own})
        if model not in QUOTA_NAMES:
            # What is shut costs nothing, whatever its prices.
            unknown += [quota_model] if found != BLOCKED else []
        elif found or others:
            # One that is open where the others have limits is not one of them.
            limits[model] = found or Limits()
    return limits, others, unknown


def _limits(held: _Held) -> Limits | None:
    if all(any(held.get((name, tier)) == 0 for name in _REQUESTS) for tier in PAID):
        return BLOCKED
    found = {}
    for name in _NAMES:
        values = [held.get((name, tier), _NONE) for tier in PAID]
        if _NONE not in values:
            found[LIMIT_FIELDS[name]] = max(values)
    return Limits(**found) if found else None
