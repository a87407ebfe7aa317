"""What evasions of programs and of stack files choose from."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

GEMINI: Final = "generativelanguage.googleapis.com"
CLAIMED: Final = ("acme-support-legacy", "acme-support-legacy/widget", "widget", "acme-redteam")
"""Names that an exception of prod.json has, and some like them."""
SERVICES: Final = (
    GEMINI,
    "GenerativeLanguage.googleapis.com",
    f" {GEMINI}",
    "pubsub.googleapis.com",
    "firebasevertexai.googleapis.com",
)
_PREFIX: Final = "google.ai.generativelanguage"
METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "generate": (
        *(f"{_PREFIX}.{version}.GenerativeService.{name}"
          for version in ("v1beta", "v1")
          for name in ("GenerateContent", "StreamGenerateContent", "CountTokens")),
    ),
    "short": ("GenerateContent",),
    "count": ("CountTokens",),
    "all": (),
    "star": ("*",),
    "generative": (f"{_PREFIX}.v1beta.GenerativeService.*",),
    "any version": (f"{_PREFIX}.*",),
    "caches": (f"{_PREFIX}.v1beta.GenerativeService.GenerateContent", f"{_PREFIX}.v1beta.CacheService.CreateCachedContent"),
    "embed": (f"{_PREFIX}.v1beta.GenerativeService.EmbedContent", f"{_PREFIX}.v1.GenerativeService.GenerateContent"),
    "with service": (f"{GEMINI}.{_PREFIX}.v1beta.GenerativeService.GenerateContent",),
    "lower": ("generatecontent",),
}  # fmt: skip
ADDRESSES: Final = st.sampled_from((
    ("203.0.113.0/24",), ("203.0.113.7", "2001:db8::/32"), ("10.0.0.0/8", "192.168.0.0/16"), (), ("0.0.0.0/0",), ("0.0.0.0/1", "128.0.0.0/1"),
    tuple(f"{first}.0.0.0/8" for first in range(1, 12)), ("::ffff:0:0/96",), ("::ffff:203.0.113.7/128",), ("64:ff9b::/98", "64:ff9b::4000:0/98"),
    (" 203.0.113.0/24",), ("203.0.113.7:443",), ("203.0.113.1-203.0.113.9",), ("2002::/16",), ("2000::/4", "3000::/4"), ("203.0.113.0/255.255.255.0",),
    ("010.0.0.1",), ("1.0.0.0/8",), ("1.0.0.0/8", "2.0.0.0/32"), ("2001::/32",), ("::/1",), ("localhost",), ("203.0.113.7", "0.0.0.0/0"),
))  # fmt: skip
MODELS: Final = (
    "gemini-4-argon", "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3.1-pro-preview", "gemini-3.1-pro", "gemini-2.5-flash-image",
    "gemini-2.5-flash-preview-image", "gemini-2.5-flash-preview-tts", "gemini-2.5-flash-tts", "gemini-embedding-2", "gemini-9-unknown",
    "gemini-3-pro-image-preview", "Gemini-4-Argon", "models/gemini-4-argon",
)  # fmt: skip
"""Ids of models, quotas' names of models, and what is neither."""
NUMBERS: Final = (0, 1, 3, 400_000, -1)
_TOKENS: Final = {"inputTokensPerMinute": st.sampled_from((0, 1_000, 300_000, 1_200_000))}
numbers: Final[st.SearchStrategy[dict[str, Any]]] = st.one_of(
    st.fixed_dictionaries(
        {"requestsPerMinute": st.sampled_from((1, 3)), "requestsPerDay": st.sampled_from((2, 4))},
        optional=_TOKENS,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "requestsPerMinute": st.sampled_from((0, 1, 3, 100_000)),
            "requestsPerDay": st.sampled_from((0, 2, 4, 2_000_000)),
            **_TOKENS,
        },
    ),
)
"""Limits: small enough that a test can use them up, or too high, or none."""
_DAY: Final = {"month": 1, "day": 1}
BUDGET_FILTERS: Final[tuple[Mapping[str, Any], ...]] = (
    {"customPeriod": {"startDate": {"year": 2099, **_DAY}}},
    {"customPeriod": {"startDate": {"year": 2025, **_DAY}, "endDate": {"year": 2026, **_DAY}}},
    {"customPeriod": {"startDate": {"year": 2026, **_DAY}, "endDate": {"year": 2099, **_DAY}}},
    {"labels": {"team": "chat"}},
    {"labels": {}},
    {"resourceAncestors": ["folders/987654321098"]},
    {"resourceAncestors": ["folders/1"]},
    {"resourceAncestors": ["organizations/123456789012"]},
    {"subaccounts": ["billingAccounts/0A1B2C-3D4E5F-6A7B8C"]},
    {"subaccounts": ["billingAccounts/01A2B3-C4D5E6-F7A8B9"]},
    {"services": []},
    {"services": ["services/0000-0000-0000"]},
    {"services": ["services/AEFD-7695-64FA", "services/0000-0000-0000"]},
    {"calendarPeriod": "YEAR"},
    {"creditTypesTreatment": "INCLUDE_ALL_CREDITS"},
    {"projects": []},
)
