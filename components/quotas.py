"""Other quotas: quota preferences, which may also raise a value, and quota overrides, which lower it."""

from collections.abc import Mapping
from typing import Any
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


def make_quotas(
    owner: Component,
    name: str,
    project_id: str,
    quotas: Mapping[str, QuotaSettings],
    after: Any,
    *,
    kept: bool,
) -> list[pulumi.CustomResource]:
    """Create quota preferences and overrides; returns the overrides, which bind at once.

    Google keeps a preference after its deletion. `kept`: overrides stay when the project leaves the stack.
    """
    overrides: list[pulumi.CustomResource] = []
    for key, settings in quotas.items():
        own = f"{name}--{key}"
        options = owner.child(
            own,
            f"quotas.{key}",
            after=after,
            existing=settings.existing and _existing_id(project_id, settings),
            kept=kept and not settings.quota_id,
            replaced_first=None if settings.quota_id else True,
        )
        if settings.quota_id:
            _preference(own, key, project_id, settings, options)
        else:
            overrides.append(_override(own, project_id, settings, options))
    return overrides


def _existing_id(project_id: str, settings: QuotaSettings) -> str:
    """The id of what is taken over, as the plugin imports it."""
    if settings.quota_id:
        return f"projects/{project_id}/locations/global/quotaPreferences/{settings.existing}"
    metric, limit = quote(settings.metric or "", safe=""), quote(settings.limit or "", safe="")
    place = f"projects/{project_id}/services/{settings.service}/consumerQuotaMetrics/{metric}/limits/{limit}"
    return f"{place}/consumerOverrides/{settings.existing}"


def _preference(
    name: str, key: str, project_id: str, settings: QuotaSettings, options: pulumi.ResourceOptions
) -> None:
    cloudquota.SQuotaPreference(
        name,
        parent=f"projects/{project_id}",
        # The key alone is unique in the project; the project's name in the stack file may change.
        name=settings.existing or key,
        service=settings.service,
        quota_id=settings.quota_id,
        dimensions=settings.quota_dimensions or None,
        quota_config=cloudquota.SQuotaPreferenceQuotaConfigArgs(preferred_value=str(settings.value)),
        justification=settings.justification,
        contact_email=settings.contact_email,
        ignore_safety_checks=_CHECKS[settings.ignore_safety_check],
        opts=options,
    )


def _override(
    name: str, project_id: str, settings: QuotaSettings, options: pulumi.ResourceOptions
) -> serviceusage.ConsumerQuotaOverride:
    return serviceusage.ConsumerQuotaOverride(
        name,
        project=project_id,
        service=settings.service,
        metric=quote(settings.metric or "", safe=""),
        limit=quote(settings.limit or "", safe=""),
        dimensions=settings.quota_dimensions or None,
        override_value=str(settings.value),
        # Without force, Google refuses to lower a limit by more than a tenth at once.
        force=True,
        opts=options,
    )
