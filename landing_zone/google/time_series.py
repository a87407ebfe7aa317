"""Sums of a counting metric in Cloud Monitoring."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from landing_zone.google.rest import Google, Json

HOUR: Final = timedelta(hours=1)


def sums(
    google: Google,
    project: str,
    series: str,
    since: datetime,
    until: datetime,
    by: str | list[str],
    length: timedelta = HOUR,
    retry_s: float | None = None,
) -> Iterator[Json]:
    """The series that a filter (`series`) selects in a project (id), summed over periods of a length, by labels.

    Periods end at `until` and whole lengths before it. Raises as `Google.call`.
    """
    return google.list_all(
        "monitoring",
        f"v3/projects/{quote(project, safe='')}/timeSeries",
        "timeSeries",
        query={
            "filter": series,
            "interval.startTime": since.isoformat(),
            "interval.endTime": until.isoformat(),
            "aggregation.alignmentPeriod": f"{int(length.total_seconds())}s",
            "aggregation.perSeriesAligner": "ALIGN_SUM",
            "aggregation.crossSeriesReducer": "REDUCE_SUM",
            "aggregation.groupByFields": by,
        },
        project=project,
        retry_s=retry_s,
    )
