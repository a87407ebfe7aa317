"""Regions in which the Gemini API may be offered on the paid tier only.

Source: Gemini API Additional Terms of Service, use restrictions (EEA, Switzerland, United Kingdom), as of 2026-11-20;
the EEA's members: EFTA, as of 2026-11-20. Codes are ISO 3166-1 alpha-2.
"""

from typing import Final

EEA: Final = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    }
)
"""The European Economic Area."""
PAID_ONLY: Final = EEA | {"CH", "GB", "EEA"}
"""Countries, and the EEA as a whole, whose users may be served by paid services alone."""
