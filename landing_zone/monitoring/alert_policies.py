"""Alert policies that the settings ask for, in the form of Cloud Monitoring's API, without channels and labels."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

from landing_zone.gemini.metrics import CALLS
from landing_zone.monitoring import queries
from landing_zone.settings.alerting import AlertSettings, QuotaChangeSettings, SpendRateSettings

Policy: TypeAlias = dict[str, Any]

_RATE: Final = {
    "alignmentPeriod": "300s",
    "perSeriesAligner": "ALIGN_RATE",
    "crossSeriesReducer": "REDUCE_SUM",
}
"""Calls per second over 5 minutes, all methods and keys together."""
_MINUTES_A_MONTH: Final = Decimal(30 * 24 * 60)
QUOTA_CHANGES: Final = (
    'log_id("cloudaudit.googleapis.com/activity")'
    ' AND protoPayload.serviceName=("serviceusage.googleapis.com" OR "cloudquotas.googleapis.com")'
    ' AND protoPayload.methodName=~"(Override|Overrides|QuotaPreference|QuotaAdjusterSettings)$"'
    # Refused attempts change nothing.
    " AND severity<ERROR"
)
"""Google writes these entries whatever the project's settings; reads are in another log. Methods by the end of their
name, so that a new version of an API is seen. Sources, 2026-04-08:
docs.cloud.google.com/service-usage/docs/audit-logging and docs.cloud.google.com/docs/quotas/audit-logging."""


def alert_policies(alerts: AlertSettings, monthly_budget: Decimal | None) -> Iterator[tuple[str, Policy]]:
    """The policies that the settings ask for, but for `policies` and decoy keys, each with a word for its name.

    `monthly_budget`: in the budget's currency; the rate of spending is compared with it.
    """
    if alerts.error_rate is not None:
        yield "error-rate", error_rate(alerts.error_rate)
    if alerts.too_many_requests_per_minute is not None:
        yield "too-many-requests", too_many_requests(alerts.too_many_requests_per_minute)
    if alerts.quota_share is not None:
        yield "quota-share", quota_share(alerts.quota_share)
    if alerts.input_tokens_per_minute is not None:
        yield "input-tokens", input_tokens(alerts.input_tokens_per_minute)
    if alerts.spend_rate is not None and monthly_budget is not None:
        yield "spend-rate", spend_rate(alerts.spend_rate, monthly_budget)
    if alerts.quota_changes is not None:
        yield "quota-changes", quota_changes(alerts.quota_changes)


def error_rate(share: Decimal) -> Policy:
    """More than a share of the calls fails with a server error."""
    return _policy(
        f"Gemini API: more than {_percent(share)} of calls fail",
        "Calls fail on Google's side. Look at the usage page (its address is in `gemini-lz show`) and at Google's "
        "status page.",
        conditionThreshold={
            "filter": f'{CALLS} AND metric.label.response_code_class="5xx"',
            "denominatorFilter": CALLS,
            "aggregations": [_RATE],
            "denominatorAggregations": [_RATE],
            "comparison": "COMPARISON_GT",
            "duration": "0s",
            "thresholdValue": float(share),
        },
    )


def too_many_requests(per_minute: int) -> Policy:
    """More than a number of calls a minute are refused with 429."""
    return _policy(
        f"Gemini API: more than {per_minute} calls a minute are refused (429)",
        "A limit is reached: the tier's, or one in the stack file. `gemini-lz show` has the address of the quotas "
        "page.",
        # The series is a rate per second.
        conditionThreshold=_rate_above(f'{CALLS} AND metric.label.response_code="429"', per_minute / 60),
    )


def quota_share(share: Decimal) -> Policy:
    """More than a share of a limit in force is used."""
    shares = [queries.quota_share(name) for name in ("requestsPerMinute", "inputTokensPerMinute")]
    return _promql(
        f"Gemini API: more than {_percent(share)} of a limit is used",
        f"({' or '.join(shares)}) > {share:f}",
        "A model is near its limit of calls or of input tokens per minute: Google refuses calls above it with 429. "
        "The limit is the tier's, or one in the stack file.",
    )


def input_tokens(per_minute: int) -> Policy:
    """All models together use more than a number of input tokens a minute."""
    return _promql(
        f"Gemini API: more than {per_minute:,} input tokens a minute",
        f"{_tokens()} > {per_minute}",
        "Use is above plan: a new workload, a loop, or a stolen key.",
    )


def spend_rate(pace: SpendRateSettings, monthly_budget: Decimal) -> Policy:
    """The spend, estimated from input tokens, is ahead of a monthly budget's pace."""
    most = pace.times * monthly_budget / _MINUTES_A_MONTH / pace.price_per_million_tokens * 1_000_000
    return _promql(
        f"Gemini API: spends {pace.times:f} times the budget's pace",
        f"{_tokens()} > {most:.0f}",
        f"At {pace.price_per_million_tokens:f} a million input tokens, the pace of the last minutes spends "
        f"{pace.times:f} times what the monthly budget of {monthly_budget:f} allows. Budgets notify of it hours later.",
    )


def quota_changes(changes: QuotaChangeSettings) -> Policy:
    """Somebody else than the deployers changed a quota."""
    deployers = " OR ".join(json.dumps(email, ensure_ascii=False) for email in changes.deployers)
    others = f" AND NOT protoPayload.authenticationInfo.principalEmail=({deployers})" if deployers else ""
    found = _policy(
        "Gemini API: somebody changed a quota of the project",
        "${log.extracted_label.account} called ${log.extracted_label.method}. A limit that was taken away bounds "
        "no spend. `gemini-lz policy audit` shows which limits are in force; `pulumi up --refresh` sets those of "
        "the stack file again.",
        conditionMatchedLog={
            "filter": QUOTA_CHANGES + others,
            "labelExtractors": {
                "account": "EXTRACT(protoPayload.authenticationInfo.principalEmail)",
                "method": "EXTRACT(protoPayload.methodName)",
            },
        },
    )
    # Cloud Monitoring requires a limit for alerts on a log. One change can be many entries.
    return {**found, "alertStrategy": {"notificationRateLimit": {"period": "300s"}}}


def decoy(key: str, calls: Any) -> Policy:
    """Any call with a key. `calls`: the filter of `queries.calls_of_key`, which may be an output of Pulumi's."""
    found = _policy(
        f"Gemini API: calls with key {key}, which nobody should use",
        "This key should never be used: replace it, and find out where it leaked.",
        conditionThreshold=_rate_above(calls, 0),
    )
    return {**found, "severity": "CRITICAL"}


def _policy(title: str, advice: str, **condition: Any) -> Policy:
    return {
        "displayName": title,
        "combiner": "OR",
        "conditions": [{"displayName": title, **condition}],
        "documentation": {"content": advice, "mimeType": "text/markdown"},
    }


def _promql(title: str, query: str, advice: str) -> Policy:
    condition = {"query": query, "duration": "300s", "evaluationInterval": "60s"}
    return _policy(title, advice, conditionPrometheusQueryLanguage=condition)


def _rate_above(filter_text: Any, threshold: float) -> Policy:
    return {
        "filter": filter_text,
        "aggregations": [_RATE],
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "thresholdValue": threshold,
    }


def _tokens() -> str:
    return f"sum({queries.usage_rate('inputTokensPerMinute', 'model')})"


def _percent(share: Decimal) -> str:
    return f"{share:%}".replace(".00%", "%")
