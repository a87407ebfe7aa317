"""Alerts: conditions to watch, and notification channels."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictStr

from landing_zone.gemini.limits import Count
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Whole
from landing_zone.settings.markers import BuiltIn, Mark, OfChannel


class ChannelSettings(Whole):
    """A notification channel, created in each project whose alerts name it: Cloud Monitoring requires it there."""

    type: Literal["email", "slack", "pagerduty", "webhook", "pubsub"] = Field(
        description="Type of the channel.", examples=["slack"]
    )
    address: Annotated[fields.Email | None, OfChannel("email")] = Field(
        default=None, description="E-mail address, for type email.", examples=["desk@example.com"]
    )
    channel: Annotated[StrictStr | None, OfChannel("slack")] = Field(
        default=None, description="Slack channel such as #oncall, for type slack.", examples=["'#oncall'"]
    )
    token: Annotated[fields.Secret | None, OfChannel("slack")] = Field(
        default=None,
        description="Token of the Slack app, for type slack; a secret.",
        examples=["{secure: v1:…}"],
    )
    service_key: Annotated[fields.Secret | None, OfChannel("pagerduty")] = Field(
        default=None,
        description="Integration key, for type pagerduty; a secret.",
        examples=["{secure: v1:…}"],
    )
    url: Annotated[fields.SecretUrl | None, OfChannel("webhook")] = Field(
        default=None,
        description="HTTPS address to call, for type webhook; a secret, encrypted if it has a token in it.",
        examples=["https://hooks.example.com/alerts"],
    )
    username: Annotated[StrictStr | None, OfChannel("webhook", required=False)] = Field(
        default=None, description="User name for basic authentication, for type webhook.", examples=["gemini"]
    )
    password: Annotated[fields.Secret | None, OfChannel("webhook", required=False)] = Field(
        default=None,
        description="Password for basic authentication, for type webhook; a secret.",
        examples=["{secure: v1:…}"],
    )
    topic: Annotated[fields.FullTopic | None, OfChannel("pubsub")] = Field(
        default=None,
        description="Topic to publish to, as projects/ID/topics/NAME, for type pubsub.",
        examples=["projects/acme-seed/topics/alerts"],
    )


class SpendRateSettings(Whole):
    """An alert on input tokens used at a pace that would spend the budget too early."""

    times: fields.Positive = Field(
        description="Multiple of the budget's even pace that triggers the alert.", examples=["3"]
    )
    price_per_million_tokens: fields.Positive = Field(
        description=(
            "Cost of a million input tokens and the output that comes with them, in the budget's currency."
        ),
        examples=["0.6"],
    )


class QuotaChangeSettings(Settings):
    """An alert on changes of the project's quotas by others than those who deploy the stack."""

    deployers: tuple[fields.Email, ...] = Field(
        default=(),
        description="Accounts that deploy the stack: their changes notify nobody.",
        examples=["[gemini-lz@acme-gemini-seed.iam.gserviceaccount.com]"],
    )


def _doubles(value: Any) -> Any:
    """Numbers as Google has them: a stack file is read with exact decimals."""
    if isinstance(value, Mapping):
        return {name: _doubles(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_doubles(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


PolicyField = Annotated[dict[str, Any], AfterValidator(_doubles)]


class AlertSettings(Settings):
    """Alert policies on a project's calls, and the people and channels to notify."""

    email: Annotated[tuple[fields.Email, ...], Mark.RECIPIENT] = Field(
        default=(),
        description="E-mail addresses to notify of every alert and of the budget's thresholds.",
        examples=["[oncall@example.com]"],
    )
    channels: Annotated[tuple[fields.ChannelReference, ...], Mark.RECIPIENT] = Field(
        default=(),
        description=(
            "Channels to notify of every alert: names under the environment's channels, or "
            "existing notification channels."
        ),
        examples=["[chatops]"],
    )
    error_rate: Annotated[fields.Ratio | None, BuiltIn(Decimal("0.1"))] = Field(
        default=None,
        description="Alert when more than this share of calls fails with a server error, over 5 minutes.",
        examples=["0.05"],
    )
    too_many_requests_per_minute: Annotated[Annotated[Count, Field(ge=1)] | None, BuiltIn(10)] = Field(
        default=None,
        description=("Alert when more than this many calls per minute are refused with 429, over 5 minutes."),
        examples=["10"],
    )
    quota_share: Annotated[fields.Ratio | None, BuiltIn(Decimal("0.8"))] = Field(
        default=None,
        description="Alert when more than this share of a limit in force is used, by model and limit.",
        examples=["0.8"],
    )
    input_tokens_per_minute: Annotated[Count, Field(ge=1)] | None = Field(
        default=None,
        description="Alert when all models together use more than this many input tokens per minute.",
        examples=["200000"],
    )
    spend_rate: Annotated[SpendRateSettings | None, Mark.IDLE_IF_FREE] = Field(
        default=None,
        description="Alert when the spend, estimated from input tokens, is ahead of the budget's pace.",
        examples=["{times: 3, pricePerMillionTokens: 0.6}"],
    )
    quota_changes: Annotated[QuotaChangeSettings | None, BuiltIn({}, paid=True)] = Field(
        default=None,
        description=(
            "Alert when somebody changes or takes away a quota override or a quota preference of the project: what "
            "keeps its limits in force."
        ),
        examples=["{deployers: [gemini-lz@acme-gemini-seed.iam.gserviceaccount.com]}"],
    )
    policies: dict[fields.KeyName, PolicyField] = Field(
        default={},
        description=(
            "Further alert policies, by name, as the Cloud Monitoring API defines them; one with notificationChannels "
            "notifies these alone. `existing: projects/…/alertPolicies/…` takes over one that is there, as it is."
        ),
        examples=["{slow: {conditions: [{displayName: slow}]}}"],
    )

    @property
    def has_recipients(self) -> bool:
        """True if alerts notify anybody."""
        return bool(self.email or self.channels)

    @property
    def has_any(self) -> bool:
        """True if there is anything of Cloud Monitoring's to create, or to take over."""
        return self.has_recipients or bool(self.policies)
