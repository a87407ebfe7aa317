"""Progress of a command: its steps and the time of each. Standard library only, as the bootstrap uses it too.

Everything goes to stderr, so that stdout has only results (a shell reads `make -s env`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError

LIVE_EVERY_S = 0.2
PLAIN_FIRST_S = 2.0
PLAIN_EVERY_S = 10.0
TAIL_LINES = 25


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def say(text: str) -> None:
    """Print one line for the user."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 this is where the messages go out


class Step:
    """A piece of work under way. `detail` is shown while it runs, `outcome` when it has ended."""

    def __init__(self, title: str, *, streams: bool) -> None:
        self.title = title
        self.detail = ""
        self.outcome = ""
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._watcher: threading.Thread | None = None
        if streams:
            say(f"▸ {title}")
        else:
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()

    def end(self, mark: str, colour: int) -> None:
        """Stop showing progress and print the closing line."""
        self._ended.set()
        if self._watcher:
            self._watcher.join()
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            if not os.environ.get("NO_COLOR"):
                mark = f"\x1b[{colour}m{mark}\x1b[0m"
        say(self._line(mark, self.outcome))

    def _watch(self) -> None:
        """Show progress until the end: a live line on a terminal, a plain line now and then elsewhere."""
        if self._terminal:
            while not self._ended.wait(LIVE_EVERY_S):
                width = shutil.get_terminal_size().columns - 1
                sys.stderr.write(f"\r\x1b[K{self._line('…', self.detail)[:width]}")
                sys.stderr.flush()
            return
        pause = PLAIN_FIRST_S
        while not self._ended.wait(pause):
            say(self._line("…", self.detail))
            pause = PLAIN_EVERY_S

    def _line(self, mark: str, detail: str) -> str:
        elapsed = duration(time.monotonic() - self._started)
        return f"{mark} {self.title}{f': {detail}' if detail else ''} ({elapsed})"


@contextmanager
def step(title: str, *, streams: bool = False) -> Iterator[Step]:
    """Run a step: its progress while it lasts, one closing line with the time it took.

    With `streams`, a child process prints meanwhile: the title goes above its output, and nothing in between.
    """
    current = Step(title, streams=streams)
    try:
        yield current
    except BaseException:
        current.end("✗", 31)
        raise
    current.end("✓", 32)


def run_quietly(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    failure: str,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run a command and show its output only if it fails; `on_line` gets each line, to update the progress.

    Raises SandboxError with `failure` and the last lines of output when it exits with another code than 0.
    """
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if on_line:
                on_line(line.rstrip())
    if process.returncode:
        raise SandboxError(
            "\n".join([f"{failure} (exit code {process.returncode})", *(f"  {x}" for x in tail)])
        )
