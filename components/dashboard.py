"""Dashboards in Cloud Monitoring: what a project does with the Gemini API, and what all of them do."""

import json
from collections.abc import Sequence
from typing import Any, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components import metrics
from components.base import Component

_WIDTH = 24
_HEIGHT = 16
_COLUMNS = 48


class DashboardArgs(TypedDict):
    """Of what, and where."""

    projectId: pulumi.Input[str]
    """Where the dashboard is."""
    title: str
    perProject: bool
    """Break down by project: it shows those in the metrics scope of `projectId`."""
    links: Sequence[tuple[str, str]]
    """Title and address of pages that know more."""


class Dashboard(Component):
    """A dashboard: requests, errors, latency, input tokens and quota use, by model or by project."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        monitoring.Dashboard(
            name,
            project=args["projectId"],
            dashboard_json=json.dumps(dashboard(args["title"], args["perProject"], args["links"])),
            opts=self.child(),
        )
        self.register_outputs({})


def dashboard(title: str, per_project: bool, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The dashboard as Cloud Monitoring's API (v1) has it."""
    by = "project_id" if per_project else "model"
    group = "resource.label.project_id" if per_project else "metric.label.response_code"
    tokens, requests = (
        metrics.usage_rate(name, by) for name in ("inputTokensPerMinute", "requestsPerMinute")
    )
    widgets = [
        _chart(
            "Calls a second, by response code" if not per_project else "Calls a second",
            _series(metrics.CALLS, group),
        ),
        _chart(
            "Failed calls a second",
            _series(f'{metrics.CALLS} AND metric.label.response_code_class!="2xx"', group),
        ),
        _chart("Latency, 95th percentile", _series(metrics.LATENCIES, "resource.label.method", latency=True)),
        _chart(f"Requests a minute, by {by}", _promql(requests)),
        _chart(f"Input tokens a minute, by {by}", _promql(tokens)),
        _chart(
            "Share of the requests limit in use, by model", _promql(metrics.quota_share("requestsPerMinute"))
        ),
        _chart(
            "Share of the input token limit in use, by model",
            _promql(metrics.quota_share("inputTokensPerMinute")),
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
    # Google leaves zeros out of its answers: with them every preview would show a difference.
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
