"""Quota overrides: what a model may be used at most, whatever the tier allows."""

from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import quote

import pulumi
from pulumi_gcp import serviceusage

from components.base import Component
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import Tier, quota_limits
from landing_zone.settings import ModelLimit


class ModelLimitsArgs(TypedDict):
    """Which limits, where."""

    projectId: pulumi.Input[str]
    tier: Tier
    limits: Mapping[str, ModelLimit]
    """By the API's model id."""


class ModelLimits(Component):
    """Limits per model, each on the metric of every paid tier: Google moves an account up by itself."""

    def __init__(self, name: str, args: ModelLimitsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for model, settings in args["limits"].items():
            for limit_name, value in settings.items():
                for limit in quota_limits(args["tier"], limit_name):
                    serviceusage.ConsumerQuotaOverride(
                        f"{name}--{model}-{limit_name}-{limit.tier}",
                        project=args["projectId"],
                        service=GEMINI_API,
                        metric=quote(limit.metric, safe=""),
                        limit=quote(limit.limit, safe=""),
                        dimensions={"model": QUOTA_NAMES[model]},
                        override_value=str(value),
                        # Without force, Google refuses to lower a limit by more than a tenth at once.
                        force=True,
                        opts=self.child(),
                    )
        self.register_outputs({})
