"""Budgets: cost and period to count, and recipients to notify at shares of the amount."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Shorthand
from landing_zone.settings.fields import mistake
from landing_zone.settings.markers import BuiltIn

CreditType = Literal[
    "COMMITTED_USAGE_DISCOUNT",
    "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
    "DISCOUNT",
    "FREE_TIER",
    "PROMOTION",
    "RESELLER_MARGIN",
    "SUBSCRIPTION_BENEFIT",
    "SUSTAINED_USAGE_DISCOUNT",
]


class Threshold(Settings):
    """A threshold rule: a share of a budget's amount, of the current or of the forecasted spend."""

    share: Decimal
    basis: Literal["CURRENT_SPEND", "FORECASTED_SPEND"]


def _threshold(value: object) -> Any:
    """Read `0.5`, `{current: 0.5}` or `{forecast: 1.0}`."""
    share, basis = value, "CURRENT_SPEND"
    if isinstance(value, dict):
        if len(value) != 1 or not value.keys() <= {"current", "forecast"}:
            written = ", ".join(f"{word}: {number}" for word, number in value.items())
            raise mistake(
                f"{{{written}}} is not a threshold", "write 0.5, or {current: 0.5}, or {forecast: 1.0}"
            )
        [(word, share)] = value.items()
        basis = "FORECASTED_SPEND" if word == "forecast" else basis
    return {"share": fields.share(share), "basis": basis}


_SHARE = {"type": "number", "minimum": 0, "maximum": 10}
ThresholdField = Annotated[
    Threshold,
    BeforeValidator(_threshold),
    WithJsonSchema(
        {
            "oneOf": [
                _SHARE,
                *(
                    {
                        "type": "object",
                        "properties": {word: {**_SHARE, "description": text}},
                        "required": [word],
                        "additionalProperties": False,
                    }
                    for word, text in (
                        ("current", "Share of the amount, compared with the current spend."),
                        ("forecast", "Share of the amount, compared with the spend forecast for the period."),
                    )
                ),
            ]
        }
    ),
]


class Period(Settings):
    """Days that a budget counts: a calendar period, which repeats, or a range of days, which does not."""

    calendar: Literal["MONTH", "QUARTER", "YEAR"] | None = None
    start: fields.Day | None = Field(
        default=None, description="First day, from midnight Pacific.", examples=["2026-01-31"]
    )
    end: fields.Day | None = Field(
        default=None, description="Last day. Default: no end.", examples=["2026-12-31"]
    )


def _period(value: object) -> Any:
    """Read `month`, `quarter`, `year` or `{start: …, end: …}`."""
    if isinstance(value, str) and value in ("month", "quarter", "year"):
        return {"calendar": value.upper()}
    if not isinstance(value, dict) or "start" not in value or "calendar" in value:
        raise mistake(
            f"{value!r} is not a period",
            "write month, quarter, year, or {start: 2026-01-01, end: 2026-06-30}",
        )
    return value


PeriodField = Annotated[
    Period,
    BeforeValidator(_period),
    WithJsonSchema(
        {
            "oneOf": [
                {"enum": ["month", "quarter", "year"]},
                {
                    "type": "object",
                    "properties": {
                        name: {
                            "type": "string",
                            "format": "date",
                            "description": Period.model_fields[name].description,
                        }
                        for name in ("start", "end")
                    },
                    "required": ["start"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


def _credits(value: object) -> Any:
    """Read `exclude`, `include` or a list of kinds."""
    if isinstance(value, str):
        if value not in ("exclude", "include"):
            raise mistake(
                f"{value!r} is none of exclude, include and a list of kinds",
                "write credits: exclude, credits: include, or credits: [PROMOTION]",
            )
        return [f"{value.upper()}_ALL"]
    for word in value if isinstance(value, list) else ():
        if word in ("EXCLUDE_ALL", "INCLUDE_ALL"):
            raise mistake(
                f"{word} is no kind of credit", f"write credits: {word[:7].lower()}, without a list"
            )
    return value


def _services(value: object) -> Any:
    """Read `all`, `gemini` or a list."""
    names = {"all": [], "gemini": [GEMINI_BILLING_SERVICE]}
    if isinstance(value, str):
        if value not in names:
            raise mistake(
                f"{value!r} is neither all, gemini nor a list",
                "write gemini, all, or [services/AEFD-7695-64FA]",
            )
        return names[value]
    return value


CreditField = Annotated[
    Literal[CreditType, "EXCLUDE_ALL", "INCLUDE_ALL"],
    # The two words that `exclude` and `include` become are none to write.
    WithJsonSchema({"type": "string", "enum": list(get_args(CreditType))}),
]


class SpendCapSettings(Settings):
    """Google's spend cap: pauses the Gemini API in the project some hours after the month's amount is spent."""

    amount: fields.CapAmount | None = Field(
        default=None,
        description="Amount per month, in the budget's currency. Default: the budget's amount.",
        examples=["1200.50"],
    )
    adopt: StrictBool = Field(
        default=False, description="Take over the spend cap that the project already has.", examples=["true"]
    )
    name: fields.BudgetName | None = Field(
        default=None,
        description="Display name in the console. Default: the project ID and Gemini API cap.",
        examples=["Acme chat cap"],
    )
    lag: fields.Lag = Field(
        default=timedelta(hours=24),
        description=(
            "Assumed time until the cap pauses the API; spend in that time counts in the "
            "exposure. Google guarantees no time. Default: 24h."
        ),
        examples=["3h42m"],
    )
    lifted: StrictBool = Field(
        default=False,
        description="Lift the cap, once it is enforced, until the 1st of the next month.",
        examples=["true"],
    )


def _cap(value: object) -> Any:
    if value is True:
        return {}
    return None if value is False else value


SpendCapField = Annotated[SpendCapSettings | None, BeforeValidator(_cap), Shorthand({"type": "boolean"})]


class BudgetRules(Settings):
    """Settings of every budget. A budget notifies; it does not stop spending."""

    amount: fields.Amount | None = Field(
        default=None, description="Amount per period, with at most 9 decimals.", examples=["1200.50"]
    )
    last_period: StrictBool = Field(
        default=False, description="Use the last period's spend as the amount.", examples=["true"]
    )
    currency: fields.Currency | None = Field(
        default=None,
        description="Currency of the billing account, ISO 4217; required with amount.",
        examples=["USD"],
    )
    period: PeriodField = Field(
        default=Period(calendar="MONTH"),
        description=("Period that the budget counts: month, quarter, year, or {start, end}. Default: month."),
        examples=["month"],
    )
    thresholds: Annotated[
        tuple[ThresholdField, ...], BuiltIn([Decimal("0.5"), Decimal("0.9"), 1, {"forecast": 1}])
    ] = Field(
        default=(),
        description=(
            "Threshold rules: shares of the amount that trigger a notification, such as 0.5 or "
            "{forecast: 1.0}."
        ),
        examples=["[0.5, 1.0, {forecast: 1.0}]"],
    )
    name: fields.ExistingBudgetName | None = Field(
        default=None,
        description=(
            "Display name in the console; '' for an existing budget that has none. Default: the project ID and Gemini "
            "API."
        ),
        examples=["Acme chat"],
    )
    services: Annotated[
        tuple[fields.BillingService, ...],
        BeforeValidator(_services),
        Shorthand({"enum": ["all", "gemini"]}),
    ] = Field(
        default=(GEMINI_BILLING_SERVICE,),
        description=(
            "Services whose cost counts: gemini, all, or a list of services/XXXX-XXXX-XXXX. Default: gemini."
        ),
        examples=["gemini"],
    )
    subaccounts: tuple[fields.BillingAccount, ...] = Field(
        default=(),
        description="Count only these subaccounts of the billing account.",
        examples=["[01A2B3-C4D5E6-F7A8B9]"],
    )
    label: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={},
        description="Count only resources with this label; at most one label.",
        examples=["{team: chat}"],
    )
    credits: Annotated[
        tuple[CreditField, ...],
        BeforeValidator(_credits),
        Shorthand({"enum": ["exclude", "include"]}),
    ] = Field(
        default=("EXCLUDE_ALL",),
        description=(
            "Credits to subtract from the cost: exclude for none, include for all, or a list of "
            "types. Default: exclude."
        ),
        examples=["exclude"],
    )
    iam_recipients: StrictBool = Field(
        default=True,
        description="Notify the billing account's administrators and users by e-mail.",
        examples=["false"],
    )
    project_recipients: StrictBool = Field(
        default=False,
        description="Notify the project's owners by e-mail; only for a budget of one project.",
        examples=["true"],
    )
    channels: tuple[fields.ChannelName, ...] = Field(
        default=(),
        description="Existing e-mail notification channels to notify as well.",
        examples=["[projects/acme-seed/notificationChannels/1234567890]"],
    )
    topic: fields.TopicReference | None = Field(
        default=None,
        description=("Pub/Sub topic to publish notifications to: a name under topics, or an existing topic."),
        examples=["spend"],
    )
    existing: fields.BudgetId | None = Field(
        default=None,
        description="ID of an existing budget to import instead of creating one.",
        examples=["01234567-89ab-cdef-0123-456789abcdef"],
    )
    ownership: Literal["allUsers", "billingAccount"] | None = Field(
        default=None,
        description=(
            "Access to the budget: allUsers includes the project's users, billingAccount only the"
            " billing account's."
        ),
        examples=["allUsers"],
    )


class BudgetSettings(BudgetRules):
    """A budget on one project's use of the Gemini API."""

    spend_cap: SpendCapField = Field(
        default=None,
        description="Pause the Gemini API in the project at the amount: true, or {amount: …}.",
        examples=["{amount: 1500}"],
    )

    @property
    def cap_amount(self) -> Decimal | None:
        """Amount of the spend cap: its own, or else the budget's. None without a cap."""
        if self.spend_cap is None:
            return None
        return self.amount if self.spend_cap.amount is None else self.spend_cap.amount


def _none(value: object) -> Any:
    return None if value is False else value


BudgetField = Annotated[BudgetSettings | None, BeforeValidator(_none), Shorthand({"const": False})]


class SharedBudgetSettings(BudgetRules):
    """A budget over several projects, a folder, or everything that a billing account pays for."""

    billing_account: fields.BillingAccount | None = Field(
        default=None,
        description="Billing account of the budget. Default: the environment's.",
        examples=["01A2B3-C4D5E6-F7A8B9"],
    )
    projects: tuple[fields.ProjectKey, ...] = Field(
        default=(), description="Projects to count, by their names in this file.", examples=["[chat]"]
    )
    ancestors: tuple[fields.Parent, ...] = Field(
        default=(),
        description="Folders and organizations to count, as folders/NUMBER.",
        examples=["[folders/987654321098]"],
    )
    account_wide: StrictBool = Field(
        default=False, description="Count everything that the billing account pays for.", examples=["true"]
    )
    email: tuple[fields.Email, ...] = Field(
        default=(),
        description="E-mail addresses to notify, through channels in notificationProject.",
        examples=["[oncall@example.com]"],
    )
