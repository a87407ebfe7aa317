"""The metrics that `others: deny` shuts, and those that stay open because Google fixes them."""

from typing import Any

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.quotas import OTHER_METRICS, QUOTA_LIMITS


def denied_json() -> dict[str, Any]:
    """For programs: names of metrics. Others that count models are shut as well, once they are listed."""
    content = dict.fromkeys(limit.metric for limits in QUOTA_LIMITS.values() for limit in limits)
    return {
        "closed": [*content, *(f"{GEMINI_API}/{each.name}" for each in OTHER_METRICS if not each.fixed)],
        "leftOpen": [f"{GEMINI_API}/{each.name}" for each in OTHER_METRICS if each.fixed],
    }


def denied_words() -> str:
    """For people."""
    closed = dict.fromkeys(["content", *(each.counts for each in OTHER_METRICS if not each.fixed)])
    open_ones = [each.name for each in OTHER_METRICS if each.fixed]
    return (
        f"denied on every metric that counts models ({', '.join(closed)}); Google fixes {', '.join(open_ones)}, which "
        "stay open"
    )
