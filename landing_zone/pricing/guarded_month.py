"""The most that a calendar month can cost with the spend guard, which acts on what it meters within minutes.

C is what has been spent on what the guard meters: requests, input and output tokens, each request with as many queries
to Google Search as it assumes, at prices that are never below the true ones. U is what it does not meter and sees only
when a budget's message has it: storage of caches, and queries beyond those. L is the longest time from a call to the
enforcement of what the guard does about it: the series' delay, a poll, the time of the act. Its estimate is never below
what C was when the series ended, and never below what the last message says.

**What it meters.** Let C reach the amount A of the stop at a moment t. By t + L the stop is enforced, so C is at most

    A + c(L)                                                                (1)

with c(L) the most that the limits allow of it in any time of that length. With a throttle at A' and limits c' from then
on: let C reach A' at t'. From t' + L on the lower limits hold, until then C is at most A' + c(L). If t is not before
t' + L, only the lower limits hold while the stop lags: A + c'(L). If it is, the stop is enforced by t + L, less than L
after t' + L: A' + c(L) + c'(L). Both are at most

    max(A, A' + c(L)) + c'(L)                                               (2)

So C is at most V, the lesser of (1) and (2). Where U is always 0 (no key makes caches, and the guard assumes as many
queries as the bound does), V is the bound.

**What it does not meter.** A message has a cost at most the billing delay after it arose: let D be that and L. Whenever
C + U reaches A, the stop is enforced at most D later: so D before the end, C + U was at most A. Since then C grew by at
most c(D), and by at most V, which it never passes; U by what the limits allow of it in D, u(D), and by k(A, D): the
storage over D of the tokens that A may have put into caches before, as in `worst_month`. So all is at most

    A + min(c(D), V) + u(D) + k(A, D)                                       (3)

and, as U is never above what the limits allow in a month, at most V + u(31 days). The lesser of them is the bound. It
is never above that of a spend cap of A that lags D, or L where U is always 0.

What it rests on: nobody releases the throttle or the stop within the month; what a released step would have held is on
the person who released it. The step on the rate of spending may act earlier, and is not counted.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal, localcontext

from landing_zone.gemini.limits import Limits
from landing_zone.pricing.exposure import WINDOWS, Window
from landing_zone.pricing.money import EXACT, NANO, rounded_up
from landing_zone.pricing.worst_month import Spender, Stop, kept, most


@dataclass(frozen=True)
class Throttle:
    """A step before the stop, from which on lower limits hold."""

    amount: Decimal
    """What is metered when it acts."""
    spender: Spender
    """The project with those limits."""


@dataclass(frozen=True)
class Guard:
    """The spend guard of one project: when it stops the spending, and how late that is."""

    amount: Decimal
    """The spending in a calendar month at which it stops the project, in the currency of the prices."""
    lag: timedelta
    """The longest time from a call to the enforcement of what is done about it."""
    billing_delay: timedelta
    """The longest time from a call to a budget's message with its cost."""
    queries: int
    """Queries of a request to Google Search or Maps that it meters."""
    throttle: Throttle | None = None


@dataclass(frozen=True)
class Beyond:
    """The most that can be spent beyond the amount at which the guard stops a project."""

    total: Decimal | None
    """None: nothing bounds it."""
    throttled: bool = False
    """True if the throttle makes it less."""
    unmetered: tuple[str, ...] = ()
    """What of it the guard sees only when it is billed."""


def lowered(limits: Limits, to: Decimal) -> Limits:
    """A share of a model's limits, each rounded up."""
    with localcontext(EXACT):
        return Limits.of(
            {name: int((value * to).to_integral_value(ROUND_CEILING)) for name, value in limits.items()}
        )


def beyond(spender: Spender, day: date, guard: Guard) -> Beyond:
    """The most of a month beyond a guard's amount, at the highest prices of the 31 days from a day on."""
    lag, delay = Window.any(guard.lag), Window.any(guard.lag + guard.billing_delay)
    seen = metered(spender, guard.queries)
    soon = most(seen, day, lag)
    if soon is None:
        return Beyond(None)
    with localcontext(EXACT):
        found, throttled = soon, False
        if guard.throttle:
            lower = most(metered(guard.throttle.spender, guard.queries), day, lag)
            if lower is not None:
                least = max(Decimal(0), guard.throttle.amount + soon - guard.amount) + lower
                found, throttled = min(found, least), least < found
        all_month = _unmetered(spender, seen, day, WINDOWS["month"])
        if not all_month:
            return Beyond(rounded_up(found), throttled)
        later, unseen = most(seen, day, delay), _unmetered(spender, seen, day, delay)
        before = kept([spender], day, Stop(guard.amount, guard.lag + guard.billing_delay))
        ways = [
            *([] if all_month is None else [found + all_month]),
            *(
                []
                if later is None or unseen is None or before is None
                else [min(later, guard.amount + found) + unseen + before]
            ),
        ]
        return Beyond(rounded_up(min(ways)) if ways else None, throttled, tuple(_names(spender, seen, day)))


def metered(spender: Spender, queries: int) -> Spender:
    """A project as far as the guard meters what it spends."""
    doors = spender.doors
    return replace(spender, doors=replace(doors, caches=False, queries=min(queries, doors.queries)))


def _unmetered(spender: Spender, seen: Spender, day: date, window: Window) -> Decimal | None:
    """The most that can be spent in a window on what the guard does not meter; None: no bound."""
    if spender.doors == seen.doors:
        return Decimal(0)
    whole, part = most(spender, day, window), most(seen, day, window)
    if whole is None or part is None:
        return None
    # Each is rounded up by less than a billionth.
    return Decimal(0) if whole == part else whole - part + NANO


def _names(spender: Spender, seen: Spender, day: date) -> list[str]:
    """What a project can spend on that the guard does not meter, in words."""
    month = WINDOWS["month"]
    ways = {
        "caches": replace(spender.doors, queries=seen.doors.queries),
        "queries to Google Search": replace(spender.doors, caches=False),
    }
    return [
        name
        for name, doors in ways.items()
        if _unmetered(replace(spender, doors=doors), seen, day, month) != 0
    ]
