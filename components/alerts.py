"""Who is told when a project's calls to the Gemini API go wrong."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_gcp import monitoring

from components.base import Component
from landing_zone.gemini import GEMINI_API
from landing_zone.settings import AlertSettings

_CALLS = (
    'metric.type="serviceruntime.googleapis.com/api/request_count" AND resource.type="consumed_api" '
    f'AND resource.label.service="{GEMINI_API}"'
)
_RATE = {"alignment_period": "300s", "per_series_aligner": "ALIGN_RATE", "cross_series_reducer": "REDUCE_SUM"}
"""Calls a second over 5 minutes, of all methods and keys together."""


class EmailChannelsArgs(TypedDict):
    """Which addresses, in which project."""

    projectId: pulumi.Input[str]
    emails: Sequence[str]


class EmailChannels(Component):
    """One notification channel an address."""

    names: list[pulumi.Output[str]]
    """`projects/ID/notificationChannels/NUMBER`, in the order of the addresses."""

    def __init__(
        self, name: str, args: EmailChannelsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self.names = [
            monitoring.NotificationChannel(
                f"{name}--{email}",
                project=args["projectId"],
                display_name=email,
                type="email",
                labels={"email_address": email},
                # Policies of other hands may name the channel: without force Google keeps it and the destroy fails.
                force_delete=True,
                opts=self.child(),
            ).name
            for email in args["emails"]
        ]
        self.register_outputs({"names": self.names})


class AlertsArgs(TypedDict):
    """What to tell of, and whom."""

    projectId: pulumi.Input[str]
    alerts: AlertSettings
    channels: Sequence[pulumi.Input[str]]


class Alerts(Component):
    """Alert policies on the calls of one project to the Gemini API."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings = args["alerts"]
        if settings.error_rate is not None:
            self._policy(
                f"{name}-error-rate",
                args,
                f"Gemini API: more than {settings.error_rate:%} of calls fail".replace(".00%", "%"),
                monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=f'{_CALLS} AND metric.label.response_code_class="5xx"',
                    denominator_filter=_CALLS,
                    aggregations=[monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(**_RATE)],
                    denominator_aggregations=[
                        monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(**_RATE)
                    ],
                    comparison="COMPARISON_GT",
                    duration="0s",
                    threshold_value=float(settings.error_rate),
                ),
                "Calls fail on Google's side. See the usage page in the stack's outputs, and Google's status page.",
            )
        if settings.too_many_requests_per_minute is not None:
            self._policy(
                f"{name}-too-many-requests",
                args,
                f"Gemini API: more than {settings.too_many_requests_per_minute} calls a minute are refused (429)",
                monitoring.AlertPolicyConditionConditionThresholdArgs(
                    filter=f'{_CALLS} AND metric.label.response_code="429"',
                    aggregations=[monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(**_RATE)],
                    comparison="COMPARISON_GT",
                    duration="0s",
                    # The series is a rate a second.
                    threshold_value=settings.too_many_requests_per_minute / 60,
                ),
                "A limit is reached: the tier's, or the stack file's. See the quotas page in the stack's outputs.",
            )
        self.register_outputs({})

    def _policy(
        self,
        name: str,
        args: AlertsArgs,
        title: str,
        condition: monitoring.AlertPolicyConditionConditionThresholdArgs,
        advice: str,
    ) -> None:
        monitoring.AlertPolicy(
            name,
            project=args["projectId"],
            display_name=title,
            combiner="OR",
            conditions=[
                monitoring.AlertPolicyConditionArgs(display_name=title, condition_threshold=condition)
            ],
            notification_channels=list(args["channels"]),
            documentation=monitoring.AlertPolicyDocumentationArgs(content=advice, mime_type="text/markdown"),
            opts=self.child(),
        )
