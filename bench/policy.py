"""What the policy pack adds to an `up` of 100 projects that keep to every policy.

    python -m bench.policy [--projects 100] [--runs 3] [--latency-ms 100] [--json]

Runs with and without the pack take turns; the medians are compared. Each call of the local cloud waits for the latency.
State is written once, at the end (PULUMI_SKIP_CHECKPOINTS), as in `python -m bench`.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox import local_cloud
from sandbox.engine import Engine, get_engine
from sandbox.layout import ROOT, Layout
from tests.workspace import Cloud, Workspace

PROJECT = """\
    p{number}:
      projectId: bench-{number:04d}-project
      tier: paid
      keys: {{backend: {{allowedIps: [203.0.113.0/24]}}}}
      budget: {{amount: 100.50, currency: USD, spendCap: true, thresholds: [0.5, 1.0, {{forecast: 1.0}}]}}
      limits: {{gemini-3.5-flash: {{requestsPerMinute: 60, requestsPerDay: 1000}}, others: deny}}
"""
HEAD = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:labels: {owner: platform, cost-centre: cc-1}
  gemini-landing-zone:defaults: {protect: true}
  gemini-landing-zone:projects:
"""
PACK = ("--policy-pack", str(ROOT / "policy"))
WITHOUT_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@dataclass(frozen=True)
class Figures:
    """Medians in seconds."""

    projects: int
    runs: int
    without_s: float
    with_s: float

    @property
    def added_s(self) -> float:
        """What the pack adds."""
        return self.with_s - self.without_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.policy", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency-ms", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    os.environ.update(WITHOUT_CHECKPOINTS)
    engine = get_engine()
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(arguments.runs):
        for judged, found in times.items():
            found.append(up_s(engine, arguments.projects, arguments.latency_ms, judged=judged))
            sys.stderr.write(f"{'with' if judged else 'without'} the pack: {found[-1]:.1f} s\n")
    without, judged_s = (statistics.median(found) for found in times.values())
    figures = Figures(arguments.projects, arguments.runs, without, judged_s)
    if arguments.json:
        print(json.dumps({**asdict(figures), "added_s": figures.added_s}))
    else:
        print(
            f"`up` of {figures.projects} projects: {without:.1f} s without the pack, {judged_s:.1f} s with it: "
            f"{figures.added_s:+.1f} s, {judged_s / without:.2f} times"
        )


def up_s(engine: Engine, count: int, latency_ms: int, *, judged: bool) -> float:
    """Seconds of an `up` of `count` projects in an empty cloud."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(program=Path(folder), state=Path(folder) / "cloud")
        cloud = Cloud(local_cloud.launch(layout, ["--port", "0", "--latency-ms", str(latency_ms)]))
        try:
            cloud.call("PATCH", "/_local/billingAccounts/01A2B3-C4D5E6-F7A8B9", {"linkLimit": 9_999})
            workspace = Workspace(Path(folder) / "workspace", engine, cloud)
            workspace.write(HEAD + "".join(PROJECT.format(number=number) for number in range(count)))
            began = time.perf_counter()
            done = workspace.pulumi(
                "up", "--yes", "--skip-preview", "--stack", "test", *(PACK if judged else ())
            )
            took = time.perf_counter() - began
            assert ("✅ gemini-budget-policies" in done.stdout) == judged, done.stdout
            return took
        finally:
            local_cloud.stop(layout)


main()
