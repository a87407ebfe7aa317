"""What a project used, minute by minute, from Cloud Monitoring's series: requests, input and output tokens by model.

Traffic is counted on the metrics of the tier in force, so those of all tiers are summed. A metric repeats the same
traffic for each of its limits, a minute's and a day's: of these only the highest counts. Cloud Monitoring answers one
metric a call. Nothing counts cached tokens, the modality, searches or batches.
Source: Cloud Monitoring API v3, timeSeries.list; `generativelanguage.googleapis.com/quota/<metric>/usage` and
`generate_content_usage_output_token_count` of Google's list of metrics.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.quotas import IN_PRIORITY, METRICS, QUOTA_LIMITS, LimitName
from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google, Json
from landing_zone.google.time_series import sums
from landing_zone.pricing.metered import COUNTED, Counted, Use

MINUTE: Final = timedelta(minutes=1)
OUTPUT: Final = f"{GEMINI_API}/generate_content_usage_output_token_count"
_AT_ONCE: Final = 8
_RETRY_S: Final = 10

What = Literal["requests", "input", "output"]
_OF_CONTENT: Final[Mapping[LimitName, What]] = {
    "requestsPerMinute": "requests",
    "inputTokensPerMinute": "input",
}


@dataclass(frozen=True)
class Counter:
    """A metric of Cloud Monitoring's that counts use."""

    metric: str
    counted: Counted
    what: What
    same: str = ""
    """Metrics with the same text here repeat each other's traffic."""


def counters(counted: Collection[Counted] = COUNTED) -> list[Counter]:
    """The metrics that are read, of every tier."""
    found = []
    for limit_name, what in _OF_CONTENT.items():
        metrics = dict.fromkeys(limit.metric for limit in QUOTA_LIMITS[limit_name])
        found += [Counter(_usage(metric), "content", what) for metric in metrics]
    found.append(Counter(OUTPUT, "content", "output"))
    for name, counts in METRICS.items():
        if counts != IN_PRIORITY and not name.startswith("generated_"):
            tokens: What = "input" if name.endswith("_tokens") else "requests"
            # A day's limit can have a metric of its own, which repeats that of the minute's.
            same = name.replace("_per_day", "").replace("_tier_1", "_tier").replace("_paid_tier", "")
            found.append(Counter(_usage(f"{GEMINI_API}/{name}"), counts, tokens, same))
    return [each for each in found if each.counted in counted]


@dataclass(frozen=True)
class Series:
    """What was read."""

    uses: tuple[Use, ...]
    """At most one for a time, a model and what it counts, oldest first."""
    until: datetime
    """The end of what was read."""
    known: bool = True
    """False if Cloud Monitoring has none of the metrics: then nothing was used, or they have other names by now."""
    error: GoogleError | None = None
    """Why some of it could not be read: then there was this use, or more."""


def read(
    google: Google,
    project: str,
    after: datetime,
    until: datetime,
    counted: Collection[Counted] = COUNTED,
    length: timedelta = MINUTE,
    *,
    partly: bool = False,
) -> Series:
    """What a project (id) used between two whole minutes, in pieces of a minute, or of an hour.

    The latest minutes are there late. Pieces end at `until` and whole lengths before it. Raises as `Google.call`; with
    `partly`, a metric that Google refuses is left out, and the answer says why.
    """
    if after >= until:
        return Series((), until)
    every = counters(counted)
    errors: list[GoogleError] = []

    def answer(counter: Counter) -> list[Json] | None:
        # One that is refused after its retries stands for all: the others are asked once.
        retry_s = 0 if errors else _RETRY_S
        try:
            return _read(google, project, counter, after, until, length, retry_s)
        except GoogleError as error:
            errors.append(error)
            return []

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = list(zip(every, pool.map(answer, every), strict=True))
    if errors and not partly:
        raise errors[0]
    # Of what repeats the same traffic, the highest: by metric and limit, then over all that are the same.
    most: dict[tuple[Counted, What, str, datetime, str], int] = defaultdict(int)
    for counter, series in found:
        for start, model, value in _points(series or [], length):
            key = (counter.counted, counter.what, counter.same or counter.metric, start, model)
            most[key] = max(most[key], value)
    sums: dict[tuple[datetime, Counted, str], dict[What, int]] = defaultdict(lambda: defaultdict(int))
    for (kind, what, _, start, model), value in most.items():
        sums[start, kind, QUOTA_NAMES.get(model, model)][what] += value
    uses = tuple(
        Use(start, start + length, model, numbers["requests"], numbers["input"], numbers["output"], kind)
        for (start, kind, model), numbers in sorted(sums.items())
    )
    return Series(uses, until, any(series is not None for _, series in found), next(iter(errors), None))


def _read(
    google: Google,
    project: str,
    counter: Counter,
    after: datetime,
    until: datetime,
    length: timedelta,
    retry_s: float,
) -> list[Json] | None:
    """The series of a metric; None if Cloud Monitoring has no such metric."""
    by = (
        ["metric.labels.model"]
        if counter.what == "output"
        else ["metric.labels.model", "metric.labels.limit_name"]
    )
    try:
        chosen = f'metric.type="{counter.metric}" AND resource.type="{GEMINI_API}/Location"'
        return list(sums(google, project, chosen, after, until, by, length, retry_s))
    except GoogleError as error:
        if error.code == 404:
            return None
        raise


def _points(series: list[Json], length: timedelta) -> Iterator[tuple[datetime, str, int]]:
    """Start, model and value of each point; of a model's, those of one limit after another."""
    for each in series:
        labels = each.get("metric", {}).get("labels", {})
        model = labels.get("model", "")
        for point in each.get("points", []):
            value = point["value"]
            number = int(value.get("int64Value") or value.get("doubleValue") or 0)
            if number:
                end = datetime.fromisoformat(point["interval"]["endTime"])
                yield end - length, model, number


def _usage(metric: str) -> str:
    service, _, name = metric.partition("/")
    return f"{service}/quota/{name}/usage"
