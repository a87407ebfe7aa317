"""`gemini-lz fleet`: commands over many stacks.

Exit codes: 0 all done; 1 some failed, or were refused; 2 wrong usage, or something is missing; 3 some are locked by
another run, or another fleet is at work; 130 stopped by Ctrl-C or SIGTERM.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from landing_zone.cli import fleet_export, fleet_split, fleet_status
from landing_zone.cli.console import AsJson
from landing_zone.cli.deploy import Checkpoints, PolicyPack, Preflight
from landing_zone.cli.fleet_choice import Everything, Stacks
from landing_zone.cli.stacks import StackFolder

app = typer.Typer(
    no_args_is_help=True,
    help="Commands over many stacks. Try: gemini-lz fleet status --all",
)


class OnFailure(StrEnum):
    """What a fleet does when a stack fails."""

    GO_ON = "go-on"
    STOP = "stop"


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Parallel = Annotated[
    int | None,
    typer.Option(help="Stacks side by side. Default: two a processor, as far as the memory goes.", min=1),
]
WhenOneFails = Annotated[
    OnFailure,
    typer.Option(
        "--on-failure", help="go-on: only what waits for a stack that failed is skipped; stop: begin no more."
    ),
]
Anew = Annotated[
    bool, typer.Option("--anew", help="Run all stacks, also those that a run which did not end has done.")
]
Report = Annotated[Path | None, typer.Option(help="Write one page about all stacks, one file, to this path.")]


@app.callback()
def _options() -> None:
    pass


@app.command(epilog="Example: gemini-lz fleet up 'team-*' --yes --parallel 8 --report fleet.html")
def up(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    yes: Yes = False,
    parallel: Parallel = None,
    on_failure: WhenOneFails = OnFailure.GO_ON,
    anew: Anew = False,
    report: Report = None,
    policy_pack: PolicyPack = None,
    checkpoints: Checkpoints = None,
    preflight: Preflight = True,
    as_json: AsJson = False,
) -> None:
    """Update many stacks: `gemini-lz up` on each, in a process of its own, after the stacks that it needs.

    Run again after a kill or a failure, it goes on: what is done, and whose file and program have not changed, is not
    done again.
    """
    from landing_zone.cli.fleet_run import Options, run

    own = [*_packs(policy_pack), *_checkpoints(checkpoints), *([] if preflight else ["--no-preflight"])]
    run(
        "up",
        stacks,
        folder,
        Options(everything, parallel, on_failure, anew, report, as_json, yes, tuple(own)),
    )


@app.command(epilog="Example: gemini-lz fleet preview 'prod*' --report fleet.html")
def preview(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    parallel: Parallel = None,
    report: Report = None,
    policy_pack: PolicyPack = None,
    as_json: AsJson = False,
) -> None:
    """Show what `up` would change in many stacks, and the worst month of all before and after. Changes nothing."""
    from landing_zone.cli.fleet_run import Options, run

    own = tuple(_packs(policy_pack))
    run(
        "preview",
        stacks,
        folder,
        Options(everything, parallel, OnFailure.GO_ON, True, report, as_json, True, own),
    )


@app.command(epilog="Example: gemini-lz fleet refresh --all --yes")
def refresh(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    yes: Yes = False,
    parallel: Parallel = None,
    on_failure: WhenOneFails = OnFailure.GO_ON,
    anew: Anew = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Bring the states of many stacks up to date with what is found at Google. Changes nothing there."""
    from landing_zone.cli.fleet_run import Options, run

    run("refresh", stacks, folder, Options(everything, parallel, on_failure, anew, report, as_json, yes))


@app.command(epilog="Example: gemini-lz fleet destroy 'trial-*' --yes")
def destroy(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    yes: Yes = False,
    parallel: Parallel = None,
    on_failure: WhenOneFails = OnFailure.GO_ON,
    anew: Anew = False,
    report: Report = None,
    checkpoints: Checkpoints = None,
    as_json: AsJson = False,
) -> None:
    """Delete what many stacks created, those that use something before the one that has it; the stacks stay, empty."""
    from landing_zone.cli.fleet_run import Options, run

    own = tuple(_checkpoints(checkpoints))
    run("destroy", stacks, folder, Options(everything, parallel, on_failure, anew, report, as_json, yes, own))


@app.command(epilog="Example: gemini-lz fleet drift --all --json")
def drift(
    stacks: Stacks = None,
    everything: Everything = False,
    folder: StackFolder = None,
    parallel: Parallel = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Show what differs between many stacks as last applied and Google: who changed it, when, and what it costs.

    Takes no lock: it can run beside updates. Exit codes: 0, nothing differs; 1, something does; 2, nothing does and
    something could not be read, or wrong usage.
    """
    from landing_zone.cli.fleet_run import Options, run

    run("drift", stacks, folder, Options(everything, parallel, OnFailure.GO_ON, True, report, as_json, True))


def _packs(packs: list[Path] | None) -> list[str]:
    return [option for pack in packs or () for option in ("--policy-pack", str(pack.absolute()))]


def _checkpoints(wanted: bool | None) -> list[str]:
    return [] if wanted is None else ["--checkpoints" if wanted else "--no-checkpoints"]


fleet_status.add_to(app)
fleet_export.add_to(app)
fleet_split.add_to(app)
