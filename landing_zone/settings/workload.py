"""Planned usage of a project, and the limits derived from it."""

from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictInt, model_validator

from landing_zone.gemini.models import RECORDS
from landing_zone.pricing.days import EVERY_DAY, Schedule, today
from landing_zone.pricing.estimate import Range, Workload
from landing_zone.pricing.grounding import grounding_price
from landing_zone.pricing.model_ids import record_of
from landing_zone.settings import fields
from landing_zone.settings.base import Settings, Shorthand, Whole
from landing_zone.settings.fields import mistake


class RangeSettings(Whole):
    """A quantity that is only known within a range."""

    low: fields.Quantity = Field(description="Lowest expected value.", examples=["100"])
    expected: fields.Quantity = Field(description="Planned value.", examples=["200"])
    high: fields.Quantity = Field(description="Highest expected value.", examples=["300"])

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
    """Days and hours in which requests come."""

    days: tuple[Weekday, ...] = Field(
        default=_WEEKDAYS[:5],
        min_length=1,
        description="Days of the week with requests.",
        examples=["[mon, tue, wed]"],
    )
    hours: Annotated[StrictInt, Field(ge=1, le=24)] = Field(
        default=9, description="Hours with requests on such a day.", examples=["8"]
    )


def _hours(value: object) -> Any:
    if value is True:
        return {}
    return None if value is False else value


class WorkloadSettings(Whole):
    """Planned usage of one model, for estimates and derived limits."""

    model: fields.PricedModel = Field(
        description="Model ID, as API calls name it.", examples=["gemini-3.8-flash"]
    )
    requests_per_day: RangeField = Field(
        description="Requests per day: a number, or {low, expected, high}.", examples=["8000"]
    )
    input_tokens: RangeField = Field(
        description=(
            "Input tokens per request, including cached, audio, image and video tokens: a number, or {low, expected, "
            "high}."
        ),
        examples=["1200"],
    )
    output_tokens: RangeField = Field(
        default=_NONE,
        description=(
            "Output tokens per request, without thinking tokens: a number, or {low, expected, "
            "high}. Default: 0."
        ),
        examples=["300"],
    )
    thinking_tokens: RangeField = Field(
        default=_NONE,
        description=(
            "Thinking tokens per request, priced as output: a number, or {low, expected, high}. Default: 0."
        ),
        examples=["150"],
    )
    cached_tokens: fields.Quantity = Field(
        default=Decimal(0), description="Input tokens per request that come from a cache.", examples=["800"]
    )
    cached_audio_tokens: fields.Quantity = Field(
        default=Decimal(0), description="Cached tokens per request that are audio.", examples=["200"]
    )
    audio_tokens: fields.Quantity = Field(
        default=Decimal(0),
        description="Input tokens per request that are audio, none of them cached.",
        examples=["100"],
    )
    image_tokens: fields.Quantity = Field(
        default=Decimal(0),
        description="Input tokens per request that are images, none of them cached.",
        examples=["258"],
    )
    video_tokens: fields.Quantity = Field(
        default=Decimal(0),
        description="Input tokens per request that are video, none of them cached.",
        examples=["263"],
    )
    image_output_tokens: RangeField = Field(
        default=_NONE,
        description=(
            "Output tokens per request that are images, in addition to outputTokens: a number, or {low, "
            "expected, high}. Default: 0."
        ),
        examples=["1120"],
    )
    audio_output_tokens: RangeField = Field(
        default=_NONE,
        description=(
            "Output tokens per request that are audio, in addition to outputTokens: a number, or {low, "
            "expected, high}. Default: 0."
        ),
        examples=["1500"],
    )
    searches: fields.Quantity = Field(
        default=Decimal(0), description="Queries to Google Search per request, for grounding.", examples=["1"]
    )
    map_queries: fields.Quantity = Field(
        default=Decimal(0), description="Queries to Google Maps per request, for grounding.", examples=["0.1"]
    )
    cache_hours: fields.HoursOfDay = Field(
        default=Decimal(0),
        description="Hours per day that an explicit cache stores cachedTokens.",
        examples=["24"],
    )
    batch_share: fields.Share = Field(
        default=Decimal(0), description="Share of requests sent through the Batch API.", examples=["0.2"]
    )
    flex_share: fields.Share = Field(
        default=Decimal(0), description="Share of requests in the Flex tier.", examples=["0.3"]
    )
    priority_share: fields.Share = Field(
        default=Decimal(0), description="Share of requests in the Priority tier.", examples=["0.1"]
    )
    growth_per_month: fields.Growth = Field(
        default=Decimal(0),
        description="Growth of the requests per calendar month: 0.1 adds a tenth each month.",
        examples=["0.1"],
    )
    start: fields.Day | None = Field(
        default=None, description="First day of use; growth counts from its month.", examples=["2026-01-31"]
    )
    end: fields.Day | None = Field(default=None, description="Last day of use.", examples=["2026-12-31"])
    business_hours: Annotated[
        BusinessHours | None, BeforeValidator(_hours), Shorthand({"type": "boolean"})
    ] = Field(
        default=None,
        description=(
            "Days and hours with requests: true for 9 hours from Monday to Friday, or {days, "
            "hours}. Default: all week."
        ),
        examples=["{days: [mon, fri], hours: 8}"],
    )
    peak_factor: fields.PeakFactor = Field(
        default=Decimal(3), description="Peak minute ÷ average minute in business hours.", examples=["3"]
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        part = self.cached_tokens + self.audio_tokens + self.image_tokens + self.video_tokens
        if part > self.input_tokens.low:
            raise mistake(
                f"cached, audio, image and video tokens are {part} of {self.input_tokens.low} input tokens",
                "write inputTokens as the sum of text, cached, audio, image and video tokens",
            )
        if self.cached_audio_tokens > self.cached_tokens:
            raise mistake(
                f"cachedAudioTokens are {self.cached_audio_tokens} of {self.cached_tokens} cached tokens",
                "write cachedTokens with the audio ones in it",
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

    @model_validator(mode="after")
    def _offered(self) -> Self:
        record, day = record_of(self.model), today()
        drawn, spoken = self.image_output_tokens.high, self.audio_output_tokens.high
        for name, tokens, kind in (
            ("imageOutputTokens", drawn, "image"),
            ("audioOutputTokens", spoken, "audio"),
        ):
            if tokens and record and record.makes != kind:
                able = ", ".join(
                    model.id for model in RECORDS.values() if model.makes == kind and not model.is_gone(day)
                )
                raise mistake(f"{name}, and {self.model} makes {record.makes}", f"name a model of {able}")
        for setting, queries, ground, title in (
            ("searches", self.searches, "search", "Search"),
            ("mapQueries", self.map_queries, "maps", "Maps"),
        ):
            if queries and grounding_price(self.model, ground, day) is None:
                raise mistake(
                    f"{setting}, and no price is known of {self.model} with Google {title}",
                    f"leave {setting} out, or name another model",
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
            cached_audio_tokens=self.cached_audio_tokens,
            audio_tokens=self.audio_tokens,
            image_tokens=self.image_tokens,
            video_tokens=self.video_tokens,
            image_output_tokens=self.image_output_tokens.range,
            audio_output_tokens=self.audio_output_tokens.range,
            searches=self.searches,
            map_queries=self.map_queries,
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


class DeriveSettings(Whole):
    """Limits computed from an overshoot: the largest whose exposure over the lag stays within maxOvershoot."""

    max_overshoot: fields.Amount = Field(
        description="Highest amount that may be spent in the lag, in the budget's currency.", examples=["500"]
    )
    lag: fields.Lag = Field(
        default=timedelta(hours=24),
        description=(
            "Assumed time until something stops the spending, such as 24h, 90m or 2d. Default: 24h; with a guard that "
            "stops the project, and no key that makes caches, the guard's lag."
        ),
        examples=["3h42m"],
    )
    shares: dict[fields.LimitedModel, fields.Share] = Field(
        default={},
        description=(
            "Share of maxOvershoot, by model ID. Default: in proportion to the workload's highest cost."
        ),
        examples=["{gemini-3.8-flash: 0.7, gemini-2.5-pro: 0.3}"],
    )

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if sum(self.shares.values()) > 1:
            raise mistake(
                f"the shares add up to {sum(self.shares.values())}",
                "write shares that add up to 1 at most, such as {gemini-3.8-flash: 0.7, gemini-2.5-pro: 0.3}",
            )
        return self
