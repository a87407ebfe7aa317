"""Looking into values that are not checked yet: anything may stand where a mapping or a list should."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from landing_zone.settings.problems import Path, Problem, shown_value


def value(values: Mapping[str, Any], *path: str) -> Any:
    """Value at a path; None if there is none."""
    found: Any = values
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def items(values: Mapping[str, Any], *path: str) -> list[Any]:
    """The list at a path; empty if there is none."""
    found = value(values, *path)
    return found if isinstance(found, list) else []


def repeated(path: Path, values: list[Any]) -> Iterator[Problem]:
    """Values that are in a list twice."""
    name = path[-1]
    seen: set[object] = set()
    for position, item in enumerate(values):
        same = item if isinstance(item, Hashable) else repr(item)
        if same in seen:
            yield Problem(
                (*path, position),
                f"{shown_value(item)} stands here twice",
                f"take one of the two out of {name}",
            )
        seen.add(same)
