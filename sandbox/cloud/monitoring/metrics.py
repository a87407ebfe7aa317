"""The metrics of the Gemini API that Cloud Monitoring has, and what they count: one event a call.

Names and labels: Google's lists of serviceruntime's and the Gemini API's metrics, as of 2026-11-24. All are DELTA and
INT64.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core.store import Store
from sandbox.cloud.generativelanguage import models as calls
from sandbox.cloud.generativelanguage.requests import requests_between
from sandbox.cloud.serviceusage.catalogue import GEMINI_API, Limit, limits_by_metric

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """What one call adds to one time series."""

    metric: Labels
    resource: Labels
    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric.

    Attributes:
        type: its name.
        labels: the names of its labels.
        resource_type: the monitored resource that it is written for.
        resource_labels: the names of that resource's labels.
        events: what a project's calls after a moment and until another add to it.
    """

    type: str
    labels: frozenset[str]
    resource_type: str
    resource_labels: frozenset[str]
    events: Callable[[Store, Project, datetime, datetime], Iterator[Event]]


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
    for name, limits in limits_by_metric().items():
        service, _, own = name.partition("/")
        labels = frozenset({"model", "limit_name", "method"})
        found.append(Metric(f"{service}/quota/{own}/usage", labels, *_LOCATION, partial(_usage, limits)))
    return {metric.type: metric for metric in found}


#: HTTP status → google.rpc.Code, of those that the Gemini API answers.
_GRPC: Final = {200: 0, 400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 501: 12, 503: 14}


def _requests(store: Store, project: Project, after: datetime, until: datetime) -> Iterator[Event]:
    for row in requests_between(store, project.number, after, until):
        code = row["code"]
        yield Event(
            {
                "protocol": "http",
                "response_code": str(code),
                "response_code_class": f"{code // 100}xx",
                "grpc_status_code": str(_GRPC.get(code, 2)),
            },
            {
                "project_id": project.project_id,
                "service": GEMINI_API,
                "method": row["method"],
                "version": row["version"],
                "location": "global",
                "credential_id": row["credential"],
            },
            datetime.fromtimestamp(row["at"], UTC),
            1,
        )


def _output_tokens(store: Store, project: Project, after: datetime, until: datetime) -> Iterator[Event]:
    for row in calls.calls_between(store, project.number, after, until):
        yield Event(
            {"model": row["model"], "thinking_enabled": "false"},
            _location(project),
            datetime.fromtimestamp(row["at"], UTC),
            row["output_tokens"],
        )


def _usage(
    limits: tuple[Limit, ...], store: Store, project: Project, after: datetime, until: datetime
) -> Iterator[Event]:
    """Of each limit of the metric, the traffic of the tier that was in force: the limits repeat it."""
    for row in calls.calls_between(store, project.number, after, until):
        for limit in limits:
            if limit.tier == row["tier"] and calls.counts_generation(limit):
                yield Event(
                    {"model": row["model"], "limit_name": limit.quota_id, "method": _GENERATE},
                    _location(project),
                    datetime.fromtimestamp(row["at"], UTC),
                    row["tokens"] if limit.metric.endswith("_token_count") else 1,
                )


_GENERATE: Final = "google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent"


def _location(project: Project) -> Labels:
    return {"resource_container": f"projects/{project.number}", "location": "global"}
