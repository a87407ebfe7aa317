"""`gemini-lz preflight`: what stands in the way of a stack, before anything is made."""

import os
from collections.abc import Mapping
from datetime import date

import typer
from rich.text import Text

from landing_zone.cli.console import AsJson, AsOf, day_of, err, out, refuse, working, write_json
from landing_zone.cli.stacks import ChosenStack, Folder, Stack, StackFolder, choose
from landing_zone.cli.state import NotReadableError, ids_in_state, read_secret
from landing_zone.google.caller import caller_of
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import NoAnswerError
from landing_zone.google.rest import Google
from landing_zone.google.retrying import LOOKS, READS, Retries
from landing_zone.preflight import check
from landing_zone.preflight.check import Report
from landing_zone.preflight.findings import Finding, Level
from landing_zone.preflight.subject import Subject
from landing_zone.printing import counted, on_one_line
from landing_zone.settings import EnvironmentSettings, SettingsError, load_file
from landing_zone.settings.problems import NAMESPACE
from landing_zone.settings.source import StackFile, read_stack_file
from landing_zone.workspace import UnreadableError, find_project

_STYLES: Mapping[Level, str] = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz preflight prod")(preflight)


def preflight(
    stack: Stack = None, folder: StackFolder = None, as_of: AsOf = None, as_json: AsJson = False
) -> None:
    """Look for what stands in the way of a stack: permissions, billing, APIs, ids, policies; and who is eligible.

    Reads with your own credentials, and changes nothing. Each finding has its remedy and the exact command. The stack
    need not exist yet. Exit code 1: `up` would fail; 2: Google cannot be asked.
    """
    chosen = choose(stack, folder)
    try:
        settings = load_file(chosen.name, chosen.path)
    except SettingsError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    try:
        with working(f"asking Google about {chosen.name}"):
            report = check.preflight(subject_of(chosen, settings, day_of(as_of)))
    except NoAnswerError as error:
        refuse(error.with_remedy)
    except (CredentialsError, NotReadableError) as error:
        refuse(str(error))
    if as_json:
        write_json(report.as_json())
    else:
        print_report(report)
    raise typer.Exit(1 if report.errors else 0)


def subject_of(chosen: ChosenStack, settings: EnvironmentSettings, day: date) -> Subject:
    """The stack as the preflight looks at it. Raises CredentialsError, NotReadableError."""
    file = read_stack_file(chosen.path)
    google = google_of(chosen.name, chosen.folder, file, retries=LOOKS)
    return Subject(
        settings,
        file,
        google,
        day,
        chosen.folder.pulumi_project or NAMESPACE,
        caller_of(google.config),
        lambda: ids_in_state(chosen.name),
        google.config.billing_project if google.config.user_project_override else None,
    )


def google_of(stack: str, folder: Folder, file: StackFile | None, retries: Retries = READS) -> Google:
    """A client with a stack's configuration of the gcp provider. Raises CredentialsError, NotReadableError.

    `file`: None for a stack that has none yet.
    """
    try:
        project = find_project(folder.project)
    except UnreadableError as error:
        raise NotReadableError(str(error)) from None
    inputs = dict(project.gcp) if project else {}
    if file:
        inputs |= {_name(key): value for key, value in file.gcp.items()}
        inputs |= {_name(key): read_secret(stack, key) for key in file.secret_gcp}
    return Google(GoogleConfig.read(inputs, os.environ), retries=retries)


def _name(key: str) -> str:
    """The input of the gcp provider that a key of a stack file sets."""
    return key.partition(":")[2].removeprefix("config:")


def print_report(report: Report) -> None:
    """Print findings, each with its place, remedy and command, then the eligibility, and a summary."""
    for each in (*report.findings, *report.notes):
        print_finding(report, each)
    if hint := other_caller(report):
        out.print(hint, soft_wrap=True, markup=False)
    stack = report.subject.settings.stack
    paid = report.eligibility
    eligible = [each for each in paid if each.is_eligible]
    for project in paid:
        if project.reasons:
            out.print(
                f"{project.name}: not eligible for the paid tier: {'; '.join(project.reasons)}",
                soft_wrap=True,
                markup=False,
            )
    of_paid = f"; {len(eligible)} of {len(paid)} eligible for the paid tier" if paid else ""
    warnings = len(report.findings) - report.errors
    counts = (
        f"{counted(report.errors, 'error')}, {counted(warnings, 'warning')}"
        if report.findings
        else "nothing in the way"
    )
    out.print(f"{stack}: {counts}{of_paid}", soft_wrap=True, markup=False)


def other_caller(report: Report) -> str:
    """A line for people who lack permissions with their own credentials; empty for others."""
    subject = report.subject
    lacking = any(each.id in ("missing-permission", "not-visible") for each in report.findings)
    if not lacking or subject.caller.service_account or not subject.seed:
        return ""
    account = f"gemini-lz@{subject.seed}.iam.gserviceaccount.com"
    return (
        f"if {account} runs the stack, act as it: "
        f"gcloud auth application-default login --impersonate-service-account={account}"
    )


def print_finding(report: Report, finding: Finding) -> None:
    """Print a finding: the text, the place in the stack file, the remedy, the command."""
    where = finding.where(report.subject.file)
    lines = [*([where] if where else []), finding.remedy, *finding.command.splitlines()]
    first = Text.assemble((str(finding.level), _STYLES[finding.level]), f" {on_one_line(finding.text)}")
    for line in (first, *(Text(f"    {on_one_line(line)}") for line in lines if line)):
        out.print(line, soft_wrap=True)
