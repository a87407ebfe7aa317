"""The limits of a project's tier, and what counts against them.

Of the last minute a count by seconds is kept, of the Pacific day one number. A second counts as long as any moment of
it is in the last minute, and so no 60 seconds ever have more in them than a limit allows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sandbox.cloud.billing_loop.periods import day_of
from sandbox.cloud.cloudquotas import models as quotas
from sandbox.cloud.core.errors import CloudError, JsonObject, help_link
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.serviceusage.catalogue import LIMITS, Limit

Family = Literal["Generate", "Embed"]
"""What quota ids begin with."""

SCHEMA: Final = """
CREATE TABLE gemini_counts (
    project TEXT NOT NULL,
    family TEXT NOT NULL,
    model TEXT NOT NULL,
    span TEXT NOT NULL,
    begin INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (project, family, model, span, begin)
) WITHOUT ROWID;
"""
_PAGES: Final = "https://ai.google.dev/gemini-api/docs/rate-limits"
_BY_TIER: Final = {
    (family, tier): tuple(
        limit for limit in LIMITS if limit.tier == tier and limit.quota_id.startswith(family)
    )
    for family in ("Generate", "Embed")
    for tier in range(4)
}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a call adds: `model` is the quotas' name of the model."""

    project: str
    family: Family
    model: str
    tokens: int
    requests: int = 1

    @property
    def bucket(self) -> tuple[str, str, str]:
        """What is counted together."""
        return self.project, self.family, self.model


def family(method: str) -> Family:
    """The kind of calls that a method belongs to."""
    return "Embed" if "Embed" in method else "Generate"


def of_tier(family: Family, tier: int) -> tuple[Limit, ...]:
    """The limits that bind a kind of calls in a tier."""
    return _BY_TIER[family, tier]


def counts_tokens(limit: Limit) -> bool:
    """Whether a limit is on input tokens and not on requests."""
    return limit.metric.endswith("_token_count")


def count(store: Store, now: datetime, tier: int, counted: Counted) -> None:
    """Count a call.

    Raises:
        CloudError: 429 RESOURCE_EXHAUSTED when it is more than a limit of the project's tier leaves.
    """
    second, day = int(now.timestamp()), day_of(now).toordinal()
    minute = _counts(store, counted, "second", second - 60, second)
    today = _counts(store, counted, "day", day, day)
    exceeded: list[tuple[Limit, int]] = []
    binding = of_tier(counted.family, tier)
    for limit, value in zip(
        binding, quotas.values(store, counted.project, binding, counted.model, now), strict=True
    ):
        used = minute if limit.name.startswith("/min/") else today
        tokens = counts_tokens(limit)
        after = used["tokens"] + counted.tokens if tokens else used["requests"] + counted.requests
        if after > value:
            exceeded.append((limit, value))
    if exceeded:
        first = second if minute["first"] is None else minute["first"]
        raise _exhausted(exceeded, counted.model, max(first + 61 - now.timestamp(), 1.0))
    _add(store, counted, "second", second, second - 60)
    _add(store, counted, "day", day, day)


def _counts(store: Store, counted: Counted, span: str, first: int, last: int) -> Row:
    return store.rows(
        "SELECT ifnull(sum(requests), 0) AS requests, ifnull(sum(tokens), 0) AS tokens, min(begin) AS first "
        "FROM gemini_counts WHERE project = ? AND family = ? AND model = ? AND span = ? AND begin BETWEEN ? AND ?",
        *counted.bucket,
        span,
        first,
        last,
    )[0]


def _add(store: Store, counted: Counted, span: str, begin: int, oldest: int) -> None:
    added = store.row(
        "INSERT INTO gemini_counts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "requests = requests + excluded.requests, tokens = tokens + excluded.tokens RETURNING requests",
        *counted.bucket,
        span,
        begin,
        counted.requests,
        counted.tokens,
    )
    if added is not None and added["requests"] == counted.requests:  # a new second or day: the old ones go
        store.run(
            "DELETE FROM gemini_counts WHERE project = ? AND family = ? AND model = ? AND span = ? AND begin < ?",
            *counted.bucket,
            span,
            oldest,
        )


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
