"""Suggestions for a mistyped command: the nearest of its group, or the one of another group that is called so."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup


class Suggesting(TyperGroup):
    """A group of commands that knows those of all groups."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first argument. Exits with what was probably meant."""
        word = args[0]
        if not (word.startswith("-") or ctx.resilient_parsing or self.get_command(ctx, word)):
            above = ctx.command_path.partition(" ")[2]
            meant = _meant(word, dict(_paths(self, above)), dict(_paths(ctx.find_root().command)))
            hint = f" Did you mean {' or '.join(f'gemini-lz {path}' for path in meant)}?" if meant else ""
            ctx.fail(f"No such command {word!r}.{hint}")
        return super().resolve_command(ctx, args)


def _paths(group: TyperGroup, above: str = "") -> Iterator[tuple[str, str]]:
    """All commands and groups below a group, as they are typed, each with its last word."""
    for name, command in group.commands.items():
        path = f"{above} {name}".strip()
        yield path, name
        if isinstance(command, TyperGroup):
            yield from _paths(command, path)


def _meant(word: str, own: dict[str, str], everywhere: dict[str, str]) -> list[str]:
    """The commands that a word was probably meant to be, the nearest first.

    One of another group that is called exactly so is meant more than one of this group that is called nearly so.
    """
    if exact := [path for path, name in everywhere.items() if name == word]:
        return exact
    for commands in (own, everywhere):
        near = get_close_matches(word, commands.values(), n=1) or [
            name
            for name in commands.values()
            if sorted(name) == sorted(word)  # two letters, exchanged
        ]
        if near:
            return [path for path, name in commands.items() if name == near[0]]
    return []
