"""An entry for a stack file that has settings for all its projects: what these would add to it is taken away again."""

from collections.abc import Mapping
from typing import Any, Final

from landing_zone.google.rest import Json
from landing_zone.settings.merge import project_values

_INHERITED: Final = (
    *("deletionPolicy", "protect", "stackLabel", "after", "guard"),
    *("workload", "searchesPerRequest", "tierWait"),
)
"""Settings that make nothing at Google, and the guard: those of the stack file hold unless the entry has its own."""
_OF_POLICIES: Final = ("privateData", "users")
"""For an adopted project these change no label: policies alone read them."""


def fitted(entry: Mapping[str, Any], environment: Mapping[str, Any]) -> Json:
    """The entry of a project, so that it says the same below an environment's settings and defaults as without them.

    Args:
        entry: of an `Inventory`.
        environment: the values of the stack file, without the namespace.
    """
    identity = {name: entry[name] for name in ("projectId", "tier", "adopt") if name in entry}
    inherited = project_values(environment, identity)
    kept = (*_INHERITED, *(_OF_POLICIES if entry.get("adopt") else ()))
    alone = {
        name: value for name, value in project_values({}, entry).items() if name not in kept or name in entry
    }
    base = {name: value for name, value in inherited.items() if name not in kept or name in entry}
    own = {**identity, **_difference(alone, base)}
    return {name: own[name] for name in dict.fromkeys((*entry, *own)) if name in own}


def _difference(wanted: Mapping[str, Any], base: Mapping[str, Any]) -> Json:
    """What merges with `base` to `wanted`: null takes away what only `base` has."""
    found: Json = {}
    for name in dict.fromkeys((*wanted, *base)):
        value, other = wanted.get(name), base.get(name)
        if value == other:
            continue
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            found[name] = _difference(value, other)
        else:
            found[name] = value
    return found
