"""The commands about money: `estimate`, `exposure`, `limits`, `report`."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from landing_zone.cli.console import (
    DATE,
    AsJson,
    AsOf,
    day_of,
    err,
    format_of,
    out,
    refuse,
    within_reach,
    working,
    write,
    write_json,
    write_private,
)
from landing_zone.cli.stacks import ChosenStack, Stack, StackFolder, choose, complete_project
from landing_zone.gemini.limits import BLOCKED
from landing_zone.google.tokens import CountError, count_tokens
from landing_zone.pricing.days import Period, months_from
from landing_zone.reports import tables
from landing_zone.reports.environment_estimate import environment_estimate
from landing_zone.reports.environment_exposure import environment_exposure
from landing_zone.reports.environment_report import report as make_report
from landing_zone.reports.worst_month import UNBOUNDED
from landing_zone.settings import (
    OTHERS,
    DeriveSettings,
    EnvironmentSettings,
    RangeSettings,
    SettingsError,
    derive_limits,
    limits_in_force,
    load_file,
)
from landing_zone.settings.doors import doors_of
from landing_zone.settings.fields import lag as read_lag
from landing_zone.settings.guard_stops import with_usual_lag
from landing_zone.settings.problems import nearest

Projects = Annotated[
    list[str] | None,
    typer.Option(
        "--project",
        "-p",
        help="This project alone; may be given several times.",
        autocompletion=complete_project,
    ),
]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=DATE, help="The first day; this month's first if left out."),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=DATE, help="The last day; the third month's last if left out."),
]
Format = Annotated[
    Literal["text", "json", "csv"] | None,
    typer.Option(
        "--format", help="json for programs (--json is the same), csv for spreadsheets; text if left out."
    ),
]
Sample = Annotated[
    Path | None,
    typer.Option(
        "--sample",
        help="A prompt: its tokens, counted by the Gemini API, instead of inputTokens. Needs GEMINI_API_KEY.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: gemini-lz estimate prod --from 2026-11-01 --to 2027-01-31")(estimate)
    app.command(epilog="Example: gemini-lz exposure prod --as-of 2026-12-01 --json")(exposure)
    app.command(epilog="Example: gemini-lz limits prod --project chat --max-overshoot 9000 --lag 24h")(limits)
    app.command(epilog="Example: gemini-lz report prod --html report.html")(report)


def estimate(
    stack: Stack = None,
    projects: Projects = None,
    first: First = None,
    last: Last = None,
    as_of: AsOf = None,
    sample: Sample = None,
    folder: StackFolder = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """Cost of the planned workloads, and the days on which budgets' thresholds are crossed."""
    day, shown_as, chosen = day_of(as_of), format_of(form, as_json), choose(stack, folder)
    with working("computing the estimate"):
        settings = _settings(chosen, day, projects)
        if sample:
            settings = _sampled(settings, sample, projects)
        found = environment_estimate(settings, _period(first, last, day), day, projects)
    if shown_as == "text":
        tables.show_estimate(out, found)
    else:
        _for_programs(found.as_json() if shown_as == "json" else tables.estimate_rows(found))


def exposure(
    stack: Stack = None,
    projects: Projects = None,
    as_of: AsOf = None,
    lag: Annotated[
        str | None, typer.Option(help="How long nothing stops the spending, instead of what the file says.")
    ] = None,
    folder: StackFolder = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """The most that anybody can spend while the limits are in force, and by how much a budget can be overshot."""
    day, shown_as, chosen = day_of(as_of), format_of(form, as_json), choose(stack, folder)
    with working("computing the exposure"):
        settings = _settings(chosen, day, projects)
        found = environment_exposure(settings, day, _lag(lag), projects)
    if shown_as == "text":
        tables.show_exposure(out, found)
    else:
        _for_programs(found.as_json() if shown_as == "json" else tables.exposure_rows(found))


def limits(
    stack: Stack = None,
    projects: Projects = None,
    max_overshoot: Annotated[
        str | None, typer.Option(help="Try this overshoot, in the budget's currency, on what has a workload.")
    ] = None,
    lag: Annotated[
        str | None, typer.Option(help="Try this time that nothing stops the spending, such as 24h.")
    ] = None,
    as_of: AsOf = None,
    folder: StackFolder = None,
    form: Format = None,
    as_json: AsJson = False,
) -> None:
    """The largest limits that an allowed overshoot leaves: what `limits.derive` comes to, or would.

    Exit code 1: a plan does not fit, or calls that no limit counts are open.
    """
    day, shown_as, chosen = day_of(as_of), format_of(form, as_json), choose(stack, folder)
    with working("deriving limits"):
        settings = _settings(chosen, day, projects)
        found, problems, not_bounded = {}, [], {}
        for name, project in settings.projects.items():
            derivation = settings.derivations.get(name)
            if projects and name not in projects:
                continue
            if derivation:
                tried = _tried(derivation.settings, max_overshoot, lag)
                bare = project.model_copy(update={"limits": derivation.by_hand})
            elif max_overshoot is not None and project.tier == "paid" and project.workload:
                usual = with_usual_lag(DeriveSettings(max_overshoot=Decimal(1)), project, settings.guard)
                tried = _tried(usual, max_overshoot, lag)
                bare = project.model_copy(update={"limits": {}})
            else:
                continue
            account = settings.terms_of(project.billing_account)
            derived, wrong = derive_limits(bare, tried, account, day)
            problems += [f"{name}: {problem.reason}\n    {problem.remedy}" for problem in wrong]
            denying = bare.model_copy(update={"limits": {**bare.limits, OTHERS: BLOCKED}})
            ways = doors_of(bare, limits_in_force(denying, account)).unbounded
            problems += [
                f"{name}: {UNBOUNDED}, whatever the limits: {way.what}\n    {way.remedy}" for way in ways
            ]
            not_bounded[name] = [str(way) for way in ways]
            if derived:
                found[name] = derived
    if not found and not problems:
        refuse("no project has limits.derive: write it, or try --max-overshoot on one with a workload")
    if shown_as == "text":
        tables.show_limits(out, found)
    else:
        _for_programs(
            tables.limits_json(found, not_bounded) if shown_as == "json" else tables.limits_rows(found)
        )
    for problem in problems:
        err.print(problem, markup=False)
    raise typer.Exit(1 if problems else 0)


def report(
    stack: Stack = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with charts, one file, to this path.")
    ] = None,
    first: First = None,
    last: Last = None,
    as_of: AsOf = None,
    folder: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Estimate and exposure together: a page with charts, or --json."""
    if not html and not as_json:
        refuse("write --html report.html for a page, or --json")
    day, chosen = day_of(as_of), choose(stack, folder)
    with working("writing the report"):
        settings = _settings(chosen, day, None)
        found = make_report(settings, _period(first, last, day), day)
        page = _page(found) if html else ""
    if html:
        try:
            write_private(html, page)
        except OSError as error:
            refuse(f"the page cannot be written: {error}")
        err.print(f"wrote {html}", markup=False)
    if as_json:
        _for_programs(found.as_json())


def _page(found: Any) -> str:
    try:
        from landing_zone.reports.page import page
    except ImportError as error:
        refuse(f"the page needs {error.name}: run pip install -r requirements-dev.txt, which pins it")
    return page(found)


def _period(first: datetime | None, last: datetime | None, day: date) -> Period:
    start = within_reach(first.date()) if first else months_from(day, 3).first
    end = within_reach(last.date()) if last else months_from(start, 3).last
    if end < start:
        refuse(f"--to {end} is before --from {start}")
    if (end - start).days > 3660:
        refuse("--from and --to are more than ten years apart")
    return Period(start, end)


def _settings(stack: ChosenStack, day: date, projects: list[str] | None) -> EnvironmentSettings:
    try:
        settings = load_file(stack.name, stack.path, day, keep_unfit=True)
    except SettingsError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(1) from None
    for name in projects or ():
        if name not in settings.projects:
            near = nearest(name, settings.projects)
            meant = f"did you mean {near!r}? " if near else ""
            refuse(f"{stack.name} has no project {name!r}: {meant}It has {', '.join(settings.projects)}")
    return settings


def _sampled(settings: EnvironmentSettings, sample: Path, projects: list[str] | None) -> EnvironmentSettings:
    """With the sample's tokens, counted for each model, as the input tokens of every workload."""
    try:
        text = sample.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{sample} is no text file: {error}")
    chosen = [name for name in settings.projects if not projects or name in projects]
    models = sorted({entry.model for name in chosen for entry in settings.projects[name].workload})
    if not text or not models:
        refuse(f"{sample} is empty: name a file with a prompt" if models else "no project has a workload")
    try:
        counts = count_tokens(text, models)
    except CountError as error:
        refuse(str(error))
    found = dict(settings.projects)
    for name in chosen:
        entries = []
        for entry in found[name].workload:
            tokens = Decimal(counts[entry.model])
            if entry.cached_tokens + entry.audio_tokens > tokens:
                refuse(
                    f"{name}: the sample is {tokens} tokens for {entry.model}, fewer than the workload's cachedTokens "
                    "and audioTokens: name a whole prompt"
                )
            known = RangeSettings(low=tokens, expected=tokens, high=tokens)
            entries.append(entry.model_copy(update={"input_tokens": known}))
        found[name] = found[name].model_copy(update={"workload": tuple(entries)})
    for model, count in counts.items():
        err.print(f"{sample}: {count:,} tokens for {model}", markup=False)
    return settings.model_copy(update={"projects": found})


def _lag(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return read_lag(text)
    except ValueError:
        refuse(f"--lag {text!r} is not a time of up to 31 days: write it as 24h, 90m, 2d or 3h42m")


def _tried(settings: DeriveSettings, max_overshoot: str | None, lag: str | None) -> DeriveSettings:
    """With what is asked for instead of what the file says."""
    length = _lag(lag) or settings.lag
    amount = settings.max_overshoot if max_overshoot is None else max_overshoot
    try:
        return DeriveSettings(max_overshoot=amount, lag=length, shares=settings.shares)  # type: ignore[arg-type]  # text is read
    except ValueError:
        refuse(f"--max-overshoot {max_overshoot!r} is no amount above 0: write it as 500")


def _for_programs(found: dict[str, Any] | Iterable[tables.Row]) -> None:
    """JSON, or rows as CSV."""
    if isinstance(found, dict):
        write_json(found)
    else:
        rows = StringIO()
        tables.write_csv(rows, found)
        write(rows.getvalue())
