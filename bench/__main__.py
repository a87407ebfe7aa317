"""Measure `up` of 1, 10 and 100 paid projects, and compare it with the bound set by the chain of calls.

    python -m bench [--projects 1 10 100] [--latency-ms 100] [--json]

Each call of the local cloud waits for the latency. `bound` is the longest chain of one project (project → API →
limits) in calls times latency; `without latency` is what the engine, the program and the plugin cost themselves.
Pulumi's file backend writes the whole state at every step, so its cost grows with the square of the resources. It is
measured apart: all figures but `with checkpoints` are without those writes (PULUMI_SKIP_CHECKPOINTS), and that one is
left out above 30 projects. Seconds are of one run on one machine; the ratios are what can be compared.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from bench.empty_cloud import WITHOUT_CHECKPOINTS, workspace_of
from sandbox.engine import Engine, get_engine

PROJECT = """\
    p{number}:
      projectId: bench-{number:04d}-project
      tier: paid
      keys: {{backend: {{allowedIps: [203.0.113.0/24]}}}}
      budget: {{amount: 100.50, currency: USD}}
      limits: {{gemini-2.5-flash: {{requestsPerMinute: 60, requestsPerDay: 1000}}}}
"""
HEAD = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults: {deletionPolicy: DELETE}
  gemini-landing-zone:projects:
"""
#: The calls of one paid project, one after the other. Project: permission, creation and its operation, link, a look at
#: it, project and link read back. API: listed, enabled, its operation, listed, read back by two. Limits: listed,
#: set, their operation, listed. A key takes 9 calls, for the plugin reads it three times over: with keys, an `up` ends
#: about 9 calls after this bound.
CHAIN = 7 + 6 + 4
CHECKPOINTED_UP_TO = 30


@dataclass(frozen=True)
class Figures:
    """One size's figures; seconds, except memory in MiB and the counts."""

    projects: int
    resources: int
    calls: int
    up_s: float
    engine_s: float
    bound_s: float
    preview_s: float
    checkpointed_s: float | None
    peak_mib: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--projects", type=int, nargs="+", default=[1, 10, 100], metavar="N")
    parser.add_argument("--latency-ms", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    engine = get_engine()
    figures = [measure(engine, count, arguments.latency_ms) for count in arguments.projects]
    start = first_resource_s()
    if arguments.json:
        print(json.dumps({"sizes": [asdict(item) for item in figures], "first_resource_s": start}, indent=2))
    else:
        print(table(figures, start))


def measure(engine: Engine, count: int, latency_ms: int) -> Figures:
    """`up` of `count` projects without latency, then with; then a preview with nothing changed."""
    checkpointed_s = timed(engine, count, latency_ms)[0] if count <= CHECKPOINTED_UP_TO else None
    os.environ.update(WITHOUT_CHECKPOINTS)
    engine_s = timed(engine, count, 0)[0]
    up_s, preview_s, calls, resources = timed(engine, count, latency_ms)
    for name in WITHOUT_CHECKPOINTS:
        del os.environ[name]
    print(f"{count} projects: {up_s:.1f} s", file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Figures(
        count, resources, calls, up_s, engine_s, CHAIN * latency_ms / 1000, preview_s, checkpointed_s, peak
    )


def timed(engine: Engine, count: int, latency_ms: int) -> tuple[float, float, int, int]:
    """Seconds of an `up` and of a preview after it, calls of the `up`, resources."""
    stack_file = HEAD + "".join(PROJECT.format(number=number) for number in range(count))
    with workspace_of(engine, stack_file, latency_ms) as workspace:
        began = time.perf_counter()
        made = workspace.up()
        up_s = time.perf_counter() - began
        calls = len(workspace.cloud.requests())
        began = time.perf_counter()
        assert workspace.preview() == []
        return up_s, time.perf_counter() - began, calls, len(made)


def first_resource_s() -> float:
    """From the start of the program's Python to its first registered resource, the median of five."""
    program = (
        "import time; began = time.perf_counter()\n"
        "import pulumi, components\n"
        "from landing_zone.settings import load_file\n"
        "from pathlib import Path\n"
        "load_file('sandbox', Path('stacks/Pulumi.sandbox.yaml'))\n"
        "from pulumi_gcp import organizations; organizations.Project\n"
        "print(time.perf_counter() - began)\n"
    )
    runs = sorted(
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(5)
    )
    return runs[2]


def table(figures: list[Figures], start: float) -> str:
    """The figures as Markdown."""
    one = figures[0]
    lines = [
        "| projects | resources | calls | up | without latency | bound | (up - own growth) / up of one "
        "| preview, no change | with checkpoints | largest process |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for item in figures:
        checkpointed = f"{item.checkpointed_s:.1f} s" if item.checkpointed_s else "not run"
        own = item.engine_s - one.engine_s
        lines.append(
            f"| {item.projects} | {item.resources} | {item.calls} | {item.up_s:.1f} s | {item.engine_s:.1f} s "
            f"({1000 * item.engine_s / item.resources:.1f} ms a resource) | {item.bound_s:.1f} s "
            f"| {(item.up_s - own) / one.up_s:.2f} | {item.preview_s:.1f} s | {checkpointed} "
            f"| {item.peak_mib:.0f} MiB |"
        )
    return "\n".join([*lines, "", f"Program start to its first resource: {start:.2f} s"])


main()
