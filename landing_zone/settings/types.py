"""What an environment is: the typed settings that a stack file holds.

Names are the stack file's, in camelCase there and snake_case here. Everything is frozen: settings are read once.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema
from pydantic.alias_generators import to_camel

from landing_zone.gemini.quotas import LimitName, Tier
from landing_zone.settings import fields
from landing_zone.settings.fields import mistake

DeletionPolicy = Literal["DELETE", "PREVENT", "ABANDON"]


class Settings(BaseModel):
    """Base of all: unknown keys are refused, values never change."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class AndroidApp(Settings):
    """An Android app that may use a key."""

    package_name: fields.PackageName = Field(description="The app's package name, as in its manifest.")
    sha1_fingerprint: fields.Sha1Fingerprint = Field(description="SHA-1 of its signing certificate.")


class KeySettings(Settings):
    """An API key. It always is restricted to the Gemini API; these restrict who may use it, by one kind of client."""

    display_name: Annotated[
        str | None, Field(min_length=1, max_length=63, description="Shown in the console.")
    ] = None
    allowed_ips: tuple[fields.AllowedIp, ...] = Field(
        default=(), description="Addresses and CIDR blocks of the servers that may use the key."
    )
    allowed_referrers: tuple[fields.Referrer, ...] = Field(
        default=(), description="Web pages that may use the key."
    )
    android_apps: tuple[AndroidApp, ...] = Field(default=(), description="Android apps that may use the key.")
    ios_bundle_ids: tuple[fields.BundleId, ...] = Field(
        default=(), description="iOS apps that may use the key."
    )
    service_account: fields.ServiceAccount | None = Field(
        default=None, description="Bind the key to this service account: calls then act as it."
    )


class Threshold(Settings):
    """When a budget tells: a share of its amount, of what is spent or of what the period is forecast to end with."""

    share: Decimal
    basis: Literal["CURRENT_SPEND", "FORECASTED_SPEND"]


def _threshold(value: object) -> Any:
    """Read `0.5`, `{current: 0.5}` or `{forecast: 1.0}`."""
    share, basis = value, "CURRENT_SPEND"
    if isinstance(value, dict):
        if len(value) != 1 or not value.keys() <= {"current", "forecast"}:
            raise mistake(f"{value!r} is not a threshold", "write 0.5, or {current: 0.5}, or {forecast: 1.0}")
        [(word, share)] = value.items()
        basis = "FORECASTED_SPEND" if word == "forecast" else basis
    return {"share": fields.share(share), "basis": basis}


ThresholdField = Annotated[
    Threshold,
    BeforeValidator(_threshold),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": 10},
                *(
                    {
                        "type": "object",
                        "properties": {word: {"type": "number", "minimum": 0, "maximum": 10}},
                        "required": [word],
                        "additionalProperties": False,
                    }
                    for word in ("current", "forecast")
                ),
            ]
        }
    ),
]


class BudgetSettings(Settings):
    """A monthly budget on the project's use of the Gemini API. It tells; it does not stop."""

    amount: fields.Amount = Field(description="A month's amount, at most 9 decimals.")
    currency: fields.Currency = Field(description="The billing account's currency, ISO 4217.")
    thresholds: tuple[ThresholdField, ...] = Field(
        default=(), description="Shares of the amount at which it tells: 0.5, or {forecast: 1.0}."
    )
    name: fields.BudgetName | None = Field(default=None, description="Shown in the console.")
    iam_recipients: StrictBool = Field(
        default=True, description="Mail the billing account's administrators and users."
    )
    channels: tuple[fields.ChannelName, ...] = Field(
        default=(), description="Existing notification channels to tell as well (e-mail channels only)."
    )


class AlertSettings(Settings):
    """Who is told, and when a project's calls go wrong."""

    email: tuple[fields.Email, ...] = Field(
        default=(), description="Told of every alert and of the budget's thresholds."
    )
    error_rate: fields.Ratio | None = Field(
        default=None, description="Share of calls that fail on the server's side, over 5 minutes."
    )
    too_many_requests_per_minute: Annotated[fields.Count, Field(ge=1)] | None = Field(
        default=None, description="Calls a minute refused with 429, over 5 minutes."
    )


class ModelLimit(Settings):
    """Quota overrides for one model. They only lower what the tier allows; 0 blocks."""

    requests_per_minute: fields.Count | None = Field(default=None, description="Calls a minute.")
    requests_per_day: fields.Count | None = Field(default=None, description="Calls a day; days are Pacific.")
    input_tokens_per_minute: fields.Count | None = Field(default=None, description="Input tokens a minute.")

    def items(self) -> list[tuple[LimitName, int]]:
        """The limits that are set, by the stack file's name."""
        values: dict[LimitName, int | None] = {
            "requestsPerMinute": self.requests_per_minute,
            "requestsPerDay": self.requests_per_day,
            "inputTokensPerMinute": self.input_tokens_per_minute,
        }
        return [(name, value) for name, value in values.items() if value is not None]


class ProjectSettings(Settings):
    """One Google Cloud project with the Gemini API."""

    project_id: fields.ProjectId = Field(description="Unique in all of Google Cloud, for ever.")
    tier: Tier = Field(description="free: no billing account. paid: linked to one, with a budget.")
    name: fields.DisplayName | None = Field(
        default=None, description="Shown in the console; the id if left out."
    )
    adopt: StrictBool = Field(
        default=False,
        description="The project exists: manage its link, APIs, keys and limits, never create or delete it.",
    )
    parent: fields.Parent | None = Field(
        default=None, description="Folder or organization of a created project."
    )
    billing_account: fields.BillingAccount | None = Field(
        default=None, description="Who pays, for a paid project."
    )
    labels: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Labels of a created project."
    )
    deletion_policy: DeletionPolicy = Field(
        default="PREVENT", description="What `pulumi destroy` may do to a created project."
    )
    protect: StrictBool = Field(
        default=False, description="Pulumi refuses to delete the project and its keys."
    )
    keys: dict[fields.KeyName, KeySettings] = Field(default={}, description="API keys by name.")
    budget: BudgetSettings | None = Field(default=None, description="Must be there for a paid project.")
    alerts: AlertSettings = Field(default=AlertSettings(), description="Who is told, and when.")
    limits: dict[str, ModelLimit] = Field(default={}, description="Quota overrides by the API's model id.")


class EnvironmentSettings(Settings):
    """All of an environment: one stack."""

    stack: str
    projects: dict[str, ProjectSettings]
