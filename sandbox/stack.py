"""The stack `sandbox`: created, updated and destroyed by the command that real stacks use, `gemini-lz`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from sandbox.errors import SandboxError
from sandbox.layout import Layout
from sandbox.steps import step

STACK = "sandbox"
_COMMAND: Final = str(Path(sys.executable).with_name("gemini-lz"))
_PRIVATE: Final = 0o077
"""The umask of what writes state: files that only their owner can read."""


def up(layout: Layout, environment: Mapping[str, str]) -> None:
    """Update the stack from its file; the progress goes to the screen."""
    with step("Select the stack") as current:
        current.outcome = STACK
        _pulumi(layout, environment, "stack", "select", "--create", STACK)
    _stream(layout, environment, "up")


def destroy(layout: Layout, environment: Mapping[str, str]) -> None:
    """Delete the stack's resources; the stack stays, empty."""
    stacks = json.loads(_pulumi(layout, environment, "stack", "ls", "--json"))
    if not any(stack["name"] == STACK for stack in stacks):
        with step("Destroy the stack") as current:
            current.outcome = "there is none"
        return
    _stream(layout, environment, "destroy")


def _pulumi(layout: Layout, environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of the CLI; returns its output. Raises SandboxError with its error output."""
    answer = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=layout.program,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        umask=_PRIVATE,
    )
    if answer.returncode:
        raise SandboxError(f"`pulumi {' '.join(arguments)}` failed:\n{answer.stdout}{answer.stderr}")
    return answer.stdout


def _stream(layout: Layout, environment: Mapping[str, str], verb: str) -> None:
    """Run `gemini-lz VERB` with its output on the screen. Raises SandboxError when it fails."""
    shown = f"gemini-lz {verb} {STACK} --yes"
    with step(shown, streams=True):
        code = run_attached([_COMMAND, verb, STACK, "--yes"], layout.program, {**os.environ, **environment})
        if code:
            raise SandboxError(f"`{shown}` failed (exit code {code}); the reason is printed above.")


def run_attached(command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]) -> int:
    """Run a command on this terminal and return its exit code.

    Ctrl-C reaches it from the terminal, and a SIGTERM to this process is passed on to it. The command then ends in its
    own way, and this process after it.
    """
    process = subprocess.Popen(command, cwd=cwd, env=environment, umask=_PRIVATE)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
