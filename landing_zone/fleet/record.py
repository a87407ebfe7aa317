"""The record of a fleet's run, beside the project: where the next run goes on.

The folder `.fleet` of the Pulumi project has the record of the last run of each verb, the output of each stack at work
and of those that were not done, and the turns of writes. Git ignores it, and only its owner may read it.
"""

import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from landing_zone.fleet.outcome import DONE, Outcome

FOLDER: Final = ".fleet"
_RECENT: Final = timedelta(days=1)
"""A stack that was done longer ago is done again: a fleet of which one stack always fails keeps the others right."""
_PROGRAM: Final = ("components", "landing_zone", "provider")
"""Packages that a stack's program is made of; of its folder's own, all modules beside Pulumi.yaml."""
_OF_STACK: Final = (b"encryptionsalt:", b"encryptedkey:")
"""Lines of a stack file that Pulumi writes when it creates the stack."""


class AtWorkError(Exception):
    """Another fleet is at work on the project; the message says which."""


@dataclass(frozen=True)
class Place:
    """The folder of a project's records."""

    path: Path
    run: str = ""
    """Begins the names of files of a run beside which others may be; empty for one that is alone."""

    @classmethod
    def of(cls, project: Path, run: str) -> "Place":
        """That of a Pulumi project's folder; makes it. Raises OSError."""
        path = project / FOLDER
        for folder in (path, path / "logs", path / "running"):
            folder.mkdir(mode=0o700, exist_ok=True)
        (path / ".gitignore").write_text("*\n")
        return cls(path, run)

    def output(self, verb: str, stack: str) -> Path:
        """The output of a stack at work."""
        return self.path / "running" / f"{self.run}{verb}-{stack}.events"

    def held(self, verb: str, stack: str) -> Path:
        """A file that a stack's process holds for as long as it lives."""
        return self.path / "running" / f"{self.run}{verb}-{stack}.lock"

    def log(self, verb: str, stack: str) -> Path:
        """The output of a stack that was not done, for people."""
        return self.path / "logs" / f"{verb}-{stack}.log"

    @property
    def turns(self) -> Path:
        """The folder of the turns of writes that all stacks share."""
        return self.path / "turns"

    def hold(self, verb: str) -> int:
        """Hold the project against other fleets that change its stacks, until this process ends. Raises AtWorkError."""
        holder = os.open(self.path / "fleet.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process alone: no child has it
        except OSError:
            who = os.read(holder, 200).decode(errors="replace") or "another process"
            os.close(holder)
            raise AtWorkError(f"another fleet is at work on these stacks: {who}") from None
        os.truncate(holder, 0)
        os.write(holder, f"fleet {verb}, pid {os.getpid()} on {socket.gethostname()}".encode())
        return holder


@dataclass
class Record:
    """A run of a verb over stacks, as far as it has come."""

    path: Path | None
    """None: nobody goes on with it."""
    backend: str
    """The backend's URL, without secrets."""
    prints: dict[str, str] = field(default_factory=dict)
    """Stack → digest of its file and its program when it was begun."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    """Stacks that were begun, and whose end nobody has seen."""

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """The record of an earlier run; None if there is none that can be read."""
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                path,
                found["backend"],
                found["prints"],
                {name: Outcome.of_json(each) for name, each in found["outcomes"].items()},
                found["running"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, stack: str, digest: str) -> None:
        """Write down that a stack is at work, before it is."""
        self.outcomes.pop(stack, None)
        self.prints[stack] = digest
        self.running.append(stack)
        self.write()

    def end(self, outcome: Outcome) -> None:
        """Write down what became of a stack."""
        self.running = [each for each in self.running if each != outcome.stack]
        self.outcomes[outcome.stack] = outcome
        self.write()

    def write(self) -> None:
        """Write the file: as a whole, or not at all."""
        if self.path is None:
            return
        part = self.path.with_suffix(".part")
        text = json.dumps(
            {
                "backend": self.backend,
                "prints": self.prints,
                "outcomes": {name: each.as_json() for name, each in self.outcomes.items()},
                "running": self.running,
            }
        )
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        part.replace(self.path)


def is_running(held: Path) -> bool:
    """True if the process that held the file has not ended."""
    try:
        file = os.open(held, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def program_digest(project: Path, options: Iterable[str]) -> str:
    """Digest of a project's program, and of the options of its stacks' commands with the policy packs among them."""
    options = list(options)
    digest = hashlib.sha256("\0".join(options).encode())
    files = [project / "Pulumi.yaml", *project.glob("*.py"), *project.glob("requirements*.txt")]
    for package in _PROGRAM:
        # As this program finds them; a project's own come first.
        spec = None if (project / package).is_dir() else find_spec(package)
        folders = spec.submodule_search_locations if spec else None
        files += _sources(Path(next(iter(folders))) if folders else project / package)
    for option in options:
        files += _sources(Path(option))
    for file in sorted(files):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    """The code and the settings in a folder; none if it is no folder."""
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith((".", "__"))]
        found += [Path(path, name) for name in names if name.endswith((".py", ".yaml", ".yml"))]
    return found


def stack_digest(program: str, file: Path) -> str:
    """Digest of a stack's file and its program; without what Pulumi itself writes into the file."""
    lines = file.read_bytes().splitlines()
    own = [line for line in lines if not line.startswith(_OF_STACK)]
    return hashlib.sha256(b"\n".join([program.encode(), *own])).hexdigest()


def still_done(
    record: Record, prints: Mapping[str, str], listed: Mapping[str, Mapping[str, Any]], now: datetime
) -> dict[str, Outcome]:
    """What an earlier run has done that need not be done again: the file and the program are the same, nobody has
    updated the stack since, and it was not long ago. Nothing if all stacks were done: then that run came to its end.

    `prints`: stack → digest, of the stacks of this run. `listed`: what the backend has (states.listed_stacks).
    """
    found = {}
    for stack, digest in prints.items():
        outcome = record.outcomes.get(stack)
        updated = listed.get(stack, {}).get("lastUpdate")
        if outcome is None or outcome.state != DONE or record.prints.get(stack) != digest or not updated:
            continue
        ended = datetime.fromisoformat(outcome.ended)
        if datetime.fromisoformat(updated) <= ended and now - ended < _RECENT:
            found[stack] = replace(outcome, earlier=True)
    return found if len(found) < len(prints) else {}
