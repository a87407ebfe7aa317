"""A pace that several processes of one machine share, by a file: Google counts the writes of all of them together.

The file has the starts of the latest window alone, no turns in the future: a process that is killed holds nobody up,
and one that a busy machine wakes late takes its turn then, not all those that it missed.
"""

import fcntl
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from components.pace import WAY_S, Pace, Rate, Turn
from landing_zone.processes import is_running

_SAME_BOOT_S: Final = 60.0
"""A machine's clocks differ by its start; by more than this, the file is of another start, or the clock was set."""


class SharedPace:
    """Gives a write its turn when the window of all processes has room.

    Of the rates that processes choose, the lowest counts for all of them: another one is a guess, or Google's default.
    """

    def __init__(
        self, path: Path, rate: Rate, *, chosen: bool, enforced: bool, pid: int | None = None
    ) -> None:
        """`path`: of the file, in a folder that exists or can be made. `chosen`: a setting has the rate. `enforced`:
        False gives every write its turn at once, until a refusal, or until another process has chosen a rate.

        `pid`: the process, by which others see that it has ended; this one if None.
        """
        self._path = path
        self._rate, self._chosen, self._enforced = rate, chosen, enforced
        self._pid = os.getpid() if pid is None else pid

    def turn(self, now: float, ahead: int = 0) -> Turn:
        """A turn that is now, which it takes, or a later time at which to ask again.

        `now`: seconds of a clock that all processes share. `ahead`: writes of this process that wait for longer.
        """
        with self._held(now) as shared:
            pace, rate = self._pace(shared, now)
            turn = pace.turn(now)
            shared["starts"] = pace.starts if turn.at <= now else shared["starts"]
        if turn.at <= now:
            return turn
        return Turn(turn.at + ahead // rate.writes * (rate.seconds + WAY_S), turn.refusals, taken=False)

    def holds(self, turn: Turn) -> bool:
        """True if the turn was taken; else the write asks again."""
        return turn.taken

    def refused(self, now: float, delay: float) -> None:
        """Google has refused a write for the quota: none of any process starts before the delay has passed."""
        with self._held(now) as shared:
            shared["refusals"] += 1
            shared["closedUntil"] = max(shared["closedUntil"], now + delay)

    def _pace(self, shared: dict[str, Any], now: float) -> tuple[Pace, Rate]:
        """The pace of all processes at this moment."""
        every = shared["rates"].values()
        rates = [Rate(each["writes"], each["seconds"]) for each in every if each["chosen"]]
        rate = min(rates, key=lambda each: each.writes / each.seconds, default=self._rate)
        longest = max(each["seconds"] for each in every) + WAY_S
        shared["starts"] = [at for at in shared["starts"] if at > now - longest]
        pace = Pace(
            rate,
            enforced=self._enforced or bool(rates) or bool(shared["refusals"]),
            refusals=shared["refusals"],
            closed_until=shared["closedUntil"],
            starts=shared["starts"],
        )
        return pace, rate

    @contextmanager
    def _held(self, now: float) -> Iterator[dict[str, Any]]:
        """What the file has, with this process in it, while no other process has it; written at the end."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Another file is locked, as this one is replaced: a kill never leaves half of it.
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process
            shared = self._read(now)
            yield shared
            part = self._path.with_suffix(f".{self._pid}")
            part.write_text(json.dumps(shared))
            part.replace(self._path)
        finally:
            os.close(lock)

    def _read(self, now: float) -> dict[str, Any]:
        boot = self.boot(now)
        try:
            shared = json.loads(self._path.read_text())
        except (OSError, ValueError):
            shared = {}
        if abs(shared.get("boot", math.inf) - boot) > _SAME_BOOT_S:
            shared = {"boot": boot, "starts": [], "closedUntil": now, "refusals": 0, "rates": {}}
        own = {"writes": self._rate.writes, "seconds": self._rate.seconds, "chosen": self._chosen}
        others = {
            pid: rate
            for pid, rate in shared["rates"].items()
            if int(pid) != self._pid and self.is_alive(int(pid))
        }
        if not others and str(self._pid) not in shared["rates"]:
            shared["refusals"] = 0  # of processes that have all ended
        return {**shared, "rates": {**others, str(self._pid): own}}

    @staticmethod
    def boot(now: float) -> float:
        """When the machine started, about: a clock that counts from there says nothing to a file from before."""
        return time.time() - now

    @staticmethod
    def is_alive(pid: int) -> bool:
        """True if the process has not ended. A reused id is one that has not: its rate is lower than need be."""
        return is_running(pid)
