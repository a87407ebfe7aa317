"""`make clock`: the clock of the local cloud that runs, shown or moved."""

import json
import re
from datetime import datetime
from typing import Any, Final

from sandbox import local_cloud
from sandbox.errors import PrerequisiteError, SandboxError

_STEP: Final = re.compile(r"\+(\d+)([smhdw]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WAYS: Final = "+2h (s, m, h, d or w), 2026-12-01T00:00Z, hold, flow"


def run(ready: local_cloud.Ready, arguments: list[str]) -> str:
    """Move the clock as the arguments say; returns it in words.

    Raises:
        PrerequisiteError: an argument that says nothing.
        SandboxError: the local cloud refuses.
    """
    body = wanted(arguments)
    # Moving it runs all that is due in between, however long that takes.
    answer = local_cloud.call(ready, "PUT" if body else "GET", "/_local/clock", body or None, timeout_s=None)
    shown = json.loads(answer)
    if "error" in shown:
        raise SandboxError(shown["error"]["message"])
    return f"{shown['now'].partition('.')[0].removesuffix('Z')}Z, {'held' if shown['held'] else 'flows'}"


def wanted(arguments: list[str]) -> dict[str, Any]:
    """The body of the call that the arguments ask for; empty if they ask to show the clock."""
    body: dict[str, Any] = {}
    for argument in arguments:
        if argument in ("hold", "flow"):
            body[argument] = True
        elif step := _STEP.fullmatch(argument):
            body["advanceSeconds"] = int(step[1]) * _SECONDS[step[2]]
        elif _is_moment(argument):
            body["now"] = argument
        else:
            raise PrerequisiteError(f"The clock does not know {argument}. It takes: {_WAYS}")
    return body


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
