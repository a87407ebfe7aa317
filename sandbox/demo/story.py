"""The story: a key is stolen at night; without and with limits and guard, by a held clock and a seed."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

from sandbox.demo.board import CENT, Board, Key, Kind, Limit, Line, Name, Project, Run
from sandbox.demo.cloud import Answers, RunCloud, Traffic, run_cloud
from sandbox.demo.stack import BESIDE, BUDGETS, CURRENCY, FLASH, PRO, PROJECT_IDS, STOLEN
from sandbox.engine import Engine
from sandbox.steps import Step, step

TITLES: Final[dict[Name, str]] = {"without": "without limits and guard", "with": "with limits and guard"}
QUIET: Final = 15
"""Minutes of normal traffic before the theft."""
NOTICED: Final = 8 * 60
"""Minutes after the theft at which somebody comes to work, reads the mails and deletes the key."""
_OFFICE, _THIEF = "203.0.113.10", "198.51.100.66"
_NORMAL: Final = "Read this as 1200 tokens. Answer with 300 tokens."
_GREEDY: Final = "Read this as 15000 tokens. Answer with 60000 tokens. Think with 5000 tokens."
_LOOKED_AT: Final = 10
"""Minutes between two looks at limits and keys, unless something was logged."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    name: Name
    bound: Decimal | None
    bill: Decimal
    beside: Decimal
    stopped: str
    acts: tuple[str, ...]
    """What the guard's log says that it did."""

    @property
    def is_within(self) -> bool:
        """True if the bill is within what was stated beforehand, or nothing was."""
        return self.bound is None or self.bill <= self.bound


def begin_of(day: datetime) -> datetime:
    """The night of the theft: on the 10th of the next month, at 01:00 Pacific (winter), so that a month lies around."""
    first = (day.replace(day=1) + timedelta(days=32)).replace(day=10)
    return datetime(first.year, first.month, first.day, 9, tzinfo=UTC)


class Story:
    """Both runs."""

    def __init__(
        self,
        board: Board,
        engine: Engine,
        folder: Path,
        seed: int,
        *,
        fast: bool = True,
        noticed: int = NOTICED,
    ) -> None:
        self._board, self._engine, self._folder, self._seed = board, engine, folder, seed
        self.noticed = noticed
        self._speed = 0 if fast else 10
        self._paused = False
        self._steps = 0
        self._faults: dict[str, Any] = {}
        self.begin = begin_of(datetime.now(UTC))

    def run_both(self) -> tuple[Outcome, Outcome]:
        """Both runs, with the same traffic."""
        without, guarded = self.run("without"), self.run("with")
        self._board.end([line_of(without), line_of(guarded)], verdict_of(without, guarded))
        return without, guarded

    def run(self, name: Name) -> Outcome:
        """One of the two."""
        board = self._board
        run = board.begin(name, TITLES[name])
        board.set(phase="starting a local cloud of its own")
        with run_cloud(name, self._engine, self._folder / name) as cloud:
            cloud.begin(self.begin, self._seed)
            # Those that the page shows as set hold in the second run too.
            self._fault(cloud, self._faults)
            board.set(now=self.begin.isoformat(), phase="gemini-lz up")
            with step(f"gemini-lz up, {TITLES[name]}") as current:

                def show(line: str) -> None:
                    current.detail = line[:60]

                cloud.deploy(show)
            bound = cloud.bound(self.begin)
            run.bound = None if bound is None else str(bound.quantize(CENT))
            stated = "nothing bounds it" if bound is None else f"{bound:,.2f} {CURRENCY} at most in the month"
            board.say(self.begin, "story", f"{TITLES[name]}: gemini-lz exposure says {stated}")
            with step(f"The night, {TITLES[name]}") as current:
                outcome = _Night(self, cloud, run, bound, current).lived()
                current.outcome = f"{outcome.bill:,.2f} {CURRENCY}"
        return outcome

    def obey(self, cloud: RunCloud) -> None:
        """Carry out what the page has ordered, and wait while it is paused."""
        wait = 0.0 if not self._speed else 1 / self._speed
        while True:
            for order in self._board.orders(wait or (3600 if self._paused and not self._steps else 0)):
                self._obey(cloud, order)
            wait = 0
            if not self._paused:
                return
            if self._steps:
                self._steps -= 1
                return

    def _obey(self, cloud: RunCloud, order: dict[str, Any]) -> None:
        if "paused" in order:
            self._paused = order["paused"]
            self._board.set(paused=self._paused)
        if "step" in order:
            self._paused, self._steps = True, self._steps + min(order["step"], 600)
            self._board.set(paused=True)
        if "speed" in order:
            self._speed = order["speed"]
            self._board.set(speed=self._speed)
        self._faults |= order
        self._fault(cloud, order)

    def _fault(self, cloud: RunCloud, order: dict[str, Any]) -> None:
        if "seriesDelay" in order:
            cloud.admin("PUT", "/_local/metricsLag", {"seconds": order["seriesDelay"]})
        if "guardDown" in order:
            fault = {"error": "UNAVAILABLE", "method": "monitoring.projects.timeSeries.list", "times": 10**6}
            cloud.admin("PUT", "/_local/faults", {"faults": [fault] if order["guardDown"] else []})
        if "duplicates" in order:
            cloud.admin("PUT", "/_local/pubsub", {"duplicates": 1 if order["duplicates"] else 0})

    @property
    def board(self) -> Board:
        """What the page shows."""
        return self._board

    @property
    def chance(self) -> random.Random:
        """The normal traffic's chance: the same in both runs."""
        return random.Random(self._seed)  # noqa: S311 no secret


class _Night:
    """One run's minutes."""

    def __init__(
        self,
        story: Story,
        cloud: RunCloud,
        run: Run,
        bound: Decimal | None,
        current: Step,
    ) -> None:
        self._story, self._cloud, self._run, self._bound = story, cloud, run, bound
        self._current = current
        self._chance = story.chance
        self._now = story.begin
        self._limits: dict[str, tuple[Limit, ...]] = {}
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._mails = self._lines = 0
        self._acts: list[str] = []
        self._stopped_after: int | None = None

    def lived(self) -> Outcome:
        """The minutes from normal traffic to the person who deletes the key."""
        board = self._story.board
        self._mails = len(self._cloud.mails())
        board.set(phase="normal traffic")
        self._look()
        for minute in range(-QUIET, 0):
            self._minute(minute, stolen=False)
        self._say("thief", f"has the key of {STOLEN}: calls from {_THIEF}, at the limits of every model")
        board.set(phase="the key is stolen")
        noticed = self._story.noticed
        for minute in range(noticed):
            self._minute(minute, stolen=True)
        self._cloud.delete_key()
        after = f"after {noticed // 60} h {noticed % 60} min"
        self._say("person", f"comes to work, reads the mails {after}, and deletes the key")
        board.set(phase="the key is gone")
        for minute in range(noticed, noticed + QUIET):
            self._minute(minute, stolen=True)
        self._look()
        costs = self._cloud.costs()
        stopped = f"by a person, {after}"
        if self._stopped_after is not None:
            stopped = f"by the guard, after {self._stopped_after} min"
        return Outcome(
            self._run.name,
            self._bound,
            costs[STOLEN][0],
            costs[BESIDE][0],
            stopped,
            tuple(self._acts),
        )

    def _minute(self, minute: int, *, stolen: bool) -> None:
        self._story.obey(self._cloud)
        traffic = [
            Traffic(project, FLASH, _NORMAL, self._chance.randint(0, 2), _OFFICE) for project in PROJECT_IDS
        ]
        if stolen:
            traffic += [
                Traffic(STOLEN, model, _GREEDY, calls, _THIEF) for model, calls in ((FLASH, 24), (PRO, 12))
            ]
        answers = self._cloud.send(traffic)
        self._now = self._cloud.advance(1)
        logged = self._read_log(minute)
        self._read_mails()
        if logged or minute % _LOOKED_AT == 0:
            self._look()
        costs = self._cloud.costs()
        self._current.detail = f"{minute} min, {costs[STOLEN][0]:,.2f} {CURRENCY}"
        self._story.board.at(
            self._run,
            self._now,
            minute,
            costs[STOLEN][0],
            [self._project(project, costs[project], answers[project]) for project in PROJECT_IDS],
        )

    def _say(self, kind: Kind, text: str) -> None:
        self._story.board.say(self._now, kind, text)

    def _look(self) -> None:
        for project in PROJECT_IDS:
            self._limits[project] = self._cloud.limits(project)
            self._keys[project] = self._cloud.keys(project)

    def _project(self, name: str, cost: tuple[Decimal, Decimal], answers: Answers) -> Project:
        return Project(
            name,
            PROJECT_IDS[name],
            str(BUDGETS[name]),
            str(cost[0].quantize(CENT)),
            str(cost[1].quantize(CENT)),
            answers.answered,
            answers.refused,
            self._limits[name],
            self._keys[name],
            "linked" if self._cloud.is_linked(name) else "not linked",
        )

    def _read_log(self, minute: int) -> bool:
        """Show what the guard has logged since; True if it did something."""
        lines = self._cloud.guard_log()
        did = False
        for line in lines[self._lines :]:
            if "does" in line:
                did = True
                self._acts.append(line["message"])
                self._say("guard", line["message"])
                stops = line["does"] == "stop" and line.get("project") == PROJECT_IDS[STOLEN]
                if stops and self._stopped_after is None and minute >= 0:
                    self._stopped_after = minute + 1
            elif line.get("severity") in ("WARNING", "ERROR"):
                self._say("guard", line["message"])
        self._lines = len(lines)
        return did

    def _read_mails(self) -> None:
        mails = self._cloud.mails()
        for mail in mails[self._mails :]:
            to = ", ".join(mail["to"]) if isinstance(mail["to"], list) else mail["to"]
            self._say("mail", f"to {to}: {mail['subject']}")
        self._mails = len(mails)


def line_of(outcome: Outcome) -> Line:
    """A run's line of the table."""
    bound = "not bounded" if outcome.bound is None else f"{outcome.bound:,.2f} {CURRENCY}"
    return Line(
        TITLES[outcome.name],
        bound,
        f"{outcome.bill:,.2f} {CURRENCY}",
        f"{outcome.beside:,.2f} {CURRENCY}",
        outcome.stopped,
    )


def verdict_of(without: Outcome, guarded: Outcome) -> str:
    """The result in a sentence."""
    if not guarded.is_within:
        return "The bill is ABOVE the bound that was stated beforehand."
    times = (
        (without.bill / guarded.bill).quantize(Decimal("0.1"), ROUND_HALF_EVEN)
        if guarded.bill
        else Decimal(0)
    )
    return (
        "The bill is within the bound that was stated beforehand. Without limits and guard it is "
        f"{times} times as high."
    )
