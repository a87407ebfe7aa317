"""Which stacks a command of `gemini-lz fleet` works on."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

import typer

from landing_zone.cli.console import refuse
from landing_zone.cli.stacks import ChosenStack, Folder, complete_stack

_LOCAL_STACK = "sandbox"
Stacks = Annotated[
    list[str] | None,
    typer.Argument(metavar="STACK…", help="Stacks, or patterns: 'team-*'.", autocompletion=complete_stack),
]
Everything = Annotated[bool, typer.Option("--all", help="All stacks that have a file, but sandbox.")]


def chosen_stacks(folder: Folder, given: Sequence[str] | None, *, everything: bool) -> list[ChosenStack]:
    """The stacks that names and patterns mean, by name; exits with all that mean none."""
    if everything == bool(given):
        refuse("write the stacks, or patterns such as 'team-*', or --all")
    names = [name for name in folder.names if name != _LOCAL_STACK]
    patterns = [each for each in given or () if any(sign in each for sign in "*?[")]
    plain = [each for each in given or () if each not in patterns]
    matched = {name for name in names for pattern in patterns if fnmatchcase(name, pattern)}
    if nothing := [each for each in patterns if not any(fnmatchcase(name, each) for name in names)]:
        refuse(
            f"no stack file in {folder.path} for {', '.join(nothing)}: it has {', '.join(names) or 'none'}"
        )
    return folder.chosen(sorted({*plain, *matched, *(names if everything else ())}))
