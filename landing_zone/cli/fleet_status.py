"""`gemini-lz fleet status`: the states of stacks side by side."""

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from landing_zone.cli.console import AsJson, out, refuse, working, write_json
from landing_zone.cli.fleet_choice import Stacks
from landing_zone.cli.stacks import StackFolder, stack_folder
from landing_zone.printing import counted, listed, on_one_line
from landing_zone.settings.problems import nearest
from landing_zone.workspace import find_project, here

if TYPE_CHECKING:
    from landing_zone.fleet.states import StackState

Everything = Annotated[
    bool, typer.Option("--all", help="All stacks that have a file or a state, the local cloud's too.")
]
_COLUMNS = ("stack", "last update", "resources", "projects", "worst month", "bound by", "run")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz fleet status --all --json")(status)


def status(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the states of many stacks side by side, without running their programs or asking Google.

    Also those that have a file and no state, or a state and no file. Exit code 1: a state cannot be read, or the last
    run on a stack failed or did not end.
    """
    from landing_zone.fleet.states import listed_stacks, read_states
    from landing_zone.operations.pulumi_cli import Cli, CliError

    where = stack_folder(folder)
    project = find_project(here(os.environ) / where.path)
    if project is None:
        refuse(
            "no Pulumi.yaml here or above: go to its folder, or name its stack files' folder with --stacks"
        )
    try:
        cli = Cli(project.folder, project.name, "")
        in_backend = listed_stacks(cli)
    except CliError as error:
        refuse(str(error))
    names = sorted({*where.names, *in_backend})
    chosen = names if everything or (folder and not stacks) else _matching(stacks or [], names)
    with working(f"reading {counted(len(chosen), 'state')}"):
        found = read_states(cli, chosen, where.names, in_backend)
    if as_json:
        write_json([each.as_json() for each in found])
    else:
        _print(found)
    raise typer.Exit(1 if any(each.needs_care for each in found) else 0)


def _matching(given: list[str], names: list[str]) -> list[str]:
    if not given:
        refuse("write the stacks, or patterns such as 'team-*', or --all")
    wrong = []
    for each in given:
        if not any(fnmatchcase(name, each) for name in names):
            near = nearest(each, names)
            wrong.append(
                f"no stack {each!r}, neither as a file nor in the backend{f': did you mean {near!r}?' if near else ''}"
            )
    if wrong:
        refuse("\n".join([*wrong, f"there are {listed(names)}"]))
    return [name for name in names if any(fnmatchcase(name, each) for each in given)]


def _print(found: "list[StackState]") -> None:
    table = Table(*_COLUMNS, box=None)
    for each in found:
        cells = _cells(each)
        if out.is_terminal:
            table.add_row(*(Text(on_one_line(cell) or "-") for cell in cells))
        else:
            labels = [*(f"{name} " for name in _COLUMNS[1:-1]), ""]
            parts = [f"{label}{cell}" for label, cell in zip(labels, cells[1:], strict=True) if cell]
            out.print(f"{each.stack}: {', '.join(parts)}", markup=False, soft_wrap=True)
    if table.row_count:
        out.print(table)
    for words, names in (
        ("a file and no state", [each.stack for each in found if each.has_file and not each.has_state]),
        ("a state and no file", [each.stack for each in found if each.has_state and not each.has_file]),
    ):
        if names:
            out.print(f"{words}: {listed(names)}", markup=False, soft_wrap=True)
    projects, resources = sum(each.projects for each in found), sum(each.resources for each in found)
    out.print(
        f"{counted(len(found), 'stack')}, {counted(projects, 'project')}, {counted(resources, 'resource')}",
        markup=False,
    )


def _cells(each: "StackState") -> list[str]:
    if each.error:
        return [each.stack, "", "", "", "", "", f"cannot be read: {each.error}"]
    if not each.has_state:
        return [each.stack, "", "", "", "", "", "no state"]
    run = f"{each.run}: {each.mark}" if each.run else ""
    pending = f"{counted(each.pending, 'operation')} without a known end" if each.pending else ""
    locked = "locked by an update at work" if each.locked else ""
    without_file = "" if each.has_file else "no file"
    return [
        each.stack,
        each.last_update[:19].replace("T", " "),
        str(each.resources),
        str(each.projects),
        each.worst_month,
        each.bound_by,
        "; ".join(part for part in (run, pending, locked, without_file) if part),
    ]
