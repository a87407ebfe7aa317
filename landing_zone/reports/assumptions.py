"""What the words and the numbers of an exposure mean, and what they rest on."""

from typing import Final

from landing_zone.gemini.prices import PRICING_PAGE
from landing_zone.pricing.rates import PRICES_FROM

MEANINGS: Final[tuple[tuple[str, str], ...]] = (
    (
        "day, or worst day",
        "One day of the quota, from midnight Pacific, on which all that the limits allow is used by the requests that "
        "cost most.",
    ),
    ("month", "31 such days in a row, if nobody stops it."),
    (
        "any 24h",
        "24 hours in a row, or as long as the project's lag is, from any moment on: they touch one day of the quota "
        "more, and what both days allow counts.",
    ),
    (
        "over the budget",
        "What can be spent beyond the budget before it is stopped: up to a spend cap's amount, and then what the lag "
        "allows; without a cap, what the lag allows once the budget is spent. Never more than a month's worst case "
        "leaves.",
    ),
)
"""What is printed beside the numbers, each with what it means."""
ASSUMPTIONS: Final[tuple[tuple[str, str], ...]] = (
    (f"Prices are those in force on the day of the exposure: {PRICES_FROM}.", PRICING_PAGE),
    (
        "Each request is taken to write as much as its model can, and each input token to be of the dearest kind "
        "(audio, where that costs more; a prompt over 200,000 tokens, where a minute's tokens can hold one).",
        "https://ai.google.dev/gemini-api/docs/models",
    ),
    (
        "Every input token can be put into a cache as soon as it is let through, and stays there to the end of the "
        "window: what goes into caches counts against the limit of input tokens. Caches that were filled before the "
        "window are not in it: they go on costing until they expire or are deleted.",
        "https://ai.google.dev/gemini-api/docs/caching",
    ),
    (
        "The lag is any time of that length, so that it touches one quota minute and one quota day more than a time "
        "that begins with them. A day is 24 hours, a month 31 days.",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
    (
        "Limits hold at once, as the stack file has them: derived ones from the day's prices, once pulumi up has set "
        "them. Google's spend cap and billing data are late: no time is promised, 24 hours are taken unless "
        "spendCap.lag says otherwise.",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    (
        "Not in the bound, as other quotas count it: Priority requests (1.8 times the price), the Batch API (half of "
        "it), Google Search and Maps grounding (by the query), and embedding, speech, image, video and live models and "
        "others that are not among those that limits can name.",
        PRICING_PAGE,
    ),
    (
        "A key opens all that its project's limits allow: keys share them, and more keys cost no more.",
        "https://ai.google.dev/gemini-api/docs/rate-limits",
    ),
)
"""What the numbers rest on, each with its source."""
