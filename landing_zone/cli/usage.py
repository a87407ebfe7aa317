"""`gemini-lz usage`: requests, tokens, errors and cost so far, against budgets and plans."""

import os
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from landing_zone.audit import usage as audited
from landing_zone.audit.usage import EnvironmentUsage, ProjectUsage
from landing_zone.cli.console import DATE, AsJson, labelled, out, refuse, within_reach, working, write_json
from landing_zone.cli.stacks import Stack, StackFolder, choose, settings_of
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.guarding.words import moment
from landing_zone.names import guard_bucket
from landing_zone.pricing.money import Money
from landing_zone.printing import on_one_line

_NARROW: Final = 80
"""Columns of a terminal in which a table would cut the names of models."""
_COLUMNS = ("model", "requests", "input tokens", "output tokens", "cost at most")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: gemini-lz usage prod --json")(usage)


def usage(
    stack: Stack = None,
    folder: StackFolder = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=DATE, help="The first day, Pacific. Default: this month's first."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show requests, tokens, errors and cost so far of each project and model, against its budget and its plan.

    From Cloud Monitoring, some minutes late, priced as the guard does: never below what will be billed for it. Batch
    calls and the storage of caches are in no metric. Exit code 1: a project is above its budget; 2: something could
    not be read.
    """
    chosen = choose(stack, folder)
    settings = settings_of(chosen)
    first = within_reach(since.date()) if since else None
    host = settings.notification_project
    google = Google(GoogleConfig.read({}, os.environ))
    try:
        with working("reading what was used") as progress:
            bucket = guard_bucket(host, settings.name_at_google) if host else ""
            found = audited.read(google, settings, bucket, first, progress)
    except CredentialsError as error:
        refuse(str(error))
    if as_json:
        write_json(found.as_json())
    else:
        _print(out, found)
    if any(each.unread for each in found.projects):
        raise typer.Exit(2)
    raise typer.Exit(1 if any(each.above_budget for each in found.projects) else 0)


def _print(console: Console, found: EnvironmentUsage) -> None:
    console.print(f"from {moment(found.since)} to {moment(found.until)}", markup=False)
    for project in found.projects:
        title = (on_one_line(project.name), "bold")
        console.print(Text.assemble(title, f"  {on_one_line(project.project_id)}"), soft_wrap=True)
        if project.models and console.width < _NARROW:
            for each in project.models:
                console.print(
                    f"  {on_one_line(each.model)}: {each.requests:,} requests, {each.input:,} input tokens, "
                    f"{each.output:,} output tokens, {each.cost} at most",
                    markup=False,
                )
        elif project.models:
            table = Table(
                *(Column(name, justify="left" if name == "model" else "right") for name in _COLUMNS),
                box=None,
                pad_edge=False,
                padding=(0, 2, 0, 2),
            )
            for each in project.models:
                counts = (f"{number:,}" for number in (each.requests, each.input, each.output))
                table.add_row(on_one_line(each.model), *counts, str(each.cost))
            console.print(table)
        console.print(labelled(_rows(project)))


def _rows(project: ProjectUsage) -> Iterator[tuple[str, str, str]]:
    """Label, text and style."""
    if project.calls is not None:
        refused = ", ".join(
            f"{calls:,} with {code}{_phrase(code)}" for code, calls in project.calls.items() if code >= 400
        )
        answered = sum(project.calls.values()) - project.refused
        yield (
            "calls",
            f"{answered:,} answered, {project.refused:,} refused{f': {refused}' if refused else ''}",
            "",
        )
    if project.tier == "free":
        yield "cost", "nothing is charged on the free tier", ""
    else:
        yield from _costs(project)
    for remark in project.remarks:
        yield "note", remark, "dim"
    for line in project.unread:
        yield "unread", line, "red"


def _costs(project: ProjectUsage) -> Iterator[tuple[str, str, str]]:
    if project.estimate is None:
        yield "cost", f"not known{f', budget {project.budget}' if project.budget else ''}", "red"
        return
    (cost, basis), guard = project.estimate, project.guard
    least = "at least " if guard and guard.blind else ""
    if project.budget and project.budget.currency == cost.currency:
        share = f" ({cost.amount / project.budget.amount:.0%})" if project.budget.amount else ""
        above = "bold red" if project.above_budget else ""
        yield "cost", f"{least}{cost} of {project.budget}{share}: {basis}", above
    else:
        yield "cost", f"{least}{cost}{f', budget {project.budget}' if project.budget else ''}: {basis}", ""
    if guard and guard.record and guard.record.billed:
        billed = guard.record.billed
        yield "billed", f"{Money(billed.amount, cost.currency)} as of {moment(billed.published)}", ""
    if project.planned and project.planned_month:
        yield "plan", f"{project.planned} by the end of today, {project.planned_month} in the month", ""
    if guard and guard.in_force:
        yield "guard", f"{guard.in_force[-1].does} is in force: gemini-lz guard status", "bold red"


def _phrase(code: int) -> str:
    try:
        return f" ({HTTPStatus(code).phrase})"
    except ValueError:
        return ""
