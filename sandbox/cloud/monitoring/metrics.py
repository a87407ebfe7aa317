"""The metrics of the Gemini API that Cloud Monitoring has, and what they count: one event a minute with calls in it.

Names and labels: Google's lists of serviceruntime's and the Gemini API's metrics, as of 2026-11-24. All are DELTA and
INT64.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.generativelanguage import limits as quotas
from sandbox.cloud.generativelanguage import requests, usage
from sandbox.cloud.generativelanguage.access import rpc_name
from sandbox.cloud.serviceusage.catalogue import GEMINI_API, Limit, limits_by_metric

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """What the calls of a minute add to one time series, or a point that was written; `at` is its end."""

    metric: Labels
    resource: Labels
    at: datetime
    value: float
    start: datetime | None = None


def matching(events: Iterable[Event], allowed: Mapping[str, frozenset[str]]) -> list[Event]:
    """The events whose labels have the values that a filter allows, by field (`metric.labels.X`)."""
    labels = [
        (part, label, values)
        for field, values in allowed.items()
        for part, _, label in [field.partition(".labels.")]
        if label
    ]
    return [
        event
        for event in events
        if all(
            (event.metric if part == "metric" else event.resource).get(label) in values
            for part, label, values in labels
        )
    ]


def series_key(metric: Labels, resource: Labels) -> str:
    """A time series among those of its metric: its labels as JSON."""
    return json.dumps([metric, resource], sort_keys=True)


@dataclass(frozen=True, slots=True)
class Window:
    """What a reading asks for, and what is there at its time.

    Attributes:
        after: points end later.
        until: points end then or before.
        now: the reading's time.
        lag: how late Cloud Monitoring has a minute, after its end; without one it has every call at once, and so a
            minute that is not over ends with the last of its calls.
    """

    after: datetime
    until: datetime
    now: datetime
    lag: timedelta

    def end_of(self, row: Row) -> datetime | None:
        """When a row's point ends; None if it is not asked for, or not there yet."""
        if self.lag:
            end = datetime.fromtimestamp(row["minute"], UTC) + usage.MINUTE
        else:
            end = datetime.fromtimestamp(row["last"], UTC)
        return end if self.after < end <= min(self.until, self.now - self.lag) else None


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Attributes:
        type: its name.
        labels: the names of its labels.
        resource_type: the monitored resource that it is written for.
        resource_labels: the names of that resource's labels.
        events: what a project's calls add to it.
        kind: DELTA; of what callers write GAUGE or CUMULATIVE.
        value_type: INT64 or DOUBLE.
    """

    type: str
    labels: frozenset[str]
    resource_type: str
    resource_labels: frozenset[str]
    events: Callable[[Store, Project, Window], Iterator[Event]]
    kind: str = "DELTA"
    value_type: str = "INT64"


_LOCATION: Final = (f"{GEMINI_API}/Location", frozenset({"resource_container", "location"}))


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric, by its name."""
    found = [
        Metric(
            "serviceruntime.googleapis.com/api/request_count",
            frozenset({"protocol", "response_code", "response_code_class", "grpc_status_code"}),
            "consumed_api",
            frozenset({"project_id", "service", "method", "version", "location", "credential_id"}),
            _requests,
        ),
        Metric(
            f"{GEMINI_API}/generate_content_usage_output_token_count",
            frozenset({"model", "thinking_enabled"}),
            *_LOCATION,
            _output_tokens,
        ),
    ]
    found.append(
        Metric(
            f"{GEMINI_API}/quota/generate_content_search_request_usage/usage",
            frozenset({"model", "limit_name", "method"}),
            *_LOCATION,
            _searches,
        )
    )
    for name, limits in limits_by_metric().items():
        service, _, own = name.partition("/")
        labels = frozenset({"model", "limit_name", "method"})
        found.append(Metric(f"{service}/quota/{own}/usage", labels, *_LOCATION, partial(_usage, limits)))
    return {metric.type: metric for metric in found}


#: HTTP status → google.rpc.Code, of those that the Gemini API answers.
_GRPC: Final = {200: 0, 400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 501: 12, 503: 14}


def _requests(store: Store, project: Project, window: Window) -> Iterator[Event]:
    for row in requests.rows_between(store, project.number, window.after, window.until):
        end, code = window.end_of(row), row["code"]
        if end is not None:
            metric = {
                "protocol": "http",
                "response_code": str(code),
                "response_code_class": f"{code // 100}xx",
                "grpc_status_code": str(_GRPC.get(code, 2)),
            }
            resource = {
                "project_id": project.project_id,
                "service": GEMINI_API,
                "method": row["method"],
                "version": row["version"],
                "location": "global",
                "credential_id": row["credential"],
            }
            yield Event(metric, resource, end, row["requests"])


def _output_tokens(store: Store, project: Project, window: Window) -> Iterator[Event]:
    for row, end in _counted(store, project, window):
        written = usage.total(usage.tokens_of(row, "output"))
        if written:
            labels = {"model": row["quota_name"], "thinking_enabled": str(bool(row["thinking"])).lower()}
            yield Event(labels, _location(project), end, written)


def _searches(store: Store, project: Project, window: Window) -> Iterator[Event]:
    for row, end in _counted(store, project, window):
        if row["grounded"]:
            yield Event(_labels(row, _SEARCHES), _location(project), end, row["grounded"])


def _usage(limits: tuple[Limit, ...], store: Store, project: Project, window: Window) -> Iterator[Event]:
    """Of each limit of the metric, the traffic of the tier that was in force: the limits repeat it."""
    for row, end in _counted(store, project, window):
        for limit in limits:
            if limit in quotas.of_tier(quotas.family(row["method"]), row["tier"]):
                added = (
                    usage.total(usage.tokens_of(row, "input"))
                    if quotas.counts_tokens(limit)
                    else row["requests"]
                )
                if added:
                    yield Event(_labels(row, limit.quota_id), _location(project), end, added)


_SEARCHES: Final = "GenerateContentSearchRequestUsage"


def _labels(row: Row, limit_name: str) -> Labels:
    method = rpc_name("v1beta", row["method"])
    return {"model": row["quota_name"], "limit_name": limit_name, "method": method}


def _counted(store: Store, project: Project, window: Window) -> Iterator[tuple[Row, datetime]]:
    """What counts against limits: batches have limits of their own."""
    for row in usage.rows_between(store, project.number, window.after, window.until):
        end = window.end_of(row)
        if end is not None and row["processing"] != "batch":
            yield row, end


def _location(project: Project) -> Labels:
    return {"resource_container": f"projects/{project.number}", "location": "global"}
