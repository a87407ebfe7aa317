"""Cloud Monitoring's metrics of the Gemini API, as PromQL and as filters.

Sources: serviceruntime's consumed_api metrics; `generativelanguage.googleapis.com/quota/<metric>/{usage,limit}`, labels
`model` and `limit_name`. Minute and day limits repeat the same traffic, so queries select one `limit_name`. Values are
about 150 s late. Output and cached tokens have no metric; AI Studio's usage page shows them.
"""

from typing import Final

from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.metrics import CALLS, credential
from landing_zone.gemini.quotas import QUOTA_LIMITS, LimitName

LATENCIES: Final = CALLS.replace("request_count", "request_latencies")
_MINUTE: Final = 'limit_name=~".*PerMinute.*"'
_RESOURCE: Final = f'monitored_resource="{GEMINI_API}/Location"'


def promql_name(metric: str, what: str) -> str:
    """A quota's series in PromQL: `usage`, `limit` or `exceeded`."""
    service, _, name = metric.partition("/")
    return f"{service.replace('.', '_')}:quota_{name}_{what}"


def minute_metrics(name: LimitName) -> list[str]:
    """The metrics of a limit per minute, for every tier."""
    return list(dict.fromkeys(limit.metric for limit in QUOTA_LIMITS[name]))


def usage_rate(name: LimitName, by: str, window: str = "5m") -> str:
    """Requests or input tokens per minute, of the tier in force."""
    parts = [
        f"sum by ({by}) (rate({promql_name(metric, 'usage')}{{{_RESOURCE},{_MINUTE}}}[{window}]))"
        for metric in minute_metrics(name)
    ]
    return f"60 * ({' or '.join(parts)})"


def quota_share(name: LimitName) -> str:
    """The used share of the limit in force, by model. Without a limit the metric is 9.2e18, and the share about 0."""
    parts = [
        f"60 * sum by (model, limit_name) (rate({promql_name(metric, 'usage')}{{{_RESOURCE},{_MINUTE}}}[5m])) / "
        f"max by (model, limit_name) ({promql_name(metric, 'limit')}{{{_RESOURCE},{_MINUTE}}})"
        for metric in minute_metrics(name)
    ]
    return " or ".join(parts)


def calls_of_key(uid: str) -> str:
    """Filter for the calls with one API key, by its uid."""
    return f'{CALLS} AND resource.label.credential_id="{credential(uid)}"'
