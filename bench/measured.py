"""Runs a command and watches it: seconds, and the peak memory of each of its processes."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

_EVERY_S: Final = 0.5
_KINDS: Final = {
    "pulumi-resource-gcp": "gcp plugin",
    "sandbox.standins.gcp_plugin": "gcp plugin",
    "sandbox.standins.python_host": "language host",
    "pulumi-language-python-exec": "program",
    "provider": "own provider",
    "gemini-lz": "gemini-lz",
    "pulumi ": "engine",
}
"""A part of a command line → the process, as the table names it; the first that fits."""


@dataclass(frozen=True)
class Run:
    """A command's end."""

    seconds: float
    memory_mib: Mapping[str, int]
    """Process → peak memory."""
    output: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], *, memory: bool = False) -> Run:
    """Run a command to its end; raises SystemExit with its output if it fails.

    `memory`: watch its processes' memory, which takes some of the machine's time.
    """
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        ended, peaks = Event(), dict[str, int]()
        watcher = Thread(target=_watch, args=(process.pid, ended, peaks), daemon=True)
        if memory:
            watcher.start()
        output = process.communicate()[0]
        seconds = time.perf_counter() - began
        ended.set()
        if memory:
            watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{output[-4000:]}")
    return Run(seconds, peaks, output)


def _watch(session: int, ended: Event, peaks: dict[str, int]) -> None:
    while not ended.wait(_EVERY_S):
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                if os.getsid(int(folder.name)) != session:
                    continue
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                status = (folder / "status").read_text()
            except OSError:  # it has ended
                continue
            kind = next((name for part, name in _KINDS.items() if part in command), None)
            peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
            if kind and peak:
                peaks[kind] = max(peaks.get(kind, 0), int(peak.split()[1]) // 1024)
