"""`gemini-lz up`, `preview`, `refresh`, `destroy`, `recover`: the program run by Pulumi, with progress by project.

Exit codes: 0 done; 1 refused or failed, in part or whole; 2 wrong usage, or something is missing; 3 another run is at
work on the stack; 130 stopped by Ctrl-C.
"""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.table import Column, Table
from rich.text import Text

from landing_zone.audit import applied
from landing_zone.cli.console import AsJson, err, out
from landing_zone.cli.stacks import ChosenStack, Stack, choose
from landing_zone.printing import as_json as json_text
from landing_zone.printing import on_one_line
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file

if TYPE_CHECKING:
    from landing_zone.cli.progress import Screen

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, and do not preview first.")]
PolicyPack = Annotated[
    list[Path] | None,
    typer.Option("--policy-pack", help="A policy pack's folder, such as policy. May be repeated."),
]
Checkpoints = Annotated[
    bool | None,
    typer.Option(
        "--checkpoints/--no-checkpoints",
        help="Write the state after each step. Default: once at the end on self-managed backends, where recovery "
        "finds again all that the program creates.",
    ),
]
Parallel = Annotated[int | None, typer.Option(help="Operations side by side. Default: 512.", min=1)]

_COLUMNS = ("project", "id", "number", "tier", "keys", "budget", "spend cap", "limits on")
_REFUSED, _USAGE, _LOCKED, _STOPPED = 1, 2, 3, 130


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: gemini-lz up prod --policy-pack policy")(up)
    app.command(epilog="Example: gemini-lz preview prod")(preview)
    app.command(epilog="Example: gemini-lz refresh prod --yes")(refresh)
    app.command(epilog="Example: gemini-lz destroy sandbox --yes")(destroy)
    app.command(epilog="Example: gemini-lz recover prod")(recover)


def up(
    stack: Stack = None,
    yes: Yes = False,
    policy_pack: PolicyPack = None,
    checkpoints: Checkpoints = None,
    parallel: Parallel = None,
    as_json: AsJson = False,
) -> None:
    """Create and update what the stack file says, after recovering what an earlier run left behind."""
    deployment = _Deployment(stack, policy_pack, checkpoints, parallel, as_json)
    deployment.validated()
    if not yes:
        deployment.ask("up")
    deployment.run("up")


def preview(
    stack: Stack = None, policy_pack: PolicyPack = None, parallel: Parallel = None, as_json: AsJson = False
) -> None:
    """Show what `up` would change, and the worst month before and after. Changes nothing."""
    deployment = _Deployment(stack, policy_pack, None, parallel, as_json)
    deployment.validated()
    deployment.preview("preview")


def refresh(
    stack: Stack = None, yes: Yes = False, parallel: Parallel = None, as_json: AsJson = False
) -> None:
    """Bring the state up to date with what is found at Google. Changes nothing there."""
    deployment = _Deployment(stack, None, None, parallel, as_json)
    if not yes:
        deployment.ask("refresh")
    deployment.run("refresh")


def destroy(
    stack: Stack = None,
    yes: Yes = False,
    checkpoints: Checkpoints = None,
    parallel: Parallel = None,
    as_json: AsJson = False,
) -> None:
    """Delete what the stack created; the stack stays, empty."""
    deployment = _Deployment(stack, None, checkpoints, parallel, as_json)
    if not yes:
        deployment.ask("destroy")
    deployment.run("destroy")


def recover(
    stack: Stack = None,
    unlock: Annotated[
        bool,
        typer.Option(
            "--unlock",
            help="Remove the lock of a run that has ended on another machine, which nobody else can know.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring into the state what a killed run left behind. `up` and `destroy` do it by themselves.

    Removes the lock of a run that has ended, clears operations without a known end, refreshes, and takes over what
    exists at Google and not in the state. Changes nothing at Google.
    """
    _Deployment(stack, None, None, None, as_json).recover(unlock=unlock)


class _Deployment:
    """A stack that a command works on."""

    def __init__(
        self,
        stack: str | None,
        policy_packs: list[Path] | None,
        checkpoints: bool | None,
        parallel: int | None,
        as_json: bool,
    ) -> None:
        # Not at the top: Pulumi's SDK takes half a second, and the other commands do without.
        from landing_zone.operations import run
        from landing_zone.operations.pulumi_cli import Cli, CliError

        self._chosen: ChosenStack = choose(stack, None)
        self._as_json = as_json
        packs = tuple(
            option for pack in policy_packs or () for option in ("--policy-pack", str(pack.absolute()))
        )
        self._options = run.Options(checkpoints, parallel, packs)
        organization = f"{self._chosen.organization}/" if self._chosen.organization else ""
        try:
            folder = self._chosen.folder
            self._cli = Cli(folder.project, folder.pulumi_project, f"{organization}{self._chosen.name}")
        except CliError as error:
            self._fail(str(error), _USAGE)

    def validated(self) -> EnvironmentSettings:
        """The settings of the stack file; exits with all its mistakes."""
        try:
            return load_file(self._chosen.name, self._chosen.path)
        except SettingsError as error:
            if self._as_json:
                for problem in error.problems:
                    self._event({"event": "mistake", **problem.as_json()})
                self._fail("the stack file has mistakes", _REFUSED)
            self._fail(str(error), _REFUSED)

    def ask(self, verb: str) -> None:
        """Preview, and ask whether to go on; exits if not."""
        if self._as_json or not (sys.stdin.isatty() and out.is_terminal):
            self._fail(
                f"no terminal to ask on: write gemini-lz {verb} {self._chosen.name} --yes, which does not ask",
                _USAGE,
            )
        self.preview(verb)
        if not typer.confirm(f"{verb} {self._chosen.name}?"):
            raise typer.Exit(_REFUSED)

    def preview(self, verb: str) -> None:
        """Show what an operation would change; exits if it would be refused."""
        from landing_zone.operations.run import preview as run_preview

        with self._screen(planned=True) as screen:
            ended = self._guarded(lambda: run_preview(self._cli, verb, self._options, screen.progress))
        self._end(screen, ended.code, ended.output, stopped=ended.stopped)

    def run(self, verb: str) -> None:
        """Run an operation; exits with its code."""
        from landing_zone.operations.run import run

        with self._screen() as screen:
            ended = self._guarded(
                lambda: run(self._cli, verb, self._created_ids(verb), self._options, screen.progress)
            )
        if verb == "up":
            self._guarded(self._made)
        self._end(screen, ended.code, ended.output, stopped=ended.stopped)

    def recover(self, *, unlock: bool) -> None:
        """Recover the stack; prints what was taken over."""
        from landing_zone.operations.run import recover_now

        with self._screen() as screen:
            taken = self._guarded(lambda: recover_now(self._cli, screen.progress, unlock=unlock))
            screen.progress.say(f"{taken} resources taken over" if taken else "nothing was left behind")
        if self._as_json:
            self._event({"event": "summary", "exitCode": 0, "changes": {"taken over": taken}, "refused": 0})

    def _created_ids(self, verb: str) -> list[str]:
        try:
            settings = load_file(self._chosen.name, self._chosen.path)
        except SettingsError:
            if verb == "up":
                raise
            return []  # destroy and refresh go by the state
        return [project.project_id for project in settings.projects.values() if not project.adopt]

    def _screen(self, *, planned: bool = False) -> "Screen":
        from landing_zone.cli.progress import Screen

        return Screen(self._event if self._as_json else None, planned=planned)

    def _event(self, event: dict[str, Any]) -> None:
        sys.stdout.write(f"{json_text(event, indent=None)}\n")
        sys.stdout.flush()

    def _guarded(self, work: Callable[[], Any]) -> Any:
        from landing_zone.operations.pulumi_cli import CliError, LockedError, StoppedByUserError
        from landing_zone.operations.recover import RecoveryError

        try:
            return work()
        except LockedError as error:
            name = self._chosen.name
            self._fail(
                f"{error}. Wait until it has ended. If it was killed on another machine: gemini-lz recover {name} "
                "--unlock",
                _LOCKED,
            )
        except (StoppedByUserError, KeyboardInterrupt):
            self._fail("stopped; nothing was changed at Google. Run the command again to go on", _STOPPED)
        except (CliError, RecoveryError) as error:
            self._fail(str(error), _REFUSED)

    def _fail(self, text: str, code: int) -> NoReturn:
        if self._as_json:
            self._event({"event": "failed", "text": text, "exitCode": code})
        else:
            err.print(text, markup=False)
        raise typer.Exit(code)

    def _made(self) -> None:
        """Print the stack as of this update: a table on a terminal, else a line per project."""
        found = applied.parse(json.loads(self._cli.ask("stack", "export")))
        rows = [
            {
                "name": project.name,
                "projectId": project.project_id,
                "number": project.number,
                "tier": project.tier,
                "keys": sorted(project.keys),
                "budget": _amount(project.budget),
                "spendCap": _amount(project.cap),
                "limits": sorted(project.limits),
            }
            for project in found.projects.values()
        ]
        if self._as_json:
            for row in rows:
                self._event({"event": "project", **row})
            return
        # Ids whole, also on a narrow terminal: people copy them.
        table = Table(
            *(Column(each, no_wrap=each in ("id", "number"), overflow="fold") for each in _COLUMNS), box=None
        )
        for row in rows:
            cells = [
                on_one_line(", ".join(each) if isinstance(each, list) else str(each)) for each in row.values()
            ]
            if out.is_terminal:
                table.add_row(*(Text(each or "-") for each in cells))
            else:
                parts = (f"{name} {each}" for name, each in zip(_COLUMNS[2:], cells[2:], strict=True) if each)
                out.print(f"{cells[0]}: {cells[1]}, {', '.join(parts)}", markup=False, soft_wrap=True)
        if table.row_count:
            out.print(table)

    def _end(self, screen: "Screen", code: int, output: str, *, stopped: bool) -> None:
        exit_code = 0 if code == 0 else _STOPPED if stopped else _REFUSED
        if code < 0:
            output = f"pulumi was killed by signal {-code}: run the command again, which recovers what it did"
        screen.summary(exit_code, output)
        if exit_code:
            raise typer.Exit(exit_code)


def _amount(budget: applied.AppliedBudget | None) -> str:
    if budget is None:
        return ""
    return f"{Decimal(budget.amount):,.2f} {budget.currency}" if budget.amount else "cost of the last period"
