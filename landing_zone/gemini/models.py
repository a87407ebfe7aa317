"""The models of the Gemini API: which limits can be set on, how large they are, when they go.

A quota names a model by a name of its own, which for some models differs from the id in API calls:
an override on the id would be accepted by Google and bind nothing.

Source: Google's models and rate-limit pages, and quota violations in 429 responses, as of 2026-11-20.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

_SAME_NAME: Final = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-image",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-3.1-flash-lite",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.6-flash",
    "gemini-3.7-flash",
    "gemini-3.8-flash",
    "gemini-4-argon",
)

QUOTA_NAMES: Final[dict[str, str]] = {
    **{model: model for model in _SAME_NAME},
    "gemini-3-flash-preview": "gemini-3-flash",
    "gemini-3-pro-preview": "gemini-3-pro",
    "gemini-3-pro-image-preview": "gemini-3-pro-image",
    "gemini-3.1-pro-preview": "gemini-3.1-pro",
}
"""Model id of the API -> the quota's name for it. Only models that generate content: these have the limits below."""
MODELS: Final = {name: model for model, name in QUOTA_NAMES.items()}
"""The quota's name of a model -> its id in API calls."""

EMBEDDING_MODELS: Final = frozenset({"gemini-embedding-001", "gemini-embedding-2"})
"""Models counted by other quotas, whose limit names Google does not publish: no limit can be set on them here."""


@dataclass(frozen=True)
class Size:
    """How much a model reads and writes in one request, in tokens."""

    context: int
    """Input tokens of one request, at most."""
    output: int
    """Output tokens of one request, thinking included, at most."""


_USUAL_SIZE: Final = Size(context=1_048_576, output=65_536)

SIZES: Final[dict[str, Size]] = {
    **dict.fromkeys(QUOTA_NAMES, _USUAL_SIZE),
    "gemini-2.5-flash-image": Size(context=65_536, output=32_768),
    "gemini-3-pro-image-preview": Size(context=131_072, output=32_768),
    "gemini-4-argon": Size(context=1_048_576, output=1_048_576),
    "gemini-embedding-001": Size(context=2_048, output=0),
    "gemini-embedding-2": Size(context=8_192, output=0),
}
"""Model id -> its size. Where publications differ, the larger: a bound on the cost rests on it.

Source: Google's pages of the models, as of 2026-11-20.
"""


@dataclass(frozen=True)
class Retirement:
    """When a model goes, and what is to be used instead."""

    day: date
    """The last announced day of shutdown; the model answers, if at all, as another one from then on."""
    instead: str


RETIREMENTS: Final[dict[str, Retirement]] = {
    "gemini-1.5-flash": Retirement(date(2025, 9, 24), "gemini-3.8-flash"),
    "gemini-1.5-pro": Retirement(date(2025, 9, 24), "gemini-3.1-pro-preview"),
    "gemini-2.0-flash": Retirement(date(2026, 6, 1), "gemini-3.8-flash"),
    "gemini-2.0-flash-lite": Retirement(date(2026, 6, 1), "gemini-3.5-flash-lite"),
    "gemini-2.5-flash": Retirement(date(2026, 12, 1), "gemini-3.5-flash-lite"),
    "gemini-2.5-pro": Retirement(date(2026, 12, 1), "gemini-3.8-flash"),
    "gemini-3-pro-image-preview": Retirement(date(2026, 6, 25), "gemini-3-pro-image"),
    "gemini-3-pro-preview": Retirement(date(2026, 3, 9), "gemini-3.1-pro-preview"),
    "gemini-3.1-flash-lite": Retirement(date(2027, 5, 7), "gemini-3.5-flash-lite"),
}
"""Models whose shutdown is announced. A warning, never a price: a date that Google moves must not move an estimate.

Source: ai.google.dev/gemini-api/docs/deprecations, as quoted on 2026-11-10.
"""
