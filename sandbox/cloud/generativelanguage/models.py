"""The calls of each project, counted against the quotas of its tier."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudquotas import models as quotas
from sandbox.cloud.core.errors import CloudError, JsonObject, help_link
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.serviceusage.catalogue import LIMITS, Limit

SCHEMA = """
CREATE TABLE gemini_calls (
    project TEXT NOT NULL,
    model TEXT NOT NULL,
    at REAL NOT NULL,
    number INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    tier INTEGER NOT NULL,
    PRIMARY KEY (project, model, at, number)
) WITHOUT ROWID;
"""
_MINUTE = timedelta(minutes=1)
#: How long Cloud Monitoring keeps what is counted here.
RETENTION = timedelta(weeks=6)
#: Where Google's day of quotas begins.
_PACIFIC = ZoneInfo("America/Los_Angeles")
_PAGES = "https://ai.google.dev/gemini-api/docs/rate-limits"


def count(store: Store, now: datetime, project: str, model: str, tokens: int, output_tokens: int) -> None:
    """Count a call of `model` (the quota's name of it) with so many tokens of input and of output.

    Raises:
        CloudError: 429 RESOURCE_EXHAUSTED when it is more than a limit of the project's tier leaves.
    """
    tier = billing.paid_tier(store, project) or 0
    minute_ago = now - _MINUTE
    midnight = now.astimezone(_PACIFIC).replace(hour=0, minute=0, second=0, microsecond=0)
    exceeded: list[tuple[Limit, int]] = []
    for limit in LIMITS:
        if limit.tier != tier or not counts_generation(limit):
            continue
        since = minute_ago if limit.name.startswith("/min/") else midnight
        calls, read = _used(store, project, model, since)
        used = read + tokens if limit.metric.endswith("_token_count") else calls + 1
        value = quotas.value(store, project, limit, model)
        if used > value:
            exceeded.append((limit, value))
    if exceeded:
        raise _exhausted(exceeded, model, _wait(store, now, project, model))
    store.run(
        "DELETE FROM gemini_calls WHERE project = ? AND model = ? AND at < ?",
        project,
        model,
        (now - RETENTION).timestamp(),
    )
    store.run(
        "INSERT INTO gemini_calls VALUES (?, ?, ?, ?, ?, ?, ?)",
        project,
        model,
        now.timestamp(),
        store.next_value("gemini_call"),
        tokens,
        output_tokens,
        tier,
    )


def counts_generation(limit: Limit) -> bool:
    """Whether a call that generates content counts against the limit, in its tier."""
    return limit.quota_id.startswith("Generate")


def calls_between(store: Store, project: str, after: datetime, until: datetime) -> list[Row]:
    """The calls that were served after a moment and until another: model, at, tokens, output_tokens, tier."""
    return store.rows(
        "SELECT model, at, tokens, output_tokens, tier FROM gemini_calls WHERE project = ? AND at > ? AND at <= ?",
        project,
        after.timestamp(),
        until.timestamp(),
    )


def _used(store: Store, project: str, model: str, since: datetime) -> tuple[int, int]:
    row = store.row(
        "SELECT COUNT(*) AS calls, COALESCE(SUM(tokens), 0) AS tokens FROM gemini_calls "
        "WHERE project = ? AND model = ? AND at > ?",
        project,
        model,
        since.timestamp(),
    )
    return (row["calls"], row["tokens"]) if row is not None else (0, 0)


def _wait(store: Store, now: datetime, project: str, model: str) -> float:
    """Seconds until the first call of the last minute counts no more; Google asks for no longer wait than that."""
    row = store.row(
        "SELECT MIN(at) AS at FROM gemini_calls WHERE project = ? AND model = ? AND at > ?",
        project,
        model,
        (now - _MINUTE).timestamp(),
    )
    first = row["at"] if row is not None else None
    return max((first or now.timestamp()) + _MINUTE.total_seconds() - now.timestamp(), 1.0)


def _exhausted(exceeded: list[tuple[Limit, int]], model: str, wait: float) -> CloudError:
    lines = [
        f"* Quota exceeded for metric: {limit.metric}, limit: {value}, model: {model}\n"
        for limit, value in exceeded
    ]
    violations: list[JsonObject] = [
        {
            "quotaMetric": limit.metric,
            "quotaId": limit.quota_id,
            "quotaDimensions": {"location": "global", "model": model},
            # Left out at 0, as every zero is.
            **({"quotaValue": str(value)} if value else {}),
        }
        for limit, value in exceeded
    ]
    return CloudError(
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        f"error, head to: {_PAGES}. To monitor your current usage, head to: https://ai.dev/rate-limit. \n"
        f"{''.join(lines)}Please retry in {wait:.9f}s.",
        [
            help_link("Learn more about Gemini API quotas", _PAGES),
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{int(wait)}s"},
        ],
    )
