"""Runs a command and watches it: seconds, and the peak memory of each of its processes."""

import os
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final

_EVERY_S: Final = 0.5
TOGETHER: Final = "all at once"
_KINDS: Final = {
    "pulumi-resource-gcp": "gcp plugin",
    "sandbox.standins.gcp_plugin": "gcp plugin",
    "sandbox.standins.python_host": "language host",
    "pulumi-language-python-exec": "program",
    "provider": "own provider",
    "gemini-lz": "gemini-lz",
    "multiprocessing.": "gemini-lz",
    "pulumi ": "engine",
}
"""A part of a command line → the process, as the table names it; the first that fits."""


@dataclass(frozen=True)
class Run:
    """A command's end."""

    seconds: float
    memory_mib: Mapping[str, int]
    """Process → peak memory of one of them; `all at once`: of all together."""
    processor_s: float
    """Of all its processes, as seen every half second; 0 if they were not watched."""
    output: str


@dataclass
class _Watched:
    """What a command's processes have used so far."""

    peaks: dict[str, int] = field(default_factory=dict)
    ticks: dict[Path, int] = field(default_factory=dict)
    """A process's folder in /proc → the processor time that it had when last seen."""


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    memory: bool = False,
    ends: Collection[int] = (0,),
) -> Run:
    """Run a command to its end; raises SystemExit with its output if its exit code is none of `ends`.

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
        ended, seen = Event(), _Watched()
        watcher = Thread(target=_watch, args=(process.pid, ended, seen), daemon=True)
        if memory:
            watcher.start()
        output = process.communicate()[0]
        seconds = time.perf_counter() - began
        ended.set()
        if memory:
            watcher.join()
    if process.returncode not in ends:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{output[-4000:]}")
    return Run(seconds, seen.peaks, sum(seen.ticks.values()) / os.sysconf("SC_CLK_TCK"), output)


def _watch(root: int, ended: Event, seen: _Watched) -> None:
    peaks = seen.peaks
    while not ended.wait(_EVERY_S):
        together = 0
        for folder in _descendants(root):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                status = (folder / "status").read_text()
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            seen.ticks[folder] = int(fields[11]) + int(fields[12])
            kind = next((name for part, name in _KINDS.items() if part in command), None)
            sizes = dict(line.split(":", 1) for line in status.splitlines())
            if kind and "VmHWM" in sizes:
                peaks[kind] = max(peaks.get(kind, 0), _mib(sizes["VmHWM"]))
                together += _mib(sizes["VmRSS"])
        peaks[TOGETHER] = max(peaks.get(TOGETHER, 0), together)


def _mib(size: str) -> int:
    return int(size.split()[0]) // 1024


def _descendants(root: int) -> list[Path]:
    """The folders in /proc of a process and of all that it started, which may be in sessions of their own."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return [Path("/proc", str(each)) for each in found]
