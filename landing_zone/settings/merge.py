"""A project's settings merged: built in for its tier, then the stack's defaults, then its own."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from landing_zone.settings.base import Settings, fields_of, known_keys, plain_type
from landing_zone.settings.budgets import BudgetRules
from landing_zone.settings.markers import Mark, built_in, marked
from landing_zone.settings.problems import Path
from landing_zone.settings.types import EnvironmentRules, ProjectSettings, StackFileSettings

ENVIRONMENT_WIDE: Final = tuple(
    key
    for key in known_keys(StackFileSettings)
    if key in known_keys(ProjectSettings)
    and (key not in known_keys(EnvironmentRules) or key in marked(ProjectSettings, Mark.INHERITED))
)
"""Settings of the environment that each project takes over unless it has its own."""
_BUILT_IN: Final = {paid: built_in(ProjectSettings, paid=paid) for paid in (True, False)}
"""Paid or not -> built-in settings, before the stack's defaults and the project's own."""
_CREATED: Final = marked(ProjectSettings, Mark.CREATED)
_INHERITED_IF_PAID: Final = marked(ProjectSettings, Mark.INHERITED_IF_PAID)


def merge(base: object, over: object) -> Any:
    """`over` on top of `base`: mappings key by key, anything else whole; null takes an inherited value away."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    merged = {key: value for key, value in base.items() if key not in over or over[key] is not None}
    for key, value in over.items():
        if value is not None:
            merged[key] = merge(base.get(key, {} if isinstance(value, Mapping) else None), value)
    return merged


def values_taken_over(environment: Mapping[str, Any]) -> int:
    """Number of keys and values that each project takes over from the environment and its defaults."""
    return sum(_size(environment.get(key)) for key in ("defaults", *ENVIRONMENT_WIDE))


def _size(found: object) -> int:
    below = found.values() if isinstance(found, Mapping) else found if isinstance(found, list) else ()
    return 1 + sum(1 + _size(each) for each in below)


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
        inherited = {key: value for key, value in inherited.items() if key not in _INHERITED_IF_PAID}
    if project.get("adopt", inherited.get("adopt")) is True:
        inherited = {key: value for key, value in inherited.items() if key not in _CREATED}
        inherited["deletionPolicy"] = "ABANDON"
    merged = merge(merge(_BUILT_IN[tier == "paid"], inherited), project)
    if tier == "free":
        merged = _without_idle(merged, ProjectSettings)
    if "budget" in merged:
        merged["budget"] = budget_values(merged["budget"])
    return merged


def _without_idle(values: Mapping[str, Any], model: type[Settings]) -> dict[str, Any]:
    """A free project's values without those that have no effect there: the budget, and the alert on its pace."""
    idle = marked(model, Mark.IDLE_IF_FREE)
    found = {key: value for key, value in values.items() if key not in idle}
    for name, field in fields_of(model).items():
        key, below = field.alias or name, plain_type(field.annotation)
        if isinstance(below, type) and issubclass(below, Settings) and isinstance(found.get(key), Mapping):
            found[key] = _without_idle(found[key], below)
    return found


def budget_values(budget: object) -> Any:
    """A budget with the usual thresholds, if it has none of its own."""
    if not isinstance(budget, Mapping):
        return budget
    usual = built_in(BudgetRules, paid=True)
    if isinstance(budget.get("period"), Mapping):
        # Google forecasts calendar periods alone.
        usual["thresholds"] = [each for each in usual["thresholds"] if not isinstance(each, Mapping)]
    return merge(usual, budget)


def holds(values: Any, path: Iterable[str | int]) -> bool:
    """True if there is anything at a path, be it null."""
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
