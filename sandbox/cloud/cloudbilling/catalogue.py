"""The content of `catalogue.json`, what prices depend on, and the ids of SKUs.

SKUs that are not in `catalogue.json` have ids of the local cloud's own.
"""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
"""Where Google's days of billing begin."""
Processing = Literal["standard", "batch", "flex", "priority"]
PROCESSINGS: Final[tuple[Processing, ...]] = ("standard", "batch", "flex", "priority")
Context = Literal["short", "long"]
"""Of a prompt: longer than `LONG_CONTEXT` tokens or not. Some models cost more for a long one, by request."""
LONG_CONTEXT: Final = 200_000
STORAGE: Final = "cache_storage_hour"
SEARCH: Final = "search"


@cache
def data() -> dict[str, Any]:
    """The content of `catalogue.json`."""
    content: dict[str, Any] = json.loads(
        Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")
    )
    return content


@cache
def listed() -> Mapping[tuple[str, str], dict[str, Any]]:
    """Its SKUs by model and kind of use."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for sku in data()["skus"]:
        found.setdefault((sku["model"], sku["kind"]), sku)
    return found


@cache
def sku_id(model: str, kind: str) -> str:
    """The id of the SKU of a kind of use of a model."""
    known = listed().get((model, kind))
    if known is not None:
        return str(known["skuId"])
    digest = sha256(f"{model} {kind}".encode()).hexdigest().upper()
    return "-".join(digest[start : start + 4] for start in (0, 4, 8))
