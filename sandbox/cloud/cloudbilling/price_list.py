"""Google's price list of the Gemini API: what a million tokens cost on a day, and the SKU that they are billed by.

Tokens and searches: the package genai-prices, which has the days from which its prices hold. Cache storage and the ids
of SKUs: `catalogue.json`; a SKU that is not in there has an id of the local cloud's own, the same in every release.
Batch, Flex and Priority: https://ai.google.dev/gemini-api/docs/pricing, 2026-11-20.

Import it when something is priced, and not before: the package takes a while.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from sandbox.cloud.cloudbilling.catalogue import (
    LONG_CONTEXT,
    PACIFIC,
    PROCESSINGS,
    SEARCH,
    STORAGE,
    Context,
    Processing,
    listed,
    sku_id,
)

TABLE_FROM: Final = date(2026, 11, 1)
"""The day of the price table: earlier prices are not in it."""
_LONG: Final = "_over_200k"
_HALF: Final = Decimal("0.5")
_PRIORITY: Final = Decimal("1.8")
#: Key of genai-prices → kind of SKU.
_KINDS: Final[Mapping[str, str]] = {
    "input_mtok": "input",
    "input_audio_mtok": "input_audio",
    "input_image_mtok": "input_image",
    "input_video_mtok": "input_video",
    "cache_read_mtok": "cached_input",
    "cache_audio_read_mtok": "cached_input_audio",
    "output_mtok": "output",
    "output_image_mtok": "output_image",
    "output_audio_mtok": "output_audio",
    "output_video_mtok": "output_video",
}
#: Models whose cached input costs half in Batch and Flex too, by the beginning of their names.
_CACHED_HALVES: Final = ("gemini-3.1-flash-lite", "gemini-3.6-", "gemini-3.7-", "gemini-3.8-", "gemini-4-")
#: What a kind without a price of its own is billed as.
_INSTEAD: Final[Mapping[str, str]] = {
    "input_audio": "input",
    "input_image": "input",
    "input_video": "input",
    "cached_input_audio": "cached_input",
    "output_image": "output",
    "output_audio": "output",
    "output_video": "output",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one SKU on a day: US dollars for a million units (tokens, searches, tokens kept for an hour)."""

    sku: str
    kind: str
    per_million: Decimal


@cache
def _entries() -> Mapping[str, ModelInfo]:
    [google] = [provider for provider in get_snapshot().providers if provider.id == "google"]
    return {model.id: model for model in google.models if model.id.startswith("gemini-")}


@cache
def entry_of(model: str) -> ModelInfo:
    """The price list's entry of a model, by the API's id of it.

    Raises:
        LookupError: it has none.
    """
    own = _entries().get(model)
    for entry in [own] if own else _entries().values():
        if entry.is_match(model):
            return entry
    raise LookupError(f"no price of {model}")


@cache
def rate_of(model: str, kind: str, day: date, processing: Processing, context: Context) -> Rate | None:
    """The price of one kind of use (`input_audio`, `search`, …) on a Pacific day; None for what costs nothing."""
    entry = entry_of(model)
    if kind == STORAGE:
        return _storage(entry.id, day)
    if kind == SEARCH:
        thousand = entry.get_prices(_noon(day)).web_searches_kcount
        price = _amount(thousand, long=False) if thousand is not None else Decimal(0)
        return Rate(sku_id(entry.id, SEARCH), SEARCH, price * 1000) if price else None
    prices = _prices(entry, day, processing)
    while kind not in prices:
        if kind == "cached_input":  # a model that lists no cached input charges it as input
            kind = "input"
        elif kind == "cached_input_audio" and "cached_input" not in prices:
            kind = "input_audio"
        elif kind in _INSTEAD:
            kind = _INSTEAD[kind]
        else:
            return None
    value = prices[kind]
    long = context == "long" and isinstance(value, TieredPrices)
    named = f"{'' if processing == 'standard' else f'{processing}_'}{kind}{_LONG if long else ''}"
    return Rate(sku_id(entry.id, named), named, _amount(value, long=long))


def _prices(entry: ModelInfo, day: date, processing: Processing) -> dict[str, Decimal | TieredPrices]:
    noon = _noon(day)
    standard = entry.get_prices(noon)
    if processing == "standard":
        return _by_kind(standard)
    if processing == "priority":
        return {kind: _times(value, _PRIORITY) for kind, value in _by_kind(standard).items()}
    batch = entry.get_prices(noon, {"processing": "batch"})
    if batch != standard:
        return _by_kind(batch)
    halves = entry.id.startswith(_CACHED_HALVES)
    return {
        kind: value if kind.startswith("cached_") and not halves else _times(value, _HALF)
        for kind, value in _by_kind(standard).items()
    }


def _by_kind(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {kind: value for key, kind in _KINDS.items() if (value := getattr(prices, key, None)) is not None}


def _times(value: Decimal | TieredPrices, factor: Decimal) -> Decimal | TieredPrices:
    if isinstance(value, Decimal):
        return value * factor
    tiers = [type(tier)(start=tier.start, price=tier.price * factor) for tier in value.tiers]
    return TieredPrices(base=value.base * factor, tiers=tiers)


def _amount(value: Decimal | TieredPrices, *, long: bool) -> Decimal:
    if not isinstance(value, TieredPrices):
        return value
    above = [tier.price for tier in value.tiers if long and tier.start <= LONG_CONTEXT]
    return above[-1] if above else value.base


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PACIFIC)


def _storage(model: str, day: date) -> Rate | None:
    sku = listed().get((model, STORAGE))
    if sku is None:
        return None
    begun = [price for price in sku["prices"] if price["from"] <= day.isoformat()] or sku["prices"][:1]
    return Rate(sku["skuId"], STORAGE, Decimal(begun[-1]["usdPerMillion"]))


def others() -> Iterator[dict[str, Any]]:
    """The SKUs that `catalogue.json` does not list, in its form."""
    for entry in _entries().values():
        days = sorted({TABLE_FROM, *_starts(entry)})
        for processing in PROCESSINGS:
            for kind, value in _prices(entry, days[-1], processing).items():
                for context in ("short", "long") if isinstance(value, TieredPrices) else ("short",):
                    yield from _sku(entry.id, kind, processing, context, days)
        yield from _sku(entry.id, SEARCH, "standard", "short", days)


def _sku(
    model: str, kind: str, processing: Processing, context: Context, days: list[date]
) -> Iterator[dict[str, Any]]:
    rates = {day: rate_of(model, kind, day, processing, context) for day in days}
    named = next((rate.kind for rate in rates.values() if rate is not None), "")
    if not named or (model, named) in listed():
        return
    words = model.replace("-", " ").title()
    yield {
        "skuId": sku_id(model, named),
        "model": model,
        "kind": named,
        "description": f"{named.replace('_', ' ').capitalize()} count {words}",
        "prices": [
            {"from": day.isoformat(), "usdPerMillion": str(rate.per_million)}
            for day, rate in rates.items()
            if rate is not None
        ],
    }


def _starts(entry: ModelInfo) -> Iterator[date]:
    conditional = [] if isinstance(entry.prices, ModelPrice) else entry.prices
    for condition in (*conditional, *(entry.price_variants or ())):
        constraint = condition.constraint
        if isinstance(constraint, StartDateConstraint) and constraint.start_date > TABLE_FROM:
            yield constraint.start_date
