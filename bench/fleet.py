"""Measure a fleet: `gemini-lz up` of many stacks on one machine, on Pulumi's file backend.

    python -m bench.fleet [--projects 1000] [--stacks 10] [--at-once 4] [--latency-ms 100] [--write-quotas] [--json]

The projects are those of `python -m bench`, in stacks of equal size. Then one stack is previewed, refreshed, looked at
for drift, and updated with one limit changed. `--write-quotas`: the local cloud enforces Google's write quotas. Seconds
are of one run on one machine.
"""

import argparse
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.__main__ import COMMAND, HEAD, PROJECT
from bench.empty_cloud import workspace_of
from bench.measured import Run, run
from sandbox.engine import Engine, get_engine
from tests.workspace import Workspace

RATES = (
    "  gemini-landing-zone:writeRates: {projectsPerSecond: 1, keysPerMinute: 120, budgetsPerMinute: 100}\n"
)
_RUNS: Final = 3


@dataclass
class Figures:
    """One fleet's figures."""

    projects: int
    stacks: int
    at_once: int
    runs: int = 0
    """Of the fleet, until all was done: a local cloud that is too busy answers later than the plugins wait."""
    up_s: float = 0
    """Of the whole fleet, with the preflights."""
    stack_s: list[float] = field(default_factory=list)
    """Of each stack, in the order in which they ended."""
    one_by_one_s: float = 0
    """Of `gemini-lz up` of one stack after the other."""
    ratio: float = 0
    """`one_by_one_s` / `up_s`."""
    processor_s: float = 0
    """Of all processes, without the local cloud's."""
    calls: int = 0
    refused: int = 0
    """With 429."""
    state_bytes: int = 0
    """Of one stack's state."""
    preview_s: float = 0
    refresh_s: float = 0
    drift_s: float = 0
    change_s: float = 0
    """`up` of one stack, in which one limit changed; with its preflight."""
    memory_mib: dict[str, int] = field(default_factory=dict)
    """Process → peak memory in the `up`."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fleet", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--projects", type=int, default=1000, metavar="N")
    parser.add_argument("--stacks", type=int, default=10, metavar="N")
    parser.add_argument("--at-once", type=int, default=4, metavar="N")
    parser.add_argument("--latency-ms", type=int, default=100)
    parser.add_argument("--write-quotas", action="store_true", help="as Google enforces them")
    parser.add_argument("--beside", action="store_true", help="compare with one stack after the other")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    found = Figures(arguments.projects, arguments.stacks, arguments.at_once)
    engine = get_engine()
    try:
        if arguments.beside:
            compare(engine, found, arguments.latency_ms)
        else:
            measure(engine, found, arguments.latency_ms, quotas=arguments.write_quotas)
    finally:
        # What was measured before a command failed is worth minutes.
        print(json.dumps(asdict(found), indent=2) if arguments.json else text(found))


def compare(engine: Engine, found: Figures, latency_ms: int) -> None:
    """`up` of all stacks as a fleet, and of one after the other; both make all anew."""
    size, names = found.projects // found.stacks, names_of(found)
    for together in (True, False):
        with workspace_of(engine, HEAD + "    {}\n", latency_ms) as workspace:
            write_stacks(workspace, names, size, HEAD)
            if together:
                up = lz(
                    workspace, "fleet", "up", "--all", "--yes", "--parallel", str(found.at_once), "--json"
                )
                assert exit_code(up.output) == 0, up.output[-2000:]
                found.up_s, found.processor_s, found.memory_mib = (
                    up.seconds,
                    up.processor_s,
                    dict(up.memory_mib),
                )
                found.stack_s = seconds_of_stacks(up.output)
            else:
                found.one_by_one_s = sum(lz(workspace, "up", name, "--yes").seconds for name in names)
    found.ratio = round(found.one_by_one_s / found.up_s, 2)


def names_of(found: Figures) -> list[str]:
    """The names of the stacks."""
    return [f"fleet-{number:02d}" for number in range(found.stacks)]


def write_stacks(workspace: Workspace, names: list[str], size: int, head: str) -> None:
    """Write stack files of so many projects each, in place of the one that is there."""
    workspace.stack_file.unlink()
    for number, name in enumerate(names):
        projects = (PROJECT.format(number=each) for each in range(number * size, (number + 1) * size))
        (workspace.stack_file.parent / f"Pulumi.{name}.yaml").write_text(head + "".join(projects))


def measure(engine: Engine, found: Figures, latency_ms: int, *, quotas: bool) -> None:
    """`up` of all stacks, then the rest of one of them."""
    size = found.projects // found.stacks
    head = (
        HEAD.replace("  gemini-landing-zone:projects", f"{RATES}  gemini-landing-zone:projects")
        if quotas
        else HEAD
    )
    names = names_of(found)
    with workspace_of(engine, head + "    {}\n", latency_ms) as workspace:
        write_stacks(workspace, names, size, head)
        if quotas:
            workspace.cloud.call("PUT", "/_local/writeQuotas", {})
        code = 1
        while code and found.runs < _RUNS:
            up = lz(workspace, "fleet", "up", "--all", "--yes", "--parallel", str(found.at_once), "--json")
            found.runs, code = found.runs + 1, exit_code(up.output)
            found.up_s, found.processor_s = found.up_s + up.seconds, found.processor_s + up.processor_s
            found.stack_s += seconds_of_stacks(up.output)
            for kind, peak in up.memory_mib.items():
                found.memory_mib[kind] = max(found.memory_mib.get(kind, 0), peak)
        requests = workspace.cloud.requests()
        found.calls, found.refused = len(requests), sum(each["status"] == 429 for each in requests)
        [state] = workspace.layout.backend.glob(f"**/stacks/**/{names[0]}.json")
        found.state_bytes = state.stat().st_size
        found.preview_s = lz(workspace, "preview", names[0]).seconds
        found.refresh_s = lz(workspace, "refresh", names[0], "--yes").seconds
        found.drift_s = lz(workspace, "drift", names[0]).seconds
        first = workspace.stack_file.parent / f"Pulumi.{names[0]}.yaml"
        first.write_text(first.read_text().replace("requestsPerMinute: 60", "requestsPerMinute: 50", 1))
        found.change_s = lz(workspace, "fleet", "up", names[0], "--yes").seconds


def lz(workspace: Workspace, *arguments: str) -> Run:
    """Run `gemini-lz`, with its own parallelism instead of the sandbox's.

    The local cloud goes first: beside four engines on two processors it would answer later than the plugins wait.
    """
    environment = {name: value for name, value in workspace.environment.items() if name != "PULUMI_PARALLEL"}
    command = ["nice", "-n", "10", COMMAND, *arguments]
    # A look for drift ends with 1 or 2 where it found something, or could not read all; a fleet with 1 if a stack
    # failed.
    ends = {"drift": (0, 1, 2), "fleet": (0, 1)}.get(arguments[0], (0,))
    return run(command, workspace.layout.program, environment, memory=True, ends=ends)


def seconds_of_stacks(output: str) -> list[float]:
    """Of each stack, from the events that the fleet printed."""
    return [each["seconds"] for each in events(output) if each["event"] == "ended" and not each["earlier"]]


def exit_code(output: str) -> int:
    """Of a fleet, from its summary."""
    [code] = [each["exitCode"] for each in events(output) if each["event"] == "summary"]
    return int(code)


def events(output: str) -> list[dict[str, Any]]:
    """What a fleet printed, a line each."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def text(found: Figures) -> str:
    """The figures, a line each."""
    return "\n".join(f"{name}: {value}" for name, value in asdict(found).items())


if __name__ == "__main__":
    main()
