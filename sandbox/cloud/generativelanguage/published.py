"""The models that the local Gemini API serves.

Names, token limits and quota names: Google's pages and quota violations in 429 responses, as of 2026-11-26.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final, Literal

from sandbox.cloud.billing_loop.periods import day_of

_GENERATES: Final = ("generateContent", "countTokens", "batchGenerateContent")
_CACHES: Final = (*_GENERATES, "createCachedContent")
_EMBEDS: Final = ("embedContent", "countTextTokens")


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        id: as calls name it (`gemini-3-pro-preview`).
        quota_name: as quotas name it (`gemini-3-pro`).
        title: its display name.
        input_tokens: how many tokens it reads at most.
        output_tokens: how many tokens it writes at most.
        methods: what it can be asked for.
        candidates: how many answers a request can ask for. Text models of 2.x give up to 8, newer ones and image models
            refuse more than one (googleapis/js-genai#1609).
        makes: the usual kind of its answers.
        images: tokens of an image that it makes, by `imageSize`.
    """

    id: str
    quota_name: str
    title: str
    input_tokens: int = 1_048_576
    output_tokens: int = 65_536
    methods: tuple[str, ...] = _CACHES
    candidates: int = 1
    makes: Literal["text", "image", "audio", "vectors"] = "text"
    images: tuple[tuple[str, int], ...] = ()

    @cached_property
    def old(self) -> bool:
        """Whether it is of 2.x, which counts media in another way, and a search with its request."""
        return self.id.startswith("gemini-2.")

    @property
    def least_cached(self) -> int:
        """The fewest tokens of a cache. Source: ai.google.dev/gemini-api/docs/caching, 2026-11-26."""
        return 4_096 if "-pro" in self.id else 1_024


_SAME_NAME: Final = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-3.1-flash-lite",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.6-flash",
    "gemini-3.7-flash",
    "gemini-3.8-flash",
)
_PREVIEWS: Final = ("gemini-3-flash", "gemini-3-pro", "gemini-3.1-pro")
_PRO_IMAGES: Final = (("1K", 1_120), ("2K", 1_120), ("4K", 2_000))
_FLASH_IMAGES: Final = (("1K", 1_120), ("512", 747), ("2K", 1_680), ("4K", 2_520))
"""Tokens of an image; the first size is the usual one. Source: ai.google.dev/gemini-api/docs/pricing, 2026-11-26."""


def _title(model_id: str) -> str:
    return model_id.replace("-", " ").title()


def _image(name: str, quota_name: str, most: int, images: tuple[tuple[str, int], ...]) -> Model:
    return Model(name, quota_name, _title(name), most, 32_768, _GENERATES, makes="image", images=images)


MODELS: Final[Mapping[str, Model]] = {
    model.id: model
    for model in (
        *(
            Model(name, name, _title(name), candidates=8 if name.startswith("gemini-2.") else 1)
            for name in _SAME_NAME
        ),
        *(Model(f"{name}-preview", name, _title(f"{name}-preview")) for name in _PREVIEWS),
        # It caches by itself, and makes no caches.
        Model(
            "gemini-4-argon", "gemini-4-argon", "Gemini 4 Argon", output_tokens=1_048_576, methods=_GENERATES
        ),
        # The quota's name of this one is neither its id nor that of its preview.
        _image("gemini-2.5-flash-image", "gemini-2.5-flash-preview-image", 32_768, (("1K", 1_290),)),
        *(
            _image(name, "gemini-3-pro-image", 65_536, _PRO_IMAGES)
            for name in ("gemini-3-pro-image", "gemini-3-pro-image-preview")
        ),
        _image("gemini-3.1-flash-image", "gemini-3.1-flash-image", 65_536, _FLASH_IMAGES),
        *(
            Model(
                f"{name}-preview-tts",
                f"{name}-tts",
                _title(f"{name}-preview-tts"),
                8_192,
                16_384,
                _GENERATES,
                candidates=8,
                makes="audio",
            )
            for name in ("gemini-2.5-flash", "gemini-2.5-pro")
        ),
        Model(
            "gemini-embedding-2",
            "gemini-embedding-2",
            "Gemini Embedding 2",
            8_192,
            1,
            _EMBEDS,
            makes="vectors",
        ),
        Model(
            "gemini-embedding-001",
            "gemini-embedding-1.0",
            "Gemini Embedding 001",
            2_048,
            1,
            _EMBEDS,
            makes="vectors",
        ),
    )
}

_ROUTES: Final = {
    "gemini-2.5-pro": (date(2026, 12, 1), "gemini-3.8-flash"),
    "gemini-2.5-flash": (date(2026, 12, 1), "gemini-3.5-flash-lite"),
}
"""Retired models: from a Pacific day on another one answers, at its prices. Source: Google's deprecations page,
2026-11-10."""


def answering(model: Model, now: datetime) -> Model:
    """The model that answers a call of one."""
    route = _ROUTES.get(model.id)
    if route is None or day_of(now) < route[0]:
        return model
    return MODELS[route[1]]
