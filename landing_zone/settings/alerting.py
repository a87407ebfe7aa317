"""Alerts: what is watched, and through which channels it is told."""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr

from landing_zone.settings import fields
from landing_zone.settings.base import Settings


class ChannelSettings(Settings):
    """A way to tell people. A channel is made in each project whose alerts name it: Google wants it there."""

    type: Literal["email", "slack", "pagerduty", "webhook", "pubsub"] = Field(
        description="The kind of channel."
    )
    address: fields.Email | None = Field(default=None, description="email: the address.")
    channel: StrictStr | None = Field(default=None, description="slack: the channel, such as #oncall.")
    token: fields.Secret | None = Field(default=None, description="slack: the app's token; a secret.")
    service_key: fields.Secret | None = Field(
        default=None, description="pagerduty: the integration's key; a secret."
    )
    url: Annotated[StrictStr, Field(pattern="^https://")] | None = Field(
        default=None, description="webhook: the address, with https."
    )
    username: StrictStr | None = Field(default=None, description="webhook: for basic authentication.")
    password: fields.Secret | None = Field(default=None, description="webhook: its password; a secret.")
    topic: Annotated[StrictStr, Field(pattern="^projects/[a-z0-9-]+/topics/.+$")] | None = Field(
        default=None, description="pubsub: projects/ID/topics/NAME."
    )


class SpendRateSettings(Settings):
    """Tells when input tokens are used at a rate that would spend the budget too fast."""

    times: fields.Positive = Field(description="How many times the budget's even pace.")
    price_per_million_tokens: fields.Positive = Field(
        description="What a million input tokens cost with what comes with them, in the budget's currency."
    )


class AlertSettings(Settings):
    """Who is told, and when a project's calls go wrong."""

    email: tuple[fields.Email, ...] = Field(
        default=(), description="Told of every alert and of the budget's thresholds."
    )
    channels: tuple[fields.ChannelReference, ...] = Field(
        default=(),
        description="Told of every alert: names under the environment's channels, or existing channels.",
    )
    error_rate: fields.Ratio | None = Field(
        default=None, description="Share of calls that fail on the server's side, over 5 minutes."
    )
    too_many_requests_per_minute: Annotated[fields.Count, Field(ge=1)] | None = Field(
        default=None, description="Calls a minute refused with 429, over 5 minutes."
    )
    quota_share: fields.Ratio | None = Field(
        default=None, description="Share of a limit in force that is used, by model and limit."
    )
    input_tokens_per_minute: Annotated[fields.Count, Field(ge=1)] | None = Field(
        default=None, description="Input tokens a minute of all models together: the plan's most."
    )
    spend_rate: SpendRateSettings | None = Field(
        default=None, description="Spend faster than the budget's pace, estimated from input tokens."
    )
    policies: dict[fields.KeyName, dict[str, Any]] = Field(
        default={}, description="Alert policies as Cloud Monitoring's API has them, by name."
    )

    @property
    def somebody(self) -> bool:
        """Whether anybody is told."""
        return bool(self.email or self.channels)
