"""The command `drift`: what somebody changed at Google since the last update, who, when, and what it means in money."""

import os
from typing import Annotated

import typer

from landing_zone.cli.console import AsJson, err, out, refuse, working, write, write_json
from landing_zone.cli.operation import STOPPED
from landing_zone.cli.stacks import ChosenStack, Stack, StackFolder, choose
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import StoppedError
from landing_zone.pricing.days import today
from landing_zone.printing import counted
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file

Markdown = Annotated[
    bool, typer.Option("--markdown", help="Print Markdown, for a comment or the summary of a job.")
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz drift prod")(drift)


def drift(
    stack: Stack = None, folder: StackFolder = None, markdown: Markdown = False, as_json: AsJson = False
) -> None:
    """Show what differs between a stack as last applied and Google: who changed it, when, and what it means in money.

    Reads with your own credentials and those of the stack's provider; writes nothing, at Google nor in the state,
    and takes no lock: it can run beside an update. Differences that the update makes are marked and do not count,
    nor do the spend guard's own acts.

    Exit codes: 0, nothing differs; 1, something does; 2, nothing does and something could not be read, or wrong
    usage.
    """
    # Not at the top: Pulumi's SDK takes half a second.
    from landing_zone.drift.markdown import as_markdown
    from landing_zone.drift.text import show_drift
    from landing_zone.operations.drift import find_drift
    from landing_zone.operations.pulumi_cli import Cli, CliError, StoppedByUserError

    if as_json and markdown:
        refuse("--json and --markdown are two formats: write one of them")
    chosen = choose(stack, folder)
    file, mistakes = _file(chosen)
    try:
        cli = Cli(chosen.folder.project.resolve(), chosen.folder.pulumi_project, _full_name(chosen))
        google = Google(GoogleConfig.read({}, os.environ))
        with working("looking for drift") as progress:
            found = find_drift(cli, google, today(), file, mistakes, progress)
    except (CliError, CredentialsError) as error:
        refuse(str(error))
    except GoogleError as error:
        refuse(error.with_remedy)
    except (StoppedByUserError, StoppedError, KeyboardInterrupt):
        err.print("stopped: nothing was changed", markup=False)
        raise typer.Exit(STOPPED) from None
    if as_json:
        write_json(found.as_json())
    elif markdown:
        write(as_markdown(found))
    else:
        show_drift(out, found)
    raise typer.Exit(found.exit_code)


def _file(chosen: ChosenStack) -> tuple[EnvironmentSettings | None, str]:
    """The settings of the stack file; None where it has mistakes, with what that means."""
    try:
        return load_file(chosen.name, chosen.path), ""
    except SettingsError as error:
        count = len(error.problems)
        return None, (
            f"{chosen.path}, which has {counted(count, 'mistake')} (gemini-lz validate {chosen.name}): money is worked "
            "out from the state alone, at list prices and with the usual assumptions"
        )


def _full_name(chosen: ChosenStack) -> str:
    return f"{chosen.organization}/{chosen.name}" if chosen.organization else chosen.name
