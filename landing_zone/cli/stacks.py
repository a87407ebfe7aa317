"""The stack of a command and its file: the argument STACK means the same in all commands."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from landing_zone.cli.console import refuse
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file
from landing_zone.settings.problems import nearest
from landing_zone.settings.source import read_stack_file
from landing_zone.workspace import (
    UnreadableError,
    find_project,
    here,
    selected_stack,
    stack_names,
    stack_path,
)

DEFAULT_FOLDER = Path("stacks")
"""The folder of stack files outside a Pulumi project."""


@dataclass(frozen=True)
class Folder:
    """The stack files of a project."""

    path: Path
    """Relative to the working directory, for messages."""
    project: Path
    """The folder of the project, which has policy/config."""
    names: tuple[str, ...]
    selected: str | None
    """The stack that `pulumi` would use, with its organization if Pulumi stored it."""
    pulumi_project: str = ""
    """Name of the Pulumi project; empty without one."""

    def chosen(self, stacks: Sequence[str]) -> list["ChosenStack"]:
        """The given stacks, or the selected one. Refuses names that have no file."""
        if not self.names:
            refuse(
                f"no stack file in {self.path}: go to the folder of Pulumi.yaml, or name their folder with --stacks"
            )
        has = f"{self.path} has {', '.join(self.names)}"
        given = stacks or ([self.selected] if self.selected else [])
        if not given:
            refuse(
                f"no stack is named, and none is selected: name one, or run pulumi stack select NAME; {has}"
            )
        found, unknown = [], []
        for organization, _, name in (each.rpartition("/") for each in given):
            if name in self.names:
                owner = organization.partition("/")[0]
                found.append(ChosenStack(name, stack_path(self.path, name), self, owner))
            else:
                near = nearest(name, self.names)
                which = "" if stacks else ", which is selected"
                unknown.append(
                    f"no file for the stack {name!r}{which}{f': did you mean {near!r}?' if near else ''}"
                )
        if unknown:
            refuse("\n".join([*unknown, has]))
        return found


@dataclass(frozen=True)
class ChosenStack:
    """A stack that has a file."""

    name: str
    path: Path
    folder: Folder
    organization: str = ""
    """Empty if the stack was named without one."""


def stack_folder(given: Path | None) -> Folder:
    """The folder that --stacks names, else that of the Pulumi project in the working directory or above it."""
    start = here(os.environ)
    try:
        project = find_project(start / given if given else start)
        selected = selected_stack(project, os.environ)
        found = Path(os.path.relpath(project.stacks, start)) if project else DEFAULT_FOLDER
    except UnreadableError as error:
        refuse(str(error))
    names = tuple(stack_names(given or found))
    # A script that hands such a name to a command gives it an option: --help judges nothing, and succeeds.
    if options := [str(stack_path(given or found, name)) for name in names if name.startswith("-")]:
        refuse(f"{', '.join(options)}: a stack's name cannot begin with a hyphen: rename or remove the file")
    of_pulumi = project.name if project else ""
    if given:
        return Folder(given, given.parent, names, selected, of_pulumi)
    own = Path(os.path.relpath(project.folder, start)) if project else Path()
    return Folder(found, own, names, selected, of_pulumi)


def choose(stack: str | None, folder: Path | None) -> ChosenStack:
    """The stack of a command's STACK and --stacks."""
    return stack_folder(folder).chosen([] if stack is None else [stack])[0]


def settings_of(stack: ChosenStack) -> EnvironmentSettings:
    """The settings of a stack; exits with all mistakes of its file."""
    try:
        return load_file(stack.name, stack.path)
    except SettingsError as error:
        refuse(str(error))


def complete_stack(context: typer.Context, incomplete: str) -> list[str]:
    """Completion for shells: the stacks that have a file."""
    return [name for name in stack_folder(_folder(context)).names if name.startswith(incomplete)]


def complete_project(context: typer.Context, incomplete: str) -> list[str]:
    """Completion for shells: the projects that the stack's file names."""
    folder = stack_folder(_folder(context))
    # While an option is incomplete, the arguments are not parsed yet.
    stack = context.params.get("stack") or next(iter(context.args), folder.selected) or ""
    try:
        file = read_stack_file(stack_path(folder.path, stack))
    except SettingsError:
        return []
    return [name for name in file.values.get("projects") or () if name.startswith(incomplete)]


def _folder(context: typer.Context) -> Path | None:
    given = context.params.get("folder")
    return Path(given) if given else None


SELECTED = "The stack, such as prod. Default: the selected one (pulumi stack select, PULUMI_STACK)."
Stack = Annotated[str | None, typer.Argument(metavar="STACK", help=SELECTED, autocompletion=complete_stack)]
StackFolder = Annotated[
    Path | None,
    typer.Option(
        "--stacks", help="The folder of the stack files. Default: that of Pulumi.yaml here or above."
    ),
]
