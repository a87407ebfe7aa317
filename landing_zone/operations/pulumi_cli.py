"""The Pulumi CLI on one stack: its commands, their events, and the lock of a stack.

The Automation API's `Stack.up` asks for the outputs and the history after each update, with secrets in plain text. Of
that API this uses `PulumiCommand`, which finds the CLI and checks its version, and reads the engine's events itself.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import IO, Any, Final

from pulumi.automation import PulumiCommand
from pulumi.automation.errors import InvalidVersionError

from landing_zone.printing import in_lines, without_secrets
from landing_zone.processes import is_running
from landing_zone.workspace import NO_CLI, UnreadableError, find_project, listing_variables

OnEvent = Callable[[dict[str, Any]], None]
"""Gets an event of the engine. Source of its form: apitype.EngineEvent of Pulumi's SDK."""

_PRIVATE: Final = 0o077
"""The umask of what writes state: files that only their owner can read."""
_PLAIN: Final = ("--non-interactive", "--color=never")
_LOCKED: Final = "the stack is currently locked by"
_LOCK: Final = re.compile(r"created by (?P<user>.*)@(?P<host>.*) \(pid (?P<pid>\d+)\) at (?P<time>\S+)")
_NO_STACK: Final = "error: no stack named"
_IN_SERVICE: Final = re.compile(r"\[409\] Conflict: .*")
"""Pulumi Cloud's refusal of a second update."""


class CliError(Exception):
    """A command of the CLI failed; the message has its output."""


@dataclass(frozen=True)
class Lock:
    """The lock of a run on a stack."""

    holder: str
    """In words: user, machine, process and time."""
    host: str = ""
    """The machine; empty if the backend does not name it."""
    pid: int = 0

    @property
    def is_here(self) -> bool:
        """True if its process is, or was, on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_dead(self) -> bool:
        """True if its process was on this machine and has ended."""
        return self.is_here and not is_running(self.pid, "pulumi")


class LockedError(CliError):
    """Another run is at work on the stack, or was killed and left its lock."""

    def __init__(self, locks: list[Lock]) -> None:
        self.locks = locks
        super().__init__(f"the stack is locked by {'; '.join(lock.holder for lock in locks)}")


class NoStackError(CliError):
    """The backend does not have the stack."""


class StoppedByUserError(Exception):
    """Ctrl-C before the operation itself had begun."""


@dataclass(frozen=True)
class Ended:
    """The end of an operation."""

    code: int
    """The CLI's exit code; negative: the number of the signal that killed it."""
    output: str
    """What it printed besides events."""
    stopped: bool
    """True if the user stopped it."""


class Cli(PulumiCommand):
    """The CLI on one stack of the project in a folder."""

    def __init__(
        self, folder: Path, project: str, stack: str, variables: Mapping[str, str] | None = None
    ) -> None:
        """`folder` is that of Pulumi.yaml, `project` the name in it, `variables` are added to the environment.

        Raises CliError: no CLI, or too old a one.
        """
        if not shutil.which("pulumi"):
            raise CliError(NO_CLI)
        try:
            super().__init__()
        except InvalidVersionError as error:
            raise CliError(str(error)) from None
        self.stack = stack
        self.project = project
        self.folder = folder
        self._own_variables = dict(variables or {})

    def ask(self, *arguments: str, text: str | None = None) -> str:
        """Run a command on the stack with `text` as its input; returns its output. Raises CliError, LockedError."""
        return self._ask(arguments, self._line(arguments), text)

    def stacks(self) -> list[dict[str, Any]]:
        """The project's stacks in the backend, as `pulumi stack ls --json` lists them. Raises CliError."""
        arguments = ("stack", "ls", "--json")
        try:
            variables = listing_variables(find_project(self.folder), self._variables({}))
        except UnreadableError as error:
            raise CliError(str(error)) from None
        listed: list[dict[str, Any]] = json.loads(
            self._ask(arguments, [self.command, *arguments, *_PLAIN], None, variables)
        )
        return listed

    def parts(self) -> list["Cli"]:
        """The project's stacks whose names begin with this one's and a hyphen: a split makes such. Raises CliError."""
        organization, slash, own = self.stack.rpartition("/")
        names = [str(each["name"]).rpartition("/")[2] for each in self.stacks()]
        return [
            Cli(self.folder, self.project, f"{organization}{slash}{name}", self._own_variables)
            for name in names
            if name.startswith(f"{own}-")
        ]

    def _ask(
        self,
        arguments: tuple[str, ...],
        line: list[str],
        text: str | None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        ended = subprocess.run(
            line,
            cwd=self.folder,
            env=self._variables(variables or {}),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            umask=_PRIVATE,
        )
        if ended.returncode:
            output = without_secrets(f"{ended.stdout}\n{ended.stderr}".strip())
            raise _error(f"`pulumi {' '.join(arguments)}` failed:\n{output}", output, self.stack)
        return ended.stdout

    def operate(
        self, *arguments: str, on_event: OnEvent, variables: Mapping[str, str] | None = None
    ) -> Ended:
        """Run an operation and report the engine's events as they come.

        Ctrl-C reaches the CLI from the terminal, and a SIGTERM to this process is passed on as Ctrl-C: the engine then
        ends what it has begun, and writes the state. Raises LockedError.
        """
        printed: list[str] = []
        failed: list[BaseException] = []

        def read(stream: IO[str], is_events: bool) -> None:
            for line in stream:
                event = _event(line) if is_events else None
                if event is None:
                    printed.append(line.rstrip())
                elif not failed:
                    try:
                        on_event(event)
                    except BaseException as error:
                        # The stream is read to its end all the same: the CLI would wait for ever.
                        failed.append(error)
                        process.send_signal(signal.SIGINT)

        with (
            subprocess.Popen(
                self._line([*arguments, "--json"]),
                cwd=self.folder,
                env=self._variables({**(variables or {}), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                umask=_PRIVATE,
            ) as process,
            _signals_passed_on(process) as stops,
        ):
            streams = ((process.stdout, True), (process.stderr, False))
            readers = [Thread(target=read, args=each, daemon=True) for each in streams]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            code = process.wait()
        if failed:
            raise failed[0]
        output = in_lines("\n".join(printed).strip())
        if code and (_LOCKED in output or _IN_SERVICE.search(output)):
            raise _error(output, output, self.stack)
        return Ended(code, output, bool(stops))

    def _line(self, arguments: list[str] | tuple[str, ...]) -> list[str]:
        return [self.command, *arguments, *_PLAIN, "--stack", self.stack]

    def _variables(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **self._own_variables, **own}


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _error(message: str, output: str, stack: str) -> CliError:
    if refused := _IN_SERVICE.search(output):
        return LockedError([Lock(refused[0])])
    if _LOCKED in output:
        found = [
            Lock(each[0].removeprefix("created by "), each["host"], int(each["pid"]))
            for each in _LOCK.finditer(output)
        ]
        return LockedError(found or [Lock("another run")])
    if _NO_STACK in output:
        return NoStackError(
            f"the backend has no stack {stack}: gemini-lz up {stack} creates it, or pulumi stack init {stack}, with "
            "the --secrets-provider that its secrets are to have (docs/organization.md)"
        )
    return CliError(message)


@contextmanager
def _signals_passed_on(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    """Yields the signals that came."""
    came: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if number == signal.SIGTERM:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
