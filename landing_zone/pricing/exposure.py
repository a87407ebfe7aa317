"""The most that limits in force let anybody spend: a bound, not a forecast.

For one model and a window of time: `input tokens x price + requests x (largest output x price + grounding) + cache
storage`, each as large as the limits allow. Tokens in a cache count against the limit of input tokens when they are put
there, so what is stored is bounded as well. A bound is rounded up, at the ninth decimal.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import cached_property, lru_cache
from typing import Final

from landing_zone.gemini.limits import BLOCKED, OTHERS, Limits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES, UP_TO_8, counter_of
from landing_zone.gemini.prices import LONG_CONTEXT, QUERIES_A_REQUEST, Processing
from landing_zone.pricing.grounding import GROUNDS, grounding_price, per_unit
from landing_zone.pricing.model_ids import Size, record_of, size_of
from landing_zone.pricing.money import EXACT, UPWARD, rounded_up
from landing_zone.pricing.open_ways import OpenWay
from landing_zone.pricing.rates import (
    A_MILLIONTH,
    LIST_PRICES,
    Rates,
    Terms,
    billed_as,
    has_long_context_price,
    price_changes,
    rates,
)

DAY: Final = 24 * 60
"""Minutes."""
_MINUTES: Final = Decimal(60)
_NO_MONEY: Final = Decimal(0)


@dataclass(frozen=True)
class Window:
    """A time over which something is spent, and how many of the quotas' own windows it touches."""

    length: int
    """Minutes."""
    minutes: int
    """Quota minutes touched."""
    days: int
    """Quota days touched; a quota's day begins at midnight Pacific."""

    @cached_property
    def kept_by_minute(self) -> int:
        """Minutes, in all, that caches keep one token put there in each minute, none beyond the window."""
        # The last minute's is kept for one minute, those before for one more each.
        full = max(self.minutes - self.length, 0)
        rising = self.minutes - full
        return rising * (rising + 1) // 2 + full * self.length

    @cached_property
    def kept_by_day(self) -> int:
        """Minutes, in all, that caches keep one token put there at the beginning of each day."""
        return sum(min(self.length, day * DAY) for day in range(1, self.days + 1))

    @classmethod
    @lru_cache(maxsize=256)
    def any(cls, lag: timedelta) -> "Window":
        """Any time of this length: it need not begin with a quota's minute or day, so it touches one more of each."""
        length = -(-int(lag.total_seconds()) // 60)
        return cls(length, length + 1, -(-length // DAY) + 1) if length else cls(0, 0, 0)


WINDOWS: Final[Mapping[str, Window]] = {
    "minute": Window(1, 1, 1),
    "hour": Window(60, 60, 1),
    "day": Window(DAY, DAY, 1),
    "month": Window(31 * DAY, 31 * DAY, 31),
}
"""Name -> the window, beginning with the quotas' own; a month is the longest there is."""


# Not frozen: a frozen one takes three times as long to make, and there are millions.
@dataclass(slots=True)
class Bound:
    """The most that one model can cost in a window, by what it is for; in the currency of the terms."""

    requests: int
    """Requests, at most."""
    tokens: int
    """Input tokens, at most."""
    input: Decimal
    output: Decimal
    storage: Decimal
    grounding: Decimal

    @property
    def total(self) -> Decimal:
        """All of it, rounded up at the ninth decimal."""
        with localcontext(EXACT):
            return rounded_up(self.input + self.output + self.storage + self.grounding)


NOTHING: Final = Bound(0, 0, Decimal(0), Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Doors:
    """Ways to spend, beside tokens, that are open to a project's callers."""

    caches: bool = True
    """True if a caller can make explicit caches."""
    queries: int = 0
    """Queries to Google Search or Google Maps of one request, at most: an assumption, as Google names no limit."""
    priority: bool = False
    """True if a caller can have requests served in Priority, which costs more; they count on the same limits."""
    content_only: bool = False
    """True if what is denied is denied on the metrics of content alone, so that embeddings and videos are open."""
    unbounded: tuple[OpenWay, ...] = ()
    """Ways that neither limits nor prices bound: with any of them there is no worst case."""


EVERY_DOOR: Final = Doors()
USUAL_DOORS: Final = Doors(queries=QUERIES_A_REQUEST)
"""The doors of a project whose settings narrow none."""


@dataclass(frozen=True)
class Prices:
    """Highest prices of a model's tokens on a day, and the size of its requests."""

    short: Rates
    long: Rates | None
    """For prompts over 200,000 tokens, where they cost more."""
    size: Size
    candidates: int = 1
    """Answers of one request, at most; each as long as `size.output`."""
    grounding: Decimal = Decimal(0)
    """The most per request."""

    @classmethod
    @lru_cache(maxsize=4096)
    def of(
        cls,
        model: str,
        day: date,
        terms: Terms = LIST_PRICES,
        doors: Doors = EVERY_DOOR,
        until: date | None = None,
    ) -> "Prices":
        """The prices of a day; with `until` the highest from that day to another.

        Raises UnknownModelError, and ValueError for a model whose size is not known.
        """
        found = cls._on(billed_as(model, day), day, terms, doors)
        for change in price_changes(model):
            if until and day < change <= until:
                found = found._or_dearer(cls._on(billed_as(model, change), change, terms, doors))
        return found

    @classmethod
    def _on(cls, model: str, day: date, terms: Terms, doors: Doors) -> "Prices":
        size, record = size_of(model), record_of(model)
        if size is None:
            raise ValueError(f"how much {model} reads and writes at most is not known")
        long = has_long_context_price(model) and size.context > LONG_CONTEXT

        def of(*, long: bool) -> Rates:
            served: Processing = "priority" if doors.priority else "standard"
            found = rates(model, day, processing=served, long=long, terms=terms)
            return found if doors.caches else replace(found, storage=_NO_MONEY)

        return cls(
            of(long=False),
            of(long=True) if long else None,
            size,
            (record.candidates if record else UP_TO_8).most,
            _grounding(model, day, terms, doors),
        )

    def _or_dearer(self, other: "Prices") -> "Prices":
        long = [prices.long or prices.short for prices in (self, other)]
        return Prices(
            self.short.or_dearer(other.short),
            long[0].or_dearer(long[1]) if self.long or other.long else None,
            Size(
                max(self.size.context, other.size.context),
                max(self.size.output, other.size.output),
            ),
            max(self.candidates, other.candidates),
            max(self.grounding, other.grounding),
        )


def _grounding(model: str, day: date, terms: Terms, doors: Doors) -> Decimal:
    """The most that grounding one request costs; no allotment is taken off, as others may have used it."""
    if not doors.queries:
        return _NO_MONEY
    prices = [price for ground in GROUNDS if (price := grounding_price(model, ground, day))]
    with localcontext(EXACT):
        by_query = [per_unit(price, terms) for price in prices if price.per_query]
        by_request = [per_unit(price, terms) for price in prices if not price.per_query]
        return max(by_query, default=_NO_MONEY) * doors.queries + sum(by_request, _NO_MONEY)


def bound(prices: Prices, limits: Limits, window: Window) -> Bound | None:
    """The most that a model can cost in a window; None if nothing bounds it: there is no limit of requests.

    It never falls when a limit, a price or the window grows.
    """
    with localcontext(EXACT):
        return _bounds(prices, limits, {"": window})[""]


def _bounds(prices: Prices, limits: Limits, windows: Mapping[str, Window]) -> dict[str, Bound | None]:
    """The same for several windows, in the exact context."""
    minute, day = limits.requests_per_minute, limits.requests_per_day
    per_minute = limits.input_tokens_per_minute
    if minute is None and day is None:
        return dict.fromkeys(windows)
    found: dict[str, Bound | None] = {}
    short, dear, context, output = prices.short, prices.long, prices.size.context, prices.size.output
    # A minute's tokens must hold all of a long prompt.
    long_a_minute = None if per_minute is None else per_minute // (LONG_CONTEXT + 1)
    for name, window in windows.items():
        requests = (day or 0) * window.days if minute is None else minute * window.minutes
        if day is not None:
            requests = min(requests, day * window.days)
        tokens = requests * context
        kept = tokens * window.length
        if per_minute is not None:
            tokens = min(tokens, per_minute * window.minutes)
            kept = min(kept, per_minute * window.kept_by_minute)
        input_price, written = short.dearest_input, requests * short.dearest_output
        if dear is not None:
            long = requests
            if long_a_minute is not None:
                long = min(requests, long_a_minute * window.minutes)
            if long:
                # Which of the tokens are in long prompts is not known: all are taken to be.
                input_price = max(dear.dearest_input, input_price)
                written = long * dear.dearest_output + (requests - long) * short.dearest_output
        storage = _NO_MONEY
        if short.storage:
            if minute is not None:
                kept = min(kept, minute * context * window.kept_by_minute)
            if day is not None:
                kept = min(kept, day * context * window.kept_by_day)
            storage = rounded_up(UPWARD.divide(kept * short.storage * A_MILLIONTH, _MINUTES))
        found[name] = Bound(
            requests,
            tokens,
            tokens * input_price * A_MILLIONTH,
            written * output * prices.candidates * A_MILLIONTH,
            storage,
            requests * prices.grounding,
        )
    return found


@dataclass(slots=True)
class ModelExposure:
    """The bound of one model, or of all that have no limits of their own."""

    model: str
    """Its id, or `others`."""
    limits: Limits | None
    """None: no limit is set."""
    bounds: Mapping[str, Bound | None]
    """Window -> the most; None is unlimited."""


def exposure_of(
    limits: Mapping[str, Limits],
    others: Limits | None,
    day: date,
    windows: Mapping[str, Window],
    terms: Terms = LIST_PRICES,
    doors: Doors = EVERY_DOOR,
    until: date | None = None,
) -> list[ModelExposure]:
    """The bounds of a project's models: of each that has limits, then of all others together as `others`.

    `others`: the limits of every model that has none of its own; each such model has them for itself. None: no limit.
    `until`: at the highest prices from `day` to that day. Raises UnknownModelError.
    """
    with localcontext(EXACT):
        found = [
            ModelExposure(model, own, _bounds(Prices.of(model, day, terms, doors, until), own, windows))
            for model, own in limits.items()
        ]
        rest = _others(limits, others, day, windows, terms, doors, until)
        return [*found, ModelExposure(OTHERS, others, rest)]


def repriced(
    models: Sequence[ModelExposure],
    changed: Container[str],
    day: date,
    windows: Mapping[str, Window],
    terms: Terms = LIST_PRICES,
    doors: Doors = EVERY_DOOR,
) -> list[ModelExposure]:
    """The bounds of a project's models at another day's prices, which are others for the models `changed`."""
    own = {model.model: model.limits for model in models if model.model != OTHERS and model.limits}
    found = []
    with localcontext(EXACT):
        for model in models:
            if model.model not in own:
                bounds = _others(own, model.limits, day, windows, terms, doors)
                found.append(ModelExposure(model.model, model.limits, bounds))
            elif model.model in changed:
                bounds = _bounds(Prices.of(model.model, day, terms, doors), own[model.model], windows)
                found.append(ModelExposure(model.model, model.limits, bounds))
            else:
                found.append(model)
    return found


def _others(
    limits: Mapping[str, Limits],
    others: Limits | None,
    day: date,
    windows: Mapping[str, Window],
    terms: Terms,
    doors: Doors,
    until: date | None = None,
) -> Mapping[str, Bound | None]:
    """The bounds of all models together that have no limits of their own."""
    if others == BLOCKED:
        return dict.fromkeys(windows, NOTHING)
    if others is None or not others.bounds_requests:
        return dict.fromkeys(windows)
    each = [
        _bounds(Prices.of(model, day, terms, doors, until), others, windows) for model in other_models(limits)
    ]
    return {name: _sum(bounds[name] for bounds in each) for name in windows}


def other_models(limits: Iterable[str]) -> list[str]:
    """The models that numbers for all others hold for: each that generates content and has no limits of its own."""
    taken = {QUOTA_NAMES.get(model, model) for model in limits}
    return [model for quota, model in MODELS.items() if quota not in taken and counter_of(model) == "content"]


def _sum(bounds: Iterable[Bound | None]) -> Bound | None:
    found = NOTHING
    for each in bounds:
        if each is None:
            return None
        found = Bound(
            found.requests + each.requests,
            found.tokens + each.tokens,
            found.input + each.input,
            found.output + each.output,
            found.storage + each.storage,
            found.grounding + each.grounding,
        )
    return found


def totals(models: Sequence[ModelExposure], windows: Iterable[str]) -> dict[str, Decimal | None]:
    """The most that all models together can cost in each window; None is unlimited."""
    with localcontext(EXACT):
        return {name: _total(models, name) for name in windows}


def _total(models: Sequence[ModelExposure], window: str) -> Decimal | None:
    found = _NO_MONEY
    for model in models:
        each = model.bounds[window]
        if each is None:
            return None
        if each is not NOTHING:
            found += each.input + each.output + each.storage + each.grounding
    return rounded_up(found)


def overshoot(
    exposure: Decimal | None, stops_at: Decimal, budget: Decimal, month: Decimal | None
) -> Decimal | None:
    """The most by which spending can pass a budget before a mechanism has stopped it; None is unlimited.

    `exposure`: the most that can be spent while the mechanism lags; `stops_at`: the spending at which it acts;
    `month`: the most that a month can cost, which bounds it too.
    """
    found = [
        *([] if exposure is None else [stops_at + exposure - budget]),
        *([] if month is None else [month - budget]),
    ]
    return max(min(found), Decimal(0)) if found else None
