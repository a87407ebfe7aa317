"""A report as one page with charts: a single file, which needs nothing from anywhere else."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Final

import plotly.io
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from landing_zone.pricing.exposure import USUAL_DOORS
from landing_zone.pricing.money import format_amount
from landing_zone.printing import in_lines, without_secrets
from landing_zone.reports.charts import environment_charts, project_charts
from landing_zone.reports.drawing import Chart, Path, Shown, at
from landing_zone.reports.environment_report import Report
from landing_zone.reports.worst_month import UNBOUNDED

MOST: Final = 50
"""Projects that get charts of their own."""


def _amount(shown: Shown, path: Path, amount: Decimal) -> str:
    """An amount at a path of the report, in the currency of the nearest part around it; bounds are rounded up."""
    around = (at(shown, path[:length]) for length in range(len(path) - 1, 0, -1))
    currencies = (part["currency"] for part in around if isinstance(part, dict) and "currency" in part)
    return format_amount(amount, next(currencies, "USD"), up=path[0] == "exposure")


def render(template: str, shown: Shown, words: Callable[[Path, Any], str], context: Mapping[str, Any]) -> str:
    """A page from a template of this folder.

    `shown`: the JSON whose figures are on it, which `words` writes for people, given path and value.
    """

    def figure(*path: str | int) -> Markup:
        """An element with a figure of the report, by the keys that lead to it."""
        found = at(shown, path)
        value = found if isinstance(found, str) else json.dumps(found)
        where = "/".join(map(str, path))
        return Markup('<span class="figure" data-figure="{}" data-value="{}">{}</span>').format(
            where, value, words(path, found)
        )

    def script(chart: Chart) -> Markup:
        """A chart's data as the content of a script element: plotly escapes what could end one."""
        return Markup(without_secrets(plotly.io.to_json(chart.figure, validate=False)))  # noqa: S704 -- escaped by plotly

    environment = Environment(
        loader=FileSystemLoader(FilePath(__file__).parent),
        autoescape=True,
        finalize=lambda value: in_lines(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(figure=figure, script=script)
    plotly_itself = Markup(get_plotlyjs())  # noqa: S704 -- plotly's own script
    return environment.get_template(template).render({**context, "plotly": plotly_itself})


def page(report: Report) -> str:
    """The page as HTML.

    A figure in it stands in an element with `data-figure`, its path in the report's JSON with `/` between the keys, and
    `data-value`, the JSON's own text. Tables have all projects, charts the 50 that cost most.
    """
    shown = report.as_json()

    def words(path: Path, found: Any) -> str:
        if found is None:
            return "no limit"
        if path[-1] == "share":
            return f"{(Decimal(found) * 100).normalize():f}%"
        if isinstance(found, int):
            return f"{found:,}"
        if found == "unlimited":
            return UNBOUNDED if "worstMonth" in path else "unlimited"
        return _amount(shown, path, Decimal(found))

    def rank(name: str) -> tuple[Decimal, Decimal]:
        day = report.exposure.projects[name].bounds["day"]
        expected = report.estimate.projects[name].costs["expected"]
        return expected.amount, day.amount if day else Decimal("Infinity")

    names = sorted(report.estimate.projects, key=rank, reverse=True)
    charts: dict[str, list[Chart]] = {
        name: list(project_charts(report, shown, name)) for name in names[:MOST]
    }
    context: dict[str, Any] = {
        "estimate": shown["estimate"],
        "exposure": shown["exposure"],
        "names": names,
        "most": MOST,
        "warnings": report.warnings,
        "overview": environment_charts(report, shown, names[:MOST]),
        "shared": {
            name: periods[0].amount.currency
            for name, periods in report.estimate.shared_budgets.items()
            if periods
        },
        "charts": charts,
        "usualQueries": USUAL_DOORS.queries,
    }
    return render("page.html", shown, words, context)
