"""Measure `gemini-lz up` and `gemini-lz preview` on Pulumi's file backend, as people run them.

    python -m bench [--projects 1 30 100 300] [--latency-ms 100] [--write-quotas 300] [--json]

Each call of the local cloud waits for the latency. `own` is the same `up` without latency: what the engine, the program
and the plugins cost themselves. `bare` is a preview of a program with the same resources and no components. With
`GCP_PROVIDER=official` the official gcp plugin is used. Seconds are of one run on one machine; the ratios are what can
be compared. `--write-quotas N`: only N projects on a local cloud that enforces Google's write quotas.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bare import bare_copy
from bench.empty_cloud import workspace_of
from bench.measured import Run, run
from landing_zone.operations.run import PARALLEL
from sandbox.cloud.serviceusage.write_quotas import GOOGLES
from sandbox.engine import Engine, get_engine
from tests.workspace import STACK, Workspace

PROJECT = """\
    p{number}:
      projectId: bench-{number:04d}-project
      tier: paid
      keys: {{backend: {{allowedIps: [203.0.113.0/24]}}}}
      budget: {{amount: 100.50, currency: USD}}
      limits: {{gemini-2.5-flash: {{requestsPerMinute: 60, requestsPerDay: 1000}}, others: deny}}
"""
HEAD = """\
config:
  gcp:disableGlobalProjectWarning: true
  gcp:batching: {enableBatching: true, sendAfter: 50ms}
  gcp:pollInterval: 1s
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults: {deletionPolicy: DELETE}
  gemini-landing-zone:projects:
"""
COMMAND = str(Path(sys.executable).with_name("gemini-lz"))


@dataclass
class Figures:
    """One size's figures; seconds."""

    projects: int
    resources: int = 0
    calls: int = 0
    preflight_s: float = 0
    preflight_calls: int = 0
    up_s: float = 0
    """Without the preflight."""
    own_s: float = 0
    preview_s: float = 0
    bare_preview_s: float = 0
    memory_mib: dict[str, int] = field(default_factory=dict)
    """Process → peak memory in the `up`."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--projects", type=int, nargs="+", default=[1, 30, 100, 300], metavar="N")
    parser.add_argument("--latency-ms", type=int, default=100)
    parser.add_argument("--write-quotas", type=int, metavar="N", help="only N projects under Google's quotas")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    engine = get_engine()
    if arguments.write_quotas:
        print(under_quotas(engine, arguments.write_quotas, arguments.latency_ms))
        return
    figures = [measure(engine, count, arguments.latency_ms) for count in arguments.projects]
    print(json.dumps([asdict(each) for each in figures], indent=2) if arguments.json else table(figures))


def measure(engine: Engine, count: int, latency_ms: int) -> Figures:
    """`up` of `count` projects without latency and with it; then previews in which nothing changed."""
    found = Figures(count)
    text = HEAD + "".join(PROJECT.format(number=number) for number in range(count))
    with workspace_of(engine, text, 0) as workspace:
        found.own_s = lz(workspace, "up", "--yes", "--no-preflight").seconds
    with workspace_of(engine, text, latency_ms) as workspace, TemporaryDirectory() as folder:
        found.preflight_s = lz(workspace, "preflight").seconds
        found.preflight_calls = len(workspace.cloud.requests())
        up = lz(workspace, "up", "--yes", "--no-preflight")
        found.up_s, found.memory_mib = up.seconds, dict(up.memory_mib)
        found.calls = len(workspace.cloud.requests()) - found.preflight_calls
        exported = json.loads(workspace.pulumi("stack", "export", "--stack", STACK).stdout)
        found.resources = len(exported["deployment"]["resources"])
        found.preview_s = pulumi_preview(workspace.layout.program, STACK, workspace).seconds
        bare = bare_copy(workspace, Path(folder, "bare"))
        for command in (
            ("stack", "init", "bare"),
            ("stack", "import", "--file", "state.json", "--stack", "bare"),
        ):
            run(["pulumi", *command], bare, workspace.environment)
        found.bare_preview_s = pulumi_preview(bare, "bare", workspace).seconds
    print(f"{count} projects: {found.up_s:.1f} s", file=sys.stderr)
    return found


def pulumi_preview(folder: Path, stack: str, workspace: Workspace) -> Run:
    """A preview in which nothing changed; fails if something did."""
    command = ["pulumi", "preview", "--expect-no-changes", "--non-interactive", "--stack", stack]
    return run([*command, "--parallel", str(PARALLEL)], folder, workspace.environment)


def lz(workspace: Workspace, verb: str, *arguments: str) -> Run:
    """Run `gemini-lz`, with its own parallelism instead of the sandbox's."""
    environment = {name: value for name, value in workspace.environment.items() if name != "PULUMI_PARALLEL"}
    return run([COMMAND, verb, STACK, *arguments], workspace.layout.program, environment, memory=True)


def under_quotas(engine: Engine, count: int, latency_ms: int) -> str:
    """Seconds of an `up` on a local cloud that enforces Google's write quotas, and what the quotas alone need.

    With the rates that hold at Google: on a local cloud, a stack that does not set them starts without any.
    """
    rates = "  gemini-landing-zone:writeRates: {projectsPerSecond: 1, keysPerMinute: 120, budgetsPerMinute: 100}\n"
    text = HEAD.replace("  gemini-landing-zone:projects", f"{rates}  gemini-landing-zone:projects")
    text += "".join(PROJECT.format(number=number) for number in range(count))
    with workspace_of(engine, text, latency_ms) as workspace:
        workspace.cloud.call("PUT", "/_local/writeQuotas", {})
        up = lz(workspace, "up", "--yes")
        refused = sum(request["status"] == 429 for request in workspace.cloud.requests())
    # As many as fit a window start at once.
    need = max(max(0, count - quota.writes) * quota.seconds / quota.writes for quota in GOOGLES.values())
    return (
        f"{count} projects under write quotas: {up.seconds:.0f} s, {up.seconds / need:.2f} times the {need:.0f} s "
        f"that the quotas need; {refused} calls refused with 429, no resource failed"
    )


def table(figures: list[Figures]) -> str:
    """The figures as Markdown."""
    one = figures[0]
    lines = [
        "| projects | resources | calls | calls a project | up | own | (up - own growth) / up of one | preview | bare "
        "| ratio | preflight | its calls |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in figures:
        grown = each.up_s - (each.own_s - one.own_s)
        cells = (
            str(each.projects),
            str(each.resources),
            str(each.calls),
            f"{each.calls / each.projects:.1f}",
            f"{each.up_s:.1f} s",
            f"{each.own_s:.1f} s",
            f"{grown / one.up_s:.2f}",
            f"{each.preview_s:.1f} s",
            f"{each.bare_preview_s:.1f} s",
            f"{each.preview_s / each.bare_preview_s:.2f}",
            f"{each.preflight_s:.1f} s",
            str(each.preflight_calls),
        )
        lines.append(f"| {' | '.join(cells)} |")
    kinds = list(Counter(kind for each in figures for kind in each.memory_mib))
    lines += ["", f"| projects | {' | '.join(kinds)} |", f"| ---: {'| ---: ' * len(kinds)}|"]
    lines += [
        f"| {each.projects} | {' | '.join(f'{each.memory_mib.get(kind, 0)} MiB' for kind in kinds)} |"
        for each in figures
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
