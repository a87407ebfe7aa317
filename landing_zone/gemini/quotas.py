"""The Gemini API's quota metrics, per tier.

The metric that counts a project's requests changes with its tier, and the tier changes by itself as the
billing account is used. A limit that is to last is therefore set on the metric of every paid tier.

Source: the Cloud Quotas and Service Usage listings of generativelanguage.googleapis.com, as of 2026-11-20.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from landing_zone.gemini import GEMINI_API

Tier = Literal["free", "paid"]
LimitName = Literal["requestsPerMinute", "requestsPerDay", "inputTokensPerMinute"]
Counts = Literal["embeddings", "images", "videos", "content in Priority"]

# Service Usage's names of a limit. Its unit, `1/min/{project}/{model}`, has another order: neither gives the other.
_PER_MINUTE: Final = "/min/model/project"
_PER_DAY: Final = "/d/model/project"


@dataclass(frozen=True)
class QuotaLimit:
    """One limit of Service Usage's: what an override is set on."""

    tier: str
    """`free`, or the number of the paid tier, `1` to `3`."""
    metric: str
    """With the service in front, as in `generativelanguage.googleapis.com/generate_requests_per_model`."""
    limit: str
    """As in `/min/model/project`."""
    quota_id: str
    """Cloud Quotas' name of the same limit."""

    @property
    def interval(self) -> str:
        """The window as Cloud Quotas names it: `minute` or `day`."""
        return "minute" if self.limit.startswith("/min/") else "day"


def _limit(tier: str, metric: str, limit: str, quota_id: str) -> QuotaLimit:
    return QuotaLimit(tier, f"{GEMINI_API}/{metric}", limit, quota_id)


_REQUESTS_A_MINUTE: Final = "GenerateRequestsPerMinutePerProjectPerModel"
_REQUESTS_A_DAY: Final = "GenerateRequestsPerDayPerProjectPerModel"
_FREE_TOKENS: Final = "GenerateContentInputTokensPerModelPerMinute"
_PAID_TOKENS: Final = "GenerateContentPaidTierInputTokensPerModelPerMinute"

QUOTA_LIMITS: Final[dict[LimitName, tuple[QuotaLimit, ...]]] = {
    "requestsPerMinute": (
        _limit("free", "generate_content_free_tier_requests", _PER_MINUTE, f"{_REQUESTS_A_MINUTE}-FreeTier"),
        _limit("1", "generate_requests_per_model", _PER_MINUTE, _REQUESTS_A_MINUTE),
        _limit("2", "generate_content_paid_tier_2_requests", _PER_MINUTE, f"{_REQUESTS_A_MINUTE}-PaidTier2"),
        _limit("3", "generate_content_paid_tier_3_requests", _PER_MINUTE, f"{_REQUESTS_A_MINUTE}-PaidTier3"),
    ),
    "requestsPerDay": (
        _limit("free", "generate_content_free_tier_requests", _PER_DAY, f"{_REQUESTS_A_DAY}-FreeTier"),
        _limit("1", "generate_requests_per_model_per_day", _PER_DAY, _REQUESTS_A_DAY),
        _limit("2", "generate_content_paid_tier_2_requests", _PER_DAY, f"{_REQUESTS_A_DAY}-PaidTier2"),
        _limit("3", "generate_content_paid_tier_3_requests", _PER_DAY, f"{_REQUESTS_A_DAY}-PaidTier3"),
    ),
    "inputTokensPerMinute": (
        _limit(
            "free", "generate_content_free_tier_input_token_count", _PER_MINUTE, f"{_FREE_TOKENS}-FreeTier"
        ),
        _limit("1", "generate_content_paid_tier_input_token_count", _PER_MINUTE, _PAID_TOKENS),
        _limit(
            "2", "generate_content_paid_tier_2_input_token_count", _PER_MINUTE, f"{_PAID_TOKENS}-PaidTier2"
        ),
        _limit(
            "3", "generate_content_paid_tier_3_input_token_count", _PER_MINUTE, f"{_PAID_TOKENS}-PaidTier3"
        ),
    ),
}

BY_METRIC: Final = {
    (limit.metric, limit.limit): (name, limit.tier)
    for name, limits in QUOTA_LIMITS.items()
    for limit in limits
}
"""Service Usage's metric and limit -> the limit and its tier."""
BY_QUOTA_ID: Final = {
    limit.quota_id: (name, limit.tier) for name, limits in QUOTA_LIMITS.items() for limit in limits
}
"""Cloud Quotas' id -> the same."""


_EMBEDDINGS: Final = re.compile(r"embed_content_(free_tier|paid_tier(?:_[23])?)_(requests|tokens)")


def embeddings_limit(metric: str, limit: str) -> tuple[LimitName, str] | None:
    """The limit and the tier of a metric that counts embeddings; None for another metric.

    `metric`: with the service in front; `limit`: as in `/min/model/project/user`.
    """
    found = _EMBEDDINGS.fullmatch(metric.removeprefix(f"{GEMINI_API}/"))
    if not found:
        return None
    a_minute = limit.startswith("/min/")
    tier = {"free_tier": "free", "paid_tier": "1"}.get(found[1], found[1][-1])
    if found[2] == "requests":
        return ("requestsPerMinute" if a_minute else "requestsPerDay", tier)
    return ("inputTokensPerMinute", tier) if a_minute else None


@dataclass(frozen=True)
class ModelMetric:
    """A metric that counts a model's use otherwise than by the limits above."""

    name: str
    """Without the service in front."""
    counts: Counts
    quota_ids: tuple[str, ...] = ()
    """Cloud Quotas' names of its limits, where they are known."""
    fixed: bool = False
    """Google lets nobody change it: what is counted for each user has one value for all."""


IN_PRIORITY: Final = "content in Priority"
"""Priority requests have limits of their own, of 0.3 times the standard ones, and count on the standard ones as well;
beyond them, requests are served and charged as standard ones. Tier 1 has none. Source, 2026-11-26:
ai.google.dev/gemini-api/docs/priority-inference and docs/rate-limits."""
OTHER_METRICS: Final = (
    ModelMetric(
        "embed_content_free_tier_requests",
        "embeddings",
        (
            "EmbedContentRequestsPerMinutePerUserPerProjectPerModel-FreeTier",
            "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier",
        ),
        fixed=True,
    ),
    ModelMetric(
        "embed_content_paid_tier_requests",
        "embeddings",
        ("EmbedContentPerMinutePerProjectPerUserPerModel-PaidTier",),
    ),
    ModelMetric(
        "embed_content_paid_tier_2_requests",
        "embeddings",
        ("EmbedContentRequestsPerMinutePerProjectPerModel-PaidTier2",),
    ),
    ModelMetric("embed_content_paid_tier_3_requests", "embeddings"),
    *(
        ModelMetric(f"embed_content_{tier}_tokens", "embeddings")
        for tier in ("free_tier", "paid_tier", "paid_tier_2", "paid_tier_3")
    ),
    *(ModelMetric(f"generate_content_paid_tier_{tier}_requests_prio", IN_PRIORITY) for tier in (2, 3)),
    ModelMetric("generated_images_paid_tier_1_per_model", "images"),
    ModelMetric("predict_requests_per_model", "images"),
    *(ModelMetric(f"predict_requests_per_model_paid_tier_{tier}", "images") for tier in (2, 3)),
    *(ModelMetric(f"predict_requests_per_model_per_day_paid_tier_{tier}", "images") for tier in (1, 2, 3)),
    ModelMetric("predict_long_running_requests_per_model", "videos"),
    ModelMetric("predict_long_running_requests_per_model_per_day", "videos"),
    *(
        ModelMetric(f"predict_long_running_requests_per_model{per}_paid_tier_{tier}", "videos")
        for per in ("", "_per_day")
        for tier in (2, 3)
    ),
)
"""Other metrics that count models, as far as they are known: for texts. The metrics to set are found by listing."""
METRICS: Final[Mapping[str, Counts]] = {metric.name: metric.counts for metric in OTHER_METRICS}
"""What each of them counts."""


@dataclass(frozen=True)
class Override:
    """An override of one limit on one tier's metric."""

    limit: LimitName
    tier: str
    model: str
    """The quota's name of the model; empty: every model on which the limit is not set by itself."""
    value: int
    """-1 is no limit."""
