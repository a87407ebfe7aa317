"""The most that a calendar month can cost with what stops the spending: the bound that people read.

What stops it, acts late: up to its amount anything may be spent, and then what its lag allows. A cache that was filled
before goes on costing while the lag lasts. So with a spend cap of A and a lag of L a month costs at most

    A + the most of any time as long as L + storage over L of the tokens that A may have put into caches

and never more than the limits allow in a month. A billing account's tier has a cap over all its projects alike. The
spend guard sees most of it within minutes, and the rest as late as a cap: `guarded_month.py` has its bound.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from landing_zone.gemini.limits import Limits
from landing_zone.pricing.exposure import (
    EVERY_DOOR,
    WINDOWS,
    Doors,
    ModelExposure,
    Prices,
    Window,
    exposure_of,
    other_models,
    totals,
)
from landing_zone.pricing.money import EXACT, UPWARD, rounded_up
from landing_zone.pricing.rates import A_MILLIONTH, LIST_PRICES, Terms

MONTH: Final = timedelta(days=31)


@dataclass(frozen=True)
class Stop:
    """Something that stops the spending of a project, or of an account, in a calendar month."""

    amount: Decimal
    """The spending at which it acts, in the currency of the prices."""
    lag: timedelta
    """The longest time until it has acted."""


@dataclass(frozen=True)
class Spender:
    """A project as far as it can spend."""

    limits: Mapping[str, Limits]
    others: Limits | None
    """Limits of every model without its own; None: no limit."""
    terms: Terms = LIST_PRICES
    doors: Doors = EVERY_DOOR
    ahead: timedelta = MONTH
    """The time from a day on whose highest prices count."""
    _found: dict[tuple[date, Window], list[ModelExposure]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def most(self, day: date, window: Window) -> list[ModelExposure]:
        """The bounds of its models in a window, named "", at the highest prices of the time from a day on."""
        found = self._found.get((day, window))
        if found is None:
            windows = {"": window}
            found = exposure_of(
                self.limits, self.others, day, windows, self.terms, self.doors, day + self.ahead
            )
            self._found[day, window] = found
        return found


@dataclass(frozen=True)
class Late:
    """The most that can be spent from the moment at which a stop should act until it has."""

    allowed: Decimal | None
    """By the limits, in any time of that length; None: nothing bounds it."""
    kept: Decimal | None
    """Storage of what was put into caches before; None: nothing bounds it."""

    @property
    def total(self) -> Decimal | None:
        """Both; None: nothing bounds it."""
        with localcontext(EXACT):
            return None if self.allowed is None or self.kept is None else self.allowed + self.kept


def limits_month(spender: Spender, day: date) -> Decimal | None:
    """The most that the limits allow in a month that begins by a day, at its highest prices; None: no bound."""
    return most(spender, day, WINDOWS["month"])


def late(spenders: Sequence[Spender], day: date, stop: Stop) -> Late:
    """The most that projects which a stop is about can spend together while it lags."""
    allowed: Decimal | None = Decimal(0)
    with localcontext(EXACT):
        for spender in spenders:
            each = most(spender, day, Window.any(stop.lag))
            allowed = None if allowed is None or each is None else allowed + each
    return Late(allowed, kept(spenders, day, stop))


def worst_month(limits_alone: Decimal | None, stop: Stop | None, lag: Late | None) -> Decimal | None:
    """The most of a month: what a stop allows, or what limits do; None: no bound."""
    with localcontext(EXACT):
        found = [
            *([] if limits_alone is None else [limits_alone]),
            *([stop.amount + lag.total] if stop and lag and lag.total is not None else []),
        ]
    return rounded_up(min(found)) if found else None


def most(spender: Spender, day: date, window: Window) -> Decimal | None:
    """The most that a project can spend in a window, at the highest prices of 31 days; None: no bound."""
    return None if spender.doors.unbounded else totals(spender.most(day, window), [""])[""]


@dataclass(frozen=True)
class _Cached:
    """Tokens of one model in caches, in the worst case."""

    storage: Decimal
    """Price of a token kept for a minute, at its highest."""
    written: Decimal
    """Price of putting a token there, at its lowest: text."""
    a_minute: int | None
    """Tokens that limits allow in a minute; None: as many as a month's."""
    a_month: int | None
    """Tokens that limits allow in a month; None: no bound."""


def kept(spenders: Iterable[Spender], day: date, stop: Stop) -> Decimal | None:
    """Storage, over a stop's lag, of the tokens in caches when it should act: the least of three bounds; None without.

    1. Each token was paid for as input, out of the stop's amount A: `A x the highest storage price / input price`.
    2. Tokens come at the pace that limits allow, and are stored while more come. For S tokens at r a minute that is
       `s S^2 / 2r` at least; so all models together cost at most `sqrt(2 A sum(s r))` a minute when A is spent.
       What the minute adds that a token may come late or early, its price as input covers, if it is 1.5 s or more.
    3. In a month only so many tokens are allowed.
    """
    found = [each for spender in spenders if spender.doors.caches for each in _cached(spender, day)]
    if not found:
        return Decimal(0)
    with localcontext(EXACT):
        minutes = stop.lag // timedelta(minutes=1) + 1
        bounds = []
        if all(each.written for each in found):
            ratio = max(UPWARD.divide(each.storage, each.written) for each in found)
            bounds.append(stop.amount * ratio)
        if all(each.a_minute is not None and each.written >= 2 * each.storage for each in found):
            pace = sum((each.storage * (each.a_minute or 0) for each in found), Decimal(0))
            bounds.append(UPWARD.next_plus(UPWARD.sqrt(2 * stop.amount * pace)))
        if all(each.a_month is not None for each in found):
            bounds.append(sum((each.storage * (each.a_month or 0) for each in found), Decimal(0)))
        # Where a contract makes input free and nothing limits it, caches are filled without end.
        return rounded_up(min(bounds) * minutes) if bounds else None


def _cached(spender: Spender, day: date) -> Iterator[_Cached]:
    """The models whose caches can be filled."""
    for model, limits in _callable(spender):
        dearest = Prices.of(model, day, spender.terms, spender.doors, day + MONTH)
        storage = UPWARD.divide(dearest.short.storage * A_MILLIONTH, Decimal(60))
        if storage:
            days = (day - MONTH, day, day + MONTH)
            written = min(Prices.of(model, each, spender.terms).short.input for each in days)
            yield _Cached(storage, written * A_MILLIONTH, *_tokens(limits, dearest.size.context))


def _callable(spender: Spender) -> Iterable[tuple[str, Limits]]:
    """The models that can be called, each with its limits."""
    yield from ((model, own) for model, own in spender.limits.items() if not own.blocks)
    if spender.others is None or not spender.others.blocks:
        rest = spender.others or Limits()
        yield from ((model, rest) for model in other_models(spender.limits))


def _tokens(limits: Limits, context: int) -> tuple[int | None, int | None]:
    """Input tokens that limits allow in a minute, and in a month; None: no bound."""
    month = WINDOWS["month"]
    tokens, requests, a_day = (
        limits.input_tokens_per_minute,
        limits.requests_per_minute,
        limits.requests_per_day,
    )
    minute = [
        *([] if tokens is None else [tokens]),
        *([] if requests is None else [requests * context]),
        *([] if a_day is None else [a_day * context]),
    ]
    whole = [each * month.minutes for each in minute[: len(minute) - (a_day is not None)]]
    if a_day is not None:
        whole.append(a_day * month.days * context)
    return min(minute, default=None), min(whole, default=None)
