"""What became of one stack, from the events that its command writes (docs/deploy.md)."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from landing_zone.operations.progress import word_of
from landing_zone.printing import in_lines, on_one_line

DONE: Final = "done"
FAILED: Final = "failed"
LOCKED: Final = "locked"
STOPPED: Final = "stopped"
SKIPPED: Final = "skipped"
CODES: Final = {0: DONE, 3: LOCKED, 130: STOPPED}
"""Exit code of `gemini-lz up` and its like → outcome."""
_KEPT: Final = 5
"""Reasons of a stack that are kept; its log has all of them."""
_LONGEST: Final = 600
"""Characters of a reason."""


@dataclass
class Outcome:
    """What became of a stack."""

    stack: str
    state: str
    """`done`, `failed`, `locked`, `stopped`, or `skipped`: it was not run."""
    reasons: list[str] = field(default_factory=list)
    """Why it was not done."""
    exit_code: int | None = None
    """Of its command; negative: the number of the signal that killed it. None: it was not run to its end."""
    changes: dict[str, int] = field(default_factory=dict)
    """`created`, `updated`, `replaced`, `deleted`, `taken over`, `unchanged` → resources."""
    resources: dict[str, int] = field(default_factory=dict)
    """`budget create` → resources: a kind in words, and the operation."""
    refused: int = 0
    before: str | None = None
    """The worst month before, in words; None: not known, or there was no update."""
    after: str | None = None
    planned: dict[str, str] = field(default_factory=dict)
    """Currency → the expected cost of this month, a decimal number."""
    seconds: float = 0
    ended: str = ""
    """Time, ISO 8601."""
    earlier: bool = False
    """True: done by an earlier run, from which this one goes on."""
    log: str = ""
    """Path of the output of one that was not done."""
    drift: dict[str, Any] | None = None
    """`runAtWork`, `differences` and `unread` of `gemini-lz drift --json`."""

    @property
    def reason(self) -> str:
        """The first of the reasons, on one line."""
        return on_one_line(self.reasons[0].partition("\n")[0], 200) if self.reasons else ""

    def as_json(self) -> dict[str, Any]:
        """For programs, and the record."""
        return {
            "stack": self.stack,
            "state": self.state,
            "exitCode": self.exit_code,
            "reasons": self.reasons,
            "changes": self.changes,
            "resources": self.resources,
            "refused": self.refused,
            "worstMonth": {"before": self.before, "after": self.after},
            "planned": self.planned,
            "seconds": round(self.seconds, 1),
            "ended": self.ended,
            "earlier": self.earlier,
            "log": self.log,
            **({"drift": self.drift} if self.drift else {}),
        }

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> "Outcome":
        """From `as_json`."""
        month = values["worstMonth"]
        return cls(
            stack=values["stack"],
            state=values["state"],
            reasons=values["reasons"],
            exit_code=values["exitCode"],
            changes=values["changes"],
            resources=values["resources"],
            refused=values["refused"],
            before=month["before"],
            after=month["after"],
            planned=values["planned"],
            seconds=values["seconds"],
            ended=values["ended"],
            earlier=values["earlier"],
            log=values["log"],
        )


@dataclass
class Reading:
    """The events of one stack's command, as they come. What it keeps does not grow with them."""

    current: str = ""
    """What is being done, in words."""
    done: int = 0
    """Resources."""
    exit_code: int | None = None
    """As the last event has it; None: none has come."""
    changes: dict[str, int] = field(default_factory=dict)
    resources: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    month: dict[str, str | None] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    """The last lines that are no events."""

    def see(self, line: str) -> dict[str, Any] | None:
        """Take a line in; returns it as an event, None if it is none."""
        event = _event(line)
        if event is None:
            if line.strip():
                self.printed = [*self.printed[1 - _KEPT :], in_lines(line.rstrip())[:_LONGEST]]
            return None
        kind, text = event["event"], str(event.get("text", ""))
        if kind in ("working", "waiting"):
            self.current = on_one_line(text, 200)
        elif kind in ("done", "taken"):
            self.done += 1
            self.resources[f"{word_of(event['type'])} {event['op']}"] += 1
        elif kind == "refused":
            self.refused += 1
        elif kind in ("error", "mistake") or (kind == "finding" and event["level"] == "error"):
            self._keep(text or _mistake(event))
        elif kind == "failed":
            self._keep(text)
            self.exit_code = event["exitCode"]
        elif kind == "summary":
            self.exit_code, self.changes = event["exitCode"], event["changes"]
            self.refused = max(self.refused, event["refused"])
            self.month = event.get("worstMonth") or {}
        return event

    def outcome(self, stack: str, exit_code: int | None, states: Mapping[int, str]) -> Outcome:
        """What became of the stack. `exit_code`: of its process; None: of one that this process has not started.

        `states`: exit code → outcome; another one is a failure.
        """
        code = self.exit_code if exit_code is None else exit_code
        state = states.get(code, FAILED) if code is not None else FAILED
        reasons = list(self.errors) if state != DONE else []
        if state != DONE and not reasons:
            reasons = self.printed[-1:] or [_without_words(code)]
        return Outcome(
            stack,
            state,
            reasons,
            code,
            dict(self.changes),
            dict(self.resources),
            self.refused,
            self.month.get("before"),
            self.month.get("after"),
        )

    def _keep(self, text: str) -> None:
        if len(self.errors) < _KEPT:
            self.errors.append(in_lines(text)[:_LONGEST])


def in_words(event: dict[str, Any]) -> str:
    """An event as a line of a log."""
    project, text = event.get("project") or "", str(event.get("text") or "")
    known = ("event", "project", "text", "op", "type", "name")
    rest = {name: value for name, value in event.items() if name not in known}
    words = text or (_mistake(event) if event["event"] == "mistake" else json.dumps(rest, ensure_ascii=False))
    return in_lines(f"{event['event']:<8} {f'{project}: ' if project else ''}{words}")


def _mistake(event: dict[str, Any]) -> str:
    """A mistake in a stack file, with its place and the remedy."""
    line = f":{event['line']}" if event["line"] else ""
    return f"{event['file']}{line}: {event['path']}: {event['reason']}: {event['remedy']}"


def _event(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("event"), str) else None


def _without_words(code: int | None) -> str:
    if code is None:
        return "it ended without a word: the next run recovers what it did"
    if code < 0:
        return f"it was killed by signal {-code}: the next run recovers what it did"
    return f"it ended with exit code {code}"
