"""`gemini-lz bootstrap`: what an organization needs before its first stack, by the program in `bootstrap/`."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from landing_zone.cli import bootstrap_next as how_to_go_on
from landing_zone.cli.console import AsJson, out, refuse, working
from landing_zone.cli.deploy import Yes
from landing_zone.cli.operation import REFUSED, USAGE, Operation, write_event
from landing_zone.google.config import CredentialsError
from landing_zone.google.errors import NoAnswerError
from landing_zone.operations import bootstrap_file as files
from landing_zone.preflight.findings import Finding, Level
from landing_zone.printing import counted, on_one_line
from landing_zone.settings.bootstrap import (
    BootstrapSettings,
    BootstrapSettingsError,
    flag_of,
    load_bootstrap,
)
from landing_zone.workspace import Project, UnreadableError, find_project, here

if TYPE_CHECKING:
    from landing_zone.operations.bootstrap import Bootstrap

_EXAMPLE: Final = (
    "Example: gemini-lz bootstrap --seed acme-gemini-seed --parent folders/987654321098 "
    "--billing-account 01A2B3-C4D5E6-F7A8B9 --operators group:gemini-platform@example.com --github acme/gemini"
)


def _complete_seed(incomplete: str) -> list[str]:
    folder = _project().folder / files.FOLDER
    return [name for name in files.seeds(folder) if name.startswith(incomplete)]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EXAMPLE)(bootstrap)


def bootstrap(
    seed: Annotated[
        str | None,
        typer.Option(
            help="ID of the seed project, which has the state and which calls count against. Default: that of the one "
            "file in bootstrap/.",
            autocompletion=_complete_seed,
        ),
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option(help="The folder or organization of all projects. Without one: the state alone."),
    ] = None,
    organization: Annotated[
        str | None, typer.Option(help="The organization of --parent. Default: looked up.")
    ] = None,
    billing_account: Annotated[str | None, typer.Option(help="The account that pays.")] = None,
    adopt: Annotated[
        bool | None,
        typer.Option("--adopt/--no-adopt", help="Use a seed project that exists, and leave it as it is."),
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(help="Where the state and its key are: US, EU, ASIA or a region. Default: US."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="The state's bucket. Default: the seed project's ID and -state.")
    ] = None,
    versions: Annotated[
        int | None, typer.Option(help="Earlier versions to keep of each file of the state. Default: 100.")
    ] = None,
    operators: Annotated[
        list[str] | None,
        typer.Option(help="Who may run stacks, such as group:ADDRESS. May be repeated."),
    ] = None,
    github: Annotated[
        str | None, typer.Option(help="The repository of GitHub that runs stacks: OWNER/NAME.")
    ] = None,
    gitlab: Annotated[
        str | None, typer.Option(help="The project of GitLab that runs stacks: GROUP/NAME.")
    ] = None,
    gitlab_url: Annotated[
        str | None, typer.Option(help="Your own GitLab. Default: https://gitlab.com.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option(help="The branch that may change something. Default: main.")
    ] = None,
    preview_account: Annotated[
        bool | None,
        typer.Option(
            "--preview-account/--no-preview-account",
            help="A second account, for previews of pull requests and for drift. It changes nothing; it reads the "
            "state, API keys included.",
        ),
    ] = None,
    forbid_unrestricted_keys: Annotated[
        bool | None,
        typer.Option(
            "--forbid-unrestricted-keys/--no-forbid-unrestricted-keys",
            help="Also what the setting forbidUnrestrictedKeys needs, on the organization.",
        ),
    ] = None,
    tags: Annotated[
        bool | None,
        typer.Option("--tags/--no-tags", help="Also what the setting tags needs, on the organization."),
    ] = None,
    guard: Annotated[
        bool | None,
        typer.Option(
            "--guard/--no-guard",
            help="Also what the spend guard needs in the seed project: APIs, and that stacks may grant roles there.",
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Create what stacks need beforehand: seed project, the account that runs them, state, key, CI's access.

    The first run needs --seed and --billing-account, and --parent in an organization. Looks for what is in the way,
    shows the plan and asks; takes over what exists. Run again, it changes back what was changed by hand, and nothing
    else. Flags are kept in bootstrap/Pulumi.SEED.yaml: the next run needs none. docs/organization.md has the roles that
    the caller needs.

    Exit code 1: refused or failed; 2: wrong usage, no credentials, or Google cannot be asked; 3: another run is at
    work; 130: stopped by Ctrl-C.
    """
    flags = {
        "parent": parent,
        "organization": organization,
        "billingAccount": billing_account,
        "adopt": adopt,
        "location": location,
        "bucket": bucket,
        "versions": versions,
        "operators": operators or None,
        "github": github,
        "gitlab": gitlab,
        "gitlabUrl": gitlab_url,
        "branch": branch,
        "previewAccount": preview_account,
        "forbidUnrestrictedKeys": forbid_unrestricted_keys,
        "tags": tags,
        "guard": guard,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    _Command(seed, given, as_json).run(yes=yes)


class _Command(Operation):
    def __init__(self, seed: str | None, flags: dict[str, Any], as_json: bool) -> None:
        self._project = _project()
        self._folder = self._project.folder / files.FOLDER
        self._seed = seed or self._only_seed()
        super().__init__(as_json=as_json, unlock="")
        self._values, self._settings = self._settings_of(flags)
        # Until the state is in the bucket, no other machine can have locked it.
        backend = self._settings.backend
        self.unlock = f"PULUMI_BACKEND_URL={backend} pulumi -C {files.FOLDER} cancel {self._seed} --yes"

    def run(self, *, yes: bool) -> None:
        """Check, prepare, show the plan and ask, run, and print how to go on."""
        from landing_zone.operations.bootstrap import Bootstrap, open_google

        if not yes:
            self.require_terminal(f"gemini-lz bootstrap --seed {self._seed} --yes")
        work = self._refusable(lambda: Bootstrap(self._project, self._settings, open_google()))
        with self.screen() as screen:
            screen.progress.say(self._destination())
            self._check(work)
            # Pulumi reads the file. What is refused before leaves none.
            files.write_values(self._folder, self._seed, self._values)
            self._refusable(lambda: work.prepare(screen.progress))
            screen.progress.say(f"the bootstrap's own state is in {work.where}")
        if not yes:
            self._ask(work)
        with self.screen() as screen:
            ended = self._refusable(lambda: work.run(screen.progress))
        if ended.code == 0:
            self._made(self._refusable(work.outputs))
        self.end(screen, ended.code, ended.output, stopped=ended.stopped)

    def _only_seed(self) -> str:
        names = files.seeds(self._folder)
        if len(names) != 1:
            known = f": {', '.join(names)}" if names else ", and there is no file in bootstrap/ yet"
            refuse(f"--seed is missing{known}: write --seed acme-gemini-seed (the ID of the seed project)")
        return names[0]

    def _settings_of(self, flags: dict[str, Any]) -> tuple[dict[str, Any], BootstrapSettings]:
        """The settings of the file and the flags, as the file is to have them and read; exits with all mistakes."""
        try:
            before = files.read_values(self._folder, self._seed)
            if "parent" in flags and "organization" not in flags:
                before.pop("organization", None)
            values = {**before, **flags}
            settings = load_bootstrap({"seed": self._seed, **values})
            if settings.parent and not settings.organization:
                values["organization"] = self._organization_of(settings.parent)
                settings = load_bootstrap({"seed": self._seed, **values})
        except UnreadableError as error:
            self.fail(str(error), USAGE)
        except BootstrapSettingsError as error:
            if self._as_json:
                for problem in error.problems:
                    what = {"flag": flag_of(problem), "reason": problem.reason, "remedy": problem.remedy}
                    write_event({"event": "mistake", **what})
                self.fail("the flags have mistakes", USAGE)
            self.fail(str(error), USAGE)
        return values, settings

    def _check(self, work: "Bootstrap") -> None:
        """Print what is in the way; exits if Google would refuse the bootstrap."""
        findings: list[Finding] = self._refusable(work.check)
        for each in findings:
            if self._as_json:
                what = {"id": each.id, "level": str(each.level), "text": each.text, "remedy": each.remedy}
                write_event({"event": "finding", **what, "command": each.command or None})
                continue
            lines = (f"{each.level} {each.text}", each.remedy, *each.command.splitlines())
            for number, line in enumerate(lines):
                out.print(f"{'    ' if number else ''}{on_one_line(line)}", markup=False, soft_wrap=True)
        errors = sum(each.level is Level.ERROR for each in findings)
        if errors:
            self.fail(f"refused: {counted(errors, 'error')}; nothing was created", REFUSED)

    def _organization_of(self, parent: str) -> str:
        from landing_zone.operations.bootstrap import open_google, organization_of

        with working(f"looking up the organization of {parent}"):
            found: str = self._refusable(lambda: organization_of(open_google(), parent))
        return found

    def _ask(self, work: "Bootstrap") -> None:
        with self.screen(planned=True) as screen:
            ended = self._refusable(lambda: work.preview(screen.progress))
        self.end(screen, ended.code, ended.output, stopped=ended.stopped)
        if not typer.confirm(f"bootstrap {self._seed}?"):
            raise typer.Exit(REFUSED)

    def _refusable(self, work: Callable[[], Any]) -> Any:
        from landing_zone.operations.bootstrap import BootstrapError

        try:
            return self.guarded(work)
        except BootstrapError as error:
            self.fail(str(error), REFUSED)
        except NoAnswerError as error:
            self.fail(error.with_remedy, USAGE)
        except CredentialsError as error:
            self.fail(str(error), USAGE)

    def _destination(self) -> str:
        settings = self._settings
        local = how_to_go_on.local_cloud()
        cloud = f"the local cloud at {local}" if local else "Google Cloud"
        where = f"in {settings.parent}" if settings.parent else "without an organization"
        account = f", billing account {settings.billing_account}" if settings.billing_account else ""
        return f"this goes to {cloud}: seed project {settings.seed} {where}{account}"

    def _made(self, outputs: dict[str, Any]) -> None:
        """Print what was made, and how to go on."""
        written = self._project.backend is None and files.write_backend(
            self._project.folder, self._settings.backend
        )
        notes = how_to_go_on.notes(self._settings, outputs, self._project, written=written)
        steps = how_to_go_on.steps(self._settings, outputs)
        if self._as_json:
            write_event({"event": "bootstrap", **outputs, "notes": notes, "next": steps})
            return
        for name, words in _WORDS.items():
            if name in outputs:
                out.print(f"{words}: {outputs[name]}", markup=False, soft_wrap=True)
        for line in notes:
            out.print(line, markup=False, soft_wrap=True)
        out.print("next:", markup=False)
        for line in steps:
            out.print(f"  {line}", markup=False, soft_wrap=True)


_WORDS: Final = {
    "seed": "seed project",
    "backend": "state",
    "secretsProvider": "key of the state's secrets",
    "runner": "account that runs stacks",
    "previewer": "account that previews",
    "githubProvider": "workload identity provider of GitHub",
    "gitlabProvider": "workload identity provider of GitLab",
}


def _project() -> Project:
    try:
        project = find_project(here(os.environ))
    except UnreadableError as error:
        refuse(str(error))
    if project is None or not (project.folder / files.FOLDER / "__main__.py").is_file():
        refuse(
            "there is no bootstrap/ beside a Pulumi.yaml here or above: go to the folder of gemini-landing-zone"
        )
    return project
