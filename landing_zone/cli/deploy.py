"""`gemini-lz up`, `preview`, `refresh`, `destroy`, `recover`: the program run by Pulumi, with progress by project.

Exit codes: 0 done; 1 refused or failed, in part or whole; 2 wrong usage, or something is missing; 3 another run is at
work on the stack; 130 stopped by Ctrl-C.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from landing_zone.audit import applied
from landing_zone.audit.compare import money_in_words
from landing_zone.cli.console import AsJson, out
from landing_zone.cli.operation import REFUSED, STOPPED, USAGE, Operation, write_event
from landing_zone.cli.preflight import other_caller, print_finding, subject_of
from landing_zone.cli.stacks import ChosenStack, Stack, choose
from landing_zone.cli.state import NotReadableError
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import NoAnswerError
from landing_zone.preflight import check
from landing_zone.pricing.days import today
from landing_zone.printing import counted, on_one_line
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file

if TYPE_CHECKING:
    from landing_zone.cli.progress import Screen
    from landing_zone.operations.pulumi_cli import Ended

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
Preflight = Annotated[
    bool,
    typer.Option(
        "--preflight/--no-preflight",
        help="Look first for what stands in the way, as gemini-lz preflight does, and stop if Google would refuse.",
    ),
]

_COLUMNS = ("project", "id", "number", "tier", "keys", "budget", "spend cap", "limits on")


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
    preflight: Preflight = True,
    as_json: AsJson = False,
) -> None:
    """Create and update what the stack file says, after recovering what an earlier run left behind.

    Creates the stack itself first, if the backend does not have it.
    """
    deployment = _Deployment(stack, policy_pack, checkpoints, parallel, as_json)
    settings = deployment.validated()
    if preflight:
        deployment.preflight(settings)
    if not yes:
        deployment.ask("up")
    deployment.run("up", settings)


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
    deployment.run("refresh", None)


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
    deployment.run("destroy", deployment.settings_if_right())


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


class _Deployment(Operation):
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
        name = self._chosen.name
        super().__init__(as_json=as_json, unlock=f"gemini-lz recover {name} --unlock")
        packs = tuple(
            option for pack in policy_packs or () for option in ("--policy-pack", str(pack.absolute()))
        )
        self._options = run.Options(checkpoints, parallel, packs)
        organization = f"{self._chosen.organization}/" if self._chosen.organization else ""
        try:
            folder = self._chosen.folder
            self._cli = Cli(folder.project, folder.pulumi_project, f"{organization}{self._chosen.name}")
        except CliError as error:
            self.fail(str(error), USAGE)

    def settings_if_right(self) -> EnvironmentSettings | None:
        """The settings of the stack file; None if it has mistakes, as what goes by the state does without."""
        try:
            return load_file(self._chosen.name, self._chosen.path)
        except SettingsError:
            return None

    def validated(self) -> EnvironmentSettings:
        """The settings of the stack file; exits with all its mistakes."""
        try:
            return load_file(self._chosen.name, self._chosen.path)
        except SettingsError as error:
            if self._as_json:
                for problem in error.problems:
                    write_event({"event": "mistake", **problem.as_json()})
                self.fail("the stack file has mistakes", REFUSED)
            self.fail(str(error), REFUSED)

    def preflight(self, settings: EnvironmentSettings) -> None:
        """Look for what stands in the way of the projects; exits if Google would refuse."""
        try:
            report = check.preflight(subject_of(self._chosen, settings, today()), existing=False)
        except NoAnswerError as error:
            self.fail(error.with_remedy, REFUSED)
        except (CredentialsError, NotReadableError) as error:
            self.fail(str(error), REFUSED)
        except KeyboardInterrupt:
            self.fail("stopped: run the command again to go on", STOPPED)
        for finding in report.findings:
            if self._as_json:
                write_event({"event": "finding", **finding.as_json(report.subject.file)})
            else:
                print_finding(report, finding)
        if report.errors:
            if not self._as_json and (hint := other_caller(report)):
                out.print(hint, soft_wrap=True, markup=False)
            self.fail(
                f"the preflight found {counted(report.errors, 'error')}, and nothing was changed: do what is written "
                "below each, or write --no-preflight to let Google decide",
                REFUSED,
            )

    def ask(self, verb: str) -> None:
        """Preview, and ask whether to go on; exits if not."""
        self.require_terminal(f"gemini-lz {verb} {self._chosen.name} --yes")
        self.preview(verb)
        if not typer.confirm(f"{verb} {self._chosen.name}?"):
            raise typer.Exit(REFUSED)

    def preview(self, verb: str) -> None:
        """Show what an operation would change; exits if it would be refused."""
        from landing_zone.operations.run import preview as run_preview

        with self.screen(planned=True) as screen:
            ended = self.guarded(
                self._creating(
                    verb, screen, lambda: run_preview(self._cli, verb, self._options, screen.progress)
                )
            )
        self.end(screen, ended.code, ended.output, stopped=ended.stopped)

    def run(self, verb: str, settings: EnvironmentSettings | None) -> None:
        """Run an operation; exits with its code. `settings`: what they create may exist and not be in the state."""
        from landing_zone.operations.run import run

        projects = settings.projects.values() if settings else ()
        created = {project.project_id: project.stack_label for project in projects if not project.adopt}
        with self.screen() as screen:
            ended = self.guarded(
                self._creating(
                    verb, screen, lambda: run(self._cli, verb, created, self._options, screen.progress)
                )
            )
        if verb == "up":
            self.guarded(self._made)
        self.end(screen, ended.code, ended.output, stopped=ended.stopped)

    def recover(self, *, unlock: bool) -> None:
        """Recover the stack; prints what was taken over."""
        from landing_zone.operations.run import recover_now

        with self.screen() as screen:
            taken = self.guarded(lambda: recover_now(self._cli, screen.progress, unlock=unlock))
            screen.progress.say(f"{taken} resources taken over" if taken else "nothing was left behind")
        if self._as_json:
            write_event({"event": "summary", "exitCode": 0, "changes": {"taken over": taken}, "refused": 0})

    def _creating(self, verb: str, screen: "Screen", work: "Callable[[], Ended]") -> "Callable[[], Ended]":
        """The work, before which `up` creates a stack that the backend does not have."""
        from landing_zone.operations.pulumi_cli import NoStackError
        from landing_zone.operations.run import create_stack

        def worked() -> "Ended":
            try:
                return work()
            except NoStackError:
                if verb != "up":
                    raise
            create_stack(self._cli, self._chosen.path, screen.progress)
            return work()

        return worked

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
                write_event({"event": "project", **row})
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


def _amount(budget: applied.AppliedBudget | None) -> str:
    return money_in_words(budget.amount, budget.currency) if budget else ""
