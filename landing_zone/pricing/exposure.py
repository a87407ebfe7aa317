"""The most that limits in force let anybody spend: a bound, not a forecast.

For one model and a window of time: `input tokens x price + requests x largest output x price + cache storage`, each as
large as the limits allow. Tokens in a cache count against the limit of input tokens when they are put there, so what
is stored is bounded as well. A bound is told rounded up, at the ninth decimal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from landing_zone.gemini.models import QUOTA_NAMES, Size
from landing_zone.gemini.prices import LONG_CONTEXT
from landing_zone.pricing.money import EXACT, rounded_up
from landing_zone.pricing.rates import (
    LIST_PRICES,
    MILLION,
    Rates,
    Terms,
    has_long_context_price,
    rates,
    size_of,
)

DAY: Final = 24 * 60
"""Minutes."""


@dataclass(frozen=True)
class Limits:
    """Limits on one model of one project, as quotas count them; None is no limit."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    input_tokens_per_minute: int | None = None

    @property
    def bounds_requests(self) -> bool:
        """Whether the number of requests, and with it the output, is bounded."""
        return self.requests_per_minute is not None or self.requests_per_day is not None

    def tightened(self, other: "Limits") -> "Limits":
        """The lower of each limit of the two."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Limits(*(min((x for x in pair if x is not None), default=None) for pair in pairs))


BLOCKED: Final = Limits(requests_per_minute=0)


@dataclass(frozen=True)
class Window:
    """A time over which something is spent, and how many of the quotas' own windows it touches."""

    length: int
    """Minutes."""
    minutes: int
    """Quota minutes touched."""
    days: int
    """Quota days touched; a quota's day begins at midnight Pacific."""

    @classmethod
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


@dataclass(frozen=True)
class Bound:
    """The most that one model can cost in a window, by what it is for; in the currency of the terms."""

    requests: int
    """Requests let through, at most."""
    tokens: int
    """Input tokens let through, at most."""
    input: Decimal
    output: Decimal
    storage: Decimal

    @property
    def total(self) -> Decimal:
        """All of it, rounded up at the ninth decimal."""
        with localcontext(EXACT):
            return rounded_up(self.input + self.output + self.storage)


@dataclass(frozen=True)
class Prices:
    """What the dearest tokens of a model cost on a day, and how large its requests are."""

    short: Rates
    long: Rates | None
    """For prompts over 200,000 tokens, where they cost more."""
    size: Size

    @classmethod
    def of(cls, model: str, day: date, terms: Terms = LIST_PRICES) -> "Prices":
        """Raises UnknownModelError, and ValueError for a model whose size is not known."""
        size = size_of(model)
        if size is None:
            raise ValueError(f"how much {model} reads and writes at most is not known")
        long = has_long_context_price(model) and size.context > LONG_CONTEXT
        return cls(
            rates(model, day, terms=terms),
            rates(model, day, long=True, terms=terms) if long else None,
            size,
        )


def bound(prices: Prices, limits: Limits, window: Window) -> Bound | None:
    """The most that a model can cost in a window; None if nothing bounds it: there is no limit of requests.

    It never falls when a limit, a price or the window grows.
    """
    by_minute = _times(limits.requests_per_minute, window.minutes)
    by_day = _times(limits.requests_per_day, window.days)
    counts = [count for count in (by_minute, by_day) if count is not None]
    if not counts:
        return None
    requests = min(counts)
    tokens = requests * prices.size.context
    per_minute = limits.input_tokens_per_minute
    if per_minute is not None:
        tokens = min(tokens, per_minute * window.minutes)
    long = _long_requests(prices, per_minute, requests, window)
    dear = prices.long or prices.short
    with localcontext(EXACT):
        # Which of the tokens are in long prompts is not known: if any can be, all are taken to be.
        input_price = (
            max(dear.dearest_input, prices.short.dearest_input) if long else prices.short.dearest_input
        )
        output = long * dear.dearest_output + (requests - long) * prices.short.dearest_output
        kept = min(_token_minutes(limits, prices.size.context, window), tokens * window.length)
        return Bound(
            requests,
            tokens,
            input=tokens * input_price / MILLION,
            output=output * prices.size.output / MILLION,
            storage=rounded_up(kept * prices.short.storage / 60 / MILLION),
        )


def _times(limit: int | None, count: int) -> int | None:
    return None if limit is None else limit * count


def _long_requests(prices: Prices, per_minute: int | None, requests: int, window: Window) -> int:
    """How many of the requests can have a prompt over 200,000 tokens: a minute's tokens must hold all of it."""
    if prices.long is None:
        return 0
    if per_minute is None:
        return requests
    return min(requests, per_minute // (LONG_CONTEXT + 1) * window.minutes)


def _token_minutes(limits: Limits, context: int, window: Window) -> int:
    """Tokens times minutes that caches can hold them, if each is filled as early as the limits allow."""
    found = []
    by_minute = _least(limits.input_tokens_per_minute, _times(limits.requests_per_minute, context))
    if by_minute is not None:
        # The last minute's tokens are kept for one minute, those before for one more each, none beyond the window.
        full = max(window.minutes - window.length, 0)
        rising = window.minutes - full
        found.append(by_minute * (rising * (rising + 1) // 2 + full * window.length))
    if limits.requests_per_day is not None:
        kept = sum(min(window.length, day * DAY) for day in range(1, window.days + 1))
        found.append(limits.requests_per_day * context * kept)
    return min(found)


def _least(*values: int | None) -> int | None:
    return min((value for value in values if value is not None), default=None)


@dataclass(frozen=True)
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
) -> list[ModelExposure]:
    """The bounds of a project's models: of each that has limits, then of all others together as `others`.

    `others`: the limits of every model that has none of its own; each such model has them for itself. None: no limit.
    Raises UnknownModelError.
    """
    found = [
        ModelExposure(model, own, _bounds(Prices.of(model, day, terms), own, windows))
        for model, own in limits.items()
    ]
    if others == BLOCKED:
        every: Mapping[str, Bound | None] = dict.fromkeys(
            windows, Bound(0, 0, Decimal(0), Decimal(0), Decimal(0))
        )
    elif others is None or not others.bounds_requests:
        every = dict.fromkeys(windows)
    else:
        taken = {QUOTA_NAMES.get(model, model) for model in limits}
        rest = [model for model, quota in QUOTA_NAMES.items() if quota not in taken]
        each = [_bounds(Prices.of(model, day, terms), others, windows) for model in rest]
        every = {name: _sum(bounds[name] for bounds in each) for name in windows}
    return [*found, ModelExposure("others", others, every)]


def _bounds(prices: Prices, limits: Limits, windows: Mapping[str, Window]) -> dict[str, Bound | None]:
    return {name: bound(prices, limits, window) for name, window in windows.items()}


def _sum(bounds: Iterable[Bound | None]) -> Bound | None:
    found = Bound(0, 0, Decimal(0), Decimal(0), Decimal(0))
    for each in bounds:
        if each is None:
            return None
        with localcontext(EXACT):
            found = Bound(
                found.requests + each.requests,
                found.tokens + each.tokens,
                found.input + each.input,
                found.output + each.output,
                found.storage + each.storage,
            )
    return found


def total(models: Iterable[ModelExposure], window: str) -> Decimal | None:
    """The most that all models together can cost in a window; None is unlimited."""
    found = _sum(model.bounds[window] for model in models)
    return found.total if found else None


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
