"""Models of the Gemini API, one record each: names, size, caches, retirement and price-list items.

A quota names a model by a name of its own, which for some models differs from the id in API calls: an override on the
id would be accepted by Google and bind nothing. Token prices come from the package genai-prices.

Source: Google's pages of models, rate limits, deprecations and prices, and quota violations in 429 responses, as of
2026-11-26.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

SkuKind = Literal["input", "cached", "audio", "output"]
Output = Literal["text", "image", "audio", "video", "vectors"]
Counter = Literal["content", "embeddings", "other"]


@dataclass(frozen=True)
class DatedPrice:
    """A price in US dollars, from a Pacific day on."""

    start: date
    amount: Decimal


@dataclass(frozen=True)
class Retirement:
    """The announced shutdown of a model."""

    day: date
    """The last announced day."""
    instead: str
    """The model to use instead."""
    routed: bool = False
    """From that day, Google answers calls to the model with the other one, at the other one's prices."""


@dataclass(frozen=True)
class Candidates:
    """Answers that one request can ask for (`candidateCount`). Each is charged, and each can be as long as the model's
    longest output: Google's `maxOutputTokens` is per candidate.
    """

    most: int
    source: str
    """A URL."""
    as_of: date
    """Day on which the source was read."""


_READ: Final = date(2026, 11, 26)
_ONE: Final = Candidates(1, "https://github.com/googleapis/js-genai/issues/1609", _READ)
"""3.x models and newer ones refuse more: `400 Multiple candidates is not enabled for this model`."""
_ONE_IMAGE: Final = Candidates(1, "https://github.com/router-for-me/CLIProxyAPI/pull/961", _READ)
"""Image models of any generation refuse more."""
UP_TO_8: Final = Candidates(8, "https://github.com/router-for-me/CLIProxyAPI/pull/961", _READ)
"""2.x models. Of a model for which no source says that it refuses more, this is taken: it is the most of any model."""
_AGES_AGO: Final = date(2025, 1, 1)
_STORAGE_PRO: Final = (DatedPrice(_AGES_AGO, Decimal("4.50")),)
_STORAGE_FLASH: Final = (DatedPrice(_AGES_AGO, Decimal("1.00")),)
_STORAGE_INTRODUCTORY: Final = (
    DatedPrice(_AGES_AGO, Decimal("0.50")),
    DatedPrice(date(2027, 1, 1), Decimal("1.00")),
)


@dataclass(frozen=True)
class Model:
    """A model of the Gemini API.

    Sizes: where publications differ, the larger, because a bound on the cost rests on it.
    """

    id: str
    """As API calls name it."""
    quota: str = ""
    """As quotas name it; the id if left out."""
    counter: Counter = "content"
    """The metrics that count its calls. `other`: none that a stack file can limit; of live sessions Google limits how
    many are open."""
    context: int = 1_048_576
    """Input tokens of one request, at most."""
    output: int = 65_536
    """Output tokens of one candidate, thinking included, at most."""
    candidates: Candidates = _ONE
    makes: Output = "text"
    """Usual kind of output."""
    usual_output: int = 0
    """Output tokens of one usual image, or of one minute of speech at 25 tokens a second; 0 for other models."""
    storage: tuple[DatedPrice, ...] = ()
    """Price of a million tokens kept in an explicit cache for an hour, oldest first; empty: no explicit caches."""
    cached_halves: bool = False
    """True if cached input costs half in Batch and Flex too; otherwise it costs what it does in Standard."""
    retirement: Retirement | None = None
    skus: Mapping[str, SkuKind] = field(default_factory=dict, hash=False)
    """Id in the Cloud Billing catalogue → the tokens it charges for: Standard, prompts of up to 200,000 tokens."""

    @property
    def quota_name(self) -> str:
        """As quotas name it."""
        return self.quota or self.id

    @property
    def route(self) -> Retirement | None:
        """Its shutdown, if Google answers its calls with another model from then on."""
        return self.retirement if self.retirement and self.retirement.routed else None

    def is_gone(self, day: date) -> bool:
        """True if it was shut down by a day."""
        return self.retirement is not None and self.retirement.day <= day


def _gone(day: date, instead: str) -> Retirement:
    return Retirement(day, instead)


_ROUTED: Final = date(2026, 12, 1)
_MINUTE: Final = 1_500
_HEARD: Final = 8_192
_SPOKEN: Final = 16_384
"""Sizes of speech models; of newer ones none is published, and the same is taken."""

_RECORDS: Final = (
    Model(
        "gemini-2.5-flash",
        candidates=UP_TO_8,
        storage=_STORAGE_FLASH,
        retirement=Retirement(_ROUTED, "gemini-3.5-flash-lite", routed=True),
        skus={
            "981A-C057-0BF9": "input",
            "5308-F418-CF26": "audio",
            "5CDC-4C82-2AEC": "cached",
            "911A-8880-A243": "output",
            "6EDB-2409-6348": "output",
        },
    ),
    Model(
        "gemini-2.5-flash-image",
        # 429 responses name it so; the id and the preview's id bind nothing.
        quota="gemini-2.5-flash-preview-image",
        context=65_536,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_290,
    ),
    Model(
        "gemini-2.5-flash-lite",
        candidates=UP_TO_8,
        storage=_STORAGE_FLASH,
        skus={"399C-32AD-1412": "input", "EBC7-B1E9-1DA3": "cached", "7133-23F2-04B7": "output"},
    ),
    Model(
        "gemini-2.5-flash-preview-tts",
        quota="gemini-2.5-flash-tts",
        candidates=UP_TO_8,
        makes="audio",
        usual_output=_MINUTE,
        context=_HEARD,
        output=_SPOKEN,
    ),
    Model(
        "gemini-2.5-pro",
        candidates=UP_TO_8,
        storage=_STORAGE_PRO,
        retirement=Retirement(_ROUTED, "gemini-3.8-flash", routed=True),
        skus={"2D1C-F790-3C09": "input", "9465-C223-0CE9": "cached", "0F51-429B-C2DC": "output"},
    ),
    Model(
        "gemini-2.5-pro-preview-tts",
        quota="gemini-2.5-pro-tts",
        candidates=UP_TO_8,
        makes="audio",
        usual_output=_MINUTE,
        context=_HEARD,
        output=_SPOKEN,
    ),
    Model(
        "gemini-3-flash-preview",
        quota="gemini-3-flash",
        storage=_STORAGE_FLASH,
        skus={"F2C1-F842-5D84": "input", "07D6-73CA-C859": "cached", "ACA6-865B-F153": "output"},
    ),
    Model(
        "gemini-3-pro-image",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
    ),
    Model(
        "gemini-3-pro-image-preview",
        quota="gemini-3-pro-image",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
        retirement=_gone(date(2026, 6, 25), "gemini-3-pro-image"),
    ),
    Model(
        "gemini-3-pro-preview",
        quota="gemini-3-pro",
        storage=_STORAGE_PRO,
        retirement=_gone(date(2026, 3, 9), "gemini-3.1-pro-preview"),
    ),
    Model(
        "gemini-3.1-flash-image",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
    ),
    Model(
        "gemini-3.1-flash-image-preview",
        quota="gemini-3.1-flash-image",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
        retirement=_gone(date(2026, 6, 25), "gemini-3.1-flash-image"),
    ),
    Model(
        "gemini-3.1-flash-lite",
        storage=_STORAGE_FLASH,
        cached_halves=True,
        retirement=_gone(date(2027, 5, 7), "gemini-3.5-flash-lite"),
        skus={"54F8-C433-9340": "input", "5882-9C22-CC57": "output"},
    ),
    Model(
        "gemini-3.1-flash-lite-image",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
    ),
    Model(
        "gemini-3.1-flash-live-preview",
        counter="other",
        context=131_072,
        makes="audio",
        usual_output=_MINUTE,
    ),
    Model(
        "gemini-3.1-flash-tts-preview",
        quota="gemini-3.1-flash-tts",
        makes="audio",
        usual_output=_MINUTE,
        context=_HEARD,
        output=_SPOKEN,
    ),
    Model("gemini-3.1-pro-preview", quota="gemini-3.1-pro", storage=_STORAGE_PRO),
    Model(
        "gemini-3.5-flash",
        storage=_STORAGE_FLASH,
        skus={"63AC-2BA8-3F85": "input", "F9BE-D8E8-69E9": "output"},
    ),
    Model("gemini-3.5-flash-lite", storage=_STORAGE_FLASH),
    Model("gemini-3.6-flash", storage=_STORAGE_INTRODUCTORY, cached_halves=True),
    Model("gemini-3.7-flash", storage=_STORAGE_INTRODUCTORY, cached_halves=True),
    Model("gemini-3.8-flash", storage=_STORAGE_INTRODUCTORY, cached_halves=True),
    Model(
        "gemini-3.8-flash-lite-tts",
        makes="audio",
        usual_output=_MINUTE,
        context=_HEARD,
        output=_SPOKEN,
    ),
    Model(
        "gemini-3.8-flash-tts",
        makes="audio",
        usual_output=_MINUTE,
        context=_HEARD,
        output=_SPOKEN,
    ),
    Model("gemini-3.8-live", counter="other", context=131_072, makes="audio", usual_output=_MINUTE),
    # It caches by itself, and storage is free.
    Model("gemini-4-argon", output=1_048_576, cached_halves=True),
    Model(
        "gemini-embedding-001",
        quota="gemini-embedding-1.0",
        counter="embeddings",
        context=2_048,
        output=0,
        makes="vectors",
        skus={"E211-E01C-0CB3": "input"},
    ),
    Model(
        "gemini-embedding-2",
        counter="embeddings",
        context=8_192,
        output=0,
        makes="vectors",
        skus={"13B8-087F-4762": "input"},
    ),
    Model(
        "gemini-nano-banana-2.1",
        context=131_072,
        output=32_768,
        makes="image",
        candidates=_ONE_IMAGE,
        usual_output=1_120,
    ),
    # Its generation is not published.
    Model("gemini-robotics-er-2-preview", candidates=UP_TO_8),
    # Gone, and only priced: a plan for one is an error that is named.
    Model(
        "gemini-1.5-flash",
        counter="other",
        candidates=UP_TO_8,
        retirement=_gone(date(2025, 9, 24), "gemini-3.8-flash"),
    ),
    Model(
        "gemini-1.5-pro",
        counter="other",
        candidates=UP_TO_8,
        retirement=_gone(date(2025, 9, 24), "gemini-3.1-pro-preview"),
    ),
    Model(
        "gemini-2.0-flash",
        counter="other",
        candidates=UP_TO_8,
        retirement=_gone(date(2026, 6, 1), "gemini-3.8-flash"),
    ),
    Model(
        "gemini-2.0-flash-lite",
        counter="other",
        candidates=UP_TO_8,
        retirement=_gone(date(2026, 6, 1), "gemini-3.5-flash-lite"),
    ),
)
"""Cache storage: for 3.1-flash-lite, 3.5-flash-lite the flash price is taken, which the sources do not give one by one.
Quota names of 3.1 speech, of 3.x images and of embedding-2: the id without `-preview`, as no 429 response was seen."""

RECORDS: Final[Mapping[str, Model]] = {model.id: model for model in _RECORDS}
"""By the API's id."""
QUOTA_NAMES: Final[dict[str, str]] = {
    model.id: model.quota_name for model in _RECORDS if model.counter != "other"
}
"""API id → the quota's name, of the models that can be limited."""
MODELS: Final[dict[str, str]] = {
    model.quota_name: model.id
    for model in sorted(
        (each for each in _RECORDS if each.counter != "other"), key=lambda each: each.retirement is None
    )
}
"""The quota's name → the API id; of two ids that share a quota, the one that stays."""


def counter_of(model: str) -> Counter:
    """The metrics that count a model, by its id or the quota's name; content for one that is not known."""
    record = RECORDS.get(MODELS.get(model, model))
    return record.counter if record else "content"
