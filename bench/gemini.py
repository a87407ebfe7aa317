"""Measure the local Gemini API: calls a second with limits in force, and memory over many calls.

    python -m bench.gemini [--calls 20000] [--rounds 5] [--json]

64 callers keep their connections and ask at once, in one process beside the server's: two cores are enough. Each round
asks so many times; the first fill what is bounded (the journal keeps 50,000 requests), and from there on memory is to
stay as it is. `read` is calls of `models.get`, which count against nothing: what the server costs without the limits.
`refused` is calls above a limit, and `over` how many more than the limit were served. A million calls: `--calls 100000
--rounds 10`.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.cloud.gemini_load import CALLERS, Target
from tests.cloud.local_cloud import ACCOUNT, LocalCloud
from tests.cloud.test_generativelanguage import PROMPT, TO_GEMINI, limit_to, made_key, made_project

_MODEL: Final = "gemini-2.5-flash-lite"
_LIMITED: Final = "gemini-3.8-flash"
_LIMIT: Final = 500
_TIER: Final = 3


@dataclass
class Figures:
    """What was measured: calls a second, and MiB."""

    served: list[float] = field(default_factory=list)
    """Of each round."""
    memory_mib: list[int] = field(default_factory=list)
    """The server's, after each round."""
    server_us: float = 0
    """Processor time of the server for a call."""
    read: float = 0
    refused: float = 0
    over: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gemini", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=20_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    found = measure(arguments.calls, arguments.rounds)
    print(json.dumps(asdict(found), indent=2) if arguments.json else table(found))


def measure(calls: int, rounds: int) -> Figures:
    """Run the server and call it."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(Path(folder))
        cloud.start()
        try:
            return _measure(cloud, calls, rounds)
        finally:
            cloud.end()


def _measure(cloud: LocalCloud, calls: int, rounds: int) -> Figures:
    cloud.local("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": _TIER})
    made_project(cloud, "bench-gemini", account=ACCOUNT)
    target = Target(cloud.url("generativelanguage"), made_key(cloud, "bench-gemini", TO_GEMINI))
    limit_to(cloud, "bench-gemini", "generate_content_paid_tier_3_requests", _LIMIT, _LIMITED)
    # The tier's own limit of a minute is 30,000: the clock is moved on before it is reached.
    most = min(calls, 25_000)
    found = Figures()
    target.ask(_MODEL, PROMPT, calls=200)
    began = _processor_s(cloud)
    for _ in range(rounds):
        left, seconds = calls, 0.0
        while left:
            part = min(left, most)
            cloud.local("PUT", "clock", {"advanceSeconds": 61})
            statuses, took = _timed(partial(target.ask, _MODEL, PROMPT, calls=part))
            assert statuses == {200: part}, statuses
            left, seconds = left - part, seconds + took
        found.served.append(calls / seconds)
        found.memory_mib.append(_memory_mib(cloud))
    found.server_us = (_processor_s(cloud) - began) / (calls * rounds) * 1_000_000
    cloud.local("PUT", "clock", {"hold": True})
    target.ask(_LIMITED, PROMPT, calls=_LIMIT - CALLERS // 2)
    statuses, took = _timed(lambda: target.ask(_LIMITED, PROMPT, calls=most))
    found.over = statuses[200] - CALLERS // 2
    found.refused = most / took
    _, took = _timed(lambda: target.load("GET", f"models/{_MODEL}", calls=most))
    found.read = most / took
    return found


def _timed(act: Callable[[], Counter[int]]) -> tuple[Counter[int], float]:
    began = time.perf_counter()
    statuses = act()
    return statuses, time.perf_counter() - began


def _processor_s(cloud: LocalCloud) -> float:
    """Processor time of the server so far."""
    fields = Path(f"/proc/{cloud.ready['pid']}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _memory_mib(cloud: LocalCloud) -> int:
    status = Path(f"/proc/{cloud.ready['pid']}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024


def table(found: Figures) -> str:
    """The figures as Markdown."""
    lines = ["| round | calls a second | memory |", "| ---: | ---: | ---: |"]
    lines += [
        f"| {number} | {served:,.0f} | {memory} MiB |"
        for number, (served, memory) in enumerate(zip(found.served, found.memory_mib, strict=True), 1)
    ]
    slowest = min(found.served)
    return "\n".join(
        [
            *lines,
            "",
            f"{found.server_us:.0f} µs of the server's processor a call; {slowest / found.read:.2f} of the calls a "
            f"second that count against nothing ({found.read:,.0f}); refused: {found.refused:,.0f} a second; "
            f"over the limit: {found.over}",
        ]
    )


if __name__ == "__main__":
    main()
