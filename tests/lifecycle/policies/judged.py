"""The policy pack on the real engine: programs, a pack on a fixed day, and the violations in the engine's events."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.layout import ROOT
from tests.golden import compare
from tests.policies.facts import STRICT
from tests.workspace import STACK, Workspace

ACCOUNT: Final = "01A2B3-C4D5E6-F7A8B9"
PACK: Final = ROOT / "policy"
HERE: Final = Path(__file__).parent
GROUNDED: Final = {
    **STRICT,
    # 20 requests with 3 queries each at 0.014 dollars come on top; of a program nothing says how many there are.
    "exposure-within-allowance": {"maxOvershoot": 252.5},
    "price-step-up": {"maxOvershoot": 505},
}
"""STRICT, for programs that set no `searchesPerRequest`."""
EUROS: Final = {**GROUNDED, "currency-matches": {"currencies": {ACCOUNT: "EUR"}}}
"""GROUNDED, and an account of another currency than its budgets: the local cloud's are all in dollars."""
ON_A_DAY: Final = '''\
"""The pack on a fixed day: announced price changes would change verdicts."""

from datetime import date

from landing_zone.pricing import days

days.today = lambda: date(2026, 11, 24)

from gemini_policies.pack import serve

serve()
'''


@dataclass(frozen=True, order=True)
class Violation:
    """One violation."""

    policy: str
    resource: str
    """`Project chat`."""
    message: str
    level: str = "mandatory"


@dataclass(frozen=True)
class Judged:
    """Result of an operation."""

    code: int
    violations: list[Violation]
    remediated: set[tuple[str, str]]
    """Policy and resource."""
    policies: set[str]
    """Policies that were called: the engine omits disabled ones."""
    printed: str

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Policy and resource of each violation."""
        return {(violation.policy, violation.resource) for violation in self.violations}


def pack_on_a_day(folder: Path, environments: Mapping[str, Any] | None = None) -> Path:
    """The pack on 2026-11-24. Its policies are mandatory, with no options but the engine's."""
    pack_with(folder, {"all": "mandatory"}, environments)
    (folder / "__main__.py").unlink()
    (folder / "__main__.py").write_text(ON_A_DAY)
    return folder


def pack_with(folder: Path, own: Mapping[str, Any], environments: Mapping[str, Any] | None = None) -> Path:
    """The pack with a configuration for its one environment, in which every test's stack is."""
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "config").mkdir(parents=True)
    for name in (".venv", "gemini_policies", "landing_zone", "PulumiPolicy.yaml", "__main__.py"):
        (folder / name).symlink_to(PACK / name)
    stacks = {"somebody-elses/test": "own", "gemini-landing-zone/test": "own"}
    mapping = {"environments": ["own"], "stacks": stacks, **(environments or {})}
    (folder / "config" / "environments.json").write_text(json.dumps(mapping))
    (folder / "config" / "own.json").write_text(json.dumps(own))
    return folder


def plain(workspace: Workspace, program: str, config: str = "") -> Workspace:
    """The workspace with a program of another project."""
    folder = workspace.layout.program
    (folder / "__main__.py").write_text((HERE / program).read_text() if program.endswith(".py") else program)
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text()) | {"name": "somebody-elses"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    # Such a stack file may have nothing in it but the salt that Pulumi writes.
    workspace.write(f"config:\n{config}" if config else "")
    return workspace


def arguments(workspace: Workspace, configuration: Mapping[str, Any], pack: Path | None = None) -> list[str]:
    """Arguments that make the engine use a pack; without one, the pack with nothing set but `configuration`."""
    pack = pack or pack_with(workspace.layout.state / "pack", {"all": "mandatory"})
    file = workspace.layout.state / "policies.json"
    file.write_text(json.dumps(configuration))
    return ["--stack", STACK, "--policy-pack", str(pack), "--policy-pack-config", str(file)]


def judged(
    workspace: Workspace,
    operation: str,
    configuration: Mapping[str, Any],
    *more: str,
    pack: Path | None = None,
) -> Judged:
    """Run `preview` or `up` (without a preview of its own) with the pack, and read the engine's events."""
    # Without it, a preview prints one document that has no policies in it.
    workspace.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "true"
    flags = ["--yes", "--skip-preview"] if operation == "up" else []
    run = workspace.pulumi(
        operation, "--json", *flags, *arguments(workspace, configuration, pack), *more, check=False
    )
    events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    violations = [event["policyEvent"] for event in events if "policyEvent" in event]
    remediated = [event["policyRemediationEvent"] for event in events if "policyRemediationEvent" in event]
    asked = [event["policyAnalyzeSummaryEvent"] for event in events if "policyAnalyzeSummaryEvent" in event]
    said = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    return Judged(
        run.returncode,
        sorted(
            Violation(
                each["policyName"],
                _named(each["resourceUrn"]),
                each["message"].strip(),
                each["enforcementLevel"],
            )
            for each in violations
        ),
        {(each["policyName"], _named(each["resourceUrn"])) for each in remediated},
        {name for each in asked for name in (*each.get("passed", ()), *each.get("failed", ()))},
        "".join(each["message"] for each in said if each["severity"] != "debug") + run.stderr,
    )


def _named(urn: str) -> str:
    *_, kind, name = urn.split("::")
    return f"{kind.rpartition(':')[2]} {name}"


def without_level(violations: Iterable[Violation]) -> list[Violation]:
    """The violations without their level."""
    return sorted(Violation(each.policy, each.resource, each.message, "") for each in violations)


def changed(workspace: Workspace, after: int = 0) -> list[str]:
    """The requests that changed anything at Google."""
    return [
        f"{each['method']} {each['path']}"
        for each in workspace.cloud.requests(after)
        if each["method"] != "GET"
    ]


def made(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The inputs of what the stack's state holds, less the stack itself and the providers."""
    exported = json.loads(workspace.pulumi("stack", "export", "--stack", STACK).stdout)["deployment"]
    return {
        _named(each["urn"]): each.get("inputs", {})
        for each in exported.get("resources", [])
        if not each["type"].startswith("pulumi:")
    }


def golden(name: str, violations: Iterable[Violation]) -> None:
    """Compare the messages with a golden file."""
    blocks = [f"[{each.policy}] {each.resource}\n{each.message}" for each in without_level(violations)]
    compare({HERE / "golden" / f"{name}.txt": "\n\n".join(blocks) + "\n"})
