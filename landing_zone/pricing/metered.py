"""The price of what Cloud Monitoring has counted: never below what will be billed for it.

Metrics show neither what is cached, nor the modality, nor the length of a prompt, nor Priority, nor searches. So input
costs what its dearest kind does and none of it is cached; a minute that can hold a long prompt has nothing else; each
request has as many searches as the exposure assumes; a model that is not known costs what the dearest does. What no
metric shows at all (storage of caches, batches) is in budget messages alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final, Literal

from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.prices import IMAGES_OF_A_REQUEST, LONG_CONTEXT, VIDEOS_OF_A_REQUEST
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.exposure import Doors, Prices
from landing_zone.pricing.model_ids import UnknownModelError, known_models, record_of, size_of
from landing_zone.pricing.money import EXACT, rounded_up
from landing_zone.pricing.rates import A_MILLIONTH, LIST_PRICES, Terms

Counted = Literal["content", "embeddings", "images", "videos"]
COUNTED: Final[tuple[Counted, ...]] = ("content", "embeddings", "images", "videos")
LOOK_BACK: Final = timedelta(minutes=15)
"""Assumed longest time from a request to the end of its answer: the output of a long prompt may be counted so late."""
_MOST_NAMED: Final = 5
_AT_MIDNIGHT: Final = timedelta(hours=1)
"""What is counted so near to a day's begin or end may be billed by the prices of the other day."""


@dataclass(frozen=True, slots=True)
class Use:
    """What was counted of one model from one moment to another."""

    start: datetime
    end: datetime
    model: str
    """The quota's name, or the API's id."""
    requests: int = 0
    input: int = 0
    """Tokens."""
    output: int = 0
    counted: Counted = "content"


@dataclass(frozen=True, slots=True)
class Spend:
    """What was counted in some time, at its price."""

    start: datetime
    end: datetime
    cost: Decimal


@dataclass(frozen=True)
class Priced:
    """The price of use."""

    spends: tuple[Spend, ...]
    """One for each time, in order; nothing for a time without use."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TokenPrices:
    """The most that a request and a token of a model cost."""

    request: Decimal
    input: Decimal
    long_input: Decimal
    """In prompts over 200,000 tokens."""
    output: Decimal
    long_output: Decimal

    def or_dearer(self, other: "TokenPrices") -> "TokenPrices":
        """The higher of each of the two."""
        return TokenPrices(
            *(max(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        )


def priced(
    uses: Iterable[Use], terms: Terms = LIST_PRICES, doors: Doors | None = None, since: datetime | None = None
) -> Priced:
    """The price of use, an upper bound, in the currency of the terms.

    Args:
        uses: at most one for a model, what it counts, and a time.
        terms: of the billing account.
        doors: whether Priority is open, and how many queries a request makes at most.
        since: use before that moment is not priced; it says whether later output may be that of a long prompt.
    """
    doors = doors or Doors()
    costs: dict[tuple[datetime, datetime], Decimal] = {}
    unknown: set[str] = set()
    long_until: dict[str, datetime] = {}
    with localcontext(EXACT):
        for use in sorted(uses, key=lambda each: each.start):
            model = QUOTA_NAMES.get(use.model, use.model)
            if use.input > LONG_CONTEXT:
                long_until[model] = use.end + LOOK_BACK
            if since is not None and use.start < since:
                continue
            known, cost = _cost(use, model, long_until.get(model), terms, doors)
            if not known:
                unknown.add(model)
            if cost:
                costs[use.start, use.end] = costs.get((use.start, use.end), Decimal(0)) + cost
    spends = tuple(Spend(*time, rounded_up(costs[time])) for time in sorted(costs))
    named = sorted(unknown)[:_MOST_NAMED]
    remarks = [f"no price is known for {model}: it counts as the dearest model" for model in named]
    if len(unknown) > len(named):
        remarks.append(f"no price is known for {len(unknown) - len(named)} more models")
    return Priced(spends, tuple(remarks))


def _cost(
    use: Use, model: str, long_until: datetime | None, terms: Terms, doors: Doors
) -> tuple[bool, Decimal]:
    """Whether a price is known, and the cost."""
    if use.counted in ("images", "videos"):
        each = VIDEOS_OF_A_REQUEST if use.counted == "videos" else IMAGES_OF_A_REQUEST
        return True, use.requests * each * (1 - terms.discount) * terms.usd_rate
    known, prices = _around(model, use.start, use.end, terms, doors)
    if use.counted == "embeddings":
        # Where no metric counts tokens, each request has as many as it can.
        size = size_of(_ids(model)[0]) if known else None
        tokens = use.input or use.requests * (size.context if size else LONG_CONTEXT)
        return known, tokens * prices.input
    long = use.input > LONG_CONTEXT
    after_long = long_until is not None and use.start < long_until
    return known, (
        use.requests * prices.request
        + use.input * (prices.long_input if long else prices.input)
        + use.output * (prices.long_output if after_long else prices.output)
    )


def _around(
    model: str, start: datetime, end: datetime, terms: Terms, doors: Doors
) -> tuple[bool, TokenPrices]:
    """The highest prices of a model in some time: whether they are known, and what they are."""
    first = (start - _AT_MIDNIGHT).astimezone(PACIFIC).date()
    last = (end + _AT_MIDNIGHT).astimezone(PACIFIC).date()
    found = _on(model, first, terms, doors.priority, doors.queries)
    day = first
    while day < last:
        day += timedelta(days=1)
        known, prices = _on(model, day, terms, doors.priority, doors.queries)
        found = (found[0] and known, found[1].or_dearer(prices))
    return found


@lru_cache(maxsize=65536)
def _on(model: str, day: date, terms: Terms, priority: bool, queries: int) -> tuple[bool, TokenPrices]:
    found = _known(model, day, terms, priority, queries)
    return (True, found) if found else (False, _dearest(day, terms, priority, queries))


def _known(model: str, day: date, terms: Terms, priority: bool, queries: int) -> TokenPrices | None:
    """The prices of a day, of each API id that a quota's name stands for; None if none is known."""
    doors = Doors(priority=priority, queries=queries)
    found: TokenPrices | None = None
    for each in _ids(model):
        days = [day]
        try:
            record = record_of(each)
            if record and record.route and record.route.day <= day:
                # Google says from which day another model answers, and not under which name that is counted.
                days.append(record.route.day - timedelta(days=1))
            for one in days:
                prices = _of(Prices.of(each, one, terms, doors))
                found = found.or_dearer(prices) if found else prices
        except (UnknownModelError, ValueError):
            continue
    return found


def _of(prices: Prices) -> TokenPrices:
    short, long = prices.short, prices.long or prices.short
    with localcontext(EXACT):
        return TokenPrices(
            prices.grounding,
            short.dearest_input * A_MILLIONTH,
            max(short.dearest_input, long.dearest_input) * A_MILLIONTH,
            short.dearest_output * A_MILLIONTH,
            max(short.dearest_output, long.dearest_output) * A_MILLIONTH,
        )


@lru_cache(maxsize=1024)
def _dearest(day: date, terms: Terms, priority: bool, queries: int) -> TokenPrices:
    """The highest of each price that any model has on a day."""
    each = [_known(model, day, terms, priority, queries) for model in known_models()]
    dearest, *rest = filter(None, each)
    for one in rest:
        dearest = dearest.or_dearer(one)
    return dearest


@lru_cache(maxsize=1024)
def _ids(model: str) -> Sequence[str]:
    """The API's ids that a quota counts by a name."""
    return [each for each, quota in QUOTA_NAMES.items() if quota == model] or [model]
