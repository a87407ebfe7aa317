"""Runs a verb over stacks: so many at a time, each after those that it waits for."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from graphlib import TopologicalSorter
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

from landing_zone.fleet.child import Child, begin
from landing_zone.fleet.order import Graph
from landing_zone.fleet.outcome import CODES, DONE, SKIPPED, STOPPED, Outcome
from landing_zone.fleet.record import Place, Record, is_running

_LOOK_S: Final = 0.2
"""Between two looks at what the stacks at work have written."""


class Watcher(Protocol):
    """Shows what happens."""

    def started(self, child: Child) -> None:
        """A stack is at work."""

    def event(self, stack: str, event: dict[str, Any]) -> None:
        """A stack's command has written an event."""

    def ended(self, outcome: Outcome) -> None:
        """A stack's end is known."""

    def tick(self, running: Sequence[Child], waiting: int) -> None:
        """A look has passed. `waiting`: stacks that are not begun."""

    def stopping(self, running: Sequence[Child]) -> None:
        """Ctrl-C, or SIGTERM, has come: the stacks at work end what they have begun."""


@dataclass
class Driver:
    """A run of a verb over stacks."""

    verb: str
    graph: Graph
    """The stacks, each with those that it waits for."""
    arguments: Callable[[str], list[str]]
    """The command of a stack."""
    main: Callable[[], None]
    """Runs a command in its process."""
    folder: Path
    """That of Pulumi.yaml."""
    place: Place
    record: Record
    prints: dict[str, str]
    """Stack → digest of its file and its program."""
    watcher: Watcher
    parallel: int
    stops_at_failure: bool = False
    planned: Callable[[str], dict[str, str]] = lambda _stack: {}
    """The expected cost of a stack's month, by currency."""
    keep: Callable[[Path, Outcome], None] = lambda _output, _outcome: None
    """Gets the output of a stack that has ended, before it is gone."""
    states: Mapping[int, str] = field(default_factory=lambda: CODES)
    """Exit code of a stack's command → outcome."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    stopped: bool = False
    _running: list[Child] = field(default_factory=list)
    _began: dict[str, float] = field(default_factory=dict)
    _failed: str = ""
    """The first stack that failed."""

    def run(self, known: Mapping[str, Outcome]) -> dict[str, Outcome]:
        """Run the stacks to the end; returns what became of each. `known`: of those that need not run.

        The first Ctrl-C or SIGTERM is passed on to the stacks at work, whose end is awaited.
        """
        sorter: TopologicalSorter[str] = TopologicalSorter(self.graph)
        sorter.prepare()
        ready: list[str] = []
        with self._signals():
            while True:
                ready += sorted(sorter.get_ready())
                while ready and not self._holds_back and len(self._running) < self.parallel:
                    stack = ready.pop(0)
                    if stack in known:
                        self._end(known[stack])
                        sorter.done(stack)
                        ready += sorted(sorter.get_ready())
                    else:
                        self._begin(stack)
                if not self._running:
                    break
                if self.stopped:
                    self._stop()
                for outcome in self._look():
                    self._end(outcome)
                    if outcome.state == DONE:
                        sorter.done(outcome.stack)
        for stack in TopologicalSorter(self.graph).static_order():
            if stack not in self.outcomes:
                self._skip(stack)
        return self.outcomes

    @property
    def _holds_back(self) -> bool:
        """True if no further stack may begin."""
        return self.stopped or (self.stops_at_failure and bool(self._failed))

    def _begin(self, stack: str) -> None:
        output, held = self.place.output(self.verb, stack), self.place.held(self.verb, stack)
        self._began[stack] = time.monotonic()
        if stack in self.record.running and (is_running(held) or output.exists()):
            # A run that was killed has begun it, and it goes on by itself; or it has ended, and nobody has read how.
            child = Child(stack, output, held)
        else:
            self.record.begin(stack, self.prints[stack])
            child = begin(self.main, stack, self.arguments(stack), self.folder, output, held)
        self._running.append(child)
        self.watcher.started(child)

    def _look(self) -> Iterator[Outcome]:
        """Read what the stacks at work have written; yields those that have ended."""
        wait([child.process.sentinel for child in self._running if child.process], _LOOK_S)
        for child in list(self._running):
            ended = child.has_ended()  # before its output is read, which then is whole
            child.read(partial(self.watcher.event, child.stack))
            if not ended:
                continue
            self._running.remove(child)
            if child.process is None and not self.stopped and not self._is_done(child):
                child.clear()
                self._begin(child.stack)
                continue
            yield self._outcome(child)
        waiting = len(self.graph) - len(self.outcomes) - len(self._running)
        self.watcher.tick(self._running, waiting)

    def _is_done(self, child: Child) -> bool:
        """True if what an earlier run began has done what is to be done now."""
        same = self.record.prints.get(child.stack) == self.prints[child.stack]
        return same and child.reading.exit_code == 0

    def _outcome(self, child: Child) -> Outcome:
        outcome = child.end(self.states)
        self.keep(child.output, outcome)
        if child.stopped and outcome.state != DONE:
            outcome.state = STOPPED
        log = self.place.log(self.verb, child.stack)
        log.unlink(missing_ok=True)
        child.clear(log if outcome.state != DONE else None)
        outcome.log = str(log) if log.exists() else ""
        outcome.seconds = time.monotonic() - self._began[child.stack]
        return outcome

    def _end(self, outcome: Outcome) -> None:
        if not outcome.earlier:
            outcome.ended = datetime.now(UTC).isoformat(timespec="milliseconds")
            outcome.planned = self.planned(outcome.stack)
            if outcome.state != DONE and not self._failed:
                self._failed = outcome.stack
        self.outcomes[outcome.stack] = outcome
        self.record.end(outcome)
        self.watcher.ended(outcome)

    def _skip(self, stack: str) -> None:
        waits = next((name for name in self.graph[stack] if self.outcomes[name].state != DONE), "")
        if self.stopped:
            state, reason = STOPPED, "not begun: the fleet was stopped"
        elif waits:
            why = f"{self.outcomes[waits].state} ({self.graph[stack][waits]})"
            state, reason = SKIPPED, f"it waits for {waits}, which is {why}"
        else:
            state, reason = SKIPPED, f"not begun, as {self._failed} was not done (--on-failure stop)"
        self._end(Outcome(stack, state, [reason]))

    def _stop(self) -> None:
        """Pass Ctrl-C on to the stacks at work, once."""
        if not all(child.stopped for child in self._running):
            self.watcher.stopping(self._running)
        for child in self._running:
            child.stop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stopped = True  # the rest at the next look, where no stack is about to begin

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
