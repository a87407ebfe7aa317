"""The stack `sandbox`: create, update and destroy it with the Pulumi engine; repair it after a kill."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from sandbox import pending as pending_creates
from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.local_cloud import Ready
from sandbox.steps import step

STACK = "sandbox"
POLL_S = 0.2


def up(layout: Layout, environment: Mapping[str, str], ready: Ready) -> None:
    """Update the stack from its file; the engine's output goes to the screen."""
    pulumi = _Pulumi(layout, environment)
    with step("Select the stack") as current:
        current.outcome = STACK
        pulumi.ask("stack", "select", "--create", STACK)
    heal(layout, environment, ready)
    with step(f"pulumi up --stack {STACK}", streams=True):
        pulumi.stream("up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", STACK)


def destroy(layout: Layout, environment: Mapping[str, str], ready: Ready) -> None:
    """Delete the stack's resources; the stack stays, empty."""
    pulumi = _Pulumi(layout, environment)
    if not _exists(pulumi):
        with step("Destroy the stack") as current:
            current.outcome = "there is none"
        return
    heal(layout, environment, ready)
    with step(f"pulumi destroy --stack {STACK}", streams=True):
        pulumi.stream("destroy", "--yes", "--skip-preview", "--stack", STACK)


def heal(layout: Layout, environment: Mapping[str, str], ready: Ready) -> None:
    """Repair the stack after a killed run: remove its lock, and resolve its pending operations."""
    pulumi = _Pulumi(layout, environment)
    _unlock(pulumi, layout)
    exported = json.loads(pulumi.ask("stack", "export", "--stack", STACK))
    pending = (exported.get("deployment") or {}).get("pending_operations") or []
    if pending:
        with step(f"Look up the results of {len(pending)} interrupted operations"):
            exported["deployment"] = pending_creates.with_found(exported["deployment"], ready)
            pulumi.ask("stack", "import", "--stack", STACK, text=json.dumps(exported))
            pulumi.ask("refresh", "--yes", "--skip-preview", "--stack", STACK, "--clear-pending-creates")


_PRIVATE: Final = 0o077
"""The umask of what writes state: files that only their owner can read."""


class _Pulumi:
    """The CLI on the sandbox's program and backend."""

    def __init__(self, layout: Layout, environment: Mapping[str, str]) -> None:
        self._directory = layout.program
        self._environment = {**os.environ, **environment}

    def ask(self, *arguments: str, text: str | None = None) -> str:
        """Run a command with `text` as its input; return its output. Raises SandboxError with its error output."""
        answer = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._directory,
            env=self._environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            umask=_PRIVATE,
        )
        if answer.returncode:
            raise SandboxError(f"`pulumi {' '.join(arguments)}` failed:\n{answer.stdout}{answer.stderr}")
        return answer.stdout

    def stream(self, *arguments: str) -> None:
        """Run a command with its output on the screen. Raises SandboxError when it fails."""
        code = run_attached(["pulumi", *arguments], self._directory, self._environment)
        if code:
            raise SandboxError(
                f"`pulumi {' '.join(arguments)}` failed (exit code {code}); the reason is printed above."
            )


def run_attached(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]) -> int:
    """Run a command on this terminal and return its exit code.

    Ctrl-C reaches it from the terminal, and a SIGTERM to this process is passed on as Ctrl-C. The command then ends in
    its own way, and this process after it.
    """
    process = subprocess.Popen(command, cwd=cwd, env=environment, umask=_PRIVATE)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exists(pulumi: _Pulumi) -> bool:
    return any(stack["name"] == STACK for stack in json.loads(pulumi.ask("stack", "ls", "--json")))


def _unlock(pulumi: _Pulumi, layout: Layout) -> None:
    """Remove the lock of a dead process; wait for one that still runs, as after a kill of only its parent."""
    for lock in (layout.backend / ".pulumi" / "locks").rglob(f"{STACK}/*.json"):
        try:
            owner = json.loads(lock.read_text())
        except FileNotFoundError:  # its owner has ended meanwhile
            continue
        if owner["hostname"] != socket.gethostname():
            raise SandboxError(
                f"The stack is locked by process {owner['pid']} on the machine {owner['hostname']}. If that has ended: "
                f"pulumi cancel --yes --stack {STACK}"
            )
        if _is_pulumi(owner["pid"]):
            with step(f"Wait for pulumi (pid {owner['pid']}), which is still at work on the stack"):
                while lock.exists() and _is_pulumi(owner["pid"]):
                    time.sleep(POLL_S)
        if lock.exists():
            with step("Remove the lock of a run that was killed"):
                pulumi.ask("cancel", "--yes", "--stack", STACK)


def _is_pulumi(pid: int) -> bool:
    """True if the process runs and, where the system shows its name, is pulumi and not another with a reused id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    command = Path(f"/proc/{pid}/cmdline")
    return "pulumi" in command.read_text() if command.exists() else True
