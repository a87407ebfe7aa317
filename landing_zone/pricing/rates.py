"""Prices of tokens: by model, day, way of processing and length of the prompt.

Tokens' prices come from the package genai-prices, which keeps Google's published ones with the dates they hold from;
what that package lacks comes from `landing_zone.gemini`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import lru_cache
from importlib.metadata import version
from typing import Final

from genai_prices.types import ModelPrice, StartDateConstraint, TieredPrices

from landing_zone.gemini.prices import (
    HALF,
    LONG_CONTEXT,
    PRICING_PAGE,
    PRIORITY,
    Processing,
)
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.model_ids import canonical, entry_of, record_of
from landing_zone.pricing.money import EXACT

CHANGES_AHEAD: Final = 120
"""Days within which a coming change of prices is shown."""
A_MILLIONTH: Final = Decimal("0.000001")
"""Prices are for a million tokens. To multiply is many times faster than to divide with so many digits."""
PRICES_FROM: Final = f"genai-prices {version('genai-prices')}, which cites {PRICING_PAGE}"


@dataclass(frozen=True)
class Rates:
    """Prices of a million tokens, by modality, for one kind of request in one currency."""

    input: Decimal
    """Text."""
    cached: Decimal
    """Input from a cache."""
    audio: Decimal
    image: Decimal
    video: Decimal
    cached_audio: Decimal
    output: Decimal
    """Text, thinking included."""
    image_output: Decimal
    audio_output: Decimal
    storage: Decimal
    """For a million tokens kept in an explicit cache for an hour; 0 where there are no explicit caches."""
    dearest_input: Decimal
    """The highest of all modalities."""
    dearest_output: Decimal

    def times(self, factor: Decimal) -> "Rates":
        """All of them, multiplied."""
        with localcontext(EXACT):
            return Rates(*(getattr(self, name) * factor for name in self.__dataclass_fields__))

    def or_dearer(self, other: "Rates") -> "Rates":
        """The higher of each price of the two."""
        return Rates(*(max(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class ContractPrices:
    """Contract prices of a model, US dollars per million tokens; None is the list price."""

    input: Decimal | None = None
    cached: Decimal | None = None
    audio: Decimal | None = None
    output: Decimal | None = None
    storage: Decimal | None = None


@dataclass(frozen=True)
class Terms:
    """Differences between a billing account's prices and the published ones."""

    discount: Decimal = Decimal(0)
    """A share off everything."""
    contract: tuple[tuple[str, ContractPrices], ...] = ()
    """Model -> what it costs by contract, whatever the list says; before the discount."""
    currency: str = "USD"
    usd_rate: Decimal = Decimal(1)
    """Price of one US dollar in `currency`."""

    def __hash__(self) -> int:
        # Caches of prices look terms up for every workload: the contract, one an account, is left out.
        return hash((self.discount, self.currency, self.usd_rate))


LIST_PRICES: Final = Terms()
"""As published: US dollars, no discount."""


def has_long_context_price(model: str) -> bool:
    """True if a prompt over 200,000 tokens costs more for each of its tokens."""
    held = entry_of(model).prices
    every = [held] if isinstance(held, ModelPrice) else [each.prices for each in held]
    return any(isinstance(value, TieredPrices) for prices in every for value in vars(prices).values())


@lru_cache(maxsize=4096)
def price_changes(model: str) -> tuple[date, ...]:
    """The days on which a price of a model changes, any way of processing."""
    info, record = entry_of(model), record_of(model)
    conditions = [
        *([] if isinstance(info.prices, ModelPrice) else info.prices),
        *(info.price_variants or ()),
    ]
    starts = {
        each.constraint.start_date for each in conditions if isinstance(each.constraint, StartDateConstraint)
    }
    starts |= {price.start for price in record.storage} if record else set()
    if record and record.route:
        day = record.route.day
        after = price_changes(record.route.instead)
        starts = (
            {start for start in starts if start < day} | {day} | {start for start in after if start > day}
        )
    return tuple(sorted(starts))


def billed_as(model: str, day: date) -> str:
    """The model whose prices a call costs on a day: its successor once Google routes it there."""
    record = record_of(model)
    if record and record.route and record.route.day <= day:
        return billed_as(record.route.instead, day)
    return model


def listed_rates(model: str, day: date) -> Rates:
    """The published Standard prices of a model itself, even after Google answers its calls with another one."""
    return _listed(model, day, "standard", long=False)


@lru_cache(maxsize=65536)
def rates(
    model: str,
    day: date,
    *,
    processing: Processing = "standard",
    long: bool = False,
    terms: Terms = LIST_PRICES,
) -> Rates:
    """Prices of a request's tokens on a billing day. `long`: its prompt is over 200,000 tokens.

    Raises UnknownModelError.
    """
    model = billed_as(model, day)
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
    # A modality that costs what another does goes with it; one with a price of its own keeps the listed one.
    alike = {
        "image": "input",
        "video": "input",
        "cached_audio": "cached",
        "image_output": "output",
        "audio_output": "output",
    }
    follows = {
        name: getattr(found, of) for name, of in alike.items() if getattr(listed, name) == getattr(listed, of)
    }
    found = replace(found, **follows)
    # Video output has a price in the list alone.
    listed_only = (
        listed.dearest_output
        if listed.dearest_output > max(listed.output, listed.image_output, listed.audio_output)
        else Decimal(0)
    )
    return replace(
        found,
        dearest_input=max(found.input, found.audio, found.image, found.video),
        dearest_output=max(found.output, found.image_output, found.audio_output, listed_only),
    )


def _listed(model: str, day: date, processing: Processing, long: bool) -> Rates:
    info, record = entry_of(model), record_of(model)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=PACIFIC)
    standard = replace(_of(info.get_prices(noon), long), storage=_storage(model, day))
    if processing == "standard":
        return standard
    with localcontext(EXACT):
        if processing == "priority":
            return replace(standard.times(PRIORITY), storage=standard.storage)
        prices = info.get_prices(noon, {"processing": "batch"})
        # No variant that holds on this day: the rule that Google publishes for all models.
        own = prices != info.get_prices(noon)
        batch = _of(prices, long) if own else standard.times(HALF)
        cacheless = standard.cached == standard.input
        if (own and prices.cache_read_mtok is not None) or cacheless:
            return replace(batch, storage=standard.storage)
        cached = standard.times(HALF) if record and record.cached_halves else standard
        return replace(
            batch, cached=cached.cached, cached_audio=cached.cached_audio, storage=standard.storage
        )


def _of(prices: ModelPrice, long: bool) -> Rates:
    """Rates from genai-prices' `ModelPrice`, each key of which is a kind of token; without storage."""
    found = {
        key: _tier(value, long)
        for key, value in vars(prices).items()
        if value is not None and key.endswith("_mtok")
    }
    text = found["input_mtok"]
    written = found.get("output_mtok", Decimal(0))
    audio, cached = found.get("input_audio_mtok", text), found.get("cache_read_mtok", text)
    return Rates(
        input=text,
        cached=cached,
        audio=audio,
        image=found.get("input_image_mtok", text),
        video=found.get("input_video_mtok", text),
        # A model that lists no cached audio charges it as what it lists: cached input, or audio without a cache.
        cached_audio=found.get("cache_audio_read_mtok", cached if audio == text else audio),
        output=written,
        image_output=found.get("output_image_mtok", written),
        audio_output=found.get("output_audio_mtok", written),
        storage=Decimal(0),
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
    record = record_of(model)
    published = record.storage if record else ()
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
