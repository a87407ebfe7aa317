"""The most that a calendar month can cost with what stops the spending: the bound that people read.

What stops it, acts late: up to its amount anything may be spent, and then what its lag allows. A cache that was filled
before goes on costing while the lag lasts. So with a spend cap of A and a lag of L a month costs at most

    A + the most of any time as long as L + storage over L of the tokens that A can have put into caches

and never more than the limits allow in a month. A billing account's tier has a cap over all its projects alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from landing_zone.gemini.limits import Limits
from landing_zone.gemini.models import MODELS, QUOTA_NAMES
from landing_zone.pricing.exposure import (
    EVERY_DOOR,
    WINDOWS,
    Doors,
    Prices,
    Window,
    exposure_of,
    totals,
)
from landing_zone.pricing.money import EXACT, UPWARD, rounded_up
from landing_zone.pricing.rates import LIST_PRICES, Terms

MONTH: Final = timedelta(days=31)
_HOUR: Final = timedelta(hours=1)
_A_MILLION: Final = 10**6


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
    """Of every model without limits of its own; None: no limit."""
    terms: Terms = LIST_PRICES
    doors: Doors = EVERY_DOOR


@dataclass(frozen=True)
class Late:
    """The most that can be spent while something lags."""

    allowed: Decimal | None
    """By the limits, in any time of that length; None: nothing bounds it."""
    kept: Decimal
    """Storage of what was put into caches before."""

    @property
    def total(self) -> Decimal | None:
        """Both; None: nothing bounds it."""
        with localcontext(EXACT):
            return None if self.allowed is None else self.allowed + self.kept


def limits_month(spender: Spender, day: date) -> Decimal | None:
    """The most that the limits allow in a month that begins by a day, at its highest prices; None: no bound."""
    return _most(spender, day, WINDOWS["month"])


def late(spender: Spender, day: date, stop: Stop) -> Late:
    """The most that a project can spend from the moment at which a stop should act until it has."""
    return Late(_most(spender, day, Window.any(stop.lag)), _kept(spender, day, stop))


def _most(spender: Spender, day: date, window: Window) -> Decimal | None:
    models = exposure_of(
        spender.limits, spender.others, day, {"": window}, spender.terms, spender.doors, day + MONTH
    )
    return totals(models, [""])[""]


def _kept(spender: Spender, day: date, stop: Stop) -> Decimal:
    """Storage, over a stop's lag, of the tokens in caches when it should act.

    Each was paid for as input, out of the stop's amount; and in a month only so many are allowed.
    """
    if not spender.doors.caches:
        return Decimal(0)
    most = Decimal(0)
    allowed: Decimal | None = Decimal(0)
    with localcontext(EXACT):
        hours = UPWARD.divide(Decimal(stop.lag // timedelta(minutes=1)) + 1, Decimal(60))
        for model, limits in _callable(spender):
            dear = Prices.of(model, day, spender.terms, spender.doors, day + MONTH)
            storage = dear.short.storage * hours
            if not storage:
                continue
            # The cheapest token that can be stored is text, at the lowest price of a month that holds the day.
            cheapest = min(
                Prices.of(model, each, spender.terms).short.input for each in (day - MONTH, day, day + MONTH)
            )
            if cheapest:
                most = max(most, UPWARD.divide(storage, cheapest))
            tokens = _tokens(limits, dear)
            if allowed is not None:
                allowed = None if tokens is None or not cheapest else allowed + storage * tokens / _A_MILLION
        by_amount = most * stop.amount
        return rounded_up(by_amount if allowed is None else min(by_amount, allowed))


def _callable(spender: Spender) -> Iterable[tuple[str, Limits]]:
    """The models that can be called, each with its limits."""
    yield from ((model, own) for model, own in spender.limits.items() if not own.blocks)
    if spender.others is None or not spender.others.blocks:
        taken = {QUOTA_NAMES.get(model, model) for model in spender.limits}
        rest = spender.others or Limits()
        yield from ((model, rest) for quota, model in MODELS.items() if quota not in taken)


def _tokens(limits: Limits, prices: Prices) -> int | None:
    """Input tokens that limits allow in a month; None: no bound."""
    window = WINDOWS["month"]
    found = []
    if limits.input_tokens_per_minute is not None:
        found.append(limits.input_tokens_per_minute * window.minutes)
    if limits.requests_per_minute is not None:
        found.append(limits.requests_per_minute * window.minutes * prices.size.context)
    if limits.requests_per_day is not None:
        found.append(limits.requests_per_day * window.days * prices.size.context)
    return min(found, default=None)


def worst_month(limits_alone: Decimal | None, stop: Stop | None, lag: Late | None) -> Decimal | None:
    """The most of a month for one project: what its stop allows, or what its limits do; None: no bound."""
    with localcontext(EXACT):
        found = [
            *([] if limits_alone is None else [limits_alone]),
            *([stop.amount + lag.total] if stop and lag and lag.total is not None else []),
        ]
    return min(found, default=None)


def account_month(stop: Stop, lags: Sequence[Late]) -> Decimal | None:
    """The most of a month for all projects of an account with a cap over them together; None: no bound."""
    with localcontext(EXACT):
        total = stop.amount
        for each in lags:
            if each.allowed is None:
                return None
            total += each.allowed + each.kept
        return total
