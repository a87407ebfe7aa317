"""The states of stacks side by side, without running their programs."""

import copy
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.audit.applied import parse
from landing_zone.exported_state import resources_of
from landing_zone.operations.mark import FAILED, parts_of, read_mark
from landing_zone.operations.pulumi_cli import Cli, CliError
from landing_zone.operations.state import interrupted
from landing_zone.processes import is_running

_AT_ONCE: Final = 4
"""States that are read side by side: each is a process of the Pulumi CLI."""


@dataclass(frozen=True)
class StackState:
    """A stack in the backend, and its file."""

    stack: str
    has_file: bool
    has_state: bool = False
    last_update: str = ""
    """Time, ISO 8601; empty if there was none."""
    resources: int = 0
    projects: int = 0
    worst_month: str = ""
    """In words, as the last update has it."""
    bound_by: str = ""
    mark: str = ""
    """The run that has not succeeded, by its tag: verb, user, machine, process and time."""
    run: str = ""
    """`at work`, `did not end` or `failed`, as far as it can be known here; empty without a mark."""
    locked: bool = False
    """True: the backend says that an update is at work. Only Pulumi Cloud does."""
    pending: int = 0
    """Operations that were begun and whose end the state does not know."""
    error: str = ""
    """Why the state cannot be read."""

    @property
    def needs_care(self) -> bool:
        """True if the state cannot be read, or the last run has not succeeded."""
        return (
            bool(self.error) or self.run in ("did not end", "failed") or bool(self.pending and not self.run)
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "stack": self.stack,
            "file": self.has_file,
            "state": self.has_state,
            "lastUpdate": self.last_update or None,
            "resources": self.resources,
            "projects": self.projects,
            "worstMonth": self.worst_month or None,
            "boundBy": self.bound_by or None,
            "run": self.run or None,
            "mark": self.mark or None,
            "locked": self.locked,
            "pendingOperations": self.pending,
            "error": self.error or None,
        }


def listed_stacks(cli: Cli) -> dict[str, dict[str, Any]]:
    """The stacks of the Pulumi project in the backend, by name, as `pulumi stack ls` lists them. Raises CliError."""
    return {each["name"].rpartition("/")[2]: each for each in cli.stacks()}


def read_states(
    cli: Cli, stacks: Iterable[str], files: Iterable[str], listed: Mapping[str, Mapping[str, Any]]
) -> list[StackState]:
    """The states of stacks. `files`: those that have a stack file. `listed`: what the backend has."""
    with_file = set(files)

    def read(stack: str) -> StackState:
        entry = listed.get(stack)
        if entry is None:
            return StackState(stack, stack in with_file)
        own = copy.copy(cli)
        own.stack = str(entry["name"])
        try:
            # Of the export only figures are kept: hundreds of states do not fit side by side.
            return _state(own, stack, entry, has_file=stack in with_file)
        except CliError as error:
            return StackState(stack, stack in with_file, has_state=True, error=str(error))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(read, stacks))


def _state(cli: Cli, stack: str, entry: Mapping[str, Any], *, has_file: bool) -> StackState:
    exported = json.loads(cli.ask("stack", "export"))
    mark = read_mark(cli) or ""
    applied = parse(exported)
    resources = [each for each in resources_of(exported) if each.get("custom")]
    return StackState(
        stack,
        has_file,
        has_state=True,
        last_update=str(entry.get("lastUpdate") or "") if resources_of(exported) or mark else "",
        resources=len(resources),
        projects=len(applied.projects),
        worst_month=applied.worst_month,
        bound_by=applied.bound_by,
        mark=mark,
        run=_run(mark),
        locked=bool(entry.get("updateInProgress")),
        pending=len(interrupted(exported)),
    )


def _run(mark: str) -> str:
    parts = parts_of(mark)
    if not mark or not parts:
        return "did not end" if mark else ""
    if mark.startswith(FAILED):
        return "failed"
    if not parts.is_here:
        return "at work elsewhere, or did not end"
    return "at work" if is_running(parts.pid) else "did not end"
