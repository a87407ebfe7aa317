"""The board between the story and the page: what is shown, and what is ordered there."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

Name = Literal["without", "with"]
"""A run: without or with limits and guard."""
Kind = Literal["story", "thief", "mail", "message", "guard", "person"]

CENT: Final = Decimal("0.01")
_MOST_POINTS: Final = 1200
ORDERS: Final[Mapping[str, type[int]]] = {
    "paused": bool,
    "step": int,
    "speed": int,
    "seriesDelay": int,
    "guardDown": bool,
    "duplicates": bool,
}
"""What the page may order, and the type of its value."""


@dataclass(frozen=True)
class Limit:
    """The limits of a model, or of all others, in words."""

    text: str
    stopped: bool = False


@dataclass(frozen=True)
class Key:
    """An API key."""

    name: str
    state: str
    stolen: bool = False


@dataclass(frozen=True)
class Project:
    """A project, as of one minute."""

    name: str
    id: str
    budget: str
    cost: str
    """Of all that was used."""
    reported: str
    """Of what Google has billed so far."""
    answered: int
    refused: int
    limits: tuple[Limit, ...]
    keys: tuple[Key, ...]
    billing: str


@dataclass
class Run:
    """One of the two runs: its bound, and the cost of the project with the stolen key by minutes."""

    name: Name
    title: str
    bound: str | None = None
    series: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line of the table at the end."""

    title: str
    bound: str
    bill: str
    beside: str
    stopped: str


class Board:
    """What is shown; the story writes it, and the page's server reads it from another thread."""

    def __init__(self, budget: Decimal, currency: str) -> None:
        self._lock = threading.Condition()
        self._orders: deque[dict[str, Any]] = deque()
        self._state: dict[str, Any] = {
            "version": 0,
            "ended": False,
            "phase": "starting",
            "running": "",
            "now": "",
            "paused": False,
            "speed": 0,
            "budget": str(budget),
            "currency": currency,
            "runs": [],
            "projects": [],
            "log": [],
            "table": [],
            "verdict": "",
        }
        self._runs: list[Run] = []
        self._watchers = 0

    def shown(self) -> dict[str, Any]:
        """All that the page shows."""
        with self._lock:
            runs = [{**asdict(run), "series": _thinned(run.series)} for run in self._runs]
            return {**self._state, "log": list(self._state["log"]), "runs": runs}

    @property
    def version(self) -> int:
        """Changes with what is shown."""
        version: int = self._state["version"]
        return version

    def set(self, **values: Any) -> None:
        """Show other values."""
        with self._lock:
            self._state.update(values)
            self._changed()

    def begin(self, name: Name, title: str) -> Run:
        """Begin a run."""
        run = Run(name, title)
        with self._lock:
            self._runs.append(run)
            self._state.update(running=title, projects=[])
            self._changed()
        return run

    def at(self, run: Run, now: datetime, minute: int, cost: Decimal, projects: Iterable[Project]) -> None:
        """Show a minute of a run."""
        with self._lock:
            run.series.append((minute, str(cost.quantize(CENT))))
            self._state.update(now=now.isoformat(), projects=[asdict(each) for each in projects])
            self._changed()

    def say(self, now: datetime, kind: Kind, text: str) -> None:
        """Add a line to what happened."""
        with self._lock:
            self._state["log"].append({"at": now.isoformat(), "kind": kind, "text": text})
            self._changed()

    def end(self, table: Iterable[Line], verdict: str) -> None:
        """Show the table; no order is taken any more."""
        with self._lock:
            self._state.update(
                ended=True, phase="over", table=[asdict(line) for line in table], verdict=verdict
            )
            self._changed()

    def seen(self) -> None:
        """The page has shown the end."""
        with self._lock:
            self._watchers -= 1
            self._lock.notify_all()

    def watched(self) -> None:
        """A page follows."""
        with self._lock:
            self._watchers += 1

    def wait_until_seen(self, most_s: float = 5) -> None:
        """Wait until each page that follows has the end, but not for long."""
        with self._lock:
            self._lock.wait_for(lambda: not self._watchers, most_s)

    def order(self, body: Any) -> None:
        """Take an order from the page. Raises ValueError for what is none."""
        if not isinstance(body, dict) or not body:
            raise ValueError("an order is an object")
        for name, value in body.items():
            if name not in ORDERS or type(value) is not ORDERS[name] or value < 0:
                raise ValueError(f"{name} is no order, or has another value")
        with self._lock:
            self._orders.append(body)
            self._lock.notify_all()

    def orders(self, wait_s: float = 0) -> list[dict[str, Any]]:
        """The orders since the last call; waits for one if there is none."""
        with self._lock:
            if not self._orders and wait_s:
                self._lock.wait(wait_s)
            found = list(self._orders)
            self._orders.clear()
            return found

    def _changed(self) -> None:
        self._state["version"] += 1


def _thinned(series: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Not more points than a page has columns; the last is always there."""
    every = len(series) // _MOST_POINTS + 1
    return series[:-1:every] + series[-1:]
