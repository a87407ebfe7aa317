"""The charts of the page: of all projects together, and of each."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from itertools import cycle
from typing import Final

from landing_zone.pricing.days import Period, month_of
from landing_zone.pricing.estimate import CASES
from landing_zone.pricing.money import plain
from landing_zone.pricing.spending import Spending
from landing_zone.reports.drawing import (
    BLUE,
    COLOURS,
    RED,
    Chart,
    Path,
    Shown,
    add_cumulative,
    amount,
    at,
    blank,
    by_period,
    caption,
    cumulative_legend,
    horizontal_bars,
    month_axis,
    values_at,
)
from landing_zone.reports.environment_estimate import ProjectEstimate
from landing_zone.reports.environment_report import Report

PARTS: Final = (
    ("input", "input", COLOURS[0]),
    ("output", "output", COLOURS[1]),
    ("cache storage", "cacheStorage", COLOURS[2]),
)
"""Parts of a bound: title, name in the JSON, colour."""
LARGEST: Final = 12
"""Projects whose worst days are beside each other in one chart."""


def environment_charts(report: Report, shown: Shown, names: Sequence[str]) -> dict[str, list[Chart]]:
    """By what they are of: all projects together, a currency each, with bars for those in `names`; shared budgets."""
    found: dict[str, list[Chart]] = {}
    for index, total in enumerate(shown["estimate"]["total"]):
        currency = total["currency"]
        own = [name for name in names if shown["estimate"]["projects"][name]["currency"] == currency]
        projects = [each for each in report.estimate.projects.values() if each.currency == currency]
        charts = []
        if Decimal(total["high"]):
            charts.append(_planned(report.estimate.period, projects, index, shown))
        if Decimal(total["expected"]):
            charts.append(_by_project(shown, own, len(projects)))
        found[f"All projects in {currency}"] = [*charts, *_worst(shown, own)]
    shared = [
        _shared(shown, name, periods[0].amount.currency)
        for name, periods in report.estimate.shared_budgets.items()
        if periods
    ]
    return {title: charts for title, charts in {**found, "Shared budgets": shared}.items() if charts}


def _shared(shown: Shown, name: str, currency: str) -> Chart:
    periods = shown["estimate"]["sharedBudgets"][name]
    place: Path = ("estimate", "sharedBudgets", name)
    return by_period(
        shown,
        f"{name}: planned by period, {currency}",
        periods,
        [[(*place, at, "cost", case) for at in range(len(periods))] for case in CASES],
        [(*place, at, "amount") for at in range(len(periods))],
    )


def _planned(period: Period, projects: Sequence[ProjectEstimate], index: int, shown: Shown) -> Chart:
    """Planned spend of all projects of a currency, from the first day on."""
    spending = {case: Spending(projects[0].spending[case].period) for case in CASES}
    for project in projects:
        for case in CASES:
            spending[case].merge(project.spending[case], project.name)
    total = shown["estimate"]["total"][index]
    certain = total["low"] == total["high"]
    figure = blank()
    place: Path = ("estimate", "total", index)
    add_cumulative(figure, [(period, place)], spending, total["currency"], certain=certain)
    between = f", between {amount(total['low'])} and {amount(total['high'])}"
    return Chart(
        f"Cumulative planned spend, {total['currency']}",
        f"{amount(total['expected'])} from {period.first} to {period.last}{'' if certain else between}",
        cumulative_legend(certain=certain),
        figure,
    )


def _by_project(shown: Shown, names: Sequence[str], count: int) -> Chart:
    """Expected months by project: the most expensive ones, and the others together."""
    projects = shown["estimate"]["projects"]
    names = [name for name in names if Decimal(projects[name]["cost"]["expected"])]
    own = names[: len(COLOURS)]
    figure = blank()
    months = projects[own[0]]["months"]
    for name, colour in zip(own, COLOURS, strict=False):
        y, meta = values_at(
            shown,
            [
                ("estimate", "projects", name, "months", index, "cost", "expected")
                for index in range(len(months))
            ],
        )
        figure.add_bar(
            x=[f"{month['from'][:7]}-15" for month in months],
            y=y,
            meta=meta,
            name=escape(name),
            marker={"color": colour},
            hovertemplate="%{y:,.2f}",
        )
    figure.update_layout(barmode="stack", bargap=0.4)
    month_axis(figure, months)
    shown_amounts = [f"{name}: {amount(projects[name]['cost']['expected'])}" for name in own]
    left_out = f". The {len(own)} that cost most of {count} projects" if len(own) < len(names) else ""
    return Chart(
        "Expected by month and project",
        caption(shown_amounts) + left_out,
        tuple((name, "bar", colour) for name, colour in zip(own, COLOURS, strict=False)),
        figure,
    )


def _worst(shown: Shown, names: Sequence[str]) -> Iterator[Chart]:
    """The most in a day, by project: today, and once prices have changed."""
    projects = shown["exposure"]["projects"]
    days = {name: projects[name]["exposure"]["day"] for name in names}
    drawn = [name for name in names if days[name] not in ("unlimited", "0")]
    if not drawn:
        return
    bounded = len(drawn)
    drawn = sorted(drawn, key=lambda name: Decimal(days[name]), reverse=True)[:LARGEST]
    dates = sorted({change["day"] for name in drawn for change in projects[name]["changes"]})
    latest: dict[str, Path] = {name: ("exposure", "projects", name, "exposure", "day") for name in drawn}
    traces: list[tuple[str, str, list[Path]]] = [("today", BLUE, list(latest.values()))]
    # After the colour of today, that of a rise.
    for day, colour in zip(dates, cycle((RED, *COLOURS[1:])), strict=False):
        for name in drawn:
            for index, change in enumerate(projects[name]["changes"]):
                if change["day"] == day:
                    latest[name] = ("exposure", "projects", name, "changes", index, "exposure", "day")
        traces.append((f"from {day}", colour, list(latest.values())))
    unlimited = [name for name in names if days[name] == "unlimited"]
    words = caption([f"{name}: {amount(days[name])} today" for name in drawn])
    if bounded > LARGEST:
        words += f". The {LARGEST} largest of {bounded}"
    if unlimited:
        words += f". Not drawn, as nothing bounds it: {', '.join(unlimited)}"
    yield Chart(
        "The most that the limits allow in a day, by project",
        words,
        tuple((title, "bar", colour) for title, colour, _ in traces),
        horizontal_bars(shown, drawn, traces),
    )


def project_charts(report: Report, shown: Shown, name: str) -> Iterator[Chart]:
    """The charts of a project: none of what is not planned, is unlimited or cannot cost anything."""
    estimate, exposure = report.estimate.projects[name], shown["exposure"]["projects"][name]
    currency = estimate.currency
    if estimate.budget:
        yield _spend(estimate, shown)
    if estimate.lines:
        months = shown["estimate"]["projects"][name]["months"]
        cases = [
            [("estimate", "projects", name, "months", at, "cost", case) for at in range(len(months))]
            for case in CASES
        ]
        yield by_period(shown, f"Planned by month, {currency}", months, cases)
    place: Path = ("exposure", "projects", name)
    bounds = {model: each["exposure"]["lag"] for model, each in exposure["models"].items()}
    drawn = [model for model, each in bounds.items() if each != "unlimited" and Decimal(each["total"]) > 0]
    if drawn:
        rows = [f"{_model(model)}: {amount(bounds[model]['total'])}" for model in drawn]
        figure = horizontal_bars(
            shown,
            rows,
            [
                (words, colour, [(*place, "models", model, "exposure", "lag", key) for model in drawn])
                for words, key, colour in PARTS
            ],
            stacked=True,
        )
        without = [_model(model) for model, each in bounds.items() if each == "unlimited"]
        yield Chart(
            f"The most in any {exposure['lag']}, by model, {currency}",
            caption(rows) + "".join(f". Not drawn, as it is unlimited: {model}" for model in without),
            tuple((words, "bar", colour) for words, _, colour in PARTS),
            figure,
        )
    if exposure["changes"] and exposure["exposure"]["day"] not in ("unlimited", "0"):
        days: list[Path] = [(*place, "exposure", "day")]
        days += [(*place, "changes", at, "exposure", "day") for at in range(len(exposure["changes"]))]
        titles = ["today", *(f"from {change['day']}" for change in exposure["changes"])]
        rows = [f"{title}: {amount(at(shown, path))}" for title, path in zip(titles, days, strict=True)]
        yield Chart(
            f"The most in a day, before and after prices change, {currency}",
            caption(rows),
            (),
            horizontal_bars(shown, rows, [("a day", [BLUE] + [RED] * (len(days) - 1), days)]),
        )


def _spend(project: ProjectEstimate, shown: Shown) -> Chart:
    """Spend from each budget period's first day on, against the budget."""
    figure = blank()
    place: Path = ("estimate", "projects", project.name, "budget")
    periods = shown["estimate"]["projects"][project.name]["budget"]
    certain = all(each["cost"]["low"] == each["cost"]["high"] for each in periods)
    parts = [(each.period, (*place, index, "cost")) for index, each in enumerate(project.budget)]
    add_cumulative(figure, parts, project.spending, project.currency, certain=certain)
    amounts, meta = values_at(
        shown, [(*place, index, "amount") for index in range(len(periods)) for _ in range(2)]
    )
    # A gap between one period's line and the next one's.
    gaps = range(len(amounts), 0, -2)
    ends: list[date | None] = [
        day for each in project.budget for day in (each.period.first, each.period.last)
    ]
    paths: list[str | None] = list(meta["figures"])
    for gap in gaps:
        for values in (ends, amounts, paths):
            values.insert(gap, None)
    figure.add_scatter(
        x=ends,
        y=amounts,
        name="budget",
        mode="lines",
        line={"color": RED, "width": 2, "dash": "dash"},
        hoverinfo="skip",
        meta={"figures": paths},
    )
    legend = [*cumulative_legend(certain=certain), ("budget", "dashed", RED)]
    for rule, colour in zip(range(len(project.budget[0].rules)), cycle(COLOURS[1:]), strict=False):
        threshold = project.budget[0].rules[rule]
        crossed = [
            (index, each.period, each.days[rule][1])
            for index, each in enumerate(project.budget)
            if each.days[rule][1] and threshold.basis == "CURRENT_SPEND"
        ]
        if not crossed:
            continue
        title = f"{threshold.share:.0%} reached"
        figure.add_scatter(
            x=[day for _, _, day in crossed],
            y=[
                float(plain(project.spending["expected"].until(period, (day - period.first).days)))
                for _, period, day in crossed
                if day
            ],
            name=title,
            mode="markers",
            marker={"color": colour, "size": 11, "line": {"color": "white", "width": 1.5}},
            hovertemplate="%{y:,.2f}",
            meta={
                "days": [
                    "/".join(map(str, (*place, index, "thresholds", rule, "crossed", "expected")))
                    for index, _, _ in crossed
                ]
            },
        )
        legend.append((title, "dot", colour))
    shown_amounts = [
        f"{_named(each.period)}: {each.costs['expected'].amount:,.2f} of {each.amount.amount:,.2f}"
        for each in project.budget
    ]
    return Chart(
        f"Cumulative planned spend against the budget, {project.currency}",
        caption(shown_amounts),
        tuple(legend),
        figure,
    )


def _model(model: str) -> str:
    return "every other model" if model == "others" else model


def _named(period: Period) -> str:
    return f"{period.first:%b %Y}" if period == month_of(period.first) else str(period)
