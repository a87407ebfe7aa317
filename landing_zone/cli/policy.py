"""`gemini-lz policy`: check a stack file or live projects against the policies, without Pulumi's engine."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.text import Text

from landing_zone.audit import live
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
from landing_zone.cli.stacks import Stack, StackFolder, choose
from landing_zone.cli.state import NotReadableError, read_projects
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import StoppedError
from landing_zone.policies import formats
from landing_zone.policies.configuration import ConfigurationError, read_values
from landing_zone.policies.environments import Placement
from landing_zone.policies.every_policy import POLICIES
from landing_zone.policies.facts import Facts, Subject
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.formats import Locate, Position
from landing_zone.policies.judge import Report, Verdict
from landing_zone.policies.rulebook import FOLDER, Rulebook
from landing_zone.printing import on_one_line
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.problems import MOST_PRINTED
from landing_zone.settings.source import read_stack_file
from landing_zone.workspace import UnreadableError, find_project, here

_STYLES = {"mandatory": "bold red", "advisory": "yellow", "remediate": "cyan", "exception": "dim"}

app = typer.Typer(
    no_args_is_help=True,
    help="Check stacks and live projects against the policies. Try: gemini-lz policy check prod",
)


Configurations = Annotated[
    list[Path] | None,
    typer.Option("--config", help="A configuration file, as for --policy-pack-config; repeatable."),
]
Format = Annotated[
    Literal["text", "json", "sarif", "junit"] | None,
    typer.Option(
        "--format",
        help="json for programs (same as --json), sarif for code scanning, junit for a CI page. Default: text.",
    ),
]


@app.command(epilog="Example: gemini-lz policy check prod --format sarif > policies.sarif")
def check(
    stack: Stack = None,
    configurations: Configurations = None,
    as_of: AsOf = None,
    folder: StackFolder = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """Check a stack file against the policies, as `pulumi up --policy-pack policy` does.

    Levels and options come from policy/config: environments.json says which environment a project or stack is in,
    ENVIRONMENT.json has its levels and options. Each --config overrides them.
    Exit code 1: `pulumi up` would stop.
    """
    day, chosen = day_of(as_of), choose(stack, folder)
    name, path, pulumi_project = chosen.name, chosen.path, chosen.folder.pulumi_project
    shown_as = format_of(form, as_json)
    rules = _rulebook(chosen.folder.project, configurations)
    own = rules.environments.of_stack(chosen.organization, pulumi_project, name)
    with working("judging"):
        try:
            settings, source = load_file(name, path, day), read_stack_file(path)
            facts = facts_of(settings, day, rules.environments, source.gcp)
        except SettingsError as error:
            err.print(str(error), markup=False)
            if shown_as != "text":
                # A program that reads the report must not find it empty.
                wrong = tuple(" ".join(str(problem).split()) for problem in error.problems[:MOST_PRINTED])
                _write(_nothing_judged(name, day, wrong), lambda _: Position(str(path)), shown_as)
            raise typer.Exit(1) from None
        stack_is = f"stack {'/'.join(filter(None, (pulumi_project, name)))}"
        report = rules.judge(name, facts, Placement(rules.environments, own), stack_is, values=source.values)
    files = [Path(each) for each in report.configuration]

    def locate(subject: Subject) -> Position:
        if subject.kind == "exception":
            return _exception(files, subject)
        return Position(str(path), source.line(subject.path), source.keys)

    _show(report, locate, shown_as)


@app.command(epilog="Example: gemini-lz policy audit --folder 987654321098 --config policy/config/prod.json")
def audit(
    folders: Annotated[
        list[str] | None, typer.Option("--folder", help="All projects below this folder; repeatable.")
    ] = None,
    organizations: Annotated[
        list[str] | None,
        typer.Option("--organization", help="All projects below this organization; repeatable."),
    ] = None,
    projects: Annotated[
        list[str] | None, typer.Option("--project", "-p", help="This project; repeatable.")
    ] = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", help="The projects that this stack has something in, by its last update."),
    ] = None,
    configurations: Configurations = None,
    as_of: AsOf = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """Check live projects against the policies, also those not created by a stack. Read-only; never reads key strings.

    Levels and options come from policy/config of the Pulumi project here, as for `check`, then from each --config.
    With --stack, it judges what an update of any program has left at Google: run it after each `pulumi up`.

    Exit code 1: a mandatory policy is violated; 2: not everything could be read.
    """
    parents = [*_parents("folders", folders), *_parents("organizations", organizations)]
    if not parents and not projects and not stack:
        refuse("name what to audit: --stack prod, --folder 333333333333, --organization or --project")
    rules, shown_as = _rulebook(_project_folder(), configurations), format_of(form, as_json)
    placement, what, named = Placement(rules.environments), "the audit", list(projects or ())
    protected: frozenset[str] = frozenset()
    if stack:
        try:
            own = read_projects(stack)
        except NotReadableError as error:
            refuse(str(error))
        organization = stack.partition("/")[0] if "/" in stack else ""
        environment = rules.environments.of_stack(organization, own.pulumi_project, own.stack)
        placement, what = (
            Placement(rules.environments, environment),
            f"stack {own.pulumi_project}/{own.stack}",
        )
        named += own.ids
        protected = own.protected
    day = day_of(as_of)
    name = ", ".join([*([stack] if stack else []), *parents, *(projects or ())])
    files = list(rules.files(rules.environments.strictest))
    google = Google(GoogleConfig.read({}, os.environ))
    try:
        with working("reading projects") as progress:
            found = live.read(google, parents, named, day, progress, rules.environments)
    except (GoogleError, CredentialsError) as error:
        why = error.with_remedy if isinstance(error, GoogleError) else str(error)
        _show(_nothing_judged(name, day, (why,), files), lambda _: Position(), shown_as)
    except StoppedError:
        raise typer.Exit(130) from None
    if found.unread and not found.facts.projects and not found.without_gemini:
        _show(_nothing_judged(name, day, found.unread, files), lambda _: Position(), shown_as)
    report = replace(
        rules.judge(
            name,
            _protected(found.facts, protected),
            replace(placement, folders=found.facts.folders),
            what,
            remediates=False,
        ),
        unread=found.unread,
        coverage="part" if found.unread else "all",
    )
    files = [Path(each) for each in report.configuration]

    def locate(subject: Subject) -> Position:
        return _exception(files, subject) if subject.kind == "exception" else Position()

    err.print(
        f"projects judged: {len(found.facts.projects)}; without an API that serves Gemini's models, and not judged: "
        f"{found.without_gemini}",
        markup=False,
    )
    _show(report, locate, shown_as)


def _protected(facts: Facts, by_pulumi: frozenset[str]) -> Facts:
    """The facts with the projects that a stack protects, which Google does not see. `by_pulumi`: ids and numbers."""
    projects = (
        replace(project, protected=True) if project.ids & by_pulumi else project for project in facts.projects
    )
    return replace(facts, projects=tuple(projects))


def _nothing_judged(name: str, day: date, why: tuple[str, ...], files: Sequence[Path] = ()) -> Report:
    """A report without judged policies, for when nothing could be read."""
    return Report(name, day, (), (), (), (), why, "nothing", tuple(map(str, files)))


def _project_folder() -> Path:
    """The folder of the Pulumi project here or above, which has policy/config."""
    try:
        project = find_project(here(os.environ))
    except UnreadableError as error:
        refuse(str(error))
    return Path(os.path.relpath(project.folder)) if project else Path()


def _rulebook(folder: Path, further: Sequence[Path] | None) -> Rulebook:
    """The policy owner's files; exits with 2 if there are mistakes in any."""
    found = Rulebook(folder / FOLDER, tuple(further or ()))
    try:
        for environment in found.environments.environments:
            found.configuration(environment)
    except ConfigurationError as error:
        refuse(str(error))
    return found


def _parents(kind: str, names: list[str] | None) -> list[str]:
    return [f"{kind}/{name.removeprefix(f'{kind}/')}" for name in names or ()]


def _exception(files: list[Path], subject: Subject) -> Position:
    """The last file with an exception for the subject."""
    for file in reversed(files):
        entries = (entry for entry in read_values(file).values() if isinstance(entry, dict))
        exceptions = (each for entry in entries for each in entry.get("exceptions", ()))
        if any(each["resource"] == subject.name for each in exceptions):
            return Position(str(file))
    return Position()


def _show(report: Report, locate: Locate, form: str) -> NoReturn:
    """Print the report and exit."""
    _write(report, locate, form)
    raise typer.Exit(1 if report.stopping else 2 if report.unread else 0)


def _write(report: Report, locate: Locate, form: str) -> None:
    if form == "json":
        write_json(formats.as_json(report, locate))
    elif form == "sarif":
        write_json(formats.as_sarif(report, locate, version("gemini-landing-zone")))
    elif form == "junit":
        write(formats.as_junit(report, locate).decode())
    else:
        _print(report, locate)


def _print(report: Report, locate: Locate) -> None:
    """Print the report as text, with the verdicts that stop `up` last, where a terminal shows them."""
    for line in report.unread:
        out.print(f"not judged: {on_one_line(line)}", markup=False, soft_wrap=True)
    if report.coverage == "nothing":
        err.print(f"{report.name}: nothing was audited", markup=False)
        return
    found = [(verdict, locate(verdict.finding.subject)) for verdict in report.verdicts]
    for verdict, at in sorted(found, key=lambda each: (each[0].stops, each[1].line or 0)):
        _print_verdict(verdict, at)
    for each in (*report.exceptions, *report.remarks):
        out.print(on_one_line(str(each)), markup=False, soft_wrap=True)
    set_by = ", ".join(report.configuration) or "no configuration: all mandatory, with their defaults"
    judged, every = len(report.judged), len(POLICIES)
    which = "all policies" if judged == every else f"{judged} of {every} policies"
    out.print(f"{report.name}: {which} ({set_by})", markup=False, soft_wrap=True)
    for used in report.environments:
        out.print(f"    judged as {on_one_line(str(used))}", markup=False, soft_wrap=True)
    if report.idle:
        names = ", ".join(policy.id for policy in report.idle)
        out.print(f"    not judged, as their options are not set: {names}", markup=False, soft_wrap=True)
    counts = Counter(verdict.state for verdict in report.verdicts)
    states = [f"{counts[state]} {state}" for state in _STYLES if counts[state]]
    out.print(f"    {', '.join(states) or 'no violations'}", markup=False, soft_wrap=True)
    if report.unread:
        out.print(f"    {formats.COVERED[report.coverage]}", markup=False, soft_wrap=True)


def _print_verdict(verdict: Verdict, at: Position) -> None:
    finding, policy = verdict.finding, verdict.policy
    where = ": ".join(filter(None, (str(at), formats.path_of(finding.subject, at))))
    out.print(on_one_line(where), markup=False, soft_wrap=True)
    for line in (finding.text, finding.advice):
        out.print(f"    {on_one_line(line)}", markup=False, soft_wrap=True)
    state = Text(f"    {verdict.state} ", style=_STYLES[verdict.state])
    pages = ", ".join(each.page for each in (policy, *verdict.also))
    state.append(f"{verdict.policies} ({policy.severity.value}): {pages}", style="not bold default")
    out.print(state, soft_wrap=True)
