"""Budgets: what is counted, over which period, and who is told at which share of the amount."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Shorthand
from landing_zone.settings.fields import mistake

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
    """When a budget tells: a share of its amount, of what is spent or of what the period is forecast to end with."""

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
                        "properties": {word: _SHARE},
                        "required": [word],
                        "additionalProperties": False,
                    }
                    for word in ("current", "forecast")
                ),
            ]
        }
    ),
]


class Period(Settings):
    """What a budget counts at a time: a calendar period, which repeats, or days, which do not."""

    calendar: Literal["MONTH", "QUARTER", "YEAR"] | None = None
    start: fields.Day | None = Field(
        default=None, description="The first day; days begin at midnight Pacific."
    )
    end: fields.Day | None = Field(
        default=None, description="The last day; without it the budget has no end."
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
                    "properties": {name: {"type": "string", "format": "date"} for name in ("start", "end")},
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
    """Google's spend cap: pauses the Gemini API in the project once the month's amount is spent, some hours late."""

    amount: fields.CapAmount | None = Field(
        default=None, description="A month's amount, in the budget's currency; the budget's own if left out."
    )
    adopt: StrictBool = Field(default=False, description="Take over a cap that the project has.")
    lag: fields.Lag = Field(
        default=timedelta(hours=24),
        description="How late it may stop: what is spent meanwhile is in the exposure. Google promises no time.",
    )
    lifted: StrictBool = Field(
        default=False, description="Lift the cap, once it is enforced, until the 1st of the next month."
    )


def _cap(value: object) -> Any:
    if value is True:
        return {}
    return None if value is False else value


SpendCapField = Annotated[SpendCapSettings | None, BeforeValidator(_cap), Shorthand({"type": "boolean"})]


class BudgetRules(Settings):
    """What every budget has. It tells; it does not stop."""

    amount: fields.Amount | None = Field(default=None, description="A period's amount, at most 9 decimals.")
    last_period: StrictBool = Field(
        default=False, description="Take what the last period cost as the amount, instead of amount."
    )
    currency: fields.Currency | None = Field(
        default=None, description="The billing account's currency, ISO 4217; goes with amount."
    )
    period: PeriodField = Field(
        default=Period(calendar="MONTH"), description="month, quarter, year, or {start, end}."
    )
    thresholds: tuple[ThresholdField, ...] = Field(
        default=(), description="Shares of the amount at which it tells: 0.5, or {forecast: 1.0}."
    )
    name: fields.BudgetName | None = Field(default=None, description="Shown in the console.")
    services: Annotated[
        tuple[fields.BillingService, ...],
        BeforeValidator(_services),
        Shorthand({"enum": ["all", "gemini"]}),
    ] = Field(
        default=(GEMINI_BILLING_SERVICE,),
        description="What is counted: gemini, all, or a list of services/XXXX-XXXX-XXXX.",
    )
    subaccounts: tuple[fields.BillingAccount, ...] = Field(
        default=(), description="Count these subaccounts of the billing account alone."
    )
    label: dict[fields.LabelKey, fields.LabelValue] = Field(
        default={}, description="Count what has this label alone; one at most."
    )
    credits: Annotated[
        tuple[CreditField, ...],
        BeforeValidator(_credits),
        Shorthand({"enum": ["exclude", "include"]}),
    ] = Field(
        default=("EXCLUDE_ALL",),
        description="exclude: what is used, whatever pays for it. include, or a list of kinds: less these credits.",
    )
    iam_recipients: StrictBool = Field(
        default=True, description="Mail the billing account's administrators and users."
    )
    project_recipients: StrictBool = Field(
        default=False, description="Mail the project's owners; for a budget of one project."
    )
    channels: tuple[fields.ChannelName, ...] = Field(
        default=(), description="Existing notification channels to tell as well (e-mail channels only)."
    )
    topic: fields.TopicReference | None = Field(
        default=None, description="A Pub/Sub topic to publish to: a name under topics, or an existing one."
    )
    existing: fields.BudgetId | None = Field(
        default=None, description="The id of a budget that exists: it is taken over, and not made."
    )
    ownership: Literal["allUsers", "billingAccount"] | None = Field(
        default=None, description="Who may change it: project users too, or the billing account's alone."
    )


class BudgetSettings(BudgetRules):
    """A budget on one project's use of the Gemini API."""

    spend_cap: SpendCapField = Field(
        default=None, description="Pause the Gemini API in the project at the amount: true, or {amount: …}."
    )


class SharedBudgetSettings(BudgetRules):
    """A budget over several projects, a folder, or all that an account pays for."""

    billing_account: fields.BillingAccount | None = Field(
        default=None, description="Whose budget it is; the environment's if left out."
    )
    projects: tuple[fields.ProjectKey, ...] = Field(
        default=(), description="Projects of this environment, by their names here."
    )
    ancestors: tuple[fields.Parent, ...] = Field(
        default=(), description="Folders and organizations, as folders/NUMBER."
    )
    account_wide: StrictBool = Field(
        default=False, description="Count all that the account pays for: only by this word."
    )
    email: tuple[fields.Email, ...] = Field(
        default=(), description="Addresses to tell, through channels in notificationProject."
    )
