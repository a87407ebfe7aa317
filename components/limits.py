"""What a model may be used at most, whatever the tier allows."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi

from components.base import Component
from components.native import ModelLimit
from landing_zone.settings import OTHERS
from landing_zone.settings import ModelLimit as LimitSettings


class ModelLimitsArgs(TypedDict):
    """Which limits, where."""

    projectId: pulumi.Input[str]
    limits: Mapping[str, LimitSettings]
    """By the API's model id; `others` for every model without limits of its own."""
    exempt: Sequence[str]
    """Models whose limits are set elsewhere, under `quotas`: not the business of `others`."""
    kept: bool
    """They stay when the project leaves the stack."""


class ModelLimits(Component):
    """Limits per model, each on the metrics of every tier: Google moves an account up by itself."""

    made: list[pulumi.CustomResource]

    def __init__(self, name: str, args: ModelLimitsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        limits = args["limits"]
        self.made = []
        for model, settings in limits.items():
            # All others' limit waits for those of the allowed models by itself: as a dependency it would be one level
            # more, and on a destroy the project goes with all of them.
            named = (
                {
                    "allowed": [each for each in limits if each != OTHERS],
                    **({"exempt": list(args["exempt"])} if args["exempt"] else {}),
                }
                if model == OTHERS
                else {"model": model}
            )
            self.made.append(
                ModelLimit(
                    f"{name}--{model}",
                    {"project": args["projectId"], **named, **dict(settings.items())},
                    self.child(kept=args["kept"], replaced_first=True),
                )
            )
        self.register_outputs({})
