"""`gemini-lz`: what can be asked of a stack without changing it.

Exit codes: 0 all is well; 1 something is wrong with the stack; 2 wrong usage, or what the command needs is missing.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from landing_zone.cli import costs, policy, prices
from landing_zone.cli import show as showing
from landing_zone.cli.console import AsJson, Folder, err, out, refuse, working
from landing_zone.google import inventory
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.schema import stack_file_schema

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Gemini API projects as code. Try: gemini-lz validate prod",
)
costs.add_to(app)
app.add_typer(prices.app, name="prices")
app.add_typer(policy.app, name="policy")


@app.command(epilog="Example: gemini-lz validate staging prod")
def validate(
    stacks: Annotated[
        list[str] | None, typer.Argument(metavar="[STACK]...", help="All of the folder's if none.")
    ] = None,
    folder: Folder = Path("stacks"),
    as_json: AsJson = False,
) -> None:
    """Check stack files, without Pulumi and without Google. Tells every mistake."""
    names = stacks or sorted(path.name.removeprefix("Pulumi.")[:-5] for path in folder.glob("Pulumi.*.yaml"))
    if not names:
        err.print(f"no stack file in {folder}: name the folder with --stacks", markup=False)
        raise typer.Exit(2)
    verdicts: list[dict[str, Any]] = []
    for name in names:
        problems = []
        try:
            settings = load_file(name, folder / f"Pulumi.{name}.yaml")
        except SettingsError as error:
            problems = list(error.problems)
            if not as_json:
                err.print(str(error), markup=False)
        else:
            if not as_json:
                out.print(f"{name}: {len(settings.projects)} projects, no mistakes", markup=False)
        verdicts.append({"stack": name, "problems": [problem.as_json() for problem in problems]})
    if as_json:
        out.print_json(json.dumps(verdicts))
    raise typer.Exit(1 if any(verdict["problems"] for verdict in verdicts) else 0)


@app.command(epilog="Example: gemini-lz schema > stacks/schema.json")
def schema() -> None:
    """Print the JSON Schema of a stack file, for editors."""
    typer.echo(json.dumps(stack_file_schema(), indent=2))


@app.command(epilog="Example: gemini-lz show prod --json")
def show(
    stack: Annotated[str | None, typer.Argument(help="The selected one if none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a stack has made, and whether billing is on. Keys are never shown.

    Exit code 2: something could not be read.
    """
    try:
        with working("reading the stack"):
            shown = showing.read(stack)
    except showing.NotReadableError as error:
        refuse(str(error))
    if as_json:
        out.print_json(json.dumps(shown.as_json()))
    else:
        showing.print_table(out, shown)
    for line in shown.unread:
        err.print(line, markup=False)
    if shown.unread:
        raise typer.Exit(2)


@app.command(epilog="Example: gemini-lz adopt acme-support-legacy --name support-bot")
def adopt(
    project: Annotated[str, typer.Argument(help="The id of a project that exists.")],
    name: Annotated[
        str,
        typer.Option(
            help="Its name in the stack file; if left out, that of the stack that made its keys, or its id."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print the settings that take over an existing project as it is: its link, keys, budget and limits."""
    google = Google(GoogleConfig.read({}, os.environ))
    try:
        with working("reading the project"):
            found = inventory.of_project(google, project, name)
    except (GoogleError, CredentialsError) as error:
        refuse(f"{project}: {error.with_remedy if isinstance(error, GoogleError) else error}")
    block = {found.name: found.settings}
    if as_json:
        out.print_json(json.dumps({"projects": block, "leftOut": found.left_out}))
        return
    typer.echo(
        "# Below gemini-landing-zone:projects. `existing` takes a key or a budget over, and leaves it when the"
    )
    typer.echo(
        "# stack goes; keep it. The preview says `import` for these, and nothing else of them changes."
    )
    typer.echo(yaml.safe_dump(block, sort_keys=False, allow_unicode=True, width=110), nl=False)
    for line in found.left_out:
        typer.echo(f"# stays as it is: {line}")


def main() -> None:
    """Entry point."""
    app()
