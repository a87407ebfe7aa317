"""A report as one page with charts: a single file, which needs nothing from anywhere else."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from landing_zone.costs.charts import MOST, charts, dearest
from landing_zone.costs.report import Report


def page(report: Report) -> str:
    """The page as HTML.

    A figure in it stands in an element with `data-figure`, its path in the report's JSON with `/` between the keys, and
    `data-value`, the JSON's own text. Projects beyond the 50 dearest are in the JSON alone.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    shown = report.as_json()
    environment.globals["figure"] = lambda *path: _figure(shown, path)
    drawn = [
        {
            "id": f"chart-{index}",
            "project": title.partition(":")[0],
            "title": title,
            "words": words,
            "html": Markup(  # noqa: S704 -- plotly's own, which escapes what it is given
                figure.to_html(
                    full_html=False,
                    include_plotlyjs=False,
                    config={"responsive": True, "displayModeBar": False},
                    div_id=f"chart-{index}",
                    default_width="100%",
                )
            ),
        }
        for index, (title, words, figure) in enumerate(charts(report))
    ]
    return environment.get_template("page.html").render(
        report=shown,
        names=dearest(report),
        left_out=max(len(report.estimate.projects) - MOST, 0),
        warnings=report.warnings,
        charts=drawn,
        plotly=Markup(get_plotlyjs()),  # noqa: S704 -- plotly's own script
    )


def _figure(shown: Mapping[str, Any], path: tuple[str | int, ...]) -> Markup:
    """An element with a figure of the report, by the keys that lead to it; for people, to the cent."""
    found: Any = shown
    for key in path:
        found = found[key]
    text = found if found in ("unlimited", None) else f"{Decimal(found):,.2f}"
    where = "/".join(map(str, path))
    return Markup('<span class="figure" data-figure="{}" data-value="{}">{}</span>').format(
        where, found, text
    )
