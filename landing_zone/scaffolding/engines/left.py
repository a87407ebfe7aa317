"""What an earlier export wrote for stacks that are no longer exported."""

import json
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from landing_zone.scaffolding.engines.fleet import Member
from landing_zone.scaffolding.engines.names import DRIFT


def stacks_of_resources(folder: Path, header: str, written: Container[Path]) -> dict[Path, list[str]]:
    """Files that an earlier export wrote, by their header, and that are not `written` now → names of resources."""
    found = {}
    for path in sorted(folder.glob("stack-*.yaml")):
        if path not in written and path.read_text(encoding="utf-8").startswith(header):
            name = path.stem.removeprefix("stack-")
            found[path] = [name, f"{name}{DRIFT}"]
    return found


def stacks_of_program(path: Path, members: Sequence[Member]) -> list[str]:
    """Stacks of an earlier fleet.json that are not among the members."""
    try:
        earlier: Any = json.loads(path.read_text(encoding="utf-8"))
        names = list(earlier["stacks"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(name) for name in names if name not in {each.name for each in members}]
