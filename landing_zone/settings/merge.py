"""How a project's settings come together: built in for its tier, then the stack's defaults, then its own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

BUILT_IN: Final[Mapping[str, Any]] = {
    "alerts": {"errorRate": Decimal("0.1"), "tooManyRequestsPerMinute": 10},
}
BUILT_IN_BUDGET: Final[Mapping[str, Any]] = {
    "thresholds": [Decimal("0.5"), Decimal("0.9"), 1, {"forecast": 1}]
}
"""Laid under a paid project's budget; a free project has none."""

ENVIRONMENT_WIDE: Final = ("parent", "billingAccount", "labels")
"""Settings of the environment that each project takes over unless it has its own."""


def merge(base: object, over: object) -> Any:
    """`over` on top of `base`: mappings key by key, anything else whole; null takes an inherited value away."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    merged = {key: value for key, value in base.items() if key not in over or over[key] is not None}
    for key, value in over.items():
        if value is not None:
            merged[key] = merge(base.get(key, {} if isinstance(value, Mapping) else None), value)
    return merged


def project_values(environment: Mapping[str, Any], project: object) -> Any:
    """The merged values of one project, not yet checked.

    A free project takes over nothing that needs billing: no account, no budget.
    """
    defaults = environment.get("defaults") or {}
    if not isinstance(project, Mapping) or not isinstance(defaults, Mapping):
        return project
    inherited = merge({key: environment[key] for key in ENVIRONMENT_WIDE if key in environment}, defaults)
    tier = project.get("tier", inherited.get("tier"))
    if tier == "free":
        inherited = {
            key: value for key, value in inherited.items() if key not in {"billingAccount", "budget"}
        }
    if project.get("adopt", inherited.get("adopt")) is True:
        inherited = {key: value for key, value in inherited.items() if key not in {"parent", "labels"}}
    merged = merge(merge(BUILT_IN, inherited), project)
    if isinstance(merged.get("budget"), Mapping):
        merged["budget"] = merge(BUILT_IN_BUDGET, merged["budget"])
    return merged
