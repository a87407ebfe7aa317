"""Prices of the Gemini API that the package genai-prices lacks, dated and with their source.

Token prices come from genai-prices (`landing_zone.pricing.rates`), cache storage from the record of each model.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

PRICING_PAGE: Final = "https://ai.google.dev/gemini-api/docs/pricing"

Processing = Literal["standard", "batch", "flex", "priority"]

LONG_CONTEXT: Final = 200_000
"""Tokens of a prompt above which some models cost more, for the whole of the request."""


HALF: Final = Decimal("0.5")
"""Batch and Flex: of the standard price of input and output. Source: PRICING_PAGE, 2026-11-20."""

PRIORITY: Final = Decimal("1.8")
"""Priority: times the standard price of every token. Source: PRICING_PAGE, 2026-11-20."""


@dataclass(frozen=True)
class AccountTier:
    """Google's own caps for a billing account of a tier, over all its projects; US dollars."""

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


@dataclass(frozen=True)
class Grounding:
    """Price of grounding answers with Google Search or Google Maps, beside the tokens.

    Grounding is free up to an allotment, which the models of a pool share.
    """

    pool: str
    """Models with the same pool share the allotment."""
    per_query: bool
    """Each query that the model makes is charged; otherwise each request with at least one."""
    free: int
    """Queries or requests without charge in a period."""
    period: Literal["day", "month"]
    """Pacific."""
    thousand: Decimal
    """US dollars for a thousand beyond the allotment."""


Ground = Literal["search", "maps"]
QUERIES_A_REQUEST: Final = 3
"""Assumed most queries of one request where no setting says otherwise: Google names no limit."""


def grounding_of(model: str, ground: Ground) -> Grounding | None:
    """The price of grounding a model's answers; None for a model without it. Whether a model has Search at all, the
    package genai-prices says.

    Source: PRICING_PAGE as of 2026-11-20. The page does not say whether an allotment is a project's or a billing
    account's; "your project is billed" is read as a project's.
    """
    if model.startswith(("gemini-2.", "gemini-live-2.")):
        own = "gemini-2.5-pro" if "-pro" in model else "gemini-2.5-flash"
        if ground == "search":
            return Grounding(f"search {own}", False, 1_500, "day", Decimal(35))
        return Grounding(f"maps {own}", False, 10_000 if "-pro" in model else 1_500, "day", Decimal(25))
    return Grounding(f"{ground} gemini-3", True, 5_000, "month", Decimal(14))


VIDEOS_OF_A_REQUEST: Final = Decimal("19.20")
"""US dollars, the most that a request for videos costs: four of 8 seconds in 4k at 0.60 a second.

Source: PRICING_PAGE, 2026-11-20 (Veo 3.1); four a request is the most of any generation's `sampleCount`.
"""
IMAGES_OF_A_REQUEST: Final = Decimal("0.24")
"""US dollars, the most that a request to Imagen cost, which was shut down in 2026: four images at 0.06."""
