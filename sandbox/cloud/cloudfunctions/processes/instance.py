"""An instance of a function: a process, its port and what it prints."""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

from sandbox.cloud.cloudfunctions.processes.build import Revision
from sandbox.cloud.core.secrets import blanked
from sandbox.cloud.core.times import rfc3339

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_START_S: Final = 60.0
_STOP_S: Final = 1.0
_LONGEST_LINE: Final = 256 * 1024
_LINES: Final = 10_000
_CHARACTERS: Final = 4 * 1024 * 1024


class StartError(Exception):
    """A process that ended, or said nothing, before it served."""


class Log:
    """What was printed about a function, by its builds and its instances: the last lines, without credentials."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lines: deque[dict[str, str]] = deque()
        self._size = 0

    def add(self, source: str, text: str) -> None:
        """Keep a line; the oldest make room for it."""
        self._lines.append({"time": rfc3339(self._now()), "source": source, "text": blanked(text)})
        self._size += len(self._lines[-1]["text"])
        while len(self._lines) > _LINES or self._size > _CHARACTERS:
            self._size -= len(self._lines.popleft()["text"])

    def lines(self) -> list[dict[str, str]]:
        """The lines, the oldest first."""
        return list(self._lines)


class Instance:
    """A running instance; `in_flight` is how many requests it has now."""

    def __init__(self, process: asyncio.subprocess.Process, label: str, log: Log) -> None:
        self.label = label
        self.in_flight = 0
        self.used = 0
        self.port = 0
        self.secret = ""
        self._process = process
        self._printed = asyncio.create_task(_print(process, label, log))

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process, which leads a group of its own."""
        return self._process.pid

    @classmethod
    async def start(
        cls, revision: Revision, environment: Mapping[str, str], label: str, log: Log
    ) -> "Instance":
        """Start a process and wait until it serves.

        Raises:
            StartError: it does not.
        """
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                str(revision.python),
                "-I",
                "-u",
                str(_LAUNCHER),
                str(writing),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=[writing],
                cwd=revision.folder,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            os.close(reading)
            raise StartError(str(error)) from None
        finally:
            os.close(writing)
        instance = cls(process, label, log)
        try:
            await instance._say_what_to_run(revision)
            async with asyncio.timeout(_START_S):
                instance.port = int(await _line(reading))
        except (ValueError, OSError, TimeoutError, asyncio.CancelledError) as error:
            await instance.stop()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise StartError("the process did not serve") from None
        return instance

    async def _say_what_to_run(self, revision: Revision) -> None:
        self.secret = token_urlsafe(24)
        what: dict[str, Any] = {
            "source": str(revision.folder),
            "target": revision.target,
            "hidden": list(revision.hidden),
            "secret": self.secret,
        }
        if self._process.stdin is None:
            raise OSError("the process has no standard input")
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        await self._process.stdin.drain()

    async def stop(self) -> None:
        """End the process with all that it has started, politely at first."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        self._signal(signal.SIGKILL)
        await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._printed

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


async def _line(reading: int) -> bytes:
    """The first line of a pipe; empty if it ends before."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    pipe = os.fdopen(reading, "rb")
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        return await reader.readline()
    finally:
        transport.close()


async def _print(process: asyncio.subprocess.Process, label: str, log: Log) -> None:
    """Keep what a process prints, until it ends."""
    if process.stdout is None:
        return
    rest = b""
    while chunk := await process.stdout.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            log.add(label, line.decode("utf-8", "replace").rstrip("\r"))
    if rest:
        log.add(label, rest.decode("utf-8", "replace"))
