"""Whether recovery finds again everything that a program can create."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from landing_zone.exported_state import resources_of
from landing_zone.operations.natural_names import is_covered

_OURS: Final = frozenset({"components", "landing_zone", "pulumi"})


def uncovered(exported: Mapping[str, Any], program: Path) -> list[str]:
    """Resource types of the state that recovery does not know, and packages that the program imports beside this one's.

    `program`: the folder of `__main__.py`. A program of other languages, or one that cannot be read, counts whole.
    """
    types = {each["type"] for each in resources_of(exported) if not is_covered(each["type"])}
    return sorted(types | set(_others(program / "__main__.py")))


def _others(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        yield path.name
        return
    for node in ast.walk(tree):
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
            if node.module == "pulumi":
                names += [f"pulumi.{each.name}" for each in node.names]
        if any(name.startswith("pulumi.dynamic") for name in names):
            yield "pulumi.dynamic"
        for package in {name.partition(".")[0] for name in names}:
            if package not in _OURS and package not in sys.stdlib_module_names:
                yield package or "a module beside it"
