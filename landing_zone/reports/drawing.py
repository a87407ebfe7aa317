"""Charts as plotly figures whose numbers are the report's.

A trace's `meta` says which of the report's figures its values are: `{"figures": [path or null, …]}`, a path a value,
with `/` between the keys of the report's JSON; null for a value that the JSON does not have by itself, such as that of
a day. `"days"` says the same of the values of `x`.

Colours are distinct from each other and from a white and a dark ground; text has the page's (page.html); legends are
HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any, Final

import plotly.graph_objects as go

from landing_zone.pricing.days import Period
from landing_zone.pricing.estimate import CASES, Case
from landing_zone.pricing.money import plain
from landing_zone.pricing.spending import Spending

BLUE: Final = "#3b7dd8"
RED: Final = "#d93a4a"
BAND: Final = "rgba(59, 125, 216, 0.22)"
COLOURS: Final = (BLUE, "#d9730d", "#9256d9", "#2f9e6e", "#c2478f", "#8b93a1")
OF_CASES: Final = dict(zip(CASES, (COLOURS[3], BLUE, COLOURS[1]), strict=True))
HEIGHT: Final = 300
TOLD: Final = 6
"""Number of amounts in a chart's caption; the tables have all."""

Path = tuple[str | int, ...]
Shown = Mapping[str, Any]
"""The report's JSON."""


@dataclass(frozen=True)
class Chart:
    """A figure, and what stands beside it."""

    title: str
    words: str
    """Description for screen readers."""
    legend: tuple[tuple[str, str, str], ...]
    """Name, form (`line`, `dashed`, `area`, `bar` or `dot`) and colour of each trace."""
    figure: Any


def at(shown: Shown, path: Path) -> Any:
    """The report's JSON at a path."""
    found: Any = shown
    for key in path:
        found = found[key]
    return found


def amount(text: str) -> str:
    return text if text == "unlimited" else f"{Decimal(text):,.2f}"


def caption(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - TOLD} more in the table" if len(texts) > TOLD else ""
    return "; ".join(texts[:TOLD]) + more


def values_at(shown: Shown, paths: Sequence[Path]) -> tuple[list[float | None], dict[str, list[str]]]:
    """Values at paths, None for unlimited ones; and a trace's `meta`."""
    found = (at(shown, path) for path in paths)
    return [None if each == "unlimited" else float(each) for each in found], {
        "figures": ["/".join(map(str, path)) for path in paths]
    }


def blank(height: int = HEIGHT) -> Any:
    figure = go.Figure()
    figure.update_layout(
        # The default one is repeated in every figure.
        template=go.layout.Template(),
        height=height,
        margin={"l": 4, "r": 12, "t": 8, "b": 8},
        font={"size": 12, "family": "system-ui, sans-serif"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        # A finger on a chart scrolls the page.
        dragmode=False,
        hovermode="x unified",
        separators=".,",
        yaxis={
            "automargin": True,
            "rangemode": "tozero",
            "fixedrange": True,
            "nticks": 6,
            "tickformat": ",",
        },
        xaxis={
            "automargin": True,
            "fixedrange": True,
            "nticks": 5,
            "tickangle": 0,
            "showgrid": False,
            "ticks": "outside",
            "ticklen": 6,
            "tickcolor": BAND,
            # A month's name in its middle, not where the axes meet.
            "ticklabelmode": "period",
        },
    )
    return figure


def month_axis(figure: Any, months: Sequence[Mapping[str, str]]) -> None:
    """A label a month, or as many as there is room for."""
    step = -(-len(months) // 4)
    shown = months[::step] if step else []
    figure.update_xaxes(
        tickvals=[f"{each['from'][:7]}-15" for each in shown],
        ticktext=[f"{date.fromisoformat(each['from']):%b %Y}" for each in shown],
    )


def add_cumulative(
    figure: Any,
    parts: Sequence[tuple[Period, Path]],
    spending: Mapping[Case, Spending],
    currency: str,
    *,
    certain: bool,
) -> None:
    """Add cumulative spend from each period's first day on: the expected line, and the band from low to high.

    `parts`: each with the path of its costs, which the values of its last day are.
    """
    days: list[date | None] = []
    sums: dict[Case, list[float | None]] = {case: [] for case in CASES}
    figures: dict[Case, list[str | None]] = {case: [] for case in CASES}
    band: tuple[list[date | None], list[float | None], list[str | None]] = ([], [], [])
    for part, path in parts:
        own = [part.first + timedelta(days=offset) for offset in range(part.days)]
        days += [*own, None]
        found: dict[Case, list[float | None]] = {}
        for case in CASES:
            # As the JSON has an amount: to the ninth decimal.
            found[case] = [float(plain(spending[case].until(part, offset))) for offset in range(part.days)]
            sums[case] += [*found[case], None]
            figures[case] += [*[None] * (part.days - 1), "/".join(map(str, (*path, case))), None]
        none: list[str | None] = [None] * (part.days - 1)
        # There along the high case, and back along the low one.
        band[0].extend([*own, *reversed(own), None])
        band[1].extend([*found["high"], *reversed(found["low"]), None])
        band[2].extend([*figures["high"][-part.days - 1 : -1], figures["low"][-2], *none, None])
    if not certain:
        figure.add_scatter(
            x=band[0],
            y=band[1],
            name="low to high",
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=BAND,
            hoverinfo="skip",
            meta={"figures": band[2]},
        )
    figure.add_scatter(
        x=days,
        y=sums["expected"],
        name="expected, cumulative",
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        customdata=list(zip(sums["low"], sums["high"], strict=True)),
        hovertemplate="%{y:,.2f}" + ("" if certain else " (%{customdata[0]:,.2f} to %{customdata[1]:,.2f})"),
        meta={"figures": figures["expected"]},
    )
    figure.update_yaxes(title={"text": f"cumulative, {currency}", "font": {"size": 12}, "standoff": 8})


def cumulative_legend(*, certain: bool) -> tuple[tuple[str, str, str], ...]:
    """The legend of what `add_cumulative` draws."""
    line = ("expected, cumulative", "line", BLUE)
    return (line,) if certain else (line, ("low to high, cumulative", "area", BLUE))


def by_period(
    shown: Shown,
    title: str,
    periods: Sequence[Mapping[str, Any]],
    cases: Sequence[Sequence[Path]],
    amounts: Sequence[Path] = (),
) -> Chart:
    """Bars a period for low, expected and high, or one where they are the same; with the budget, if there is one."""
    figure = blank()
    certain = all(each["cost"]["low"] == each["cost"]["high"] for each in periods)
    x = [f"{each['from'][:7]}-15" for each in periods]
    legend: list[tuple[str, str, str]] = []
    for case, paths in zip(CASES, cases, strict=True):
        if certain and case != "expected":
            continue
        y, meta = values_at(shown, paths)
        colour = OF_CASES[case]
        figure.add_bar(x=x, y=y, meta=meta, name=case, marker={"color": colour}, hovertemplate="%{y:,.2f}")
        legend.append((case, "bar", colour))
    if amounts:
        y, meta = values_at(shown, amounts)
        figure.add_scatter(
            x=x,
            y=y,
            meta=meta,
            name="budget",
            mode="lines+markers",
            line={"color": RED, "width": 2, "dash": "dash"},
            hovertemplate="%{y:,.2f}",
        )
        legend.append(("budget", "dashed", RED))
    figure.update_layout(barmode="group", bargap=0.4)
    month_axis(figure, periods)
    shown_amounts = [
        f"{date.fromisoformat(each['from']):%b %Y}: {amount(each['cost']['expected'])}" for each in periods
    ]
    return Chart(title, caption(shown_amounts), tuple(legend), figure)


def horizontal_bars(
    shown: Shown,
    rows: Sequence[str],
    traces: Sequence[tuple[str, str | list[str], Sequence[Path]]],
    *,
    stacked: bool = False,
) -> Any:
    """Lying bars, each row's under its text, which so has the whole width also on a phone.

    `traces`: name, colour (or one a row) and a path a row; their bars lie below each other, or in a line if `stacked`.
    """
    thick, above, below = 22, 24, 14
    row = above + below + thick * (1 if stacked else len(traces))
    figure = blank(row * len(rows) + 16)
    several = not stacked and len(traces) > 1
    most = 0.0
    for index, (name, colour, paths) in enumerate(traces):
        x, meta = values_at(shown, paths)
        most = max([most, *(value for value in x if value is not None)])
        figure.add_bar(
            x=x,
            y=list(range(len(rows))),
            orientation="h",
            name=escape(name),
            marker={"color": colour},
            width=(thick - 3) / row,
            offset=(above + (0 if stacked else thick * index)) / row - 0.5,
            meta=meta,
            hovertemplate=f"{escape(name)}: %{{x:,.2f}}<extra></extra>",
            text=[amount(at(shown, path)) for path in paths] if several else None,
            textposition="outside" if several else "none",
            cliponaxis=False,
        )
    for index, text in enumerate(rows):
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=index - 0.5 + above / 2 / row,
            yanchor="middle",
            text=escape(text),
            showarrow=False,
            font={"size": 13},
        )
    figure.update_layout(
        barmode="stack" if stacked else "overlay", hovermode="closest", margin={"l": 4, "r": 4}
    )
    # A bar's amount is written beside it, with room for it beside the longest one.
    room = {"range": [0, most * 1.5]} if several else {}
    figure.update_xaxes(visible=False, **room)
    figure.update_yaxes(visible=False, range=[len(rows) - 0.5, -0.5], rangemode="normal", automargin=False)
    return figure
