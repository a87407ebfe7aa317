"""Metrics of a project's own: what callers write by `timeSeries.create`, gauges and cumulative sums of numbers, with
any labels; and what log-based metrics count, of which Cloud Logging says how they are described.
"""

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.store import Store
from sandbox.cloud.monitoring.fields import invalid, missing
from sandbox.cloud.monitoring.metrics import Event, Metric, Window

SCHEMA: Final = """
CREATE TABLE custom_metrics (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    value_type TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    PRIMARY KEY (project, type)
) WITHOUT ROWID;
CREATE TABLE custom_points (
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    metric TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource TEXT NOT NULL,
    at REAL NOT NULL,
    start REAL NOT NULL,
    value NOT NULL,
    PRIMARY KEY (project, type, metric, resource_type, resource, at)
) WITHOUT ROWID;
CREATE INDEX custom_points_at ON custom_points (at);
"""
PREFIX: Final = "custom.googleapis.com/"
_MOST: Final = 200
#: How long points are kept here; Google keeps them for 24 months.
_KEPT: Final = timedelta(days=8)
_OLDEST: Final = timedelta(hours=25)
_NEWEST: Final = timedelta(minutes=5)
_APART: Final = timedelta(seconds=5)
_NOT_WRITTEN: Final = "One or more TimeSeries could not be written:"


def create(store: Store, project: Project, body: JsonObject, now: datetime) -> None:
    """Write one point to each of some time series.

    Raises:
        CloudError: 400 for what Google refuses, 501 for what is not kept here.
    """
    series = body.get("timeSeries", [])
    if not series:
        raise missing("time_series")
    if len(series) > _MOST:
        raise invalid_argument(f"Field timeSeries can contain up to {_MOST} entries.")
    for index, each in enumerate(series):
        _write(store, project, each, f"timeSeries[{index}]", now)
    store.run("DELETE FROM custom_points WHERE at < ?", (now - _KEPT).timestamp())


def _write(store: Store, project: Project, series: JsonObject, field: str, now: datetime) -> None:
    name = series.get("metric", {}).get("type", "")
    if not name.startswith(PREFIX):
        raise invalid(f"{field}.metric.type", name, f"only metrics that begin with {PREFIX} can be written.")
    points = series.get("points", [])
    if len(points) != 1:
        raise invalid(
            f"{field}.points", len(points), "only one point can be written per TimeSeries per request."
        )
    value_type, value = _value(points[0], field)
    kind = _described(store, project, series, value_type, field)
    start, at = _interval(points[0].get("interval", {}), kind, f"{field}.points[0].interval", now)
    resource = series.get("resource", {})
    key = (
        project.number,
        name,
        _sorted(series["metric"].get("labels", {})),
        resource.get("type", "global"),
        _sorted({"project_id": project.project_id, **resource.get("labels", {})}),
    )
    row = store.row(
        "SELECT max(at) AS at FROM custom_points "
        "WHERE project = ? AND type = ? AND metric = ? AND resource_type = ? AND resource = ?",
        *key,
    )
    if row is not None and row["at"] is not None and at.timestamp() < row["at"] + _APART.total_seconds():
        raise CloudError("INVALID_ARGUMENT", f"{_NOT_WRITTEN} {_too_soon(at, row['at'])} {name}")
    store.run(
        "INSERT INTO custom_points VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(*key, at.timestamp(), start.timestamp(), value),
    )


def _too_soon(at: datetime, last: float) -> str:
    if at.timestamp() < last:
        return (
            "Points must be written in order. One or more of the points specified had an older end time than the most "
            "recent point:"
        )
    return "One or more points were written more frequently than the maximum sampling period configured for the metric:"


def _value(point: JsonObject, field: str) -> tuple[str, int | float]:
    value = point.get("value", {})
    if "int64Value" in value:
        return "INT64", int(value["int64Value"])
    if "doubleValue" in value:
        return "DOUBLE", float(value["doubleValue"])
    if not value:
        raise missing(f"{field}.points[0].value")
    raise unimplemented("custom metrics of other values than numbers")


def _described(store: Store, project: Project, series: JsonObject, value_type: str, field: str) -> str:
    """The kind of a metric, which its first series has made; another one, or other values, are refused."""
    name = series["metric"]["type"]
    row = store.row(
        "SELECT kind, value_type FROM custom_metrics WHERE project = ? AND type = ?", project.number, name
    )
    wanted = series.get("metricKind", "METRIC_KIND_UNSPECIFIED")
    if wanted == "METRIC_KIND_UNSPECIFIED":
        wanted = row["kind"] if row is not None else "GAUGE"
    if wanted not in ("GAUGE", "CUMULATIVE"):
        raise invalid(f"{field}.metricKind", wanted, f"a custom metric is GAUGE or CUMULATIVE: {name}")
    if series.get("valueType", value_type) not in (value_type, "VALUE_TYPE_UNSPECIFIED"):
        raise invalid(f"{field}.valueType", series["valueType"], f"the point's value is {value_type}.")
    if row is None:
        describe(store, project.number, {"type": name, "metricKind": wanted, "valueType": value_type})
    elif row["kind"] != wanted:
        raise invalid(
            f"{field}.metricKind", wanted, f"The metric kind for metric {name} must be {row['kind']}."
        )
    elif row["value_type"] != value_type:
        raise invalid(
            f"{field}.valueType",
            value_type,
            f"The value type for metric {name} must be {row['value_type']}.",
        )
    return str(wanted)


def _interval(interval: JsonObject, kind: str, field: str, now: datetime) -> tuple[datetime, datetime]:
    text = interval.get("endTime")
    if not text:
        raise missing(f"{field}.end_time")
    end = datetime.fromisoformat(text).astimezone(UTC)
    if not now - _OLDEST <= end <= now + _NEWEST:
        raise invalid(f"{field}.end_time", text, "is too far from the current time.")
    given = interval.get("startTime")
    start = datetime.fromisoformat(given).astimezone(UTC) if given else end
    if kind == "GAUGE" and start != end:
        raise invalid(f"{field}.start_time", given, "must equal the end time of a gauge's point.")
    if kind == "CUMULATIVE" and start >= end:
        raise invalid(
            f"{field}.start_time", given or "", "must be before the end time of a cumulative metric's point."
        )
    return start, end


def describe(store: Store, project: str, descriptor: JsonObject) -> None:
    """Create or replace the descriptor of a metric of a project (by number)."""
    store.run(
        "INSERT OR REPLACE INTO custom_metrics VALUES (?, ?, ?, ?, ?)",
        project,
        descriptor["type"],
        descriptor["metricKind"],
        descriptor["valueType"],
        json.dumps(descriptor),
    )


def descriptors(store: Store, project: str) -> dict[str, JsonObject]:
    """The descriptors of a project's own metrics, by type, with the labels of their points where none are described."""
    found: dict[str, JsonObject] = {}
    for row in store.rows(
        "SELECT type, descriptor FROM custom_metrics WHERE project = ? ORDER BY type", project
    ):
        described: JsonObject = json.loads(row["descriptor"])
        metric = find(store, project, row["type"])
        if "labels" not in described and metric is not None and metric.labels:
            described["labels"] = [{"key": label} for label in sorted(metric.labels)]
        found[row["type"]] = described
    return found


def forget(store: Store, project: str, name: str) -> None:
    """Delete a metric of a project (by number), with its points."""
    for table in ("custom_metrics", "custom_points"):
        store.run(f"DELETE FROM {table} WHERE project = ? AND type = ?", project, name)  # noqa: S608 - a name of ours


def add(
    store: Store, project: str, name: str, labels: JsonObject, resource: tuple[str, JsonObject], at: datetime
) -> None:
    """Count one more of a DELTA metric, for a monitored resource (type and labels)."""
    moment = int(at.timestamp())
    store.run(
        "INSERT INTO custom_points VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1) ON CONFLICT DO UPDATE SET value = value + 1",
        *(project, name, _sorted(labels), resource[0], _sorted(resource[1]), moment),
    )
    store.run("DELETE FROM custom_points WHERE at < ?", (at - _KEPT).timestamp())


def names(store: Store, project: str) -> list[str]:
    """The metrics of a project (by number) that have points."""
    rows = store.rows("SELECT DISTINCT type FROM custom_points WHERE project = ? ORDER BY type", project)
    return [row["type"] for row in rows]


def find(store: Store, project: str, name: str, resource_types: Collection[str] = ()) -> Metric | None:
    """A metric of a project (by number), with the labels that its points have; those of some resources, if named."""
    described = store.row("SELECT * FROM custom_metrics WHERE project = ? AND type = ?", project, name)
    if described is None:
        return None
    rows = [
        row
        for row in store.rows(
            "SELECT DISTINCT metric, resource_type, resource FROM custom_points WHERE project = ? AND type = ?",
            project,
            name,
        )
        if not resource_types or row["resource_type"] in resource_types
    ]
    labels = json.loads(described["descriptor"]).get("labels")
    if not rows and labels is None:
        return None
    return Metric(
        name,
        frozenset(
            [each["key"] for each in labels]
            if labels is not None
            else [label for row in rows for label in json.loads(row["metric"])]
        ),
        rows[0]["resource_type"] if rows else next(iter(resource_types), "global"),
        frozenset(label for row in rows for label in json.loads(row["resource"])),
        partial(_events, name, resource_types),
        kind=described["kind"],
        value_type=described["value_type"],
    )


def _events(
    name: str, resource_types: Collection[str], store: Store, project: Project, window: Window
) -> Iterator[Event]:
    for row in store.rows(
        "SELECT metric, resource_type, resource, at, start, value FROM custom_points "
        "WHERE project = ? AND type = ? AND at > ? AND at <= ?",
        *(project.number, name, window.after.timestamp(), window.until.timestamp()),
    ):
        if not resource_types or row["resource_type"] in resource_types:
            start, at = (datetime.fromtimestamp(row[each], UTC) for each in ("start", "at"))
            yield Event(json.loads(row["metric"]), json.loads(row["resource"]), at, row["value"], start)


def _sorted(labels: JsonObject) -> str:
    return json.dumps(labels, sort_keys=True)
