"""Any other quota: asked of Google, upward too, or lowered by an override."""

from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import quote

import pulumi
from pulumi_gcp import cloudquota, serviceusage

from components.base import Component
from landing_zone.settings import QuotaSettings

_CHECKS = {
    "belowUsage": "QUOTA_DECREASE_BELOW_USAGE",
    "tooDeep": "QUOTA_DECREASE_PERCENTAGE_TOO_HIGH",
    None: None,
}


class QuotasArgs(TypedDict):
    """Which quotas, where."""

    projectId: str
    quotas: Mapping[str, QuotaSettings]
    """By name: it makes the resource's, so that no two quotas get in each other's way."""
    kept: bool
    """Overrides stay when the project leaves the stack."""


class Quotas(Component):
    """Quota preferences and overrides of one project."""

    overrides: list[pulumi.CustomResource]
    """Those that bind at once. Google keeps a preference whatever is deleted."""

    def __init__(self, name: str, args: QuotasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.overrides = []
        for key, settings in args["quotas"].items():
            if settings.quota_id:
                self._preference(f"{name}--{key}", key, args["projectId"], settings)
            else:
                self.overrides.append(
                    self._override(f"{name}--{key}", args["projectId"], settings, kept=args["kept"])
                )
        self.register_outputs({})

    def _preference(self, name: str, key: str, project_id: str, settings: QuotaSettings) -> None:
        cloudquota.SQuotaPreference(
            name,
            parent=f"projects/{project_id}",
            name=key,
            service=settings.service,
            quota_id=settings.quota_id,
            dimensions=settings.dimensions or None,
            quota_config=cloudquota.SQuotaPreferenceQuotaConfigArgs(preferred_value=str(settings.value)),
            justification=settings.justification,
            contact_email=settings.contact_email,
            ignore_safety_checks=_CHECKS[settings.ignore_safety_check],
            opts=self.child(),
        )

    def _override(
        self, name: str, project_id: str, settings: QuotaSettings, *, kept: bool
    ) -> serviceusage.ConsumerQuotaOverride:
        return serviceusage.ConsumerQuotaOverride(
            name,
            project=project_id,
            service=settings.service,
            metric=quote(settings.metric or "", safe=""),
            limit=quote(settings.limit or "", safe=""),
            dimensions=settings.dimensions or None,
            override_value=str(settings.value),
            # Without force, Google refuses to lower a limit by more than a tenth at once.
            force=True,
            opts=self.child(kept=kept, replaced_first=True),
        )
