"""The state as it was: what reads see that are stale for a while after writes."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from sandbox.cloud.core.store import Store

#: The copies that a span of the past is made of: writes closer together are seen together.
_COPIES: Final = 25


class Snapshots:
    """Copies of the state, each from before a write; none are made while no read is stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._span = timedelta()
        self._copies: deque[tuple[datetime, Store]] = deque()

    def remember(self, span: timedelta) -> None:
        """Keep the past from now on, so far back; none of it if that is no time."""
        self._span = span
        if not span:
            self._drop(len(self._copies))

    def keep(self, now: datetime) -> None:
        """Keep the state as it is before a write. Called before the write's transaction has written anything."""
        if not self._span:
            return
        while self._copies and self._copies[-1][0] > now:  # the clock was set back
            self._copies.pop()[1].close()
        self._drop(sum(written <= now - self._span for written, _ in self._copies))
        if (
            not self._copies
            or self._copies[-1][0] < now - self._span / _COPIES
            or not self._copies[-1][0] <= now
        ):
            self._copies.append((now, self._store.copied()))

    def seen(self, now: datetime, age: timedelta) -> Store:
        """The state as it was so long ago; that of today if nothing was written since."""
        if age:
            for written, copy in self._copies:
                if now - age < written <= now:
                    return copy
        return self._store

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._copies.popleft()[1].close()
