"""Conditions of alert policies: what each sees in the series of its project at a time.

Read are thresholds and absences of metrics, and the part of PromQL in `promql`. The others are never met: matched logs,
MQL, SQL.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Final

from sandbox.cloud.cloudquotas import models as quotas
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import seconds
from sandbox.cloud.monitoring import custom, promql, series_filter
from sandbox.cloud.monitoring.metrics import Event, Metric, Window, matching, metrics, series_key
from sandbox.cloud.monitoring.promql import NotReadError
from sandbox.cloud.serviceusage.catalogue import limits_by_metric

_ALIGNERS: Final[Mapping[str, Callable[[Sequence[float], float], float]]] = {
    "ALIGN_NONE": lambda values, _: values[-1],
    "ALIGN_RATE": lambda values, period: sum(values) / period,
    "ALIGN_SUM": lambda values, _: sum(values),
    "ALIGN_DELTA": lambda values, _: sum(values),
    "ALIGN_COUNT": lambda values, _: len(values),
    "ALIGN_MEAN": lambda values, _: sum(values) / len(values),
    "ALIGN_MAX": lambda values, _: max(values),
    "ALIGN_MIN": lambda values, _: min(values),
}
_REDUCERS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "REDUCE_SUM": sum,
    "REDUCE_MEAN": lambda values: sum(values) / len(values),
    "REDUCE_MAX": max,
    "REDUCE_MIN": min,
    "REDUCE_COUNT": len,
}
_MINUTE: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Seen:
    """What a condition sees.

    Attributes:
        values: the series that have data, by their labels as JSON, with the value that is compared.
        met: those of them for which it is met.
        last: when each series had its last point.
        open_without_data: whether an incident stays open while its series has no data.
        stays_met: whether it is met until something is added.
        next_look: when it must be looked at again though nothing is added; None: no need.
    """

    values: Mapping[str, float]
    met: frozenset[str]
    last: Mapping[str, datetime] = field(default_factory=dict)
    open_without_data: bool = False
    stays_met: bool = False
    next_look: datetime | None = None


class _SameReads(Store):
    """The state while it does not change: what was read once is not read again."""

    def __init__(self, store: Store) -> None:
        self.__dict__.update(store.__dict__)
        self._rows: dict[tuple[object, ...], list[Row]] = {}

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query."""
        key = sql, *values
        if key not in self._rows:
            self._rows[key] = super().rows(sql, *values)
        return self._rows[key]


class Series:
    """The series of a project at a time; each metric is read once."""

    def __init__(self, store: Store, project: Project, now: datetime) -> None:
        self.store = _SameReads(store)
        self.project = project
        self.now = now
        self.until = now - store.metrics_lag
        self._read: dict[tuple[Metric, float], list[Event]] = {}
        self._metrics: dict[tuple[str, frozenset[str]], Metric | None] = {}

    def metric(self, name: str, resource_types: frozenset[str] = frozenset()) -> Metric | None:
        """A metric, if it has ever been written; of some resources, if they are named."""
        key = name, resource_types
        if key not in self._metrics:
            self._metrics[key] = metrics().get(name) or custom.find(
                self.store, self.project.number, name, resource_types
            )
        return self._metrics[key]

    def events(self, metric: Metric, seconds_back: float) -> list[Event]:
        """What a metric had in so many seconds until the latest that Cloud Monitoring has."""
        if metric.kind == "CUMULATIVE":
            raise NotReadError(f"{metric.type}, which is cumulative")
        key = metric, seconds_back
        if key not in self._read:
            after = self.until - timedelta(seconds=seconds_back)
            window = Window(after, self.until, self.now, self.store.metrics_lag)
            self._read[key] = list(metric.events(self.store, self.project, window))
        return self._read[key]


def duration_of(condition: JsonObject) -> timedelta:
    """How long a condition must be met until there is an incident."""
    for kind in ("conditionThreshold", "conditionPrometheusQueryLanguage"):
        if kind in condition:
            return timedelta(seconds=seconds(condition[kind].get("duration", "0s")))
    return timedelta()


def look(condition: JsonObject, series: Series) -> Seen:
    """What a condition sees.

    Raises:
        NotReadError: the local cloud does not evaluate it.
    """
    try:
        if "conditionThreshold" in condition:
            return _threshold(condition["conditionThreshold"], series)
        if "conditionAbsent" in condition:
            return _absence(condition["conditionAbsent"], series)
        if "conditionPrometheusQueryLanguage" in condition:
            return _promql(condition["conditionPrometheusQueryLanguage"]["query"], series)
    except (CloudError, KeyError) as error:
        raise NotReadError(str(error)) from error
    kind = next((name for name in condition if name.startswith("condition")), "a condition")
    raise NotReadError(kind)


@lru_cache(maxsize=1024)
def _filter(text: str) -> Mapping[str, frozenset[str]]:
    return series_filter.parse(text)


def _chosen(text: str, series: Series, seconds_back: float) -> list[Event]:
    allowed = _filter(text)
    [name] = allowed["metric.type"]
    metric = series.metric(name, allowed.get("resource.type", frozenset()))
    if metric is None or metric.resource_type not in allowed.get("resource.type", {metric.resource_type}):
        return []
    return matching(series.events(metric, seconds_back), allowed)


def _aggregated(events: Iterable[Event], aggregation: JsonObject) -> dict[str, float]:
    """The value of each series, aligned over one period and reduced."""
    align = _ALIGNERS[aggregation.get("perSeriesAligner", "ALIGN_NONE")]
    period = _period(aggregation)
    by_series: dict[str, list[Event]] = {}
    for event in events:
        by_series.setdefault(series_key(event.metric, event.resource), []).append(event)
    aligned = {key: float(align([each.value for each in found], period)) for key, found in by_series.items()}
    reducer = aggregation.get("crossSeriesReducer", "REDUCE_NONE")
    if reducer == "REDUCE_NONE":
        return aligned
    kept = [series_filter.field_named(name) for name in aggregation.get("groupByFields", ())]
    groups: dict[str, list[float]] = {}
    for key, value in aligned.items():
        first = by_series[key][0]
        labels = {
            name: (first.metric if name.startswith("metric.") else first.resource).get(
                name.rpartition(".")[2], ""
            )
            for name in kept
        }
        groups.setdefault(json.dumps(labels, sort_keys=True), []).append(value)
    return {key: float(_REDUCERS[reducer](values)) for key, values in groups.items()}


def _period(aggregation: JsonObject) -> float:
    return max(seconds(aggregation.get("alignmentPeriod", "60s")), 60.0)


def _first(aggregations: list[JsonObject]) -> JsonObject:
    if len(aggregations) > 1:
        raise NotReadError("a second aggregation")
    return aggregations[0] if aggregations else {}


def _threshold(threshold: JsonObject, series: Series) -> Seen:
    aggregation = _first(threshold.get("aggregations", []))
    values = _aggregated(_chosen(threshold["filter"], series, _period(aggregation)), aggregation)
    below = threshold["comparison"] == "COMPARISON_LT"
    steady = not below
    if threshold.get("denominatorFilter"):
        under = _first(threshold.get("denominatorAggregations", []))
        totals = _aggregated(_chosen(threshold["denominatorFilter"], series, _period(under)), under)
        steady = not values
        values = {key: values.get(key, 0.0) / total for key, total in totals.items() if total}
    bound = threshold.get("thresholdValue", 0.0)
    met = frozenset(key for key, value in values.items() if (value < bound if below else value > bound))
    return Seen(
        values,
        met,
        open_without_data=threshold.get("evaluationMissingData") != "EVALUATION_MISSING_DATA_INACTIVE",
        next_look=series.now + _MINUTE if values and not steady else None,
    )


def _absence(absence: JsonObject, series: Series) -> Seen:
    duration = seconds(absence["duration"])
    aggregation = _first(absence.get("aggregations", []))
    last: dict[str, datetime] = {}
    for event in _chosen(absence["filter"], series, duration + 60):
        for key in _aggregated([event], aggregation):
            last[key] = max(event.at, last.get(key, event.at))
    silent = series.until - timedelta(seconds=duration)
    return Seen({}, frozenset(), {key: at for key, at in last.items() if at > silent - _MINUTE})


def _promql(text: str, series: Series) -> Seen:
    query = promql.parse(text)
    newest: datetime | None = None
    own = custom.names(series.store, series.project.number)
    known = {**_googles(), **{_promql_name(name): name for name in own}}

    def read(name: str, seconds_back: float) -> promql.Samples:
        nonlocal newest
        if name.endswith("_limit") and f"{name.removesuffix('_limit')}_usage" in known:
            return _limits(series, known[f"{name.removesuffix('_limit')}_usage"], seconds_back)
        metric = series.metric(known[name]) if name in known else None
        if metric is None:
            return []
        found: dict[promql.Labels, list[float]] = {}
        for event in sorted(series.events(metric, seconds_back), key=lambda each: each.at):
            labels = {**event.resource, **event.metric, "monitored_resource": metric.resource_type}
            found.setdefault(frozenset(labels.items()), []).append(event.value)
            newest = max(newest or event.at, event.at)
        return list(found.items())

    result = query.run(read)
    if isinstance(result, float):
        raise NotReadError("a query that gives a number")
    values = {json.dumps(dict(labels), sort_keys=True): value for labels, value in result.items()}
    again = None
    if query.looks_for_absence and newest is not None and not values:
        again = newest + timedelta(seconds=query.range_s) + (series.now - series.until)
    elif not query.steady and not query.looks_for_absence and newest is not None:
        again = series.now + _MINUTE
    return Seen(values, frozenset(values), stays_met=query.looks_for_absence, next_look=again)


@cache
def _googles() -> Mapping[str, str]:
    """Google's metrics, by their names in PromQL."""
    return {_promql_name(name): name for name in metrics()}


def _promql_name(metric: str) -> str:
    domain, _, path = metric.partition("/")
    return f"{domain.replace('.', '_')}:{path.replace('/', '_')}"


def _limits(series: Series, usage: str, seconds_back: float) -> promql.Samples:
    """The limits of what was used: Cloud Monitoring has them for each model and limit."""
    metric = series.metric(usage)
    if metric is None:
        return []
    counted = usage.replace("/quota/", "/").removesuffix("/usage")
    by_id = {limit.quota_id: limit for limit in limits_by_metric().get(counted, ())}
    found: dict[promql.Labels, list[float]] = {}
    for event in series.events(metric, seconds_back):
        model, limit = event.metric["model"], by_id.get(event.metric["limit_name"])
        if limit is not None:
            labels = {
                **event.resource,
                "model": model,
                "limit_name": limit.quota_id,
                "monitored_resource": metric.resource_type,
            }
            value = quotas.value(series.store, series.project.number, limit, model, series.now)
            found[frozenset(labels.items())] = [float(value)]
    return list(found.items())
