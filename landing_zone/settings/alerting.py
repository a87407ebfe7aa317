"""Alerts: conditions to watch, and notification channels."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr

from landing_zone.gemini.limits import Count
from landing_zone.settings import fields
from landing_zone.settings.base import Settings


class ChannelSettings(Settings):
    """A notification channel, created in each project whose alerts name it: Cloud Monitoring requires it there."""

    type: Literal["email", "slack", "pagerduty", "webhook", "pubsub"] = Field(
        description="Type of the channel."
    )
    address: fields.Email | None = Field(default=None, description="E-mail address, for type email.")
    channel: StrictStr | None = Field(
        default=None, description="Slack channel such as #oncall, for type slack."
    )
    token: fields.Secret | None = Field(
        default=None, description="Token of the Slack app, for type slack; a secret."
    )
    service_key: fields.Secret | None = Field(
        default=None, description="Integration key, for type pagerduty; a secret."
    )
    url: Annotated[StrictStr, Field(pattern="^https://")] | None = Field(
        default=None, description="HTTPS address to call, for type webhook."
    )
    username: StrictStr | None = Field(
        default=None, description="User name for basic authentication, for type webhook."
    )
    password: fields.Secret | None = Field(
        default=None, description="Password for basic authentication, for type webhook; a secret."
    )
    topic: Annotated[StrictStr, Field(pattern="^projects/[a-z0-9.:-]+/topics/.+$")] | None = Field(
        default=None, description="Topic to publish to, as projects/ID/topics/NAME, for type pubsub."
    )


class SpendRateSettings(Settings):
    """An alert on input tokens used at a pace that would spend the budget too early."""

    times: fields.Positive = Field(description="Multiple of the budget's even pace that triggers the alert.")
    price_per_million_tokens: fields.Positive = Field(
        description=(
            "Cost of a million input tokens and the output that comes with them, in the budget's currency."
        )
    )


class AlertSettings(Settings):
    """Alert policies on a project's calls, and the people and channels to notify."""

    email: tuple[fields.Email, ...] = Field(
        default=(), description="E-mail addresses to notify of every alert and of the budget's thresholds."
    )
    channels: tuple[fields.ChannelReference, ...] = Field(
        default=(),
        description=(
            "Channels to notify of every alert: names under the environment's channels, or "
            "existing notification channels."
        ),
    )
    error_rate: fields.Ratio | None = Field(
        default=None,
        description="Alert when more than this share of calls fails with a server error, over 5 minutes.",
    )
    too_many_requests_per_minute: Annotated[Count, Field(ge=1)] | None = Field(
        default=None,
        description=("Alert when more than this many calls per minute are refused with 429, over 5 minutes."),
    )
    quota_share: fields.Ratio | None = Field(
        default=None,
        description="Alert when more than this share of a limit in force is used, by model and limit.",
    )
    input_tokens_per_minute: Annotated[Count, Field(ge=1)] | None = Field(
        default=None,
        description="Alert when all models together use more than this many input tokens per minute.",
    )
    spend_rate: SpendRateSettings | None = Field(
        default=None,
        description="Alert when the spend, estimated from input tokens, is ahead of the budget's pace.",
    )
    policies: dict[fields.KeyName, dict[str, Any]] = Field(
        default={}, description="Further alert policies, by name, as the Cloud Monitoring API defines them."
    )

    @property
    def has_recipients(self) -> bool:
        """Whether anybody is told."""
        return bool(self.email or self.channels)
