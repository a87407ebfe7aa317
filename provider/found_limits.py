"""The inputs of a `ProjectLimits` that would reproduce the limits that are there."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from landing_zone.gemini.limits import LIMIT_NAMES, UNLIMITED, WantedLimits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName
from landing_zone.google.quota_overrides import ModelLimit, strays
from provider.resource import Values


def as_found(
    listed: list[ModelLimit],
    inputs: Values,
    wanted: WantedLimits,
    elsewhere: Collection[tuple[str, str]],
    left_open: Collection[str],
) -> Values:
    """The inputs, with what differs at Google in place of what was wanted.

    A model that somebody opened although `others` limits it is added; so is what somebody limits by hand of a model
    that is named. `left_open`: places that Google lets nobody change.
    """
    judged = [limit for limit in listed if limit.place not in left_open]
    models: dict[str, Any] = {}
    for model, own in (inputs.get("limits") or {}).items():
        quota_model = QUOTA_NAMES.get(model, model)
        models[model] = dict(_numbers(judged, quota_model, own, wanted, elsewhere))
    for limit, model in strays(judged, wanted, elsewhere):
        opened = models.setdefault(MODELS.get(model, model), {})
        if limit.name:
            opened[limit.name] = max(limit.held(model).value or 0, opened.get(limit.name, 0))
    found = {**inputs, **({"limits": models} if models else {})}
    others = inputs.get("others")
    if wanted.denies:
        if not all(_intact(limit, wanted, elsewhere) for limit in judged):
            found["others"] = dict(_numbers(judged, "", dict.fromkeys(LIMIT_NAMES, 0), wanted, elsewhere))
            if found["others"] == dict.fromkeys(LIMIT_NAMES, 0):
                # What is open is not among the limits that have a name.
                found["others"] = None
    elif others is not None:
        found["others"] = dict(_numbers(judged, "", others, wanted, elsewhere)) or None
    return found


def _numbers(
    listed: Iterable[ModelLimit],
    model: str,
    own: Values,
    wanted: WantedLimits,
    elsewhere: Collection[tuple[str, str]],
) -> Iterator[tuple[LimitName, int]]:
    """The limits of a model, or of all others, by name: as in `own` where that is what is there."""
    for name in LIMIT_NAMES:
        changed = [
            limit.held(model)
            for limit in listed
            if limit.name == name
            and (limit.place, model) not in elsewhere
            and limit.held(model).value != _target(limit, model, wanted, elsewhere)
        ]
        value = own.get(name)
        if not changed:
            if value is not None:
                yield name, value
            continue
        loosest = max(each.effective for each in changed)
        # Where the number would not show that something is amiss, the limit is taken for one that is not set.
        if loosest not in (UNLIMITED, value):
            yield name, loosest


def _target(
    limit: ModelLimit, model: str, wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]
) -> int | None:
    text = limit.wanted(wanted, elsewhere).get(model)
    return None if text is None else UNLIMITED if text == "-1" else int(text)


def _intact(limit: ModelLimit, wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]) -> bool:
    """Whether a limit is shut for all others, and open for the allowed models where no setting names it."""
    own = limit.wanted(wanted, elsewhere)
    return all(
        limit.held(model).value == _target(limit, model, wanted, elsewhere)
        for model in own
        if not model or limit.name is None
    )
