"""The commands of `gemini-lz`, as Typer has them."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from landing_zone.cli.app import app

_EXAMPLE = re.compile(r"Example: (gemini-lz .*)")


@cache
def commands() -> dict[str, Any]:
    """Every command that is no group, by its words: `policy audit`."""
    return {
        path: command for path, command in _below(get_command(app)) if not isinstance(command, TyperGroup)
    }


def groups() -> dict[str, Any]:
    """Every group of commands, by its words; the whole by none."""
    whole = get_command(app)
    return {"": whole} | {path: each for path, each in _below(whole) if isinstance(each, TyperGroup)}


def example(command: Any) -> str:
    """The example in a command's help."""
    found = _EXAMPLE.fullmatch(command.epilog or "")
    assert found, f"{command.name} has no example: epilog='Example: gemini-lz …'"
    return found[1]


def make_repository(folder: Path) -> None:
    """Commit all that is in a folder, as the branch `main` of `origin` has it."""
    for command in (
        "init --quiet --initial-branch=main",
        "add --all",
        "-c user.name=a -c user.email=a@example.com commit --quiet --message=first",
        "update-ref refs/remotes/origin/main HEAD",
    ):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)


def _below(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{above} {name}".strip()
        yield path, command
        if isinstance(command, TyperGroup):
            yield from _below(command, path)
