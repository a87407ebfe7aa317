"""How a project's settings come together: built in for its tier, then the stack's defaults, then its own."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from landing_zone.settings.problems import Path

BUILT_IN: Final[Mapping[str, Any]] = {
    "alerts": {"errorRate": Decimal("0.1"), "tooManyRequestsPerMinute": 10, "quotaShare": Decimal("0.8")},
}
BUILT_IN_PAID: Final[Mapping[str, Any]] = {"tierWait": 600}
"""Laid under a paid project: a free one has nothing to wait for."""
_THRESHOLDS: Final = [Decimal("0.5"), Decimal("0.9"), 1]

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

    A free project takes over nothing that needs billing. Its budget stands still: the project can go back to paid by
    one word.
    """
    defaults = environment.get("defaults") or {}
    if not isinstance(project, Mapping) or not isinstance(defaults, Mapping):
        return project
    inherited = merge({key: environment[key] for key in ENVIRONMENT_WIDE if key in environment}, defaults)
    tier = project.get("tier", inherited.get("tier"))
    if tier == "free":
        inherited = {key: value for key, value in inherited.items() if key != "billingAccount"}
    if project.get("adopt", inherited.get("adopt")) is True:
        inherited = {
            key: value
            for key, value in inherited.items()
            if key not in {"parent", "labels", "deletionPolicy"}
        }
        inherited["deletionPolicy"] = "ABANDON"
    built_in = merge(BUILT_IN, BUILT_IN_PAID) if tier == "paid" else BUILT_IN
    merged = merge(merge(built_in, inherited), project)
    if tier == "free":
        merged = _without_budget(merged)
    if "budget" in merged:
        merged["budget"] = budget_values(merged["budget"])
    return merged


def _without_budget(merged: Mapping[str, Any]) -> dict[str, Any]:
    """A project's values without its budget, and without the alert that compares with it."""
    found = {key: value for key, value in merged.items() if key != "budget"}
    if isinstance(found.get("alerts"), Mapping):
        found["alerts"] = {key: value for key, value in found["alerts"].items() if key != "spendRate"}
    return found


def budget_values(budget: object) -> Any:
    """A budget with the usual thresholds, if it has none of its own."""
    if not isinstance(budget, Mapping):
        return budget
    # Google forecasts calendar periods alone.
    forecast = [] if isinstance(budget.get("period"), Mapping) else [{"forecast": 1}]
    return merge({"thresholds": [*_THRESHOLDS, *forecast]}, budget)


def holds(values: Any, path: Iterable[str | int]) -> bool:
    """Whether there is anything at a path, be it null."""
    for part in path:
        in_list = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if not in_list and not (isinstance(values, Mapping) and part in values):
            return False
        values = values[part]
    return True


def home(environment: Mapping[str, Any], path: Path) -> Path:
    """Where the file has, or lacks, what a project has at `path`, if it takes that over; else `path`.

    What neither the project nor the environment says is lacking where the nearest mapping around it stands.
    """
    if path[:1] != ("projects",):
        return path
    name, *below = path[1:]
    own = environment.get("projects", {}).get(name)
    for length in range(len(below), 0, -1):
        part = below[:length]
        if holds(own, part):
            return path
        if holds(environment.get("defaults"), part):
            return ("defaults", *below)
        if part[0] in ENVIRONMENT_WIDE and holds(environment, part):
            return tuple(below)
    return path
