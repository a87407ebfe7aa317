"""What the use of a project is planned to be, what a billing account pays, and limits that follow from a budget."""

from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictInt, model_validator

from landing_zone.gemini.quotas import LimitName
from landing_zone.pricing.days import EVERY_DAY, Schedule
from landing_zone.pricing.estimate import Range, Workload
from landing_zone.pricing.exposure import Limits
from landing_zone.pricing.rates import LIST_PRICES, ContractPrices, Terms
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Shorthand
from landing_zone.settings.fields import mistake


class RangeSettings(Settings):
    """A quantity that is not known exactly."""

    low: fields.Quantity = Field(description="The least to expect.")
    expected: fields.Quantity = Field(description="What is planned.")
    high: fields.Quantity = Field(description="The most to expect.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.expected <= self.high:
            raise mistake(
                f"low {self.low}, expected {self.expected} and high {self.high} are not in order",
                "write low <= expected <= high, such as {low: 100, expected: 200, high: 300}",
            )
        return self

    @property
    def range(self) -> Range:
        """As pricing takes it."""
        return Range(self.low, self.expected, self.high)


def _range(value: object) -> Any:
    """Read a number as one that is known."""
    return (
        value
        if isinstance(value, dict)
        else dict.fromkeys(("low", "expected", "high"), fields.quantity(value))
    )


RangeField = Annotated[
    RangeSettings, BeforeValidator(_range), Shorthand({"type": ["number", "string"], "minimum": 0})
]
_NONE = RangeSettings(low=Decimal(0), expected=Decimal(0), high=Decimal(0))
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BusinessHours(Settings):
    """When requests come, if not all week and around the clock."""

    days: tuple[Weekday, ...] = Field(default=_WEEKDAYS[:5], min_length=1, description="Days of the week.")
    hours: Annotated[StrictInt, Field(ge=1, le=24)] = Field(default=9, description="Hours of such a day.")


def _hours(value: object) -> Any:
    if value is True:
        return {}
    return None if value is False else value


class WorkloadSettings(Settings):
    """The planned use of one model: what is estimated, and what derived limits must let through."""

    model: fields.PricedModel = Field(description="The model's id, as calls name it.")
    requests_per_day: RangeField = Field(description="Requests a day: a number, or {low, expected, high}.")
    input_tokens: RangeField = Field(
        description="Input tokens of a request, cached and audio ones included: a number, or a range."
    )
    output_tokens: RangeField = Field(
        default=_NONE, description="Output tokens of a request, without thinking: a number, or a range."
    )
    thinking_tokens: RangeField = Field(
        default=_NONE, description="Thinking tokens of a request, which cost what output does."
    )
    cached_tokens: fields.Quantity = Field(
        default=Decimal(0), description="Of the input tokens, those that a cache supplies."
    )
    audio_tokens: fields.Quantity = Field(
        default=Decimal(0), description="Of the input tokens, those of audio; none of them cached."
    )
    cache_hours: fields.HoursOfDay = Field(
        default=Decimal(0), description="Hours a day that an explicit cache keeps cachedTokens."
    )
    batch_share: fields.Share = Field(
        default=Decimal(0), description="Share of the requests that goes through the Batch API."
    )
    flex_share: fields.Share = Field(
        default=Decimal(0), description="Share of the requests in the Flex tier."
    )
    priority_share: fields.Share = Field(
        default=Decimal(0), description="Share of the requests in the Priority tier."
    )
    growth_per_month: fields.Growth = Field(
        default=Decimal(0), description="Each calendar month's requests: 0.1 is a tenth more than the last's."
    )
    start: fields.Day | None = Field(
        default=None, description="The first day of use; growth counts from its month."
    )
    end: fields.Day | None = Field(default=None, description="The last day of use.")
    business_hours: Annotated[
        BusinessHours | None, BeforeValidator(_hours), Shorthand({"type": "boolean"})
    ] = Field(default=None, description="Requests come Monday to Friday in 9 hours: true, or {days, hours}.")
    peak_factor: fields.PeakFactor = Field(
        default=Decimal(3), description="How many times the mean of its hours the busiest minute has."
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        part = self.cached_tokens + self.audio_tokens
        if part > self.input_tokens.low:
            raise mistake(
                f"cachedTokens and audioTokens are {part} of {self.input_tokens.low} input tokens",
                "write inputTokens with the cached and the audio ones in it",
            )
        shares = self.batch_share + self.flex_share + self.priority_share
        if shares > 1:
            raise mistake(
                f"batchShare, flexShare and priorityShare add up to {shares}",
                "write shares of all requests, such as batchShare: 0.2: what is left is Standard",
            )
        if self.cache_hours and not self.cached_tokens:
            raise mistake("cacheHours without cachedTokens", "write cachedTokens: 800, what the cache keeps")
        if self.start and self.end and self.end < self.start:
            raise mistake(
                f"end {self.end} is before start {self.start}",
                f"write a last day that is not before, such as end: {self.start}",
            )
        return self

    @cached_property
    def planned(self) -> Workload:
        """As pricing takes it."""
        hours = self.business_hours
        days = EVERY_DAY if hours is None else frozenset(_WEEKDAYS.index(day) for day in hours.days)
        special = {"batch": self.batch_share, "flex": self.flex_share, "priority": self.priority_share}
        return Workload(
            model=self.model,
            requests=self.requests_per_day.range,
            input_tokens=self.input_tokens.range,
            output_tokens=self.output_tokens.range,
            thinking_tokens=self.thinking_tokens.range,
            cached_tokens=self.cached_tokens,
            audio_tokens=self.audio_tokens,
            cache_hours=self.cache_hours,
            shares=(
                ("standard", 1 - sum(special.values(), Decimal(0))),
                ("batch", self.batch_share),
                ("flex", self.flex_share),
                ("priority", self.priority_share),
            ),
            schedule=Schedule(days, self.growth_per_month, self.start, self.end),
            peak_factor=self.peak_factor,
            hours=Decimal(24 if hours is None else hours.hours),
        )


class DeriveSettings(Settings):
    """Limits that follow from a budget: the largest whose exposure over the lag stays within the overshoot."""

    max_overshoot: fields.Amount = Field(
        description="The most that may be spent while nothing stops it, in the budget's currency."
    )
    lag: fields.Lag = Field(
        default=timedelta(hours=24), description="How long nothing stops it, such as 24h, 90m or 2d."
    )
    shares: dict[fields.LimitedModel, fields.Share] = Field(
        default={},
        description="Model -> its share of maxOvershoot; by what the workload costs at most if left out.",
    )

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if sum(self.shares.values()) > 1:
            raise mistake(
                f"the shares add up to {sum(self.shares.values())}",
                "write shares that add up to 1 at most, such as {gemini-3.8-flash: 0.7, gemini-2.5-pro: 0.3}",
            )
        return self


class ContractSettings(Settings):
    """What a model costs by contract, US dollars for a million tokens; the list price where left out."""

    input: fields.Price | None = Field(default=None, description="Input.")
    cached_input: fields.Price | None = Field(default=None, description="Input that a cache supplies.")
    audio_input: fields.Price | None = Field(default=None, description="Audio input.")
    output: fields.Price | None = Field(default=None, description="Output, thinking included.")
    cache_storage: fields.Price | None = Field(default=None, description="Kept in a cache for an hour.")


class TierLimitSettings(Settings):
    """What the account's tier itself allows of a model, as the quotas page shows it."""

    requests_per_minute: fields.Count | None = Field(default=None, description="Calls a minute.")
    requests_per_day: fields.Count | None = Field(default=None, description="Calls a day.")
    input_tokens_per_minute: fields.Count | None = Field(default=None, description="Input tokens a minute.")

    @property
    def limits(self) -> Limits:
        """As pricing takes them."""
        return Limits(self.requests_per_minute, self.requests_per_day, self.input_tokens_per_minute)


class AccountTermsSettings(Settings):
    """What is agreed with Google for a billing account, and what its tier allows."""

    discount: fields.Share = Field(default=Decimal(0), description="Share off all prices: 0.1 is a tenth.")
    prices: dict[fields.PricedModel, ContractSettings] = Field(
        default={}, description="Prices by contract, by the model's id; before the discount."
    )
    usd_rate: fields.Positive | None = Field(
        default=None,
        description="What one US dollar is in the account's currency, if that is another.",
    )
    tier: Literal[1, 2, 3] | None = Field(
        default=None, description="The account's paid tier: shows Google's own caps beside the exposure."
    )
    tier_limits: dict[fields.LimitedModel, TierLimitSettings] = Field(
        default={}, description="What the tier allows, by the model's id: no derived limit is above it."
    )

    def terms(self, currency: str | None) -> Terms | None:
        """What its prices are in a currency; None if nothing says what a dollar is in it."""
        foreign = currency not in (None, "USD")
        if foreign and self.usd_rate is None:
            return None
        if not foreign and not self.discount and not self.prices:
            return LIST_PRICES
        contract = tuple(
            (
                model,
                ContractPrices(
                    prices.input, prices.cached_input, prices.audio_input, prices.output, prices.cache_storage
                ),
            )
            for model, prices in self.prices.items()
        )
        rate = self.usd_rate if foreign and self.usd_rate else Decimal(1)
        return Terms(self.discount, contract, currency or "USD", rate)


LIMIT_FIELDS: dict[LimitName, str] = {
    "requestsPerMinute": "requests_per_minute",
    "requestsPerDay": "requests_per_day",
    "inputTokensPerMinute": "input_tokens_per_minute",
}
"""The stack file's names of limits -> those of `landing_zone.pricing.exposure.Limits`."""
