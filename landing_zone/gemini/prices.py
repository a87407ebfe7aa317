"""What Google charges for the Gemini API and the package genai-prices does not hold: dated, and with its source.

Tokens' prices themselves come from genai-prices (`landing_zone.pricing.rates`).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

PRICING_PAGE: Final = "https://ai.google.dev/gemini-api/docs/pricing"

Processing = Literal["standard", "batch", "flex", "priority"]

LONG_CONTEXT: Final = 200_000
"""Tokens of a prompt above which some models cost more, for the whole of the request."""


@dataclass(frozen=True)
class DatedPrice:
    """A price in US dollars, from a Pacific day on."""

    start: date
    amount: Decimal


_AGES_AGO: Final = date(2025, 1, 1)
_STORAGE_PRO: Final = (DatedPrice(_AGES_AGO, Decimal("4.50")),)
_STORAGE_FLASH: Final = (DatedPrice(_AGES_AGO, Decimal("1.00")),)
_STORAGE_INTRODUCTORY: Final = (
    DatedPrice(_AGES_AGO, Decimal("0.50")),
    DatedPrice(date(2027, 1, 1), Decimal("1.00")),
)

CACHE_STORAGE: Final[dict[str, tuple[DatedPrice, ...]]] = {
    **dict.fromkeys(("gemini-2.5-pro", "gemini-3-pro-preview", "gemini-3.1-pro-preview"), _STORAGE_PRO),
    **dict.fromkeys(
        (
            "gemini-2.5-flash",
            "gemini-2.5-flash-lite",
            "gemini-3-flash-preview",
            "gemini-3.1-flash-lite",
            "gemini-3.5-flash",
            "gemini-3.5-flash-lite",
        ),
        _STORAGE_FLASH,
    ),
    **dict.fromkeys(("gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash"), _STORAGE_INTRODUCTORY),
}
"""Model -> US dollars for a million tokens kept in an explicit cache for an hour, oldest first.

A model that is not here has no explicit caches (`gemini-4-argon` caches by itself, and storage is free).
Source: PRICING_PAGE, 2026-11-20; for 3.1-flash-lite, 3.5-flash and 3.5-flash-lite the flash price is taken, which the
sources at hand do not give one by one.
"""

CACHED_HALVES: Final = (
    "gemini-3.1-flash-lite",
    "gemini-3.6-flash",
    "gemini-3.7-flash",
    "gemini-3.8-flash",
    "gemini-4-argon",
)
"""Models whose cached input costs half in Batch and Flex too; for the others it costs what it does in Standard.

Source: PRICING_PAGE, 2026-11-20.
"""

HALF: Final = Decimal("0.5")
"""Batch and Flex: of the standard price of input and output. Source: PRICING_PAGE, 2026-11-20."""

PRIORITY: Final = Decimal("1.8")
"""Priority: times the standard price of every token. Source: PRICING_PAGE, 2026-11-20."""


@dataclass(frozen=True)
class AccountTier:
    """What Google itself allows a billing account of a tier to spend, on all its projects together; US dollars."""

    month: Decimal
    """At this every linked project pauses until the 1st."""
    ten_minutes: Decimal
    """The most in any 10 minutes."""


ACCOUNT_TIERS: Final[dict[int, AccountTier]] = {
    1: AccountTier(Decimal(250), Decimal(10)),
    2: AccountTier(Decimal(2000), Decimal(50)),
    3: AccountTier(Decimal(100_000), Decimal(200)),
}
"""Tier -> its caps; tier 3's month is the largest of those published.

Source: ai.google.dev/gemini-api/docs/rate-limits and docs/billing, 2026-11-20. Google's caps lag as its billing does.
"""
