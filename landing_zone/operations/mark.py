"""The mark of a run: a tag of the stack, which is there from the beginning of a run until one succeeds.

It names the verb, the user, the machine, the process and the time: `up by ann@laptop (pid 7) at 2026-11-27T10:30:00Z`.
"""

import getpass
import json
import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from landing_zone.operations.pulumi_cli import Cli

MARK: Final = "gemini-lz-run"
"""The tag."""
SPLIT: Final = "split of "
"""Begins the mark of a split, which alone can go on with what it began; the name of the stack follows."""
FAILED: Final = "failed "
"""Begins the mark of a run that came to its end without success."""
_RUN: Final = re.compile(rf"({FAILED})?\w+ by .*@(?P<host>.*) \(pid (?P<pid>\d+)\) at (?P<time>\S+)")
"""As `set_mark` writes it."""


@dataclass(frozen=True)
class Marked:
    """Where and when a run wrote its mark."""

    host: str
    pid: int
    at: datetime | None
    """None if the mark has no time."""

    @property
    def is_here(self) -> bool:
        """True if it ran on this machine."""
        return self.host == socket.gethostname()


def read_mark(cli: Cli) -> str | None:
    """The mark of a run that has not succeeded; None if there is none."""
    tags: dict[str, str] = json.loads(cli.ask("stack", "tag", "ls", "--json"))
    return tags.get(MARK)


def set_mark(cli: Cli, verb: str) -> None:
    """Mark the stack as being worked on."""
    who = f"{_user()}@{socket.gethostname()} (pid {os.getpid()})"
    cli.ask("stack", "tag", "set", MARK, f"{verb} by {who} at {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")


def clear_mark(cli: Cli) -> None:
    """Take the mark away: the state has all that the run did."""
    cli.ask("stack", "tag", "rm", MARK)


def parts_of(mark: str) -> Marked | None:
    """Where and when a run wrote the mark; None for that of a split, and for one of another form."""
    found = _RUN.fullmatch(mark)
    return Marked(found["host"], int(found["pid"]), _time(found["time"])) if found else None


def is_of_split(mark: str | None) -> bool:
    """True if the mark is that of a split that has not ended."""
    return bool(mark and mark.startswith(SPLIT))


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return str(os.getuid())
