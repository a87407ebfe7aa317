"""The limits of a project's models."""

from collections.abc import Mapping
from typing import Any

from components.base import Component
from components.native import ProjectLimits
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import DENY, OTHERS
from landing_zone.settings import ProjectSettings, opened_by_quotas


def make_limits(
    owner: Component, name: str, settings: ProjectSettings, after: Any, guard: Mapping[str, Any] | None = None
) -> list[ProjectLimits]:
    """Limit a project's models: one resource for all of them, set in one call on the metrics of every tier.

    `guard`: where the guard keeps its record of the project, if it guards it.
    """
    if not settings.limits:
        return []
    limits = {model: dict(each.items()) for model, each in settings.limits.items() if model != OTHERS}
    others = settings.limits.get(OTHERS)
    elsewhere = [
        {"metric": quota.metric, "limit": quota.limit, "model": quota.quota_model}
        for quota in settings.quotas.values()
        if quota.metric and quota.limit and quota.service == GEMINI_API
    ]
    props: dict[str, Any] = {"project": settings.project_id}
    if limits:
        props["limits"] = limits
    if others is not None:
        props["others"] = DENY if others.blocks else dict(others.items())
    if elsewhere:
        props["elsewhere"] = sorted(elsewhere, key=str)
    if guard:
        props["guard"] = guard
    options = owner.child(name, "limits", after=after, kept=settings.keeps_guardrails, replaced_first=True)
    return [ProjectLimits(name, props, options)]


def limited_models(settings: ProjectSettings) -> list[str]:
    """The models that a project's limits are on, and `others`."""
    others = settings.limits.get(OTHERS)
    opened = opened_by_quotas(settings) if others is not None and others.blocks else frozenset()
    return sorted(settings.limits.keys() | opened)
