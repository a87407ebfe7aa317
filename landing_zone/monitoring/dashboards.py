"""Dashboards of the use of the Gemini API, in one project or in all of an environment, in the form of Google's API."""

from collections.abc import Sequence
from typing import Any, Final

from landing_zone.gemini.console import console_links
from landing_zone.gemini.metrics import CALLS
from landing_zone.monitoring import queries

_WIDTH: Final = 24
_HEIGHT: Final = 16
_COLUMNS: Final = 48


def project_dashboard(project_id: str, billing_account: str | None) -> dict[str, Any]:
    """The dashboard of one project."""
    links = console_links(project_id, billing_account)
    return dashboard(f"Gemini API: {project_id}", False, sorted(links.items()))


def dashboard(title: str, per_project: bool, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The dashboard in the form of Cloud Monitoring's API (v1)."""
    by = "project_id" if per_project else "model"
    group = "resource.label.project_id" if per_project else "metric.label.response_code"
    tokens, requests = (
        queries.usage_rate(name, by) for name in ("inputTokensPerMinute", "requestsPerMinute")
    )
    widgets = [
        _chart(
            "Calls a second, by response code" if not per_project else "Calls a second",
            _series(CALLS, group),
        ),
        _chart(
            "Failed calls a second",
            _series(f'{CALLS} AND metric.label.response_code_class!="2xx"', group),
        ),
        _chart("Latency, 95th percentile", _series(queries.LATENCIES, "resource.label.method", latency=True)),
        _chart(f"Requests a minute, by {by}", _promql(requests)),
        _chart(f"Input tokens a minute, by {by}", _promql(tokens)),
        _chart(
            "Share of the requests limit in use, by model", _promql(queries.quota_share("requestsPerMinute"))
        ),
        _chart(
            "Share of the input token limit in use, by model",
            _promql(queries.quota_share("inputTokensPerMinute")),
        ),
        _text(
            "Output and cached tokens have no metric in Cloud Monitoring: AI Studio shows them.\n\n"
            + "\n".join(f"- [{text}]({address})" for text, address in links)
        ),
    ]
    tiles = [
        {
            "xPos": position % 2 * _WIDTH,
            "yPos": position // 2 * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "widget": widget,
        }
        for position, widget in enumerate(widgets)
    ]
    return {
        "displayName": title,
        "mosaicLayout": {"columns": _COLUMNS, "tiles": [_without_zeros(tile) for tile in tiles]},
    }


def _without_zeros(tile: dict[str, Any]) -> dict[str, Any]:
    # Google leaves zeros out of its answers: written here, they would show as a difference in every preview.
    return {name: value for name, value in tile.items() if value != 0}


def _chart(title: str, query: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "xyChart": {"dataSets": [{"plotType": "LINE", "timeSeriesQuery": query}]}}


def _series(filter_text: str, group: str, latency: bool = False) -> dict[str, Any]:
    return {
        "timeSeriesFilter": {
            "filter": filter_text,
            "aggregation": {
                "alignmentPeriod": "60s",
                "perSeriesAligner": "ALIGN_DELTA" if latency else "ALIGN_RATE",
                "crossSeriesReducer": "REDUCE_PERCENTILE_95" if latency else "REDUCE_SUM",
                "groupByFields": [group],
            },
        }
    }


def _promql(query: str) -> dict[str, Any]:
    return {"prometheusQuery": query}


def _text(content: str) -> dict[str, Any]:
    return {"title": "More", "text": {"content": content, "format": "MARKDOWN"}}
