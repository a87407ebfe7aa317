"""`gemini-lz policy`: the verdicts of the policies, on a stack file or on what exists, without Pulumi's engine."""

import json
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
from landing_zone.cli.console import AsJson, AsOf, day_of, err, format_of, out, refuse, working
from landing_zone.cli.stacks import Stack, StackFolder, choose
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, StoppedError
from landing_zone.policies import formats
from landing_zone.policies.catalogue import POLICIES
from landing_zone.policies.configuration import (
    DEFAULT,
    Configuration,
    ConfigurationError,
    read_configuration,
    read_values,
)
from landing_zone.policies.facts import Subject
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.formats import Locate, Location
from landing_zone.policies.judge import Report, Verdict, judge
from landing_zone.settings import SettingsError, load_file
from landing_zone.settings.source import read_stack_file

CONFIGURATIONS = Path("policy/config")
_STYLES = {"mandatory": "bold red", "advisory": "yellow", "remediate": "cyan", "exception": "dim"}

app = typer.Typer(no_args_is_help=True, help="Budget policy as code. Try: gemini-lz policy check prod")


Configurations = Annotated[
    list[Path] | None,
    typer.Option("--config", help="A file as --policy-pack-config takes; may be given several times."),
]
Format = Annotated[
    Literal["text", "json", "sarif", "junit"] | None,
    typer.Option(
        "--format",
        help="json for programs (--json is the same), sarif for code scanning, junit for a CI's page; "
        "text if left out.",
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
    """What policies say of a stack file, as `pulumi up --policy-pack policy` would.

    Levels and options are those of policy/config/STACK.json, if there is one, and of each --config over it.
    Exit code 1: the engine would stop.
    """
    day, chosen = day_of(as_of), choose(stack, folder)
    name, path = chosen.name, chosen.path
    own = chosen.folder.project / CONFIGURATIONS / f"{name}.json"
    files = [*([own] if own.is_file() else []), *(configurations or ())]
    configuration, shown_as = _configuration(files), format_of(form, as_json)
    with working("judging"):
        try:
            facts = facts_of(load_file(name, path, day), day)
            source = read_stack_file(path)
        except SettingsError as error:
            err.print(str(error), markup=False)
            if shown_as != "text":
                # What reads the file is not to find none.
                wrong = tuple(" ".join(str(problem).split()) for problem in error.problems)
                _write(_nothing_judged(name, day, wrong), lambda _: Location(str(path)), shown_as)
            raise typer.Exit(1) from None
        report = judge(name, facts, configuration, values=source.values)
        report = replace(report, configuration=tuple(map(str, files)))

    def locate(subject: Subject) -> Location:
        if subject.kind == "exception":
            return _exception(files, subject)
        return Location(str(path), source.line(subject.path), source.keys)

    _show(report, locate, shown_as)


@app.command(epilog="Example: gemini-lz policy audit --folder 333333333333 --config policy/config/prod.json")
def audit(
    folders: Annotated[
        list[str] | None, typer.Option("--folder", help="All projects below it; may be given several times.")
    ] = None,
    organizations: Annotated[
        list[str] | None, typer.Option("--organization", help="All projects below it.")
    ] = None,
    projects: Annotated[
        list[str] | None, typer.Option("--project", "-p", help="This project; may be given several times.")
    ] = None,
    configurations: Configurations = None,
    as_of: AsOf = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """What policies say of projects that exist, whoever made them. Only reads; key strings are never read.

    Exit code 1: a mandatory policy is broken; 2: something could not be read, so that it cannot be said of all.
    """
    parents = [*_parents("folders", folders), *_parents("organizations", organizations)]
    if not parents and not projects:
        refuse("name what to audit: --folder 333333333333, --organization or --project")
    files = configurations or []
    configuration, shown_as = _configuration(files), format_of(form, as_json)
    day, name = day_of(as_of), ", ".join([*parents, *(projects or ())])
    google = Google(GoogleConfig.read({}, os.environ))
    try:
        with working("reading projects") as progress:
            found = live.read(google, parents, projects or (), day, progress)
    except (GoogleError, CredentialsError) as error:
        why = error.with_remedy if isinstance(error, GoogleError) else str(error)
        _show(_nothing_judged(name, day, (why,), files), lambda _: Location(), shown_as)
    except StoppedError:
        raise typer.Exit(130) from None
    if found.unread and not found.facts.projects and not found.without_gemini:
        _show(_nothing_judged(name, day, found.unread, files), lambda _: Location(), shown_as)
    report = replace(
        judge(name, found.facts, configuration, mends=False),
        unread=found.unread,
        coverage="part" if found.unread else "all",
        configuration=tuple(map(str, files)),
    )

    def locate(subject: Subject) -> Location:
        return _exception(files, subject) if subject.kind == "exception" else Location()

    err.print(
        f"projects with the Gemini API: {len(found.facts.projects)}; without it, and so not judged: "
        f"{found.without_gemini}",
        markup=False,
    )
    _show(report, locate, shown_as)


def _nothing_judged(name: str, day: date, why: tuple[str, ...], files: Sequence[Path] = ()) -> Report:
    """The report when nothing could be read: no policy is said to hold."""
    return Report(name, day, (), (), (), (), why, "nothing", tuple(map(str, files)))


def _configuration(files: list[Path]) -> Configuration:
    if not files:
        return DEFAULT
    try:
        return read_configuration(*files)
    except ConfigurationError as error:
        refuse(str(error))


def _parents(kind: str, names: list[str] | None) -> list[str]:
    return [f"{kind}/{name.removeprefix(f'{kind}/')}" for name in names or ()]


def _exception(files: list[Path], subject: Subject) -> Location:
    """The last of the files that has an exception for it."""
    for file in reversed(files):
        entries = (entry for entry in read_values(file).values() if isinstance(entry, dict))
        exceptions = (each for entry in entries for each in entry.get("exceptions", ()))
        if any(each["resource"] == subject.name for each in exceptions):
            return Location(str(file))
    return Location()


def _show(report: Report, locate: Locate, form: str) -> NoReturn:
    """Write the report and exit."""
    _write(report, locate, form)
    raise typer.Exit(1 if report.stopping else 2 if report.unread else 0)


def _write(report: Report, locate: Locate, form: str) -> None:
    if form == "json":
        typer.echo(json.dumps(formats.as_json(report, locate), indent=2, ensure_ascii=False))
    elif form == "sarif":
        log = formats.as_sarif(report, locate, version("gemini-landing-zone"))
        typer.echo(json.dumps(log, indent=2, ensure_ascii=False))
    elif form == "junit":
        typer.echo(formats.as_junit(report, locate), nl=False)
    else:
        _tell(report, locate)


def _tell(report: Report, locate: Locate) -> None:
    """The report for people: what stops `up` last, where a terminal shows it."""
    for line in report.unread:
        out.print(f"not judged: {line}", markup=False, soft_wrap=True)
    if report.coverage == "nothing":
        err.print(f"{report.name}: nothing was audited", markup=False)
        return
    told = [(verdict, locate(verdict.finding.subject)) for verdict in report.verdicts]
    for verdict, at in sorted(told, key=lambda each: (each[0].stops, each[1].line or 0)):
        _tell_one(verdict, at)
    for each in report.exceptions:
        out.print(str(each), markup=False, soft_wrap=True)
    set_by = ", ".join(report.configuration) or "no configuration: all mandatory, with their defaults"
    out.print(
        f"{report.name}: {len(report.judged)} of {len(POLICIES)} policies ({set_by})",
        markup=False,
        soft_wrap=True,
    )
    if report.idle:
        names = ", ".join(policy.id for policy in report.idle)
        out.print(f"    nothing is set to judge by: {names}", markup=False, soft_wrap=True)
    counts = Counter(verdict.state for verdict in report.verdicts)
    states = [f"{counts[state]} {state}" for state in _STYLES if counts[state]]
    out.print(f"    {', '.join(states) or 'nothing breaks them'}", markup=False, soft_wrap=True)
    if report.unread:
        out.print(f"    {formats.COVERED[report.coverage]}", markup=False, soft_wrap=True)


def _tell_one(verdict: Verdict, at: Location) -> None:
    finding, policy = verdict.finding, verdict.policy
    where = ": ".join(filter(None, (str(at), formats.path_of(finding.subject, at))))
    out.print(where, markup=False, soft_wrap=True)
    for line in (finding.text, finding.advice):
        out.print(f"    {line}", markup=False, soft_wrap=True)
    said = Text(f"    {verdict.state} ", style=_STYLES[verdict.state])
    pages = ", ".join(each.page for each in (policy, *verdict.also))
    said.append(f"{verdict.policies} ({policy.severity.value}): {pages}", style="not bold default")
    out.print(said, soft_wrap=True)
