"""Prices of tokens: by model, day, way of processing and length of the prompt.

Tokens' prices come from the package genai-prices, which keeps Google's published ones with the dates they hold from;
cache storage and what that package lacks come from `landing_zone.gemini.prices`.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import lru_cache
from importlib.metadata import version
from typing import Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from landing_zone.gemini.models import EMBEDDING_MODELS, QUOTA_NAMES, RETIREMENTS, SIZES, Retirement, Size
from landing_zone.gemini.prices import (
    CACHE_STORAGE,
    CACHED_HALVES,
    HALF,
    LONG_CONTEXT,
    PRICING_PAGE,
    PRIORITY,
    Processing,
)
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.money import EXACT

CHANGES_AHEAD: Final = 120
"""Days within which a coming change of prices is shown."""
A_MILLIONTH: Final = Decimal("0.000001")
"""Prices are for a million tokens. To multiply is many times faster than to divide with so many digits."""
PRICES_FROM: Final = f"genai-prices {version('genai-prices')}, which cites {PRICING_PAGE}"


class UnknownModelError(Exception):
    """No price is known for a model; names those that it may have been meant for."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.nearest = difflib.get_close_matches(model.casefold(), known_models(), n=3)
        hint = (
            f"did you mean {' or '.join(self.nearest)}?"
            if self.nearest
            else "gemini-lz prices list shows them"
        )
        super().__init__(f"no price is known for the model {model!r}: {hint}")


@dataclass(frozen=True)
class Rates:
    """What tokens of one kind of request cost: for a million of them, in one currency."""

    input: Decimal
    cached: Decimal
    """Input that a cache supplies."""
    audio: Decimal
    output: Decimal
    """Thinking included."""
    storage: Decimal
    """For a million tokens kept in an explicit cache for an hour; 0 where there are no explicit caches."""
    dearest_input: Decimal
    """Of all modalities."""
    dearest_output: Decimal

    def times(self, factor: Decimal) -> "Rates":
        """All of them, multiplied."""
        with localcontext(EXACT):
            return Rates(*(getattr(self, name) * factor for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class ContractPrices:
    """What an account pays by contract for a model, US dollars for a million tokens; None is the list price."""

    input: Decimal | None = None
    cached: Decimal | None = None
    audio: Decimal | None = None
    output: Decimal | None = None
    storage: Decimal | None = None


@dataclass(frozen=True)
class Terms:
    """How a billing account's prices differ from those that are published."""

    discount: Decimal = Decimal(0)
    """A share off everything."""
    contract: tuple[tuple[str, ContractPrices], ...] = ()
    """Model -> what it costs by contract, whatever the list says; before the discount."""
    currency: str = "USD"
    usd_rate: Decimal = Decimal(1)
    """What one US dollar is in `currency`."""

    def __hash__(self) -> int:
        # Caches of prices look terms up for every workload: the contract, one an account, is left out.
        return hash((self.discount, self.currency, self.usd_rate))


LIST_PRICES: Final = Terms()
"""As published: US dollars, no discount."""


@lru_cache(maxsize=1)
def _models() -> Mapping[str, ModelInfo]:
    """Google's Gemini models in genai-prices, by id."""
    google = next(provider for provider in get_snapshot().providers if provider.id == "google")
    return {model.id: model for model in google.models if model.id.startswith("gemini-")}


@lru_cache(maxsize=1)
def known_models() -> tuple[str, ...]:
    """The ids of the models whose prices are known, in order."""
    return tuple(sorted({*_models(), *QUOTA_NAMES, *EMBEDDING_MODELS}))


@lru_cache(maxsize=4096)
def _priced(model: str) -> ModelInfo:
    """Its entry in genai-prices: by its id, or as a dated version of one. Raises UnknownModelError."""
    models = _models()
    if model in models:
        return models[model]
    # The package matches loosely (`gemini-2.5-pro-anything`): only what names a version counts as one here.
    base = re.sub(r"(-preview)?(-\d{2,4})*$|-latest$", "", model)
    found = next((info for info in models.values() if info.is_match(model)), None)
    if found and (base in models or model in QUOTA_NAMES or model.endswith("-latest")):
        return found
    raise UnknownModelError(model)


def check_model(model: str) -> None:
    """Raises UnknownModelError for a model that has no price."""
    _priced(model)


def canonical(model: str) -> str:
    """The id whose prices hold for a model: `gemini-2.5-flash` for `gemini-2.5-flash-preview-09-2025`."""
    return _priced(model).id


@lru_cache(maxsize=4096)
def limited_as(model: str) -> str | None:
    """The id that limits are set by for calls to a model, which may be a version of it; None if none can be set."""
    return next((each for each in (model, canonical(model)) if each in QUOTA_NAMES), None)


def size_of(model: str) -> Size | None:
    """How much it reads and writes at most; None where neither is known."""
    found = SIZES.get(model) or SIZES.get(canonical(model))
    window = _priced(model).context_window
    return found or (Size(window, 65_536) if window else None)


def retirement_of(model: str) -> Retirement | None:
    """When it goes, if that is announced."""
    return RETIREMENTS.get(model) or RETIREMENTS.get(canonical(model))


def has_long_context_price(model: str) -> bool:
    """Whether a prompt over 200,000 tokens costs more for each of its tokens."""
    held = _priced(model).prices
    every = [held] if isinstance(held, ModelPrice) else [each.prices for each in held]
    return any(isinstance(value, TieredPrices) for prices in every for value in vars(prices).values())


@lru_cache(maxsize=4096)
def price_changes(model: str) -> tuple[date, ...]:
    """The days on which a price of a model changes, any way of processing."""
    info = _priced(model)
    conditions = [
        *([] if isinstance(info.prices, ModelPrice) else info.prices),
        *(info.price_variants or ()),
    ]
    starts = {
        each.constraint.start_date for each in conditions if isinstance(each.constraint, StartDateConstraint)
    }
    starts |= {price.start for price in CACHE_STORAGE.get(info.id, ())}
    return tuple(sorted(starts))


@lru_cache(maxsize=65536)
def rates(
    model: str,
    day: date,
    *,
    processing: Processing = "standard",
    long: bool = False,
    terms: Terms = LIST_PRICES,
) -> Rates:
    """What a request's tokens cost on a billing day. `long`: its prompt is over 200,000 tokens.

    Raises UnknownModelError.
    """
    listed = _listed(model, day, processing, long)
    own = dict(terms.contract)
    contract = own.get(model) or own.get(canonical(model))
    with localcontext(EXACT):
        agreed = (
            _by_contract(listed, contract, _listed(model, day, "standard", False)) if contract else listed
        )
        return agreed.times((1 - terms.discount) * terms.usd_rate)


def _by_contract(listed: Rates, contract: ContractPrices, standard: Rates) -> Rates:
    """A contract names standard prices; Batch, audio and long prompts keep their ratio to them."""
    found = listed
    for name in ("input", "cached", "audio", "output", "storage"):
        # Audio keeps its ratio to input, if the contract names input alone.
        by = "input" if name == "audio" and contract.audio is None else name
        agreed, usual = getattr(contract, by), getattr(standard, by)
        if agreed is not None:
            same = getattr(listed, name) == usual
            found = replace(found, **{name: agreed if same else getattr(listed, name) * agreed / usual})
    # A modality that no contract names stays the dearest at its list price.
    other_input = (
        listed.dearest_input if listed.dearest_input > max(listed.input, listed.audio) else Decimal(0)
    )
    other_output = listed.dearest_output if listed.dearest_output > listed.output else Decimal(0)
    return replace(
        found,
        dearest_input=max(found.input, found.audio, other_input),
        dearest_output=max(found.output, other_output),
    )


def _listed(model: str, day: date, processing: Processing, long: bool) -> Rates:
    info = _priced(model)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=PACIFIC)
    standard = _of(info, info.get_prices(noon), day, long)
    if processing == "standard":
        return standard
    with localcontext(EXACT):
        if processing == "priority":
            return replace(standard.times(PRIORITY), storage=standard.storage)
        batch = info.get_prices(noon, {"processing": "batch"})
        if batch != info.get_prices(noon):
            return _of(info, batch, day, long)
        # No variant that holds on this day: the rule that Google publishes for all models.
        half = standard.times(HALF)
        cached = half.cached if info.id in CACHED_HALVES else standard.cached
        return replace(half, cached=cached, storage=standard.storage)


def _of(info: ModelInfo, prices: ModelPrice, day: date, long: bool) -> Rates:
    """genai-prices' prices as rates. Source: its `ModelPrice`, whose keys name a kind of token each."""
    found = {key: _tier(value, long) for key, value in vars(prices).items() if value is not None}
    per_token = found["input_mtok"]
    cached = found.get("cache_read_mtok", per_token)
    return Rates(
        input=per_token,
        cached=cached,
        audio=found.get("input_audio_mtok", per_token),
        output=found.get("output_mtok", Decimal(0)),
        storage=_storage(info.id, day),
        dearest_input=_dearest(found, "input_"),
        dearest_output=_dearest(found, "output_"),
    )


def _dearest(found: Mapping[str, Decimal], start: str) -> Decimal:
    return max((price for key, price in found.items() if key.startswith(start)), default=Decimal(0))


def _tier(value: Decimal | TieredPrices, long: bool) -> Decimal:
    if isinstance(value, Decimal):
        return value
    prices = [tier.price for tier in value.tiers if long and tier.start <= LONG_CONTEXT]
    return prices[-1] if prices else value.base


def _storage(model: str, day: date) -> Decimal:
    published = CACHE_STORAGE.get(model, ())
    held = [price.amount for price in published if price.start <= day] or [
        each.amount for each in published[:1]
    ]
    return held[-1] if held else Decimal(0)


@lru_cache(maxsize=4096)
def coming_changes(
    models: tuple[str, ...], after: date, within_days: int
) -> tuple[tuple[date, frozenset[str]], ...]:
    """The days after `after`, `within_days` at most, on which prices change, each with the models that it concerns."""
    found: dict[date, set[str]] = {}
    for model in models:
        for day in price_changes(model):
            if 0 < (day - after).days <= within_days:
                found.setdefault(day, set()).add(model)
    return tuple((day, frozenset(found[day])) for day in sorted(found))
