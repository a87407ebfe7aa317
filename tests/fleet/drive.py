"""A fleet whose stacks are scripts in place of `gemini-lz up`.

`FOLDER/graph.json` has stack → the stacks that it waits for. A stack writes to `FOLDER/ran` when it begins and ends;
what it does besides stands in `FOLDER/scripts/STACK`: `print TEXT`, `wait FILE` (until it is there), `exit CODE`,
`kill`.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from landing_zone.fleet import child
from landing_zone.fleet.child import Child
from landing_zone.fleet.driver import Driver
from landing_zone.fleet.outcome import Outcome
from landing_zone.fleet.record import AtWorkError, Place, Record, still_done
from landing_zone.fleet.summary import Summary


def script() -> None:
    """The process of a stack."""
    stack = sys.argv[1]
    signal.signal(signal.SIGINT, lambda *_: _interrupted(stack))
    _note(stack, "began")
    path = Path("scripts") / stack
    for line in path.read_text().splitlines() if path.exists() else ():
        verb, _, rest = line.partition(" ")
        if verb == "print":
            print(rest, flush=True)  # noqa: T201 it is the stack's output
        elif verb == "wait":
            while not Path(rest).exists():
                time.sleep(0.01)
        elif verb == "exit":
            _note(stack, "ended")
            sys.exit(int(rest))
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    _note(stack, "ended")
    summary = {"event": "summary", "exitCode": 0, "changes": {"created": 2}, "refused": 0}
    print(json.dumps(summary), flush=True)  # noqa: T201 as above


def _interrupted(stack: str) -> None:
    _note(stack, "interrupted")
    sys.exit(130)


def _note(stack: str, what: str) -> None:
    with Path("ran").open("a") as ran:
        ran.write(f"{stack} {what} {os.getpid()}\n")


class Quiet:
    """Shows nothing but ends."""

    def started(self, child: Child) -> None: ...

    def event(self, stack: str, event: dict[str, Any]) -> None: ...

    def tick(self, running: Sequence[Child], waiting: int) -> None: ...

    def stopping(self, running: Sequence[Child]) -> None: ...

    def ended(self, outcome: Outcome) -> None:
        print(json.dumps(outcome.as_json()), flush=True)  # noqa: T201 the test reads it


def main() -> None:
    """Run the fleet of the folder that is named first, with options such as `parallel=4`; prints the outcomes."""
    folder, options = Path(sys.argv[1]), dict(each.split("=") for each in sys.argv[2:])
    graph = {
        stack: dict.fromkeys(after, "after")
        for stack, after in json.loads((folder / "graph.json").read_text()).items()
    }
    place = Place.of(folder, "")
    try:
        place.hold("up")
    except AtWorkError:
        sys.exit(3)
    prints = dict.fromkeys(graph, options.get("print", "same"))
    record = Record.read(place.path / "up.json") or Record(place.path / "up.json", "")
    updated = options.get("updated", "2026-01-01T00:00:00Z")
    listed = {stack: {"lastUpdate": updated} for stack in graph}
    earlier = still_done(
        record, prints, listed, datetime.now(UTC) + timedelta(hours=int(options.get("later", "0")))
    )
    child.prepare(["tests.fleet.drive"])
    driver = Driver(
        "up",
        graph,
        lambda stack: [stack],
        script,
        folder,
        place,
        record,
        prints,
        Quiet(),
        int(options.get("parallel", "3")),
        options.get("stop") == "yes",
    )
    outcomes = driver.run(earlier)
    summary = Summary("up", tuple(outcomes.values()), 0)
    print(json.dumps({"memory": _resident(), **summary.as_json()}), flush=True)  # noqa: T201 as above
    sys.exit(summary.exit_code)


def _resident() -> int:
    """Memory of this process in KiB; 0 where the system does not show it."""
    status = Path("/proc/self/status")
    found = (
        [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
        if status.exists()
        else []
    )
    return int(found[0].split()[1]) if found else 0
