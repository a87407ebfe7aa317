"""Terms of a billing account: prices agreed with Google, and what its tier allows."""

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from pydantic import Field

from landing_zone.gemini.limits import Limits
from landing_zone.pricing.rates import LIST_PRICES, ContractPrices, Terms
from landing_zone.settings import fields
from landing_zone.settings.base import Settings


class ContractSettings(Settings):
    """Contract prices of a model, in US dollars per million tokens; the list price where left out."""

    input: fields.Price | None = Field(default=None, description="Price of input tokens.", examples=["0.75"])
    cached_input: fields.Price | None = Field(
        default=None, description="Price of input tokens from a cache.", examples=["0.075"]
    )
    audio_input: fields.Price | None = Field(
        default=None, description="Price of audio input tokens.", examples=["0.75"]
    )
    output: fields.Price | None = Field(
        default=None, description="Price of output tokens, including thinking tokens.", examples=["3.75"]
    )
    cache_storage: fields.Price | None = Field(
        default=None, description="Price of storing tokens in a cache, per hour.", examples=["0.5"]
    )


class AccountTermsSettings(Settings):
    """Terms agreed with Google for a billing account, and the limits of its tier."""

    discount: fields.Share = Field(
        default=Decimal(0), description="Discount on all prices: 0.1 is a tenth.", examples=["0.05"]
    )
    prices: dict[fields.PricedModel, ContractSettings] = Field(
        default={},
        description="Contract prices by model ID, before the discount.",
        examples=["{gemini-3.8-flash: {input: 0.7, output: 3.5}}"],
    )
    usd_rate: fields.Positive | None = Field(
        default=None,
        description="Price of one US dollar in the account's currency, if that is another.",
        examples=["0.92"],
    )
    tier: Literal[1, 2, 3] | None = Field(
        default=None,
        description="Paid tier of the account; the exposure then shows Google's spend caps for that tier.",
        examples=["2"],
    )
    lag: fields.Lag = Field(
        default=timedelta(hours=24),
        description=(
            "Assumed time until Google's cap for the tier pauses the account's projects; spend in that time counts in "
            "the exposure. Default: 24h."
        ),
        examples=["3h42m"],
    )
    tier_limits: dict[fields.LimitedModel, Limits] = Field(
        default={},
        description="Limits of the tier by model ID; no derived limit exceeds them.",
        examples=["{gemini-3.8-flash: {requestsPerMinute: 900}}"],
    )

    def terms(self, currency: str | None) -> Terms | None:
        """Prices in a currency; None if no setting has the price of a dollar in it."""
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
