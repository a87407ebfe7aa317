"""The month's estimate: what is billed, and what is metered of the time that billing does not have yet.

    max(B, min(M k, B + S k))

B is the last budget message's amount; M what was metered in the month; S what was metered since the assumed delay of
billing before the message. k corrects a meter that shows less than was billed: B / M at the message's publication, at
least 1. What no metric shows (other services of the project, storage of caches) would make k grow without end while
little is metered, so k is 3 at most; all of B is in the estimate anyway.

While M is above what its use will be billed and B has what is older than the delay, the cost is never above the
estimate.

A guard that begins in the middle of a month finds use that it did not watch. Its price as an upper bound may stop a
project that has spent half of that. Until its first budget message, and for two hours at most, it counts what was used
since it began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from landing_zone.guarding import words
from landing_zone.guarding.record import Billed, Meter, Record, start_of
from landing_zone.pricing.metered import Spend
from landing_zone.pricing.money import EXACT, UPWARD, Money, rounded_up

MOST_CORRECTION: Final = Decimal(3)
SETTLES_AFTER: Final = timedelta(minutes=30)
"""Cloud Monitoring adds nothing to a minute any more: several times the delay that is seen."""
KEPT: Final = timedelta(hours=24)
"""Settled pieces are kept so much longer than billing's delay, for messages that come late."""
PIECE: Final = timedelta(minutes=10)
"""Settled minutes are kept as pieces of this length."""
FIRST_MESSAGE: Final = timedelta(hours=2)
"""How long a guard that is new waits for a budget message; they come every 20 to 30 minutes."""
BURST: Final = timedelta(minutes=10)
_LOOKED_AT: Final = timedelta(minutes=20)
"""Bursts are looked for in so much of the time before the last minute that is there."""
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Estimate:
    """What a month has cost so far, at most, as far as is known."""

    amount: Decimal
    basis: str
    """What it rests on, in words."""


def total(spends: Iterable[Spend]) -> Decimal:
    """What they cost together."""
    with localcontext(EXACT):
        return sum((each.cost for each in spends), _ZERO)


def metered(meter: Meter, fresh: Sequence[Spend]) -> Decimal:
    """What was metered in the month. `fresh`: what is later than the watermark."""
    with localcontext(EXACT):
        return meter.settled + total(fresh)


def metered_since(meter: Meter, fresh: Sequence[Spend], moment: datetime) -> Decimal:
    """What was metered since a moment, or more: a piece counts as a whole."""
    if meter.kept_from is not None and moment < meter.kept_from:
        return metered(meter, fresh)
    return total(each for each in (*meter.recent, *fresh) if each.end > moment)


def metered_until(meter: Meter, fresh: Sequence[Spend], moment: datetime) -> Decimal:
    """What was metered up to a moment, or less."""
    with localcontext(EXACT):
        after = total(each for each in (*meter.recent, *fresh) if each.end > moment)
        return max(metered(meter, fresh) - after, _ZERO)


def settled(meter: Meter, fresh: Sequence[Spend], read_until: datetime, billing: timedelta) -> Meter:
    """The meter with what Cloud Monitoring adds nothing to any more.

    `read_until`: the end of what was read; `billing`: billing's delay.
    """
    late = read_until - SETTLES_AFTER
    watermark = late - (late - meter.watermark) % PIECE
    # A piece that is longer than the others is settled as a whole.
    watermark = min([watermark, *(each.start for each in fresh if each.start < watermark < each.end)])
    if watermark <= meter.watermark:
        return meter
    done = [each for each in fresh if each.end <= watermark]
    with localcontext(EXACT):
        pieces = [*meter.recent, *_pieces(done, meter.watermark)]
        begin = watermark - billing - KEPT
        kept = tuple(each for each in pieces if each.end > begin)
        kept_from = meter.kept_from
        if len(kept) < len(pieces):
            kept_from = max(kept_from or begin, begin)
        return Meter(watermark, meter.settled + total(done), kept, kept_from)


def _pieces(spends: Iterable[Spend], origin: datetime) -> list[Spend]:
    """Minutes together; what is longer stays as it is."""
    found: dict[datetime, Spend] = {}
    for each in spends:
        start = origin + (each.start - origin) // PIECE * PIECE
        end = max(start + PIECE, each.end)
        before = found.get(start)
        found[start] = (
            replace(before, end=max(end, before.end), cost=before.cost + each.cost)
            if before
            else Spend(start, end, each.cost)
        )
    return [found[start] for start in sorted(found)]


def ten_minutes(fresh: Sequence[Spend], read_until: datetime) -> Decimal:
    """The most that any ten minutes of late have cost; hours that were read as one piece are in none of them."""
    recent = [
        each
        for each in fresh
        if each.end - each.start <= BURST and each.end > read_until - _LOOKED_AT - BURST
    ]
    return max((total(_within(recent, each.start)) for each in recent), default=_ZERO)


def _within(spends: Iterable[Spend], start: datetime) -> Iterable[Spend]:
    return (each for each in spends if each.start >= start and each.end <= start + BURST)


def correction(billed: Billed | None) -> Decimal:
    """What is metered, times this, is taken to be billed."""
    if billed is None or not billed.metered or billed.amount <= billed.metered:
        return Decimal(1)
    return min(UPWARD.divide(billed.amount, billed.metered), MOST_CORRECTION)


def estimated(
    record: Record, fresh: Sequence[Spend], billing: timedelta, currency: str, now: datetime
) -> Estimate:
    """What the month has cost so far, never less than is billed."""
    in_all = metered(record.meter, fresh)
    if record.billed is None and now < record.since + FIRST_MESSAGE:
        watched = metered_since(record.meter, fresh, max(record.since, start_of(record.period)))
        if watched < in_all:
            basis = f"{Money(watched, currency)} metered since the guard began, and no budget message yet"
            return Estimate(watched, basis)
    if record.billed is None:
        return Estimate(in_all, f"{Money(in_all, currency)} metered, and no budget message yet")
    billed, factor = record.billed, correction(record.billed)
    since = metered_since(record.meter, fresh, billed.published - billing)
    with localcontext(EXACT):
        alone, after = in_all * factor, billed.amount + since * factor
    amount = rounded_up(max(billed.amount, min(alone, after)))
    said = f"{Money(billed.amount, currency)} billed as of {words.moment(billed.published)}"
    times = f", times {factor:.2f} as more was billed than metered" if factor > 1 else ""
    if amount == billed.amount:
        return Estimate(amount, f"{said}, which is above what is metered")
    if alone <= after:
        return Estimate(amount, f"{Money(in_all, currency)} metered in the month{times}; {said}")
    begin = words.moment(billed.published - billing)
    return Estimate(amount, f"{said}, and {Money(since, currency)} metered since {begin}{times}")
