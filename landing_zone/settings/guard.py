"""The spend guard: what it does to a project at which share of a month's amount, and how late it may be."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool

from landing_zone.guarding.policy import Delays, RateAct, StopBy
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Shorthand

_SHARE_SCHEMA = Shorthand({"type": "number", "minimum": 0, "maximum": 10})
_SWITCH = Shorthand({"const": False})


def _at(value: object) -> Any:
    """Read `0.8` as `{at: 0.8}`, and `false` as no step."""
    if value is False:
        return None
    return {"at": value} if isinstance(value, int | float | Decimal | str) else value


def _switch(value: object) -> Any:
    """Read `true` as all defaults, and `false` as nothing."""
    return {} if value is True else None if value is False else value


class ThrottleSettings(Settings):
    """Lower the limits of every model to a share, on every tier."""

    at: fields.BudgetShare = Field(
        default=Decimal("0.8"),
        description="Share of the month's amount at which the guard throttles. Default: 0.8.",
        examples=["0.8"],
    )
    to: fields.Ratio = Field(
        default=Decimal("0.25"),
        description="Share of its limits that each model keeps. Default: 0.25.",
        examples=["0.1"],
    )


class StopSettings(Settings):
    """Stop all use of the Gemini API in the project; billing and everything else in it stay."""

    at: fields.BudgetShare = Field(
        default=Decimal(1),
        description="Share of the month's amount at which the guard stops the project. Default: 1.",
        examples=["1.0"],
    )
    by: StopBy = Field(
        default="limits",
        description=(
            "limits sets the limits of every model to 0, keys disables the service accounts of the keys, both does "
            "both. Default: limits."
        ),
        examples=["both"],
    )


class RateSettings(Settings):
    """Act on a burst: on what the last ten minutes cost, whatever the month has left."""

    times: fields.Positive = Field(
        default=Decimal(3),
        description=(
            "Act when ten minutes cost more than this many times what the workload's peak explains. Default: 3."
        ),
        examples=["3"],
    )
    act: RateAct = Field(
        default="throttle",
        description="Step to take on a burst. Default: throttle.",
        examples=["stop"],
    )


ThrottleField = Annotated[ThrottleSettings | None, BeforeValidator(_at), _SHARE_SCHEMA, _SWITCH]
StopField = Annotated[StopSettings | None, BeforeValidator(_at), _SHARE_SCHEMA, _SWITCH]
RateField = Annotated[RateSettings | None, BeforeValidator(_switch), Shorthand({"type": "boolean"})]


class GuardSettings(Settings):
    """Steps of the spend guard in a project, at shares of a month's amount."""

    amount: fields.Amount | None = Field(
        default=None,
        description="Amount per month that the steps are shares of, in the budget's currency. Default: the budget's.",
        examples=["1000"],
    )
    notify: fields.BudgetShare = Field(
        default=Decimal("0.5"),
        description="Share of the amount at which the guard only notifies. Default: 0.5.",
        examples=["0.5"],
    )
    throttle: ThrottleField = Field(
        default=ThrottleSettings(),
        description="Lower the limits at a share of the amount: 0.8, {at: 0.8, to: 0.25}, or false.",
        examples=["{at: 0.8, to: 0.25}"],
    )
    stop: StopField = Field(
        default=StopSettings(),
        description="Stop the project at a share of the amount: 1.0, {at: 1.0, by: both}, or false.",
        examples=["{at: 1.0, by: both}"],
    )
    unlink_billing: fields.BudgetShare | None = Field(
        default=None,
        description=(
            "Share of the amount at which the guard unlinks billing, which ends everything paid in the project and "
            "leaves the free tier answering. Default: never."
        ),
        examples=["1.5"],
    )
    rate: RateField = Field(
        default=RateSettings(),
        description="Act on ten minutes that cost far more than the workload's peak: {times: 3}, or false.",
        examples=["{times: 5, act: stop}"],
    )
    release_at_new_period: StrictBool = Field(
        default=False,
        description=(
            "Restore what the guard changed when a new month begins, without gemini-lz guard release. Default: false."
        ),
        examples=["true"],
    )


GuardField = Annotated[GuardSettings | None, BeforeValidator(_switch), Shorthand({"type": "boolean"})]


class GuardHostSettings(Settings):
    """The environment's guard: a function in notificationProject, and how late it is assumed to be."""

    region: fields.Region = Field(
        default="us-central1",
        description="Region of the function, its schedule and its bucket. Default: us-central1.",
        examples=["europe-west1"],
    )
    email: tuple[fields.Email, ...] = Field(
        default=(),
        description="E-mail addresses to notify of each act, and when the guard has not run for ten minutes.",
        examples=["[oncall@example.com]"],
    )
    poll: fields.Poll = Field(
        default=timedelta(minutes=1),
        description="Time between two readings of the metrics. Default: 1m.",
        examples=["2m"],
    )
    series_delay: fields.Lag = Field(
        default=timedelta(minutes=4),
        description="Assumed time until Cloud Monitoring has a call; about 150 s have been seen. Default: 4m.",
        examples=["5m"],
    )
    act_time: fields.Lag = Field(
        default=timedelta(minutes=5),
        description="Assumed time until a lowered limit is enforced; Google publishes none. Default: 5m.",
        examples=["3m"],
    )
    billing_delay: fields.Lag = Field(
        default=timedelta(hours=24),
        description=(
            "Assumed time until a budget's message has a call's cost; what is younger counts as metered. Default: 24h."
        ),
        examples=["36h"],
    )
    dry_run: StrictBool = Field(
        default=False,
        description="Log what the guard would do, and change nothing.",
        examples=["true"],
    )

    @property
    def delays(self) -> Delays:
        """The times as the guard reads them."""
        return Delays(self.poll, self.series_delay, self.act_time, self.billing_delay)
