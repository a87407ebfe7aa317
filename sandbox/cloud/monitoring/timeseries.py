"""Time series: what calls have added to a metric, filtered, aligned, reduced and cut into pages.

A raw point is a minute with calls in it, or what a caller has written. With a lag a minute is there so long after its
end, and is never changed; without one it ends with the last of its calls, and so is there at once. Aligned points end
at the end of the interval and whole periods before it; a period without points has none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, not_found, unimplemented
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339, seconds
from sandbox.cloud.monitoring import custom, series_filter
from sandbox.cloud.monitoring.fields import check_aggregation, invalid, missing
from sandbox.cloud.monitoring.metrics import Event, Labels, Metric, Window, matching, metrics, series_key

_MINUTE: Final = timedelta(minutes=1)
_MOST: Final = 100_000
"""Points of a page, or time series of one without points."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALIGNED: Final = {
    ("DELTA", "ALIGN_SUM"): "DELTA",
    ("DELTA", "ALIGN_DELTA"): "DELTA",
    ("DELTA", "ALIGN_RATE"): "GAUGE",
    ("GAUGE", "ALIGN_SUM"): "GAUGE",
    ("CUMULATIVE", "ALIGN_DELTA"): "DELTA",
    ("CUMULATIVE", "ALIGN_RATE"): "GAUGE",
}
"""Kind and aligner → the kind of what comes out."""


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
    points: Mapping[tuple[datetime, datetime], float]
    """(start, end) → sum."""


def listed(store: Store, project: Project, query: JsonObject, now: datetime) -> JsonObject:
    """The answer to `timeSeries.list`.

    Raises:
        CloudError: 400 for what Google refuses, 404 for a metric that is none, 501 for what is not served here.
    """
    after, until = _interval(query)
    allowed = series_filter.parse(query.get("filter", ""))
    metric = _metric(store, project, query["filter"], allowed)
    aggregation = _aggregation(query, metric)
    if query.get("orderBy"):
        raise invalid("order_by", query["orderBy"], "must be left blank.")
    # A lag hides the latest minutes; the periods stay those of the interval.
    events = metric.events(store, project, Window(after, until, now, store.metrics_lag))
    series = _reduced(_aligned(matching(events, allowed), metric, aggregation, until), aggregation)
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


def _metric(store: Store, project: Project, text: str, allowed: Mapping[str, frozenset[str]]) -> Metric:
    names = allowed.get("metric.type", frozenset())
    if len(names) != 1:
        raise invalid("filter", text, 'must specify a single metric: restrict "metric.type" to one value.')
    [name] = names
    metric = metrics().get(name) or custom.find(store, project.number, name, allowed.get("resource.type", ()))
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
    if aligner != "ALIGN_NONE" and (metric.kind, aligner) not in _ALIGNED:
        raise invalid(
            "aggregation.perSeriesAligner", aligner, f"it cannot align {metric.type}, which is {metric.kind}."
        )
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


def _aligned(
    events: Iterable[Event], metric: Metric, aggregation: _Aggregation, until: datetime
) -> list[_Series]:
    by_series: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_series[series_key(event.metric, event.resource)].append(event)
    return [
        _Series(found[0].metric, found[0].resource, _points(found, metric, aggregation, until))
        for found in by_series.values()
    ]


def _points(
    events: Sequence[Event], metric: Metric, aggregation: _Aggregation, until: datetime
) -> Mapping[tuple[datetime, datetime], float]:
    raw = aggregation.aligner == "ALIGN_NONE"
    if raw and metric.kind != "DELTA":
        return {(event.start or event.at, event.at): event.value for event in events}
    if metric.kind == "CUMULATIVE":
        events = _grown(events)
    origin, period = (_EPOCH, _MINUTE) if raw else (until, aggregation.period)
    ends: dict[datetime, datetime] = {}
    sums: dict[datetime, float] = defaultdict(int)
    for event in events:
        # Intervals are open at their start and closed at their end.
        end = origin - (origin - event.at) // period * period
        start = end - period
        ends[start] = max(event.at, ends.get(start, event.at)) if raw else end
        sums[start] += event.value
    return {(start, ends[start]): value for start, value in sums.items()}


def _grown(events: Sequence[Event]) -> list[Event]:
    """What each point of a cumulative series has added to the one before, from the second one on."""
    in_order = sorted(events, key=lambda event: event.at)
    return [
        replace(event, value=event.value - (before.value if event.start == before.start else 0))
        for before, event in pairwise(in_order)
    ]


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
        group = series_key(*kept)
        groups[group].append(each)
        labels[group] = kept
    found = []
    for group, members in groups.items():
        sums: dict[tuple[datetime, datetime], float] = defaultdict(int)
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


@dataclass(frozen=True, slots=True)
class _Shown:
    """Time series and points as JSON."""

    metric: Metric
    aggregation: _Aggregation

    def series(self, series: _Series) -> JsonObject:
        kind = _ALIGNED.get((self.metric.kind, self.aggregation.aligner), self.metric.kind)
        return {
            "metric": {"type": self.metric.type, **({"labels": series.metric} if series.metric else {})},
            "resource": {
                "type": self.metric.resource_type,
                **({"labels": series.resource} if series.resource else {}),
            },
            "metricKind": kind,
            "valueType": "DOUBLE" if self.aggregation.aligner == "ALIGN_RATE" else self.metric.value_type,
        }

    def point(self, interval: tuple[datetime, datetime], value: float) -> JsonObject:
        start, end = interval
        rate = self.aggregation.aligner == "ALIGN_RATE"
        if rate:
            start, value = end, value / self.aggregation.period.total_seconds()
        shown: dict[str, Any] = {"int64Value": str(value)}
        if rate or self.metric.value_type == "DOUBLE":
            shown = {"doubleValue": value}
        return {"interval": {"startTime": rfc3339(start), "endTime": rfc3339(end)}, "value": shown}


def _page(series: list[_Series], query: JsonObject, shown: _Shown) -> JsonObject:
    """A page: of points, newest first in each series, or of series if their points are not asked for."""
    asked = paging.requested(query, _MOST, _MOST)
    by_key = {series_key(each.metric, each.resource): each for each in series}
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
