"""The charts of the page: plotly figures whose numbers are the report's.

A trace's `meta` says which of the report's figures its values are: `{"figures": [path or null, …]}`, a path a value,
with `/` between the keys of the report's JSON. Of a day that the JSON does not have by itself it is null.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import plotly.graph_objects as go

from landing_zone.costs.estimates import BudgetPeriod, ProjectEstimate
from landing_zone.costs.exposures import ProjectExposure
from landing_zone.costs.report import Report
from landing_zone.pricing.estimate import CASES, Case
from landing_zone.settings import in_words

BLUE: Final = "#1a5fb4"
BAND: Final = "rgba(26, 95, 180, 0.18)"
RED: Final = "#c01c28"
PARTS: Final = (
    ("input", "input", "#1a5fb4"),
    ("output", "output", "#e66100"),
    ("storage", "cacheStorage", "#813d9c"),
)
"""Of a bound: its name, the JSON's, and a colour that is told from the others by all."""
MOST: Final = 50
"""Projects that get charts of their own."""
Chart = tuple[str, str, Any]
"""Title, what is seen in words, figure."""


def charts(report: Report) -> Iterator[Chart]:
    """The charts of a report, those of the dearest projects first."""
    for name in dearest(report):
        estimate, exposure = report.estimate.projects[name], report.exposure.projects[name]
        if estimate.budget:
            yield _spend(name, estimate)
        if estimate.lines:
            yield _months(name, estimate)
        bounded = [model for model in exposure.models if model.bounds["lag"]]
        if any(model.bounds["lag"].total for model in bounded if model.bounds["lag"]):
            yield _models(name, exposure)
        if exposure.changes and exposure.bounds["day"]:
            yield _change(name, exposure)


def dearest(report: Report) -> list[str]:
    """Projects by what they are expected to cost, at most 50."""

    def cost(name: str) -> Decimal:
        return report.estimate.projects[name].costs["expected"].amount

    return sorted(report.estimate.projects, key=cost, reverse=True)[:MOST]


def _figure(currency: str) -> Any:
    figure = go.Figure()
    figure.update_layout(
        template="plotly_white",
        height=320,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        font={"size": 12, "family": "system-ui, sans-serif"},
        legend={"orientation": "h", "yanchor": "top", "y": -0.22, "x": 0},
        hovermode="x unified",
        yaxis={"automargin": True, "rangemode": "tozero", "title": currency, "fixedrange": True},
        xaxis={"automargin": True, "fixedrange": True},
    )
    return figure


def _spend(name: str, project: ProjectEstimate) -> Chart:
    """Spend from each budget period's first day on, against the budget."""
    figure = _figure(project.currency)
    looks: dict[Case, dict[str, Any]] = {
        "low": {"line": {"width": 0}, "name": "low", "hoverinfo": "skip"},
        "high": {"line": {"width": 0}, "name": "low to high", "fill": "tonexty", "fillcolor": BAND},
        "expected": {"line": {"color": BLUE, "width": 2}, "name": "expected"},
    }
    for index, period in enumerate(project.budget):
        part = period.period
        for case, look in looks.items():
            spending = project.spending[case]
            figure.add_scatter(
                x=[part.first + timedelta(days=offset) for offset in range(part.days)],
                y=[float(spending.until(part, offset)) for offset in range(part.days)],
                mode="lines",
                legendgroup=case,
                showlegend=case != "low" and not index,
                meta={
                    "figures": [None] * (part.days - 1)
                    + [f"estimate/projects/{name}/budget/{index}/cost/{case}"]
                },
                **look,
            )
        path = f"estimate/projects/{name}/budget/{index}/amount"
        figure.add_scatter(
            x=[part.first, part.last],
            y=[float(period.amount.amount)] * 2,
            name="budget",
            mode="lines",
            legendgroup="budget",
            showlegend=not index,
            meta={"figures": [path, path]},
            line={"color": RED, "width": 2, "dash": "dash"},
        )
    crossed = [
        (day, rule.share)
        for period in project.budget
        for rule, day in zip(period.rules, (days[1] for days in period.days), strict=True)
        if day and rule.basis == "CURRENT_SPEND"
    ]
    figure.add_scatter(
        x=[day for day, _ in crossed],
        y=[_on(project, day) for day, _ in crossed],
        text=[f"{share:.0%} crossed on {day}" for day, share in crossed],
        name="threshold crossed",
        mode="markers",
        hoverinfo="text",
        marker={"color": RED, "size": 8},
    )
    words = ", ".join(
        f"{each.costs['expected']} of {each.amount} in {each.period}" for each in project.budget
    )
    return f"{name}: spend against the budget", words, figure


def _on(project: ProjectEstimate, day: Any) -> float:
    """What is expected to be spent by a day, in its budget period."""
    period: BudgetPeriod = next(p for p in project.budget if p.period.first <= day <= p.period.last)
    return float(project.spending["expected"].until(period.period, (day - period.period.first).days))


def _months(name: str, project: ProjectEstimate) -> Chart:
    figure = _figure(project.currency)
    titles = [f"{month.first:%b %Y}" for month, _ in project.months]
    for case, colour in zip(CASES, ("#99c1f1", BLUE, "#0b2e59"), strict=True):
        figure.add_bar(
            x=titles,
            y=[float(costs[case].amount) for _, costs in project.months],
            name=case,
            marker={"color": colour},
            meta={
                "figures": [
                    f"estimate/projects/{name}/months/{index}/cost/{case}" for index in range(len(titles))
                ]
            },
        )
    figure.update_layout(barmode="group")
    words = ", ".join(
        f"{title}: {costs['expected']}" for title, (_, costs) in zip(titles, project.months, strict=True)
    )
    return f"{name}: planned by month", words, figure


def _models(name: str, project: ProjectExposure) -> Chart:
    figure = _figure(project.currency)
    bounded = [(model.model, model.bounds["lag"]) for model in project.models]
    shown = [(model, bound) for model, bound in bounded if bound and bound.total]
    for part, key, colour in PARTS:
        figure.add_bar(
            y=[model for model, _ in shown],
            x=[float(getattr(bound, part)) for _, bound in shown],
            name={"storage": "cache storage"}.get(part, part),
            orientation="h",
            marker={"color": colour},
            meta={
                "figures": [
                    f"exposure/projects/{name}/models/{model}/exposure/lag/{key}" for model, _ in shown
                ]
            },
        )
    figure.update_layout(
        barmode="stack",
        hovermode="y unified",
        height=170 + 48 * len(shown),
        xaxis={"title": project.currency, "automargin": True, "fixedrange": True},
        yaxis={"title": None, "automargin": True, "fixedrange": True, "autorange": "reversed"},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )
    words = ", ".join(f"{model}: {bound.total:,.2f} {project.currency}" for model, bound in shown)
    return f"{name}: the most in any {in_words(project.lag)}, by model", words, figure


def _change(name: str, project: ProjectExposure) -> Chart:
    figure = _figure(project.currency)
    told = [("today", project.bounds["day"], f"exposure/projects/{name}/exposure/day")]
    told += [
        (f"from {change.day}", change.bounds["day"], f"exposure/projects/{name}/changes/{index}/exposure/day")
        for index, change in enumerate(project.changes)
    ]
    figure.add_bar(
        x=[title for title, _, _ in told],
        y=[float(money.amount) if money else None for _, money, _ in told],
        marker={"color": [BLUE, *[RED] * len(project.changes)]},
        meta={"figures": [path for _, _, path in told]},
        showlegend=False,
    )
    words = ", ".join(f"{title}: {money or 'unlimited'}" for title, money, _ in told)
    return f"{name}: the most a day, before and after prices change", words, figure
