"""`gemini-lz`: commands that deploy stacks (`deploy.py`), and commands that read and check them, and change nothing.

Exit codes: 0 no problem; 1 a problem with the stack; 2 wrong usage, or something that the command needs is missing;
those of a deployment are in docs/deploy.md.
"""

import os
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer
from rich.markup import escape

from landing_zone.cli import (
    adopt,
    bootstrap,
    ci,
    deploy,
    diff,
    drift,
    fleet,
    guard,
    key,
    new,
    policy,
    preflight,
    prices,
    reports,
    usage,
)
from landing_zone.cli import show as showing
from landing_zone.cli.console import AsJson, err, out, refuse, working, write_json
from landing_zone.cli.stacks import SELECTED, Stack, StackFolder, choose, complete_stack, stack_folder
from landing_zone.cli.state import NotReadableError
from landing_zone.cli.suggesting import Suggesting
from landing_zone.pricing.days import today
from landing_zone.printing import counted
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.cautions import cautions
from landing_zone.settings.problems import MOST_PRINTED
from landing_zone.settings.schema import stack_file_schema
from landing_zone.settings.source import read_stack_file

app = typer.Typer(
    cls=Suggesting,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Gemini API projects as code. Try: gemini-lz validate prod",
)
new.add_to(app)
preflight.add_to(app)
bootstrap.add_to(app)
deploy.add_to(app)
reports.add_to(app)
diff.add_to(app)
drift.add_to(app)
key.add_to(app)
usage.add_to(app)
adopt.add_to(app)
app.add_typer(prices.app, name="prices", cls=Suggesting)
app.add_typer(policy.app, name="policy", cls=Suggesting)
app.add_typer(ci.app, name="ci", cls=Suggesting)
app.add_typer(guard.app, name="guard", cls=Suggesting)
app.add_typer(fleet.app, name="fleet", cls=Suggesting)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    with_pulumi = []
    for package in ("pulumi", "pulumi-gcp"):  # the packages; the CLI and the plugin are not asked
        try:
            with_pulumi.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            with_pulumi.append(f"no {package}")
    typer.echo(f"gemini-lz {version('gemini-landing-zone')} ({', '.join(with_pulumi)})")
    raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the versions and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: gemini-lz validate staging prod")
def validate(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="STACK", help=SELECTED, autocompletion=complete_stack),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All stacks that have a file.")] = False,
    folder: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Check stack files, without calling Pulumi or Google. Reports all mistakes, and warns of models that retire."""
    if everything and stacks:
        refuse("--all means every stack: either name stacks, or write --all")
    where = stack_folder(folder)
    chosen = where.chosen(where.names if everything else stacks or [])
    verdicts: list[dict[str, Any]] = []
    for stack in chosen:
        problems, warned = [], []
        try:
            settings = load_file(stack.name, stack.path)
        except SettingsError as error:
            problems = list(error.problems)
            if not as_json:
                err.print(str(error), markup=False)
        else:
            warned = list(cautions(settings, today()))
            if warned:
                file = read_stack_file(stack.path)
                warned = [file.located(each) for each in warned]
            if not as_json:
                out.print(
                    f"{stack.name}: {counted(len(settings.projects), 'project')}, no mistakes", markup=False
                )
                for each in warned:
                    out.print(f"[yellow]warning[/] {escape(str(each))}", soft_wrap=True)
        verdicts.append(
            {
                "stack": stack.name,
                "problems": [problem.as_json() for problem in problems[:MOST_PRINTED]],
                "problemsFound": len(problems),
                "warnings": [each.as_json() for each in warned],
            }
        )
    if as_json:
        write_json(verdicts)
    raise typer.Exit(1 if any(verdict["problems"] for verdict in verdicts) else 0)


@app.command(epilog="Example: gemini-lz schema > stacks/schema.json")
def schema() -> None:
    """Print the JSON Schema of a stack file, for editors."""
    write_json(stack_file_schema())


@app.command(epilog="Example: gemini-lz show prod --json")
def show(stack: Stack = None, as_json: AsJson = False) -> None:
    """Show a stack as found at Google: links, keys, budgets, caps and limits, with differences from the last update.

    Reads with your own credentials; values that cannot be read are shown as last applied. Key strings are never read.
    Exit code 1: something differs; 2: nothing differs, and something could not be read.
    """
    choose(stack, None)  # refuses a mistyped name before Pulumi is called
    try:
        with working("reading what is in force"):
            shown = showing.read(stack)
    except NotReadableError as error:
        refuse(str(error))
    if as_json:
        write_json(shown.as_json())
    else:
        showing.print_table(out, shown)
    raise typer.Exit(1 if shown.differs else 2 if shown.found.unread else 0)


def main() -> None:
    """Entry point."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read the output has gone. Python would complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except Exception:
        # A defect of this program: its traceback may hold what the file says.
        err.print(traceback.format_exc(), markup=False)
        raise SystemExit(70) from None
