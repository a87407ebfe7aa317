"""The pace of writes: when each may start, so that none of them exceeds a quota. Pure: the caller has the clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

WAY_S: Final = 0.5
"""Between a write's start and its arrival at Google; two of them differ by less, as the plugin first reads and checks.
Windows are longer by this, so that late arrivals of one window and early ones of the next exceed no quota."""


@dataclass(frozen=True)
class Rate:
    """At most so many writes in any window of so many seconds."""

    writes: int
    seconds: float

    @classmethod
    def of(cls, per_second: Decimal, window_s: int) -> "Rate":
        """The rate over the window in which Google counts; where that is less than one write, over a longer one."""
        writes = math.floor(per_second * window_s)
        return cls(writes, window_s) if writes else cls(1, float(1 / per_second))


@dataclass(frozen=True)
class Turn:
    """A time at which a write may start, unless a refusal has come between."""

    at: float
    refusals: int
    """Refusals before it was given."""
    taken: bool = True
    """False: a time at which to ask again."""


class Pace:
    """Gives each write its turn, in the order in which they ask.

    The first writes start at once, as many as fit a window. Each further one starts when the window has room again.
    After a refusal the writes are spaced evenly: somebody else uses the same quota, or it is lower than assumed.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        enforced: bool,
        refusals: int = 0,
        closed_until: float = -math.inf,
        starts: Sequence[float] = (),
    ) -> None:
        """`enforced`: False gives every write its turn at once, until the first refusal.

        `refusals`, `closed_until`, `starts`: of a pace that goes on.
        """
        self.rate = rate
        self._enforced = enforced
        self._refusals = refusals
        self._closed_until = closed_until
        self.starts: list[float] = list(starts)
        """The turns given in the latest window and in the future, in order."""

    def turn(self, now: float, ahead: int = 0) -> Turn:  # noqa: ARG002 -- one interface with SharedPace
        """The next turn, which it takes."""
        at = max(now, self._closed_until)
        if self._enforced:
            window = self.rate.seconds + WAY_S
            self.starts = [start for start in self.starts if start > now - window]
            if len(self.starts) >= self.rate.writes:
                at = max(at, self.starts[-self.rate.writes] + window)
            if self._refusals and self.starts:
                at = max(at, self.starts[-1] + window / self.rate.writes)
            self.starts.append(at)
        return Turn(at, self._refusals)

    def holds(self, turn: Turn) -> bool:
        """True if no refusal has come since the turn was given; else the write takes another."""
        return turn.refusals == self._refusals

    def refused(self, now: float, delay: float) -> None:
        """Google has refused a write for the quota: none starts before the delay has passed."""
        self._enforced = True
        self._refusals += 1
        self._closed_until = max(self._closed_until, now + delay)
        # Turns that nobody has had yet are given anew.
        self.starts = [at for at in self.starts if at <= now]
