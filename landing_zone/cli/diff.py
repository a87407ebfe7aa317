"""The command `diff`: a change of stack files and of policy/config in money and policy."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from landing_zone.changes.change import Change, compare
from landing_zone.changes.files import Files, files_before
from landing_zone.changes.markdown import as_markdown
from landing_zone.changes.revision import USUAL_BASES, RevisionError, base_of
from landing_zone.changes.text import show_change
from landing_zone.cli.console import (
    AsJson,
    AsOf,
    day_of,
    err,
    format_of,
    out,
    refuse,
    working,
    write,
    write_json,
)
from landing_zone.cli.stacks import Folder, StackFolder, complete_stack, stack_folder
from landing_zone.settings.fields import quantity

Stacks = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STACK",
        help="Stacks, such as prod. Default: all that the change can reach.",
        autocompletion=complete_stack,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        help="A branch, tag or commit. The change is all since HEAD left it (their merge base), as in a pull request, "
        f"with what is not committed. Default: {USUAL_BASES[0]}, else {USUAL_BASES[1]}.",
    ),
]
MaxGrowth = Annotated[
    str | None,
    typer.Option(
        "--max-growth",
        help="Exit code 1 if the worst month of a stack grows by more than this, in its currency, or is no longer "
        "bounded.",
    ),
]
Format = Annotated[
    Literal["text", "markdown", "json"] | None,
    typer.Option(
        "--format",
        help="markdown for a comment on a pull request, json for programs (same as --json). Default: text.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz diff prod --base origin/main --max-growth 500")(diff)


def diff(
    stacks: Stacks = None,
    base: Base = None,
    max_growth: MaxGrowth = None,
    as_of: AsOf = None,
    folder: StackFolder = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """Show a change in money and policy: planned and worst month, limits, keys, violations, before against after.

    Reads files, at a git revision and here; needs no credentials. Where policy/config changes too, the
    change is judged by both configurations.

    Exit codes: 0, nothing of what follows;
    1, a file with mistakes, a new mandatory violation by either configuration,
    or more than --max-growth;
    2, wrong usage, or git does not have the base.
    """
    day, shown_as = day_of(as_of), format_of(form, as_json)
    most = _amount(max_growth)
    where = stack_folder(folder)
    after = Files(where.project, where.path, where.pulumi_project)
    with TemporaryDirectory() as root, working("comparing") as progress:
        try:
            revision = base_of(where.project, base)
            before = files_before(revision, after, Path(root).resolve())
        except RevisionError as error:
            refuse(str(error))
        chosen = _chosen(where, before, stacks or [])
        found, configurations = compare(before, after, day, chosen, progress)
    change = Change(revision.ref, revision.commit, day, tuple(found), configurations, most)
    if shown_as == "json":
        write_json(change.as_json())
    elif shown_as == "markdown":
        write(as_markdown(change))
    else:
        show_change(out, change)
    for text in change.failures:
        err.print(text, markup=False)
    raise typer.Exit(1 if change.failures else 0)


def _chosen(where: Folder, before: Files, stacks: list[str]) -> dict[str, str] | None:
    """The stacks that are named, each with its organization; None if none is.

    A stack that the change removes can be named too.
    """
    every = replace(where, names=tuple(sorted({*where.names, *before.names})))
    found = every.chosen(stacks or every.names)
    return {each.name: each.organization for each in found} if stacks else None


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return quantity(text)
    except ValueError:
        refuse(f"--max-growth {text!r} is no amount: write it as 500 or 0")
