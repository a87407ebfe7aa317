"""Time series: what calls have added to a metric, filtered, aligned, reduced and cut into pages.

A raw point is a minute with calls in it, and ends with the last of them: so it is there at once. Aligned points end at
the end of the interval and whole periods before it; a period without calls has none.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, not_found, unimplemented
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.monitoring import series_filter
from sandbox.cloud.monitoring.fields import check_aggregation, invalid, missing, seconds
from sandbox.cloud.monitoring.metrics import Event, Labels, Metric, metrics

_MINUTE: Final = timedelta(minutes=1)
_MOST: Final = 100_000
"""Points of a page, or time series of one without points."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Aggregation:
    aligner: str
    period: timedelta
    reducer: str
    preserved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Series:
    metric: Labels
    resource: Labels
    points: Mapping[tuple[datetime, datetime], int]
    """(start, end) → sum."""


def listed(store: Store, project: Project, query: JsonObject, now: datetime) -> JsonObject:
    """The answer to `timeSeries.list`.

    Raises:
        CloudError: 400 for what Google refuses, 404 for a metric that is none, 501 for what is not served here.
    """
    after, until = _interval(query)
    allowed = series_filter.parse(query.get("filter", ""))
    metric = _metric(query["filter"], allowed)
    aggregation = _aggregation(query, metric)
    if query.get("orderBy"):
        raise invalid("order_by", query["orderBy"], "must be left blank.")
    # A lag hides the latest calls; the periods stay those of the interval.
    events = metric.events(store, project, after, min(until, now - store.metrics_lag))
    chosen = [event for event in events if _is_allowed(event, allowed)]
    series = _reduced(_aligned(chosen, aggregation, until), aggregation)
    rate = aggregation.aligner == "ALIGN_RATE"
    page = _page(series, query, _Shown(metric, aggregation))
    return {**page, "unit": "1/s" if rate else "1"} if page else {}


def _interval(query: JsonObject) -> tuple[datetime, datetime]:
    moments = []
    for name in ("startTime", "endTime"):
        text = query.get(f"interval.{name}")
        if not text:
            raise missing(f"interval.{'start_time' if name == 'startTime' else 'end_time'}")
        moments.append(datetime.fromisoformat(text).astimezone(UTC))
    after, until = moments
    if after >= until:
        raise invalid("interval.end_time", rfc3339(until), "must be later than the start time.")
    return after, until


def _metric(text: str, allowed: Mapping[str, frozenset[str]]) -> Metric:
    names = allowed.get("metric.type", frozenset())
    if len(names) != 1:
        raise invalid("filter", text, 'must specify a single metric: restrict "metric.type" to one value.')
    [name] = names
    metric = metrics().get(name)
    if metric is None:
        raise not_found(
            f'Cannot find metric(s) that match type = "{name}". If a metric was created recently, it could take up to '
            "10 minutes to become available. Please try again soon."
        )
    if metric.resource_type not in allowed.get("resource.type", {metric.resource_type}):
        raise invalid(
            "filter",
            text,
            "The supplied filter does not specify a valid combination of metric and monitored resource descriptors. "
            "The query will not return any time series.",
        )
    for field in allowed:
        if not _has(metric, field):
            raise invalid("filter", text, f"{field} is no label of {name}.")
    return metric


def _has(metric: Metric, field: str) -> bool:
    part, _, label = field.partition(".labels.")
    return not label or label in (metric.labels if part == "metric" else metric.resource_labels)


def _aggregation(query: JsonObject, metric: Metric) -> _Aggregation:
    if any(name.startswith("secondaryAggregation.") for name in query):
        raise unimplemented("a secondary aggregation of time series")
    given = {
        name.removeprefix("aggregation."): value
        for name, value in query.items()
        if name.startswith("aggregation.")
    }
    check_aggregation(given, "aggregation")
    aligner = given.get("perSeriesAligner", "ALIGN_NONE")
    reducer = given.get("crossSeriesReducer", "REDUCE_NONE")
    if aligner not in ("ALIGN_NONE", "ALIGN_SUM", "ALIGN_DELTA", "ALIGN_RATE"):
        raise unimplemented(f"the aligner {aligner}")
    if reducer not in ("REDUCE_NONE", "REDUCE_SUM"):
        raise unimplemented(f"the reducer {reducer}")
    preserved = []
    for name in given.get("groupByFields", ()):
        field = series_filter.field_named(name)
        if not field or not _has(metric, field):
            raise invalid("aggregation.group_by_fields", name, f"it is no field of {metric.type}.")
        preserved.append(field)
    period = timedelta(seconds=seconds(given.get("alignmentPeriod", "0s")))
    return _Aggregation(aligner, period, reducer, tuple(preserved))


def _is_allowed(event: Event, allowed: Mapping[str, frozenset[str]]) -> bool:
    for field, values in allowed.items():
        part, _, label = field.partition(".labels.")
        if label and (event.metric if part == "metric" else event.resource).get(label) not in values:
            return False
    return True


def _aligned(events: Iterable[Event], aggregation: _Aggregation, until: datetime) -> list[_Series]:
    by_series: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_series[_key(event.metric, event.resource)].append(event)
    return [
        _Series(found[0].metric, found[0].resource, _points(found, aggregation, until))
        for found in by_series.values()
    ]


def _points(
    events: Iterable[Event], aggregation: _Aggregation, until: datetime
) -> Mapping[tuple[datetime, datetime], int]:
    raw = aggregation.aligner == "ALIGN_NONE"
    origin, period = (_EPOCH, _MINUTE) if raw else (until, aggregation.period)
    ends: dict[datetime, datetime] = {}
    sums: dict[datetime, int] = defaultdict(int)
    for event in events:
        # Intervals are open at their start and closed at their end.
        end = origin - (origin - event.at) // period * period
        start = end - period
        ends[start] = max(event.at, ends.get(start, event.at)) if raw else end
        sums[start] += event.value
    return {(start, ends[start]): value for start, value in sums.items()}


def _reduced(series: list[_Series], aggregation: _Aggregation) -> list[_Series]:
    if aggregation.reducer == "REDUCE_NONE":
        return series
    groups: dict[str, list[_Series]] = defaultdict(list)
    labels: dict[str, tuple[Labels, Labels]] = {}
    for each in series:
        kept = (
            _kept("metric", each.metric, aggregation.preserved),
            _kept("resource", each.resource, aggregation.preserved),
        )
        group = _key(*kept)
        groups[group].append(each)
        labels[group] = kept
    found = []
    for group, members in groups.items():
        sums: dict[tuple[datetime, datetime], int] = defaultdict(int)
        for member in members:
            for interval, value in member.points.items():
                sums[interval] += value
        found.append(_Series(*labels[group], sums))
    return found


def _kept(part: str, labels: Labels, preserved: tuple[str, ...]) -> Labels:
    # The project stays, whatever is asked for.
    return {
        name: value
        for name, value in labels.items()
        if f"{part}.labels.{name}" in preserved or name == "project_id"
    }


def _key(metric: Labels, resource: Labels) -> str:
    return json.dumps([metric, resource], sort_keys=True)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Time series and points as JSON."""

    metric: Metric
    aggregation: _Aggregation

    def series(self, series: _Series) -> JsonObject:
        rate = self.aggregation.aligner == "ALIGN_RATE"
        return {
            "metric": {"type": self.metric.type, **({"labels": series.metric} if series.metric else {})},
            "resource": {
                "type": self.metric.resource_type,
                **({"labels": series.resource} if series.resource else {}),
            },
            "metricKind": "GAUGE" if rate else "DELTA",
            "valueType": "DOUBLE" if rate else "INT64",
        }

    def point(self, interval: tuple[datetime, datetime], value: int) -> JsonObject:
        start, end = interval
        shown: dict[str, Any] = {"int64Value": str(value)}
        if self.aggregation.aligner == "ALIGN_RATE":
            start = end
            shown = {"doubleValue": value / self.aggregation.period.total_seconds()}
        return {"interval": {"startTime": rfc3339(start), "endTime": rfc3339(end)}, "value": shown}


def _page(series: list[_Series], query: JsonObject, shown: _Shown) -> JsonObject:
    """A page: of points, newest first in each series, or of series if their points are not asked for."""
    asked = paging.requested(query, _MOST, _MOST)
    by_key = {_key(each.metric, each.resource): each for each in series}
    if query.get("view") == "HEADERS":
        keys, more = asked.cut(sorted(by_key), str)
        return {"timeSeries": [shown.series(by_key[key]) for key in keys], **more} if keys else {}
    points = sorted(
        (f"{key}\n{(_EPOCH.replace(year=9999) - interval[1]).total_seconds():020.6f}", key, interval)
        for key, each in by_key.items()
        for interval in each.points
    )
    page, more = asked.cut(points, lambda point: point[0])
    found: dict[str, JsonObject] = {}
    for _, key, interval in page:
        one = found.setdefault(key, {**shown.series(by_key[key]), "points": []})
        one["points"].append(shown.point(interval, by_key[key].points[interval]))
    return {"timeSeries": list(found.values()), **more} if found else {}
