"""The inputs of a `ProjectLimits` that would reproduce the limits found at Google."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from landing_zone.gemini.limits import LIMIT_NAMES, UNLIMITED, WantedLimits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.gemini.quotas import LimitName
from landing_zone.google.quota_overrides import ModelLimit, loosened
from provider.resource import Values


def as_found(
    listed: list[ModelLimit],
    inputs: Values,
    wanted: WantedLimits,
    elsewhere: Collection[tuple[str, str]],
    left_open: Collection[str],
) -> Values:
    """The inputs, with the values found at Google where they differ.

    A model whose limit was raised by hand although `others` limits it is added, and so is a limit set by hand on a
    named model. `left_open`: places of the limits that Google does not allow anyone to change.
    """
    judged = [limit for limit in listed if limit.place not in left_open]
    models: dict[str, Any] = {}
    for model, own in (inputs.get("limits") or {}).items():
        quota_model = QUOTA_NAMES.get(model, model)
        models[model] = dict(_numbers(judged, quota_model, own, wanted, elsewhere))
    for limit, model in loosened(judged, wanted, elsewhere):
        opened = models.setdefault(MODELS.get(model, model), {})
        if limit.name:
            opened[limit.name] = max(limit.bucket(model).value or 0, opened.get(limit.name, 0))
    found = {**inputs, **({"limits": models} if models else {})}
    others = inputs.get("others")
    if wanted.denies:
        if not all(_intact(limit, wanted, elsewhere) for limit in judged):
            found["others"] = dict(_numbers(judged, "", dict.fromkeys(LIMIT_NAMES, 0), wanted, elsewhere))
            if found["others"] == dict.fromkeys(LIMIT_NAMES, 0):
                # The limit that is open is one that no setting names.
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
    """The limits of a model, or of all others, by name: the value in `own` where Google has the same."""
    for name in LIMIT_NAMES:
        changed = [
            limit.bucket(model)
            for limit in listed
            if limit.name == name
            and (limit.place, model) not in elsewhere
            and limit.bucket(model).value != _target(limit, model, wanted, elsewhere)
        ]
        value = own.get(name)
        if not changed:
            if value is not None:
                yield name, value
            continue
        loosest = max(each.effective for each in changed)
        # A number equal to the wanted one would not show as a difference: report the limit as not set.
        if loosest not in (UNLIMITED, value):
            yield name, loosest


def _target(
    limit: ModelLimit, model: str, wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]
) -> int | None:
    text = limit.wanted(wanted, elsewhere).get(model)
    return None if text is None else UNLIMITED if text == "-1" else int(text)


def _intact(limit: ModelLimit, wanted: WantedLimits, elsewhere: Collection[tuple[str, str]]) -> bool:
    """True if a limit is 0 for all others, and, where no setting names it, open for the allowed models."""
    own = limit.wanted(wanted, elsewhere)
    return all(
        limit.bucket(model).value == _target(limit, model, wanted, elsewhere)
        for model in own
        if not model or limit.name is None
    )
