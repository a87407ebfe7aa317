"""The models of the Gemini API that limits can be set on.

A quota names a model by a name of its own, which for some models differs from the id in API calls:
an override on the id would be accepted by Google and bind nothing.

Source: Google's models and rate-limit pages, and quota violations in 429 responses, as of 2026-11-20.
"""

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

EMBEDDING_MODELS: Final = frozenset({"gemini-embedding-001", "gemini-embedding-2"})
"""Models counted by other quotas, whose limit names Google does not publish: no limit can be set on them here."""
