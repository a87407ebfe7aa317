"""`gemini-lz guard`: what the spend guard sees, would do and did; and its release."""

import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from landing_zone.audit import guarded
from landing_zone.audit.guarded import GuardedProject, held_json, held_lines
from landing_zone.cli.console import AsJson, err, labelled, out, refuse, working, write_json
from landing_zone.cli.stacks import (
    Stack,
    StackFolder,
    choose,
    complete_project,
    complete_stack,
    settings_of,
)
from landing_zone.cli.state import did_you_mean
from landing_zone.google import guard_record, guard_release
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.objects import ChangedError
from landing_zone.google.quota_overrides import LimitError
from landing_zone.google.rest import Google
from landing_zone.guarding.as_json import UnreadableError
from landing_zone.guarding.outlook import Next
from landing_zone.guarding.record import Act, Record
from landing_zone.guarding.words import act_in_words, moment
from landing_zone.names import guard_bucket
from landing_zone.pricing.money import Money
from landing_zone.printing import counted, on_one_line
from landing_zone.settings import EnvironmentSettings

app = typer.Typer(no_args_is_help=True, help="The spend guard: what it sees and did, and taking it back.")

_SILENT: Final = 3
_BUSY: Final = 3


@app.command(epilog="Example: gemini-lz guard status prod")
def status(stack: Stack = None, folder: StackFolder = None, as_json: AsJson = False) -> None:
    """Show what the guard sees in each project, what it does next and when, and what it did.

    Reads with your own credentials, by the guard's own decision on the metrics of now, and changes nothing. Exit code
    1: an act is in force, or due; 2: something cannot be read; 3: the guard has not run for ten minutes.
    """
    chosen = choose(stack, folder)
    settings = settings_of(chosen)
    projects = {name: project.project_id for name, project in settings.guarded.items()}
    if not projects:
        refuse(f"no project of {chosen.name} has a guard: write guard: true in a project, then gemini-lz up")
    try:
        with working("reading what the guard sees") as progress:
            found = []
            for each in guarded.read(_google(), bucket_of(settings), projects):
                found.append(each)
                progress(f"{len(found)} of {counted(len(projects), 'project')}")
    except CredentialsError as error:
        refuse(str(error))
    if as_json:
        write_json({"stack": chosen.name, "projects": [each.as_json() for each in found]})
    else:
        for each in found:
            _print(out, each)
    raise typer.Exit(_code(found))


@app.command(epilog="Example: gemini-lz guard release chat --stack prod")
def release(
    project: Annotated[
        str,
        typer.Argument(
            metavar="PROJECT",
            help="The project's name in the stack file, or its id, also of one that left the stack.",
            autocompletion=complete_project,
        ),
    ],
    stack: Annotated[
        str | None,
        typer.Option(help="The stack. Default: the selected one.", autocompletion=complete_stack),
    ] = None,
    folder: StackFolder = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore what was there before the guard's acts in a project: limits, service accounts and billing.

    What somebody changed meanwhile stays as it is, and is named. The steps that had acted do not act again in this
    month, whatever is spent. Exit code 1: something was left, or you said no; 2: it cannot be restored now, with the
    reason; 3: the guard, or another release, is at work right now.
    """
    chosen = choose(stack, folder)
    settings = settings_of(chosen)
    name, project_id = _project(settings, project)
    google, bucket = _google(), bucket_of(settings)
    try:
        with working(f"reading the guard's record of {project_id}"):
            record = guard_record.find(google, bucket, project_id)
        if record is None and name not in settings.projects:
            refuse(
                f"stack {settings.stack} has no project {project!r}{did_you_mean(project, list(settings.projects))}"
            )
        if record is None or not (record.in_force or record.held):
            _end_with_nothing(name, project_id, as_json=as_json)
        if not yes:
            _ask(record, name, chosen.name, as_json=as_json)
        with working(f"restoring {project_id}"):
            done = guard_release.release(google, bucket, record.number)
    except guard_release.BusyError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(_BUSY) from None
    except GoogleError as error:
        refuse(f"{project_id}: {error.with_remedy}")
    except (CredentialsError, UnreadableError, ChangedError, LimitError) as error:
        refuse(f"{project_id}: {error}")
    if as_json:
        write_json(
            {
                "project": name,
                "projectId": project_id,
                "released": [act.step for act in done.acts],
                "held": held_json(record.held),
                "restored": done.restored,
                "left": list(done.left),
            }
        )
    else:
        out.print(f"{name}: {counted(done.restored, 'change')} of the guard's taken back", markup=False)
        for line in done.left:
            out.print(f"  left: {on_one_line(line)}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if done.left else 0)


def bucket_of(settings: EnvironmentSettings) -> str:
    """The guard's bucket; exits if there can be none."""
    if not settings.notification_project:
        refuse("the stack file names no notificationProject, in which the guard would be")
    return guard_bucket(settings.notification_project, settings.name_at_google)


def _google() -> Google:
    return Google(GoogleConfig.read({}, os.environ))


def _project(settings: EnvironmentSettings, given: str) -> tuple[str, str]:
    by_id = {each.project_id: name for name, each in settings.projects.items()}
    name = given if given in settings.projects else by_id.get(given)
    return (name, settings.projects[name].project_id) if name else (given, given)


def _end_with_nothing(name: str, project_id: str, *, as_json: bool) -> NoReturn:
    if as_json:
        write_json({"project": name, "projectId": project_id, "released": [], "restored": 0, "left": []})
    else:
        out.print(f"{name}: no act of the guard is in force", markup=False)
    raise typer.Exit(0)


def _ask(record: Record, name: str, stack: str, *, as_json: bool) -> None:
    """Show what will be restored, and ask; exits if the answer is no."""
    if as_json or not (sys.stdin.isatty() and out.is_terminal):
        refuse(f"no terminal to ask on: write gemini-lz guard release {name} --stack {stack} --yes")
    for act in record.in_force:
        out.print(act_in_words(act, record.project), markup=False, soft_wrap=True)
    out.print("Restored will be, where nobody changed it meanwhile:")
    for line in held_lines(record.held):
        out.print(f"  {line}", markup=False, soft_wrap=True)
    if not typer.confirm(f"release {name}?"):
        raise typer.Exit(1)


def _code(found: list[GuardedProject]) -> int:
    if any(each.unread or each.blind for each in found):
        return 2
    if any(each.silent for each in found):
        return _SILENT
    return 1 if any(each.in_force or each.due for each in found) else 0


def _print(console: Console, project: GuardedProject) -> None:
    dry = "  dry run: nothing is changed" if project.policy and project.policy.dry_run else ""
    title = (on_one_line(project.name), "bold")
    console.print(Text.assemble(title, f"  {on_one_line(project.project_id)}{dry}"), soft_wrap=True)
    console.print(labelled(_rows(project)))


def _rows(project: GuardedProject) -> Iterator[tuple[str, str, str]]:
    """Label, text and style."""
    policy, record = project.policy, project.record
    if project.unread or policy is None or record is None or record.seen is None:
        yield "unread", project.unread, "red"
        return

    def money(amount: Decimal) -> str:
        return str(Money(amount, policy.currency))

    seen = record.seen
    share = seen.estimate / policy.amount if policy.amount else 0
    least = "at least " if project.blind else ""
    yield "month", f"{least}{money(seen.estimate)} of {money(policy.amount)} ({share:.0%})", ""
    yield "", f"as {seen.basis}", "dim"
    billed = record.billed
    yield (
        "billed",
        f"{money(billed.amount)} as of {moment(billed.published)}" if billed else "no budget message yet",
        "",
    )
    yield "metered", f"{least}{money(project.metered)} in the month, as an upper bound", ""
    if project.blind:
        yield "unread", project.blind, "red"
    yield "10 minutes", f"{money(seen.ten_minutes)} at most of late", ""
    for act in project.due:
        yield "due", f"at the next run, {act.does}: {act.reason}", "yellow"
    yield "next", _following(project.following, policy.currency), ""
    for act in record.acts:
        yield "did", _did(act, project.project_id), "bold red" if act.in_force else ""
        for line in act.left:
            yield "", f"left: {line}", "dim"
    for line in held_lines(record.held):
        yield "holds", line, ""
    if record.ignored:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(record.ignored.items()))
        yield "ignored", f"{counted(sum(record.ignored.values()), 'message')}: {reasons}", ""
    for remark in project.remarks:
        yield "note", remark, "dim"
    if project.last_run is None:
        yield "last run", "never: look at the function and its schedule", "bold red"
    else:
        text = moment(project.last_run)
        yield (
            "last run",
            f"{text}: it is silent" if project.silent else text,
            "bold red" if project.silent else "",
        )


def _following(step: Next | None, currency: str) -> str:
    if step is None:
        return "nothing more in this month"
    what = f"{step.deed} at {Money(step.level, currency)}"
    if step.at is None or step.in_force is None:
        return f"{what}: not in this month at the present rate"
    return f"{what}: about {moment(step.at)} at the present rate, in force by {moment(step.in_force)}"


def _did(act: Act, project: str) -> str:
    if act.status == "dry run":
        return f"{moment(act.at)} would {act.does} (dry run): {act.reason}"
    ended = f"; released {moment(act.released)}" if act.released else ""
    return f"{act_in_words(act, project).removeprefix('the guard ')}{ended}"
