"""The state of a stack, read through the Pulumi CLI, which handles backend, login and encryption."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from landing_zone.audit.applied import AppliedStack, parse
from landing_zone.audit.stack_projects import StackProjects, projects_in
from landing_zone.settings.problems import nearest
from landing_zone.workspace import NO_CLI, UnreadableError, find_project, here, listing_variables


class NotReadableError(Exception):
    """The stack's state cannot be read; the message has the reason and the remedy."""


class NoStackError(NotReadableError):
    """The backend has no such stack."""


def read_applied(stack: str | None) -> AppliedStack:
    """The last update of `stack`, or of the selected one. No secret is decrypted. Raises NotReadableError."""
    found = parse(_export(stack))
    if not found.projects:
        raise NotReadableError("the stack has no projects yet: run pulumi up")
    return found


def read_projects(stack: str) -> StackProjects:
    """The projects that a stack of any program has something in. Raises NotReadableError."""
    found = projects_in(_export(stack))
    if not found.ids:
        raise NotReadableError(f"the stack {stack} has nothing in any project yet: run pulumi up")
    return found


def ids_in_state(stack: str) -> set[str] | None:
    """Ids of the projects that a stack has in its state; None: it cannot be read."""
    try:
        return {project.project_id for project in parse(_export(stack)).projects.values()}
    except NoStackError:
        return set()
    except NotReadableError:
        return None


def read_secret(stack: str, key: str) -> str:
    """A secret of a stack's configuration, decrypted by Pulumi. Raises NotReadableError."""
    if not shutil.which("pulumi"):
        raise NotReadableError(NO_CLI)
    run = _pulumi("config", "get", key, "--stack", stack)
    if run.returncode:
        raise NotReadableError(f"pulumi config get {key} failed:\n{run.stderr.strip()}")
    return run.stdout.strip()


def _export(stack: str | None) -> dict[str, Any]:
    if not shutil.which("pulumi"):
        raise NotReadableError(NO_CLI)
    command = ["stack", "export", *(["--stack", stack] if stack else [])]
    run = _pulumi(*command)
    if run.returncode:
        near = _near(stack) if stack else ""
        if near or "no stack named" in run.stderr:
            raise NoStackError(near or run.stderr.strip())
        raise NotReadableError(f"pulumi {' '.join(command)} failed:\n{run.stderr.strip()}")
    exported: dict[str, Any] = json.loads(run.stdout)
    return exported


def _near(stack: str) -> str:
    """Message with the existing stacks if `stack` is not one of them; empty if it is, or they cannot be listed."""
    try:
        variables = listing_variables(find_project(here(os.environ)), os.environ)
    except UnreadableError:
        return ""
    run = _pulumi("stack", "ls", "--json", variables=variables)
    names = [each["name"] for each in json.loads(run.stdout)] if run.returncode == 0 else []
    if not names or stack in names:
        return ""
    return f"there is no stack {stack!r}{did_you_mean(stack, names)}"


def did_you_mean(name: str, names: list[str]) -> str:
    """End of a refusal: the closest of the names, and all of them."""
    near = nearest(name, names)
    known = f"known: {', '.join(sorted(names)) or 'none'}"
    return f": did you mean {near!r}? {known}" if near else f"; {known}"


def _pulumi(*arguments: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
