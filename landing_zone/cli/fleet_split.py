"""`gemini-lz fleet split`: a stack becomes several, in files and states; nothing at Google changes.

Exit codes: 0 done, or nothing to split; 1 refused or failed, or a preview would still change something; 2 wrong
usage, or something is missing; 3 another run is at work on a stack; 130 stopped by Ctrl-C.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from landing_zone.cli.console import AsJson, out
from landing_zone.cli.operation import REFUSED, USAGE, Operation, write_event
from landing_zone.cli.stacks import Stack, choose
from landing_zone.exported_state import name_of, type_of
from landing_zone.policies.configuration import ConfigurationError
from landing_zone.policies.rulebook import FOLDER, Rulebook
from landing_zone.printing import counted, listed
from landing_zone.scaffolding.split_plan import Plan, SplitError, by_count, by_label, used_topics
from landing_zone.scaffolding.stack_text import EditError
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file
from landing_zone.workspace import stack_path

if TYPE_CHECKING:
    from landing_zone.scaffolding.split_file import Shared

_BY: Final = re.compile(r"count=(?P<count>[1-9][0-9]{0,3})|label=(?P<label>[a-z][a-z0-9_-]{0,62})")

By = Annotated[
    str | None,
    typer.Option(
        metavar="label=KEY|count=N",
        help="label=KEY: a new stack STACK-VALUE for each value of a label. count=N: stacks of at most N projects, "
        "STACK-2 and on. Not needed to go on with a split that was killed.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show which project would go where; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def add_to(fleet: typer.Typer) -> None:
    """Add the command."""
    fleet.command(epilog="Example: gemini-lz fleet split prod --by count=10 --dry-run")(split)


def split(
    stack: Stack = None, by: By = None, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Move projects of a stack that has grown to new stacks, without changing anything at Google.

    Writes the new stack files, makes the stacks, and moves files and states in an order in which a kill at any moment
    harms nothing: run the command again, and it goes on. Previews of all of them are empty afterwards.
    """
    _Splitting(stack, as_json=as_json).run(by, dry_run=dry_run, yes=yes)


class _Splitting(Operation):
    """A stack that is split."""

    def __init__(self, stack: str | None, *, as_json: bool) -> None:
        from landing_zone.operations.pulumi_cli import Cli
        from landing_zone.operations.split import Site

        self._chosen = choose(stack, None)
        self._folder = self._chosen.folder
        super().__init__(as_json=as_json, unlock=f"gemini-lz recover {self._chosen.name} --unlock")
        organization = f"{self._chosen.organization}/" if self._chosen.organization else ""
        self._site: Site = Site(
            lambda name: Cli(self._folder.project, self._folder.pulumi_project, f"{organization}{name}"),
            lambda name: stack_path(self._folder.path, name),
        )

    def run(self, by: str | None, *, dry_run: bool, yes: bool) -> None:
        """Split the stack, or go on with it."""
        from landing_zone.operations.split import is_unended

        if self._splitting(lambda: is_unended(self._site, self._chosen.name)):
            if dry_run:
                self.fail(
                    f"a split of {self._chosen.name} has begun: run it again without --dry-run", REFUSED
                )
            self._split(None, None)
            return
        settings = self._settings()
        plan = self._plan(by, settings)
        self._show(plan, settings)
        if dry_run or not plan.parts:
            return
        if not yes:
            self.require_terminal(f"gemini-lz fleet split {self._chosen.name} --by {by} --yes")
            if not typer.confirm(f"split {self._chosen.name}?"):
                raise typer.Exit(REFUSED)
        self._split(plan, settings)

    def _settings(self) -> EnvironmentSettings:
        try:
            return load_file(self._chosen.name, self._chosen.path)
        except SettingsError as error:
            self.fail(str(error), REFUSED)

    def _plan(self, by: str | None, settings: EnvironmentSettings) -> Plan:
        if by is None or (found := _BY.fullmatch(by)) is None:
            given = f"--by {by} is neither" if by else "--by is missing"
            self.fail(f"{given}: write --by label=team, or --by count=10 for stacks of 10 projects", USAGE)
        try:
            if found["label"]:
                return by_label(settings, found["label"], self._folder.names)
            return by_count(settings, int(found["count"]), self._folder.names)
        except SplitError as error:
            self.fail(str(error), REFUSED)

    def _show(self, plan: Plan, settings: EnvironmentSettings) -> None:
        """Print which project goes where, and what belongs to no stack afterwards."""
        from landing_zone.operations.split import shared_of

        shared = _in_words(shared_of(settings, plan)) if plan.parts else []
        notes = self._notes(plan, settings) if plan.parts else []
        if self._as_json:
            parts = [{"stack": part.stack, "projects": list(part.projects)} for part in plan.parts]
            write_event(
                {
                    "event": "plan",
                    "stack": plan.source,
                    "stays": list(plan.stays),
                    "parts": parts,
                    "leftAtGoogle": shared,
                    "notes": notes,
                }
            )
            return
        if not plan.parts:
            self._print(f"nothing to split: {plan.source} keeps its {counted(len(plan.stays), 'project')}")
            return
        for stack, names in (
            (plan.source, plan.stays),
            *((each.stack, each.projects) for each in plan.parts),
        ):
            self._print(f"{stack}: {counted(len(names), 'project')}: {', '.join(names)}")
        for line in shared:
            self._print(f"stays at Google, and belongs to no stack any more: {line}")
        for line in notes:
            self._print(line)

    def _notes(self, plan: Plan, settings: EnvironmentSettings) -> list[str]:
        """What is to be known, and done, besides."""
        heard = [
            f"the topic {topic} stays with {plan.source}, whose guard listens to it: destroy {plan.source} last"
            for topic in used_topics(settings, plan)[0]
        ]
        return [*heard, *self._environments(plan)]

    def _environments(self, plan: Plan) -> list[str]:
        """What names the old stack, and is to name the new ones."""
        try:
            environments = Rulebook(self._folder.project / FOLDER).environments
        except ConfigurationError:  # who checks the policies reports it
            return []
        key = f"{self._folder.pulumi_project}/{plan.source}"
        named = [each for each in environments.stacks if each.endswith(key)]
        stacks = listed([part.stack for part in plan.parts])
        return [f"{FOLDER}/environments.json names {each}: name {stacks} there too" for each in named]

    def _split(self, plan: Plan | None, settings: EnvironmentSettings | None) -> None:
        from landing_zone.operations.split import split as run_split

        name = self._chosen.name
        with self.screen() as screen:
            left = self._splitting(lambda: run_split(self._site, name, plan, settings, screen.progress))
        if self._as_json:
            write_event({"event": "summary", "exitCode": REFUSED if left else 0, "wouldChange": left})
        elif left:
            what = listed([f"{type_of(urn)} {name_of(urn)}" for urn in left])
            self._print(f"{name} is split. A preview would still change {what}: see gemini-lz preview")
        else:
            self._print(f"{name} is split: previews of all its parts are empty")
        if left:
            raise typer.Exit(REFUSED)

    def _splitting(self, work: Callable[[], Any]) -> Any:
        """What is returned; exits where the stack cannot be split."""
        try:
            return self.guarded(work)
        except (SplitError, EditError) as error:
            self.fail(str(error), REFUSED)

    def _print(self, text: str) -> None:
        out.print(text, markup=False, soft_wrap=True)


def _in_words(shared: "Shared") -> list[str]:
    """What several stacks use, in words."""
    return [
        *(f"the channel of {email} in notificationProject" for email in shared.channels),
        *(f"the topic {topic}" for topic in shared.topics),
        *(["the constraint against unrestricted keys"] if shared.constraint else []),
        *(["the dashboard of all projects"] if shared.dashboard else []),
    ]
