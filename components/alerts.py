"""Alerts on a project's use of the Gemini API (errors, refusals, tokens, pace, decoy keys) and on its quotas."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components import metrics
from components.base import Component, owner_labels
from landing_zone.gemini.metrics import CALLS
from landing_zone.settings import AlertSettings

_RATE = {"alignment_period": "300s", "per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"}
"""Calls per second over 5 minutes, all methods and keys together."""
_MINUTES_A_MONTH = Decimal(30 * 24 * 60)
_QUOTA_CHANGES = (
    'log_id("cloudaudit.googleapis.com/activity")'
    ' AND protoPayload.serviceName=("serviceusage.googleapis.com" OR "cloudquotas.googleapis.com")'
    ' AND protoPayload.methodName=~"(Override|Overrides|QuotaPreference|QuotaAdjusterSettings)$"'
    # Refused attempts change nothing.
    " AND severity<ERROR"
)
"""Google writes these entries whatever the project's settings; reads are in another log. Methods by the end of their
name, so that a new version of an API is seen. Sources, 2026-04-08:
docs.cloud.google.com/service-usage/docs/audit-logging and docs.cloud.google.com/docs/quotas/audit-logging."""


class AlertsArgs(TypedDict):
    """Conditions to alert on, and channels to notify."""

    projectId: pulumi.Input[str]
    alerts: AlertSettings
    channels: Sequence[pulumi.Input[str]]
    monthlyBudget: NotRequired[Decimal | None]
    """In the budget's currency; the rate of spending is compared with it."""
    decoyKeys: NotRequired[Mapping[str, pulumi.Output[str]]]
    """Name → uid of the keys that nobody should use."""


class Alerts(Component):
    """Alert policies on the calls of one project to the Gemini API."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, f"projects.{name}.alerts")
        self._args = args
        settings = args["alerts"]
        self._errors(settings)
        self._refusals(settings)
        self._quotas(settings)
        self._tokens(settings)
        self._quota_changes(settings)
        for key, uid in (args.get("decoyKeys") or {}).items():
            self._decoy(key, uid)
        for key, policy in settings.policies.items():
            self._raw(key, policy)
        self.register_outputs({})

    def _errors(self, settings: AlertSettings) -> None:
        if settings.error_rate is None:
            return
        self._policy(
            "error-rate",
            f"Gemini API: more than {_percent(settings.error_rate)} of calls fail",
            "Calls fail on Google's side. Look at the usage page (its address is in `gemini-lz show`) and at Google's "
            "status page.",
            condition_threshold=monitoring.AlertPolicyConditionConditionThresholdArgs(
                filter=f'{CALLS} AND metric.label.response_code_class="5xx"',
                denominator_filter=CALLS,
                aggregations=[monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(**_RATE)],
                denominator_aggregations=[
                    monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(**_RATE)
                ],
                comparison="COMPARISON_GT",
                duration="0s",
                threshold_value=float(settings.error_rate),
            ),
        )

    def _refusals(self, settings: AlertSettings) -> None:
        if settings.too_many_requests_per_minute is None:
            return
        self._policy(
            "too-many-requests",
            f"Gemini API: more than {settings.too_many_requests_per_minute} calls a minute are refused (429)",
            "A limit is reached: the tier's, or one in the stack file. `gemini-lz show` has the address of the quotas "
            "page.",
            condition_threshold=_rate_above(
                f'{CALLS} AND metric.label.response_code="429"',
                # The series is a rate per second.
                settings.too_many_requests_per_minute / 60,
            ),
        )

    def _quotas(self, settings: AlertSettings) -> None:
        share = settings.quota_share
        if share is None:
            return
        queries = [metrics.quota_share(name) for name in ("requestsPerMinute", "inputTokensPerMinute")]
        self._promql(
            "quota-share",
            f"Gemini API: more than {_percent(share)} of a limit is used",
            f"({' or '.join(queries)}) > {share:f}",
            "A model is near its limit of calls or of input tokens per minute: Google refuses calls above it with 429. "
            "The limit is the tier's, or one in the stack file.",
        )

    def _tokens(self, settings: AlertSettings) -> None:
        rate = f"sum({metrics.usage_rate('inputTokensPerMinute', 'model')})"
        planned = settings.input_tokens_per_minute
        if planned is not None:
            self._promql(
                "input-tokens",
                f"Gemini API: more than {planned:,} input tokens a minute",
                f"{rate} > {planned}",
                "Use is above plan: a new workload, a loop, or a stolen key.",
            )
        pace, budget = settings.spend_rate, self._args.get("monthlyBudget")
        if pace is not None and budget is not None:
            most = pace.times * budget / _MINUTES_A_MONTH / pace.price_per_million_tokens * 1_000_000
            self._promql(
                "spend-rate",
                f"Gemini API: spends {pace.times:f} times the budget's pace",
                f"{rate} > {most:.0f}",
                f"At {pace.price_per_million_tokens:f} a million input tokens, the pace of the last minutes spends "
                f"{pace.times:f} times what the monthly budget of {budget:f} allows. Budgets notify of it hours later.",
            )

    def _quota_changes(self, settings: AlertSettings) -> None:
        changes = settings.quota_changes
        if changes is None:
            return
        deployers = " OR ".join(json.dumps(email, ensure_ascii=False) for email in changes.deployers)
        others = f" AND NOT protoPayload.authenticationInfo.principalEmail=({deployers})" if deployers else ""
        self._policy(
            "quota-changes",
            "Gemini API: somebody changed a quota of the project",
            "${log.extracted_label.account} called ${log.extracted_label.method}. A limit that was taken away bounds "
            "no spend. `gemini-lz policy audit` shows which limits are in force; `pulumi up --refresh` sets those of "
            "the stack file again.",
            condition_matched_log=monitoring.AlertPolicyConditionConditionMatchedLogArgs(
                filter=_QUOTA_CHANGES + others,
                label_extractors={
                    "account": "EXTRACT(protoPayload.authenticationInfo.principalEmail)",
                    "method": "EXTRACT(protoPayload.methodName)",
                },
            ),
            # Cloud Monitoring requires a limit for alerts on a log. One change can be many entries.
            alert_strategy=monitoring.AlertPolicyAlertStrategyArgs(
                notification_rate_limit=monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs(
                    period="300s"
                )
            ),
        )

    def _decoy(self, key: str, uid: pulumi.Output[str]) -> None:
        self._policy(
            f"decoy-{key}",
            f"Gemini API: calls with key {key}, which nobody should use",
            "This key should never be used: replace it, and find out where it leaked.",
            condition_threshold=_rate_above(uid.apply(metrics.calls_of_key), 0),
            severity="CRITICAL",
        )

    def _promql(self, suffix: str, title: str, query: str, advice: str) -> None:
        self._policy(
            suffix,
            title,
            advice,
            condition_prometheus_query_language=monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
                query=query, duration="300s", evaluation_interval="60s"
            ),
        )

    def _policy(
        self,
        suffix: str,
        title: str,
        advice: str,
        severity: str | None = None,
        alert_strategy: monitoring.AlertPolicyAlertStrategyArgs | None = None,
        **condition: Any,
    ) -> None:
        own = f"{self.pulumi_resource_name}-{suffix}"
        monitoring.AlertPolicy(
            own,
            project=self._args["projectId"],
            display_name=title,
            combiner="OR",
            conditions=[monitoring.AlertPolicyConditionArgs(display_name=title, **condition)],
            notification_channels=list(self._args["channels"]),
            documentation=monitoring.AlertPolicyDocumentationArgs(content=advice, mime_type="text/markdown"),
            severity=severity,
            alert_strategy=alert_strategy,
            user_labels=owner_labels(),
            opts=self.child(own, ""),
        )

    def _raw(self, key: str, policy: Mapping[str, Any]) -> None:
        """Create a policy that the settings write in the form of Cloud Monitoring's API."""
        own = f"{self.pulumi_resource_name}--{key}"
        monitoring.AlertPolicy(
            own,
            **{
                "project": self._args["projectId"],
                "display_name": policy.get("displayName", key),
                "combiner": policy.get("combiner", "OR"),
                "conditions": policy["conditions"],
                "notification_channels": list(self._args["channels"]),
                **{_snake(name): value for name, value in policy.items() if name in _RAW},
                "user_labels": {**policy.get("userLabels", {}), **owner_labels()},
            },
            opts=self.child(own, f"policies.{key}"),
        )


_RAW = ("alertStrategy", "documentation", "enabled", "severity", "userLabels")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _rate_above(
    filter_text: pulumi.Input[str], threshold: float
) -> monitoring.AlertPolicyConditionConditionThresholdArgs:
    return monitoring.AlertPolicyConditionConditionThresholdArgs(
        filter=filter_text,
        aggregations=[monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(**_RATE)],
        comparison="COMPARISON_GT",
        duration="0s",
        threshold_value=threshold,
    )


def _percent(share: Decimal) -> str:
    return f"{share:%}".replace(".00%", "%")
