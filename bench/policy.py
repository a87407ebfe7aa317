"""Measure the time that the policy pack adds to an `up` of 100 projects that comply with every policy.

    python -m bench.policy [--projects 100] [--runs 3] [--latency-ms 100] [--json]

Without a pack, with one that asks nothing, and with this one take turns: a preview and the update, each by itself. The
medians are compared. Each call of the local cloud waits for the latency. State is written once, at the end
(PULUMI_SKIP_CHECKPOINTS), as in `python -m bench`.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from bench.empty_cloud import WITHOUT_CHECKPOINTS, workspace_of
from sandbox.engine import Engine, get_engine
from sandbox.layout import ROOT

PROJECT = """\
    p{number}:
      projectId: bench-{number:04d}-project
      tier: paid
      keys: {{backend: {{allowedIps: [203.0.113.0/24], methods: [generate]}}}}
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
NONE, EMPTY, OURS = "no pack", "a pack that asks nothing", "this pack"
ASKS_NOTHING = """\
from pulumi_policy import PolicyPack, ResourceValidationPolicy

PolicyPack("nothing", [ResourceValidationPolicy("nothing", "nothing", lambda args, report: None)])
"""


@dataclass(frozen=True)
class Times:
    """Seconds of one `pulumi up`: its preview, and its update."""

    preview_s: float
    update_s: float


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
    found: dict[str, list[Times]] = {NONE: [], EMPTY: [], OURS: []}
    with tempfile.TemporaryDirectory() as folder:
        packs = {NONE: None, EMPTY: empty_pack(Path(folder)), OURS: ROOT / "policy"}
        for _ in range(arguments.runs):
            for name, measured in found.items():
                measured.append(measure(engine, arguments.projects, arguments.latency_ms, packs[name]))
                sys.stderr.write(f"{name}: {measured[-1]}\n")
    medians = {
        name: Times(*(statistics.median(part) for part in zip(*map(astuple, measured), strict=True)))
        for name, measured in found.items()
    }
    if arguments.json:
        print(json.dumps({name: asdict(times) for name, times in medians.items()}))
        return
    print(f"{arguments.projects} projects, {arguments.latency_ms} ms a call, medians of {arguments.runs}")
    for name, times in medians.items():
        more = (times.preview_s - medians[NONE].preview_s, times.update_s - medians[NONE].update_s)
        print(
            f"{name}: preview {times.preview_s:.1f} s ({more[0]:+.1f}), update {times.update_s:.1f} s ({more[1]:+.1f})"
        )


def empty_pack(folder: Path) -> Path:
    """A pack with one policy that checks nothing: measures Pulumi's own cost of any pack in Python."""
    shutil.copy(ROOT / "policy" / "PulumiPolicy.yaml", folder)
    (folder / ".venv").symlink_to(ROOT / "policy" / ".venv")
    (folder / "__main__.py").write_text(ASKS_NOTHING)
    return folder


def measure(engine: Engine, count: int, latency_ms: int, pack: Path | None) -> Times:
    """A preview and an update of `count` projects in an empty cloud."""
    stack_file = HEAD + "".join(PROJECT.format(number=number) for number in range(count))
    with workspace_of(engine, stack_file, latency_ms) as workspace:
        times = []
        for operation in (("preview",), ("up", "--yes", "--skip-preview")):
            began = time.perf_counter()
            judged = () if pack is None else ("--policy-pack", str(pack))
            done = workspace.pulumi(*operation, "--stack", "test", *judged)
            times.append(time.perf_counter() - began)
            assert ("✅" in done.stdout) == (pack is not None), done.stdout
        return Times(*times)


main()
