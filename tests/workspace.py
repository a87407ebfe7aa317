"""The program on the real engine: a folder, a stack file and a backend of a test's own, against a local cloud."""

import json
import os
import random
import shutil
import subprocess
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from landing_zone.printing import without_secrets
from sandbox.engine import Engine
from sandbox.layout import ROOT, Layout
from sandbox.local_cloud import Ready
from sandbox.shell import sandbox_environment

_T = TypeVar("_T")

STACK = "test"
UNCHANGED = ("same", "read", "refresh")


def sampled(cases: Iterable[_T], count: int) -> list[_T]:
    """A seeded part of cases that take long together; `make kills SHARD=2/4` takes the second quarter of all."""
    every = list(cases)
    if shard := os.environ.get("SHARD"):
        number, _, shards = shard.partition("/")
        return every[int(number) - 1 :: int(shards)]
    return random.Random(0).sample(every, count)  # noqa: S311 no secret


def redact(text: str) -> str:
    """Take API keys out of a text that a failing test may print."""
    return without_secrets(text)


def first_port() -> int:
    """The first port for a test's local cloud, in a range of each test process.

    The range is below the system's ports for outgoing connections, one of which could otherwise take a port between
    the check and the start. A user's first port is below them too.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return 20_000 + 1_000 * (worker % 12)


@dataclass(frozen=True)
class Cloud:
    """A running local cloud."""

    ready: Ready

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON to the main port and return the JSON of the answer. Raises HTTPError on a refusal."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ready['port']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer test"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 the address is built above
            return json.load(answer)

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        """The requests served since the one of number `after`, oldest first."""
        entries: list[dict[str, Any]] = self.call("GET", f"/_local/requests?after={after}")["requests"]
        return entries


@dataclass(frozen=True)
class Change:
    """A change of one resource that the engine made, or would make."""

    op: str
    """`create`, `update`, `replace`, `delete`, …"""
    type: str
    name: str
    properties: tuple[str, ...]
    """Paths of the inputs that differ."""


def program_in(folder: Path) -> Layout:
    """Put the program, without a stack file, in a folder; its components, policies and .venv are this clone's."""
    layout = Layout(program=folder / "program", state=folder / "state")
    (layout.program / "stacks").mkdir(parents=True)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, layout.program)
    for name in (".venv", "provider", "policy"):
        (layout.program / name).symlink_to(ROOT / name)
    return layout


class Workspace:
    """The program in a folder of its own. Environments, state and stack file are the test's; the code is not."""

    def __init__(
        self, folder: Path, engine: Engine, cloud: Cloud, provider: str = "standin", program: Path = ROOT
    ) -> None:
        self.cloud = cloud
        self.layout = Layout(program=folder / "program", state=folder / "state")
        self.stack_file = self.layout.program / "stacks" / f"Pulumi.{STACK}.yaml"
        self.stack_file.parent.mkdir(parents=True)
        for source in (program / "Pulumi.yaml", *program.glob("*.py")):
            shutil.copy(source, self.layout.program)
        for name in (".venv", "provider"):
            (self.layout.program / name).symlink_to(ROOT / name)
        self.environment = sandbox_environment(engine, self.layout, cloud.ready, provider)

    def write(self, stack_file: str) -> None:
        """Make this text the stack file; makes the stack the first time."""
        self.stack_file.write_text(stack_file)
        self.pulumi("stack", "select", "--create", STACK)

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the CLI. API keys are taken out of its output, which the AssertionError of a failure shows."""
        run = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.layout.program,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        run.stdout, run.stderr = redact(run.stdout), redact(run.stderr)
        if check:
            assert run.returncode == 0, f"pulumi {' '.join(arguments)}\n{_readable(run.stdout)}\n{run.stderr}"
        return run

    def up(self) -> list[Change]:
        """Update the stack; returns what changed."""
        return self._changes("up", "--yes", "--skip-preview")

    def preview(self) -> list[Change]:
        """The changes that an update would make."""
        return self._changes("preview")

    def refresh(self) -> list[Change]:
        """Read every resource from the cloud; returns where the state differed."""
        return self._changes("refresh", "--yes", "--skip-preview")

    def destroy(self) -> list[Change]:
        """Delete the stack's resources."""
        return self._changes("destroy", "--yes", "--skip-preview")

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """The stack's outputs; with `secrets`, in plain text, not to be printed."""
        shown = subprocess.run(
            ["pulumi", "stack", "output", "--json", *(["--show-secrets"] if secrets else [])],
            cwd=self.layout.program,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs: dict[str, Any] = json.loads(shown.stdout)
        return outputs

    def _changes(self, *arguments: str) -> list[Change]:
        run = self.pulumi(*arguments, "--json", "--stack", STACK)
        return changes(run.stdout)


def _readable(printed: str) -> str:
    """The output of an operation with `--json`, without the engine's bookkeeping."""
    return "\n".join(
        line for line in printed.splitlines() if not line.startswith("{") or '"severity":"error"' in line
    )


def changes(printed: str) -> list[Change]:
    """The resources that differ, from what an operation prints with `--json`.

    A preview prints one document; an operation prints an event a line, and a resource's last event says what was done.
    """
    if "\n{" in printed:
        events = [
            json.loads(line).get("resOutputsEvent") for line in printed.splitlines() if line.startswith("{")
        ]
        steps = [event["metadata"] for event in events if event]
    else:
        steps = json.loads(printed)["steps"]
    return [_change(step) for step in steps if step["op"] not in UNCHANGED]


def _change(step: Mapping[str, Any]) -> Change:
    *_, resource_type, name = step["urn"].split("::")
    return Change(
        step["op"], resource_type.split("$")[-1], name, tuple(sorted(step.get("detailedDiff") or {}))
    )
