"""SKUs of the Gemini API in the Cloud Billing catalogue, by id: descriptions are irregular and change, ids do not.

Google publishes no table of them; these were seen in public price lists and invoices up to 2026-09. What is not here
is not verified, and `gemini-lz prices verify` says how many the catalogue has besides.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["input", "cached", "audio", "output"]


@dataclass(frozen=True)
class Sku:
    """What one SKU charges for: tokens of one kind, processed in Standard, of prompts of up to 200,000 tokens."""

    model: str
    kind: Kind


SKUS: Final[dict[str, Sku]] = {
    "981A-C057-0BF9": Sku("gemini-2.5-flash", "input"),
    "5308-F418-CF26": Sku("gemini-2.5-flash", "audio"),
    "5CDC-4C82-2AEC": Sku("gemini-2.5-flash", "cached"),
    "911A-8880-A243": Sku("gemini-2.5-flash", "output"),
    "6EDB-2409-6348": Sku("gemini-2.5-flash", "output"),
    "399C-32AD-1412": Sku("gemini-2.5-flash-lite", "input"),
    "EBC7-B1E9-1DA3": Sku("gemini-2.5-flash-lite", "cached"),
    "7133-23F2-04B7": Sku("gemini-2.5-flash-lite", "output"),
    "2D1C-F790-3C09": Sku("gemini-2.5-pro", "input"),
    "9465-C223-0CE9": Sku("gemini-2.5-pro", "cached"),
    "0F51-429B-C2DC": Sku("gemini-2.5-pro", "output"),
    "F2C1-F842-5D84": Sku("gemini-3-flash-preview", "input"),
    "07D6-73CA-C859": Sku("gemini-3-flash-preview", "cached"),
    "ACA6-865B-F153": Sku("gemini-3-flash-preview", "output"),
    "54F8-C433-9340": Sku("gemini-3.1-flash-lite", "input"),
    "5882-9C22-CC57": Sku("gemini-3.1-flash-lite", "output"),
    "63AC-2BA8-3F85": Sku("gemini-3.5-flash", "input"),
    "F9BE-D8E8-69E9": Sku("gemini-3.5-flash", "output"),
    "E211-E01C-0CB3": Sku("gemini-embedding-001", "input"),
    "13B8-087F-4762": Sku("gemini-embedding-2", "input"),
}
"""SKU id -> what it charges for."""
