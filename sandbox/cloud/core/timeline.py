"""The clock of the local cloud, and what is due by it.

Every time that the local cloud answers or writes is this clock's. It *flows* (real time, with an offset, or so many
times as fast), or is *held* and moves only when it is asked to. Work that is due runs as the clock gets there: while it
flows, a moment after it is due; when it is moved, everything that lies in between, each at its own moment, which is
also the time that calls of the local cloud see meanwhile (a function that is sent a message calls back). A held clock
that is not moved runs nothing: to run what is due now, move it by no time at all. So the same calls give the same run.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final, NamedTuple

from sandbox.cloud.core import local_state
from sandbox.cloud.core.store import Store

_LOG: Final = logging.getLogger("sandbox.cloud")
_KEY: Final = "clock"
#: While the clock flows: how long something may be overdue that no call has announced, and how often it is looked at.
_LATEST_S: Final = 1.0
_SOONEST_S: Final = 0.02
#: How often work may run at one moment: more is work that never leaves the moment at which it is due.
_MOST_AT_ONCE: Final = 10_000
_NEVER_MIND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An HTTP POST that the cloud sends: a pushed message, a call of a scheduled job.

    Attributes:
        url: where to.
        headers: its headers.
        body: its body.
        timeout_s: how long an answer may take, in real seconds.
        done: called in a transaction with the clock's time and the status of the answer (None: there was none); it may
            schedule another try.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout_s: float
    done: Callable[[Store, datetime, int | None], None]


Due = Callable[[Store], datetime | None]
"""When the next timed work is due; None if there is none. It is asked often, and so it must be cheap."""
Work = Callable[[Store, datetime], Sequence[Delivery]]
"""Does, in one transaction, all that is due by a moment; what it returns is sent after the commit."""
Post = Callable[[Delivery], Awaitable[int | None]]
"""Sends a delivery; returns the status of the answer."""


SetBack = Callable[[Store, datetime, timedelta], None]
"""Called before the clock is set back, with the time that it will be and how much earlier that is."""


class Job(NamedTuple):
    """The timed work of a service; `set_back` lets what is to come be as far ahead as it was."""

    due: Due
    work: Work
    set_back: SetBack | None = None


def real_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


class Timeline:
    """The clock. Its state is in the store, so that a restart goes on where it stood."""

    def __init__(self, store: Store, jobs: Sequence[Job] = (), post: Post | None = None) -> None:
        self._store = store
        self._jobs = tuple(jobs)
        self._sender = _Sender()
        self._post = post or self._sender.post
        self._offset = timedelta()
        """How far ahead of real time it was at `_since`, from when on it flows at `_rate`."""
        self._since = real_now()
        self._rate = 1
        self._held: datetime | None = None
        self._moment: datetime | None = None
        """The moment of the event that runs, while the clock is moved."""
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._date = (0, b"")

    def load(self) -> None:
        """Go on where the run before has stopped; before that, the clock shows the machine's time."""
        found = local_state.get(self._store, _KEY, {})
        self._offset = timedelta(seconds=found.get("offsetSeconds", 0.0))
        self._rate = found.get("rate", 1)
        self._since = datetime.fromisoformat(found["since"]) if found.get("since") else real_now()
        self._held = datetime.fromisoformat(found["held"]) if found.get("held") else None

    def now(self) -> datetime:
        """The time, UTC."""
        return self._moment or self._held or self._flowing(real_now())

    def _flowing(self, real: datetime) -> datetime:
        return real + self._offset + (self._rate - 1) * (real - self._since)

    def http_date(self) -> bytes:
        """The time as the header `date` has it."""
        now = self.now()
        second = int(now.timestamp())
        if second != self._date[0]:
            self._date = (second, format_datetime(now.replace(microsecond=0), usegmt=True).encode())
        return self._date[1]

    @property
    def rate(self) -> int:
        """How many times as fast as real time it flows, when it does."""
        return self._rate

    @property
    def is_held(self) -> bool:
        """Whether the clock stands until it is moved."""
        return self._held is not None

    def wake(self) -> None:
        """Announce that something may have become due."""
        self._woken.set()

    async def move(
        self,
        *,
        to: datetime | None = None,
        by: timedelta | None = None,
        ahead: timedelta | None = None,
        held: bool | None = None,
        rate: int | None = None,
    ) -> None:
        """Move the clock, and run all that is due by then; at most one of `to`, `by` and `ahead`.

        A clock that is set back undoes nothing. What was to come in an hour then comes in an hour now.

        Args:
            to: the time to be.
            by: how much later it is to be.
            ahead: how far ahead of the machine's time it is to be; it flows from there.
            held: whether it stands from there on; None leaves that as it is.
            rate: how many times as fast as real time it flows from there on; None leaves that as it is.
        """
        async with self._turn:
            await self._all_sent()
            if ahead is not None:
                to, held = real_now() + ahead, bool(held)
            target = to if to is not None else self.now() + (by or timedelta())
            stands = self.is_held if held is None else held
            try:
                if target < self.now():
                    self._set_back(target)
                elif to is not None or by is not None:
                    await self._run_until(target, stands=stands)
            finally:
                # What failed did so at its moment, where the clock then stands.
                reached = self._moment or target
                self._moment = None
                self._held = reached if stands else None
                self._rate = self._rate if rate is None else rate
                self._go_on(reached, ahead if reached == target else None)
                with self._store.transaction():
                    self._keep(self._held)
        self.wake()

    def _go_on(self, moment: datetime, ahead: timedelta | None = None) -> None:
        """Let it flow from a moment, if it flows; `ahead`: how far that is ahead of real time, if it is to be exact."""
        self._since = real_now()
        self._offset = moment - self._since if ahead is None else ahead

    def _keep(self, held: datetime | None) -> None:
        kept = {
            "held": held.isoformat() if held else "",
            "offsetSeconds": self._offset.total_seconds(),
            "rate": self._rate,
            "since": self._since.isoformat(),
        }
        local_state.put(self._store, _KEY, kept)

    def _set_back(self, target: datetime) -> None:
        by = self.now() - target
        if by < _NEVER_MIND:  # the machine's time went on while this was asked
            return
        with self._store.transaction():
            for job in self._jobs:
                if job.set_back is not None:
                    job.set_back(self._store, target, by)

    async def _run_until(self, target: datetime, *, stands: bool) -> None:
        began = self.now()
        repeats = 0
        while (due := self._next_due()) is not None and due <= target:
            moment = max(due, self._moment or began)
            repeats = repeats + 1 if moment == self._moment else 0
            if repeats > _MOST_AT_ONCE:
                raise RuntimeError(f"there is always more to do at {moment.isoformat()}")
            self._moment = moment
            self._go_on(moment)
            with self._store.transaction():
                # A run that is killed on the way goes on from here: what is done already would come again.
                self._keep(moment if stands else None)
            for delivery in self._work(moment):
                await self._send(delivery)
            await asyncio.sleep(0)  # calls of others are answered meanwhile
        self._moment = None

    def _next_due(self) -> datetime | None:
        return min((due for job in self._jobs if (due := job.due(self._store)) is not None), default=None)

    def _work(self, moment: datetime) -> list[Delivery]:
        """Run each job that has something to do by a moment; returns what is to be sent."""
        deliveries: list[Delivery] = []
        for job in self._jobs:
            due = job.due(self._store)
            if due is not None and due <= moment:
                with self._store.transaction():
                    deliveries += job.work(self._store, moment)
        return deliveries

    async def _send(self, delivery: Delivery) -> None:
        status = await self._post(delivery)
        with self._store.transaction():
            delivery.done(self._store, self.now(), status)

    async def _all_sent(self) -> None:
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def flow(self) -> None:
        """Run what becomes due while the clock flows, until cancelled; deliveries are sent side by side."""
        try:
            while True:
                await self._pause()
                try:
                    async with self._turn:
                        if not self.is_held:
                            self._run_overdue()
                except Exception:
                    _LOG.exception("timed work failed")
                    await asyncio.sleep(_LATEST_S)
        finally:
            for task in self._under_way:
                task.cancel()
            await self._sender.close()

    async def _pause(self) -> None:
        """Wait until something may be due, and a little, so that many calls cause one look."""
        due = None if self.is_held else self._next_due()
        left = (due - self.now()).total_seconds() / self._rate if due is not None else _LATEST_S
        with contextlib.suppress(TimeoutError):
            # Not wait_for(), which in Python 3.11 loses a cancellation that comes together with the event.
            async with asyncio.timeout(min(max(left, 0.0), _LATEST_S)):
                await self._woken.wait()
        self._woken.clear()
        await asyncio.sleep(_SOONEST_S)

    def _run_overdue(self) -> None:
        for delivery in self._work(self.now()):
            task = asyncio.create_task(self._send_in_flow(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send_in_flow(self, delivery: Delivery) -> None:
        try:
            await self._send(delivery)
        except Exception:
            _LOG.exception("a delivery to %s failed", delivery.url)
        self.wake()


class _Sender:
    """Posts over HTTP, with connections that are kept."""

    def __init__(self) -> None:
        self._session: Any = None

    async def post(self, delivery: Delivery) -> int | None:
        import aiohttp  # not at the top: most runs send nothing, and it takes a quarter of a second

        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.post(
                delivery.url,
                data=delivery.body,
                headers=delivery.headers,
                timeout=aiohttp.ClientTimeout(total=delivery.timeout_s),
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return int(answer.status)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
