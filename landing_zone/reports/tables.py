"""Estimates, exposures and derived limits as tables in a terminal, and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from landing_zone.gemini.limits import OTHERS, Limits
from landing_zone.gemini.prices import ACCOUNT_TIERS
from landing_zone.pricing.days import Period, month_of
from landing_zone.pricing.estimate import CASES
from landing_zone.pricing.exposure import USUAL_DOORS
from landing_zone.pricing.money import Money, format_amount, plain
from landing_zone.reports.assumptions import MEANINGS
from landing_zone.reports.denied_metrics import denied_words
from landing_zone.reports.environment_estimate import BudgetPeriod, EnvironmentEstimate
from landing_zone.reports.environment_exposure import EnvironmentExposure, ProjectExposure
from landing_zone.reports.summary import bound
from landing_zone.reports.worst_month import UNBOUNDED, EnvironmentMonth
from landing_zone.settings import DerivedLimits, format_lag

Row = Sequence[str]
FORECAST: Final = "FORECASTED_SPEND"
DAYS: Final = "every day of them, unless a workload has a start or an end; days are Pacific"


def show_estimate(console: Console, found: EnvironmentEstimate) -> None:
    """A line a project and model, the totals, and when budgets' thresholds are crossed."""
    console.print(f"[bold]{found.stack}[/]  {found.period}, {DAYS}", soft_wrap=True)
    if not any(project.lines for project in found.projects.values()):
        console.print("  no project has a workload: nothing to estimate", soft_wrap=True)
    else:
        table = _table("project", "model", *CASES, "")
        for project in found.projects.values():
            for line in project.rows:
                amounts = (_amount(line.costs[case]) for case in CASES)
                table.add_row(project.name, line.model, *amounts, project.currency)
        for money in zip(*(found.totals[case] for case in CASES), strict=True):
            amounts = (f"[bold]{_amount(each)}[/]" for each in money)
            table.add_row("[bold]total[/]", "", *amounts, money[0].currency)
        console.print(table)
    for project in found.projects.values():
        if project.lines and project.first > found.period.first:
            console.print(f"  {project.name} is planned from {project.first} on", soft_wrap=True)
    for project in found.projects.values():
        _budget(console, project.name, project.budget)
    for name, periods in found.shared_budgets.items():
        _budget(console, f"sharedBudgets.{name}", periods)
    _warnings(console, [*found.warnings, *(text for p in found.projects.values() for text in p.warnings)])


def _budget(console: Console, name: str, periods: Sequence[BudgetPeriod]) -> None:
    """A line a period and case: what is spent, and the day on which each threshold is crossed."""
    if not periods:
        return
    console.print(
        f"[bold]{name}[/]  budget, and the days on which its thresholds are crossed", soft_wrap=True
    )
    heads = (f"{rule.share:.0%}{' forecast' * (rule.basis == FORECAST)}" for rule in periods[0].crossings)
    table = _table("period", "case", "spent", "of", "", *heads)
    for period in periods:
        certain = period.costs["low"] == period.costs["high"]
        for case in ("expected",) if certain else CASES:
            days = (rule.days[case] for rule in period.crossings)
            table.add_row(
                _named(period.period),
                case,
                _amount(period.costs[case]),
                _amount(period.amount),
                period.amount.currency,
                *(f"{day:%b %d}" if day else "-" for day in days),
            )
    console.print(table)


def _named(period: Period) -> str:
    return f"{period.first:%Y-%m}" if period == month_of(period.first) else str(period)


def _amount(money: Money) -> str:
    return format_amount(money.amount, money.currency)


def _bound(amount: Decimal | None, currency: str) -> str:
    return "unlimited" if amount is None else format_amount(amount, currency, up=True)


def show_exposure(console: Console, found: EnvironmentExposure) -> None:
    """The most that each project and model can cost, by how long; then what it rests on."""
    for month in found.months:
        console.print(f"[bold]{found.stack}[/]  at worst in a month: {_headline(month)}", soft_wrap=True)
    console.print(f"The most that the limits alone allow, by project and model, prices of {found.as_of}")
    for project in found.projects.values():
        _exposure(console, project)
    for currency, bounds in found.totals.items():
        both = f"{bound(bounds, 'day')} a day, {bound(bounds, 'month')} a month"
        console.print(f"[bold]all projects[/] in {currency}, by the limits alone: {both}", soft_wrap=True)
    for account, tier in found.account_caps.items():
        caps = ACCOUNT_TIERS[tier]
        console.print(
            f"account {account}, tier {tier}: Google lets it spend {Money(caps.ten_minutes, 'USD')} in 10 minutes and "
            f"{Money(caps.month, 'USD')} a month, late as its billing is",
            soft_wrap=True,
        )
    _warnings(console, found.warnings)
    console.print("[bold]what the numbers are[/]")
    for term, text in MEANINGS:
        console.print(f"  {term}: {text}", soft_wrap=True)
    console.print("[bold]assumptions[/]")
    for text, source in found.assumptions:
        console.print(f"  {text} [dim]{source}[/]", soft_wrap=True)


def _headline(month: EnvironmentMonth) -> str:
    if month.amount is None:
        return f"[bold red]{UNBOUNDED}[/]: {escape(month.bound_by)}"
    return f"[bold]{month.amount.as_bound}[/], bounded by {escape(month.bound_by)}"


def _exposure(console: Console, project: ProjectExposure) -> None:
    console.print(f"[bold]{project.name}[/]  {project.tier}, {project.currency}", soft_wrap=True)
    if not project.models:
        console.print("  nothing can be spent")
        return
    if project.month.amount:
        amount = project.month.amount.as_bound
        console.print(f"  at worst in a month: [bold]{amount}[/]: {project.month.text}", soft_wrap=True)
    for way in project.not_bounded:
        console.print(f"  [red]{UNBOUNDED}[/]: {escape(way)}", soft_wrap=True)
    if project.month.saved_by_methods:
        console.print(
            f"  {project.month.saved_by_methods.as_bound} less with methods on each of its keys that leave caches out",
            soft_wrap=True,
        )
    more = project.month.with_queries
    if more:
        console.print(
            f"  {more.as_bound} if each request made {USUAL_DOORS.queries} queries to Google: what "
            "those beyond searchesPerRequest cost, the guard sees once it is billed",
            soft_wrap=True,
        )
    windows = ("minute", "hour", "day", "month", "lag")
    table = _table("model", *windows[:-1], f"any {format_lag(project.lag)}")
    for model in project.models:
        bounds = (model.bounds[window] for window in windows)
        table.add_row(
            model.model, *(_bound(each.total if each else None, project.currency) for each in bounds)
        )
    totals = (project.bounds[window] for window in windows)
    table.add_row(
        "[bold]all[/]",
        *(f"[bold]{_bound(each.amount if each else None, project.currency)}[/]" for each in totals),
    )
    console.print(table)
    for model in project.models:
        denied = model.model == OTHERS and project.denies_others
        words = denied_words() if denied else limits_words(model.limits)
        console.print(f"  limits of {model.model}: {words}", soft_wrap=True)
    stored = [model.bounds["lag"] for model in project.models]
    stored_cost = sum((each.storage for each in stored if each), Decimal(0))
    lag = project.bounds["lag"]
    if lag and stored_cost * 2 > lag.amount:
        console.print(
            f"  of any {format_lag(project.lag)}, {Money(stored_cost, project.currency).as_bound} is for tokens kept "
            "in caches: a lower inputTokensPerMinute bounds them",
            soft_wrap=True,
        )
    if project.compared:
        over = project.overshoot.as_bound if project.overshoot is not None else "unlimited"
        actor = "the guard" if project.mechanism == "guard" else project.mechanism
        by = f"{actor} acts" if actor else "somebody acts on the budget's mail"
        what = f"the month's budget of {project.budget}" if project.budget else "the budget"
        kept = (
            f", and {project.month.kept.as_bound} for what caches held before" if project.month.kept else ""
        )
        console.print(
            f"  over {what}: {over} at most{kept}, if {by} within {format_lag(project.lag)}", soft_wrap=True
        )
    for key in project.keys:
        console.print(f"  key {key.name} opens all of it to {key.open_to}", soft_wrap=True)
    for change in project.changes:
        console.print(
            f"  prices change on {change.day}: then {bound(change.bounds, 'day')} a day", soft_wrap=True
        )


def limits_words(limits: Limits | None) -> str:
    """A model's limits: `60 requests a minute, 200,000 input tokens a minute`."""
    limits = limits or Limits()
    if limits.blocks:
        return "denied"
    values = (
        (limits.requests_per_minute, "requests a minute"),
        (limits.requests_per_day, "requests a day"),
        (limits.input_tokens_per_minute, "input tokens a minute"),
    )
    return ", ".join(f"{value:,} {unit}" for value, unit in values if value is not None) or "none"


def show_limits(console: Console, found: dict[str, DerivedLimits]) -> None:
    """Derived limits, what they can cost, and what the workload needs."""
    for name, derived in found.items():
        settings, currency = derived.settings, derived.terms.currency
        console.print(
            f"[bold]{name}[/]  limits for at most {Money(settings.max_overshoot, currency)} over "
            f"{format_lag(settings.lag)}, prices of {derived.day}",
            soft_wrap=True,
        )
        table = _table("model", "", "requests/min", "requests/day", "tokens/min", "can cost")
        for model, each in derived.models.items():
            cost = _bound(each.exposure, currency)
            table.add_row(model, "limits", *_numbers(each.limits), cost)
            if each.need:
                cost = _bound(each.needs_exposure, currency)
                table.add_row("", "needs", *_numbers(each.need.limits), cost)
        console.print(table)


def _numbers(limits: Limits) -> Iterator[str]:
    for value in (limits.requests_per_minute, limits.requests_per_day, limits.input_tokens_per_minute):
        yield "-" if value is None else f"{value:,}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=True, padding=(0, 1), header_style="dim")
    for column in columns:
        left = column in ("project", "model", "period", "case", "")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _warnings(console: Console, warnings: Iterable[str]) -> None:
    for text in dict.fromkeys(warnings):
        console.print(f"[yellow]warning[/] {escape(text)}", soft_wrap=True)


def write_csv(file: TextIO, rows: Iterable[Row]) -> None:
    """Rows as RFC 4180 has them, but for the line ends, which are a terminal's."""
    csv.writer(file, lineterminator="\n").writerows(rows)


def estimate_rows(found: EnvironmentEstimate) -> Iterator[Row]:
    """A row a project, model and case's cost; exact amounts."""
    yield ("stack", "from", "to", "project", "model", "currency", "low", "expected", "high")
    for project in found.projects.values():
        for line in project.rows:
            amounts = (plain(line.costs[case].amount) for case in CASES)
            days = (found.period.first.isoformat(), found.period.last.isoformat())
            yield (found.stack, *days, project.name, line.model, project.currency, *amounts)


def exposure_rows(found: EnvironmentExposure) -> Iterator[Row]:
    """A row a project, model and window."""
    head = ("stack", "asOf", "project", "model", "window", "currency")
    yield (*head, "total", "input", "output", "cacheStorage", "projectBounded")
    for project in found.projects.values():
        bounded = "false" if project.not_bounded else "true"
        for model in project.models:
            for window, each in model.bounds.items():
                parts = (each.total, each.input, each.output, each.storage) if each else ()
                amounts = [plain(amount) for amount in parts] or ["unlimited", "", "", ""]
                place = (found.stack, found.as_of.isoformat(), project.name, model.model)
                yield (*place, window, project.currency, *amounts, bounded)


def limits_json(found: dict[str, DerivedLimits], not_bounded: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """For programs: by project and model. `not_bounded`: what can be spent beside the limits of a project."""
    return {
        name: {
            "maxOvershoot": plain(derived.settings.max_overshoot),
            "lag": format_lag(derived.settings.lag),
            "currency": derived.terms.currency,
            "asOf": derived.day.isoformat(),
            "fits": derived.fit is None,
            "bounded": not not_bounded.get(name),
            "notBounded": list(not_bounded.get(name, ())),
            "models": {
                model: {
                    "limits": dict(each.limits.items()),
                    "exposure": plain(each.exposure),
                    "allowance": plain(each.allowance),
                    "need": dict(each.need.limits.items()) if each.need else None,
                    "needsExposure": plain(each.needs_exposure) if each.need else None,
                }
                for model, each in derived.models.items()
            },
        }
        for name, derived in found.items()
    }


def limits_rows(found: dict[str, DerivedLimits]) -> Iterator[Row]:
    """A row a project and model."""
    limits = ("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute")
    yield ("project", "model", *limits, "currency", "exposure", "allowance", "needsExposure")
    for name, derived in found.items():
        for model, each in derived.models.items():
            numbers = (
                each.limits.requests_per_minute,
                each.limits.requests_per_day,
                each.limits.input_tokens_per_minute,
            )
            amounts = (plain(each.exposure), plain(each.allowance), plain(each.needs_exposure))
            yield (name, model, *map(str, numbers), derived.terms.currency, *amounts)
