"""The process of one stack: `gemini-lz VERB STACK`, with its output in a file.

A file and no pipe: when the fleet's own process is killed, the stack goes on to its end by itself, and the next run
reads there what became of it. Processes come from a server that has the program loaded already, which spares each of
them a second; the server starts before anything else of the fleet, and has no threads.
"""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, BinaryIO, Final

from landing_zone.fleet.outcome import Outcome, Reading, in_words
from landing_zone.fleet.record import is_running
from landing_zone.printing import in_lines

_CONTEXT: Final = get_context("forkserver")
_CHUNK: Final = 1 << 16
"""Bytes that are read of an output at a time."""
_LONGEST_LINE: Final = 1 << 20
"""Bytes of a line; the rest of a longer one is a line of its own."""
OnEvent = Callable[[dict[str, Any]], None]


@dataclass
class Child:
    """A stack at work, begun by this process or by an earlier one that was killed."""

    stack: str
    output: Path
    held: Path
    process: BaseProcess | None = None
    """None: an earlier run has begun it."""
    reading: Reading = field(default_factory=Reading)
    stopped: bool = False
    """True: it was asked to stop."""
    _file: BinaryIO | None = None
    _rest: bytes = b""

    def has_ended(self) -> bool:
        """True if its process has."""
        return not is_running(self.held) if self.process is None else not self.process.is_alive()

    def read(self, on_event: OnEvent) -> None:
        """Read what it has written since the last time."""
        if self._file is None:
            with suppress(FileNotFoundError):  # it has not begun yet
                self._file = self.output.open("rb")
        while self._file and (chunk := self._file.read(_CHUNK)):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            if len(self._rest) > _LONGEST_LINE:
                lines, self._rest = [*lines, self._rest], b""
            for line in lines:
                if event := self.reading.see(line.decode(errors="replace")):
                    on_event(event)

    def end(self, states: Mapping[int, str]) -> Outcome:
        """What became of it, after its end. `states`: exit code → outcome."""
        if self._rest:
            self.reading.see(self._rest.decode(errors="replace"))
        if self._file:
            self._file.close()
        code = None
        if self.process:
            self.process.join()
            code = self.process.exitcode
            self.process.close()
        return self.reading.outcome(self.stack, code, states)

    def clear(self, log: Path | None = None) -> None:
        """Remove its files: its end has been read. `log`: where its output is kept, for people."""
        if log and self.output.exists():
            _write_log(self.output, log)
        for path in (self.output, self.held):
            path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Press Ctrl-C at its terminal, once: it ends what it has begun, and writes the state."""
        if self.stopped:
            return
        self.stopped = True
        try:
            # Its group has its own number; so has one of an earlier run, which is alive as long as it holds the file.
            os.killpg((self.process and self.process.pid) or int(self.held.read_text()), signal.SIGINT)
        except (OSError, ValueError):
            if self.process:
                self.process.terminate()  # it has not begun yet: it makes its group first


def prepare(modules: Sequence[str]) -> None:
    """Start the server that stacks' processes come from, with modules loaded. They have this moment's environment."""
    _CONTEXT.set_forkserver_preload(list(modules))
    # The server ends with the last of the processes, which may be after this one: it must not hold its outputs open.
    nothing = os.open(os.devnull, os.O_RDWR)
    own = [(number, os.dup(number)) for number in (1, 2)]
    try:
        for number, _ in own:
            os.dup2(nothing, number)
        ensure_running()
    finally:
        for number, copy in own:
            os.dup2(copy, number)
            os.close(copy)
        os.close(nothing)


def begin(
    main: Callable[[], None], stack: str, arguments: Sequence[str], folder: Path, output: Path, held: Path
) -> Child:
    """Begin a command on a stack. `main`: runs the command of `sys.argv`. `folder`: that of Pulumi.yaml."""
    output.unlink(missing_ok=True)
    # A file at once, also for whoever looks while the process starts.
    os.close(os.open(held, os.O_RDWR | os.O_CREAT, 0o600))
    process = _CONTEXT.Process(
        target=_work, args=(main, list(arguments), str(folder), str(output), str(held)), name=stack
    )
    process.start()
    return Child(stack, output, held, process)


def _work(main: Callable[[], None], arguments: list[str], folder: str, output: str, held: str) -> None:
    """All that a stack's process does."""
    os.setsid()  # the terminal's Ctrl-C comes from the fleet, once
    holder = os.open(held, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(holder, fcntl.LOCK_EX)  # for as long as it lives
    os.write(holder, str(os.getpid()).encode())
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(written)
    os.chdir(folder)
    os.environ["PWD"] = folder
    sys.argv = ["gemini-lz", *arguments]
    main()


def _write_log(output: Path, log: Path) -> None:
    with (
        output.open(encoding="utf-8", errors="replace") as lines,
        os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file,
    ):
        file.writelines(f"{text}\n" for text in _texts(lines))


def _texts(lines: Iterable[str]) -> Iterator[str]:
    reading = Reading()
    for line in lines:
        event = reading.see(line)
        yield in_words(event) if event else in_lines(line.rstrip("\n"))
