"""What a model may be used at most, whatever the tier allows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.base import Component
from components.native import ModelLimit
from landing_zone.settings import OTHERS
from landing_zone.settings import ModelLimit as LimitSettings


def make_limits(
    owner: Component,
    name: str,
    project_id: str,
    limits: Mapping[str, LimitSettings],
    exempt: Sequence[str],
    after: Any,
    *,
    kept: bool,
) -> list[pulumi.CustomResource]:
    """Limit models, each on the metrics of every tier: Google moves an account up by itself.

    Args:
        limits: by the API's model id; `others` for every model without limits of its own.
        exempt: models whose limits are set elsewhere, under `quotas`: not the business of `others`.
        kept: they stay when the project leaves the stack.
    """
    made: list[pulumi.CustomResource] = []
    for model, settings in limits.items():
        # All others' limit waits for those of the allowed models by itself: as a dependency it would be one level
        # more, and on a destroy the project goes with all of them.
        named = (
            {
                "allowed": [each for each in limits if each != OTHERS],
                **({"exempt": list(exempt)} if exempt else {}),
            }
            if model == OTHERS
            else {"model": model}
        )
        own = f"{name}--{model}"
        options = owner.child(own, f"limits.{model}", after=after, kept=kept, replaced_first=True)
        made.append(ModelLimit(own, {"project": project_id, **named, **dict(settings.items())}, options))
    return made
