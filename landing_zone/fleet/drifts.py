"""Drift of many stacks: what `gemini-lz drift STACK --json` has written of each."""

import json
from pathlib import Path
from typing import Any, Final

from landing_zone.fleet.outcome import DONE, FAILED, Outcome

CODES: Final = {0: DONE, 1: DONE, 2: DONE, 130: "stopped"}
"""Exit code → outcome: that something differs, or could not be read, is what the command was asked for."""


def read_drift(output: Path, outcome: Outcome) -> None:
    """Take the result of a stack's drift in; without one, it has failed."""
    found = _document(output) if outcome.state == DONE else None
    if found is None:
        if outcome.state == DONE:
            outcome.state = FAILED
        return
    outcome.reasons = []
    outcome.drift = {name: found[name] for name in ("runAtWork", "differences", "unread")}
    month = found["worstMonth"]
    outcome.before, outcome.after = month["applied"] or None, month["inForce"] or None


def counts(difference: dict[str, Any]) -> bool:
    """True if somebody other than the guard or a run at work has made it."""
    return not difference["guard"] and not difference["ofRun"]


def _document(output: Path) -> dict[str, Any] | None:
    """The JSON document in an output, which has what was said on the way too."""
    try:
        lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
        first = lines.index("{")
        last = len(lines) - lines[::-1].index("}")
        found = json.loads("\n".join(lines[first:last]))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "differences" in found else None
