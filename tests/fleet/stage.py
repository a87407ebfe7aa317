"""A fleet of stacks on a local cloud of its own, with runs of it that can be killed."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from tests.operations.stage import Stage, empty_stage

HEAD = """\
config:
  gcp:batching: {enableBatching: true, sendAfter: 50ms}
  gcp:pollInterval: 1s
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:defaults: {tier: paid, deletionPolicy: DELETE, tierWait: 0, budget: {amount: 10, currency: USD}}
"""
PROJECT = """\
    NAME:
      projectId: acme-ID
      keys: {backend: {allowedIps: [203.0.113.7], methods: [generate]}}
      limits: {gemini-3.8-flash: {requestsPerMinute: 5, requestsPerDay: 50, inputTokensPerMinute: 9000}, others: deny}
      workload: [{model: gemini-3.8-flash, requestsPerDay: 40, inputTokens: 100, outputTokens: 50}]
"""


class FleetStage:
    """Stack files in a project's folder, and commands of `gemini-lz fleet` on them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.cloud = stage.cloud
        self.program = stage.workspace.layout.program
        self.records = self.program / ".fleet"

    def write(self, stack: str, *projects: str, more: str = "") -> Path:
        """A stack file with projects `acme-STACK-NAME`, each with a key, a budget and limits."""
        path = self.program / "stacks" / f"Pulumi.{stack}.yaml"
        own = (PROJECT.replace("NAME", name).replace("ID", f"{stack}-{name}") for name in projects)
        path.write_text(f"{HEAD}{more}  gemini-landing-zone:projects:\n{''.join(own)}")
        return path

    def write_free(self, stack: str, *projects: str, more: str = "") -> None:
        """A stack file with projects that have nothing in them."""
        own = "".join(
            f"    {name}: {{projectId: acme-{stack}-{name}, tier: free, budget: null}}\n" for name in projects
        )
        path = self.program / "stacks" / f"Pulumi.{stack}.yaml"
        path.write_text(f"{HEAD}{more}  gemini-landing-zone:projects:\n{own}")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run `gemini-lz fleet` to its end; returns its exit code and what it printed."""
        return self.stage.run("gemini-lz", "fleet", *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `gemini-lz fleet`, whose output is to be read, in a process group of its own."""
        return subprocess.Popen(
            ("gemini-lz", "fleet", *arguments),
            cwd=self.program,
            env=self.stage.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def events(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        """The events of a run, whose exit code must be this."""
        found, printed = self.run(*arguments, "--json")
        assert found == code, printed
        return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]

    def created(self) -> list[str]:
        """What the cloud was asked to create, and did: projects, keys and budgets, by path."""
        return [
            f"{each['id']} {each['path'].partition('?')[0]}"
            for each in self.cloud.requests()
            if str(each["id"]).endswith(("projects.create", "keys.create", "budgets.create"))
            and each["status"] == 200
        ]


def outcomes(events: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Stack → what became of it."""
    return {each["stack"]: each["state"] for each in events[-1]["outcomes"]}


@contextmanager
def fleet_stage(folder: Path, engine: Engine, backend: str | None = None) -> Iterator[FleetStage]:
    """A project without stack files, and its cloud; `backend`: the URL of its states, if not files of its own."""
    with empty_stage(folder, engine) as stage:
        if backend:
            stage.workspace.environment["PULUMI_BACKEND_URL"] = backend
        yield FleetStage(stage)
