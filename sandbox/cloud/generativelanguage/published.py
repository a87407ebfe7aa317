"""The models that the local Gemini API serves.

Names, token limits and quota names: Google's pages and quota violations in 429 responses, as of 2026-11-26.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
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
    """

    id: str
    quota_name: str
    title: str
    input_tokens: int = 1_048_576
    output_tokens: int = 65_536
    methods: tuple[str, ...] = ("generateContent", "countTokens")
    candidates: int = 1


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
    "gemini-4-argon",
)
_PREVIEWS: Final = ("gemini-3-flash", "gemini-3-pro", "gemini-3.1-pro")


def _title(model_id: str) -> str:
    return model_id.replace("-", " ").title()


MODELS: Final[Mapping[str, Model]] = {
    model.id: model
    for model in (
        *(
            Model(name, name, _title(name), candidates=8 if name.startswith("gemini-2.") else 1)
            for name in _SAME_NAME
        ),
        *(Model(f"{name}-preview", name, _title(f"{name}-preview")) for name in _PREVIEWS),
        # The quota's name of this one is neither its id nor that of its preview.
        Model(
            "gemini-2.5-flash-image",
            "gemini-2.5-flash-preview-image",
            "Gemini 2.5 Flash Image",
            32_768,
            32_768,
        ),
        *(
            Model(name, name.removesuffix("-preview"), _title(name), 65_536, 32_768)
            for name in ("gemini-3-pro-image", "gemini-3-pro-image-preview", "gemini-3.1-flash-image")
        ),
        *(
            Model(
                f"{name}-preview-tts",
                f"{name}-tts",
                _title(f"{name}-preview-tts"),
                8_192,
                16_384,
                candidates=8,
            )
            for name in ("gemini-2.5-flash", "gemini-2.5-pro")
        ),
        Model(
            "gemini-embedding-2",
            "gemini-embedding-2",
            "Gemini Embedding 2",
            8_192,
            1,
            ("embedContent", "countTextTokens"),
        ),
        Model(
            "gemini-embedding-001",
            "gemini-embedding-1.0",
            "Gemini Embedding 001",
            2_048,
            1,
            ("embedContent", "countTextTokens"),
        ),
    )
}
