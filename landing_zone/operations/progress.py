"""The progress of a run by project, from the engine's events."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from landing_zone.exported_state import name_of, owner_of
from landing_zone.printing import in_lines, on_one_line
from landing_zone.resource_words import WORDS

Json = Mapping[str, Any]

_OURS: Final = "gemini-landing-zone:index:"
_ROSTER: Final = f"{_OURS}Roster"
ENVIRONMENT: Final = ""
"""What belongs to no project."""

_DONE: Final[Mapping[str, str]] = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "import": "taken over",
    "create-replacement": "created anew",
    "delete-replaced": "deleted, as it was replaced",
    "replace": "replaced",
    "read": "read",
}
_VERBS: Final[Mapping[str, str]] = {
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
    "import": "taking over",
}
_UNCHANGED: Final = ("same", "refresh", "read-replacement")
_COUNTED: Final[Mapping[str, str]] = {
    **{op: _DONE[op] for op in ("create", "update", "replace", "delete", "import")},
    **dict.fromkeys(("same", "refresh"), "unchanged"),
}
"""Operation → the word under which the summary counts it; the parts of a replacement count once."""
_SHOWN: Final = ("error", "warning", "info", "info#err")


@dataclass(frozen=True)
class Line:
    """Something that happened."""

    project: str
    """Name in the stack file; empty for what belongs to no project."""
    state: str
    """`working`, `done`, `refused`, `taken`, `waiting`, or a message's severity: `info`, `warning`, `error`."""
    text: str
    op: str = ""
    type: str = ""
    name: str = ""

    def as_json(self) -> dict[str, str]:
        """The event as JSON."""
        what = {"op": self.op, "type": self.type, "name": self.name} if self.op else {}
        return {"event": self.state, "project": self.project, **what, "text": self.text}

    @property
    def shown(self) -> str:
        """The line as printed."""
        return f"{self.project}: {self.text}" if self.project else self.text


@dataclass
class OfProject:
    """The progress of one project."""

    done: int = 0
    refused: int = 0
    working: dict[str, str] = field(default_factory=dict)
    """URN → what is being done, in words."""

    @property
    def current(self) -> str:
        """One of the things that are being done; empty if nothing is."""
        # A copy: another thread takes the events in.
        return next(iter(list(self.working.values())), "")


@dataclass
class Progress:
    """The progress of a run."""

    report: Callable[[Line], None]
    planned: bool = False
    """True for a preview, in which nothing is done."""
    projects: dict[str, OfProject] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    """`created`, `updated`, `replaced`, `deleted`, `taken over`, `unchanged` → number of resources."""
    refused: list[Line] = field(default_factory=list)
    errors: list[Line] = field(default_factory=list)
    money: tuple[str, str] | None = None
    """The worst month before and after, in words; before is empty if there was no update."""
    began: float = field(default_factory=time.monotonic)
    _parents: dict[str, str] = field(default_factory=dict)
    _said: set[tuple[str, str]] = field(default_factory=set)

    def see(self, event: Json) -> None:
        """Take an event of the engine in. Source of its form: apitype.EngineEvent of Pulumi's SDK."""
        if step := event.get("resourcePreEvent"):
            self._begun(step["metadata"])
        elif step := event.get("resOutputsEvent"):
            self._ended(step["metadata"])
        elif step := event.get("resOpFailedEvent"):
            self._failed(step["metadata"])
        elif found := event.get("diagnosticEvent"):
            self._message(found)
        elif found := event.get("policyEvent"):
            text = f"[{found['enforcementLevel']}] {found['policyName']}: {found['message'].strip()}"
            state = "error" if found["enforcementLevel"] == "mandatory" else "warning"
            self._say(Line(self._project(found.get("resourceUrn", "")), state, in_lines(text)))

    def see_errors(self, event: Json) -> None:
        """Take an event of a recovery's refresh in: what it reads is no change."""
        found = event.get("diagnosticEvent")
        if found and found["severity"] in ("error", "warning"):
            self._message(found)

    def learn(self, resources: Iterable[Mapping[str, Any]]) -> None:
        """Learn the parents of the state's resources: a deletion's events come before those of its parent."""
        self._parents.update({each["urn"]: each.get("parent", "") for each in resources})

    def say(self, text: str) -> None:
        """Show something that is done besides the engine's events."""
        self.report(Line(ENVIRONMENT, "info", text))

    def took(self, urn: str, resource_type: str, found: str) -> None:
        """Show that a resource was taken into the state; `found`: its id at Google."""
        name = name_of(urn)
        text = f"took over {title(resource_type, name)}: {on_one_line(found)}"
        self.report(Line(self._project(urn), "taken", text, "import", resource_type, name))

    def has_met_existing(self) -> bool:
        """True if Google refused to create something because it exists."""
        return any(re.search(r"\b409\b|already exists", line.text) for line in self.errors)

    def start_again(self, reason: str) -> None:
        """Show why the run starts again; what was refused counts no more."""
        self.say(reason)
        self.refused.clear()
        self.errors.clear()
        self.counts.clear()
        self._said.clear()
        for project in self.projects.values():
            project.refused = 0

    def remedies(self, refused: Line) -> list[str]:
        """What was said of a resource that was refused: the setting, and the remedy. The program names it so."""
        return [line.text for line in self.errors if f" ({refused.name}): " in line.text.partition("\n")[0]]

    @property
    def summary(self) -> str:
        """The counts, in words."""
        words = dict.fromkeys(_COUNTED.values())
        future = "to be " if self.planned else ""
        found = [
            f"{self.counts[word]} {future if word != 'unchanged' else ''}{word}"
            for word in words
            if self.counts[word]
        ]
        if self.refused:
            found.append(f"{len(self.refused)} refused")
        return ", ".join(found) or ("refused" if self.errors else "nothing to do")

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def _begun(self, step: Json) -> None:
        urn, op, state = step["urn"], step["op"], step.get("new") or step.get("old") or {}
        self._parents[urn] = state.get("parent", "")
        if step["type"] == _ROSTER and step.get("new"):
            old = (step.get("old") or {}).get("inputs") or {}
            self.money = (old.get("worstMonth") or "", state["inputs"].get("worstMonth") or "")
        if op in _UNCHANGED or not _is_shown(step["type"]):
            return
        text = f"{_VERBS.get(op, 'replacing')} {self._title(step)}"
        self._of(self._project(urn)).working[urn] = text
        self.report(self._line(step, "working", text))

    def _ended(self, step: Json) -> None:
        op = step["op"]
        if not _is_shown(step["type"]):
            return
        if op in _COUNTED:
            self.counts[_COUNTED[op]] += 1
        if op in _UNCHANGED:
            return
        own = self._of(self._project(step["urn"]))
        own.working.pop(step["urn"], None)
        own.done += 1
        changed = sorted({re.split(r"[.\[]", path)[0] for path in step.get("detailedDiff") or ()})
        parts = f" ({', '.join(changed)})" if changed and op == "update" else ""
        text = f"{self._title(step)} {'to be ' if self.planned else ''}{_DONE.get(op, op)}{parts}"
        self.report(self._line(step, "done", text))

    def _failed(self, step: Json) -> None:
        own = self._of(self._project(step["urn"]))
        own.working.pop(step["urn"], None)
        own.refused += 1
        line = self._line(step, "refused", f"{self._title(step)} not {_DONE.get(step['op'], step['op'])}")
        self.refused.append(line)
        self.report(line)

    def _message(self, found: Json) -> None:
        text = in_lines(found["message"].strip())
        if found["severity"] not in _SHOWN or not text:
            return
        urn = found.get("urn", "")
        state = "waiting" if found.get("ephemeral") else found["severity"].partition("#")[0]
        line = Line(self._project(urn), state, text)
        if state == "waiting" and urn in self._of(line.project).working:
            self._of(line.project).working[urn] = text
        self._say(line)

    def _say(self, line: Line) -> None:
        """Report a message, once."""
        if (line.project, line.text) not in self._said:
            self._said.add((line.project, line.text))
            self.report(line)
            if line.state == "error":
                self.errors.append(line)

    def _of(self, project: str) -> OfProject:
        return self.projects.setdefault(project, OfProject())

    def _project(self, urn: str) -> str:
        """The name of the project that a resource belongs to."""
        return owner_of(urn, self._parents) or ENVIRONMENT

    def _title(self, step: Json) -> str:
        word = WORDS.get(step["type"], step["type"])
        project, name = self._project(step["urn"]), name_of(step["urn"])
        own = name.removeprefix(project).lstrip("-") if project else name
        return on_one_line(f"{word} {own}".strip(), 80)

    def _line(self, step: Json, state: str, text: str) -> Line:
        return Line(self._project(step["urn"]), state, text, step["op"], step["type"], name_of(step["urn"]))


def word_of(resource_type: str) -> str:
    """A resource's type in words."""
    return WORDS.get(resource_type, resource_type)


def title(resource_type: str, name: str) -> str:
    """A resource in words: its type, and its name in the program, in which that of a project comes first."""
    project, _, own = name.partition("--")
    return on_one_line(
        f"{WORDS.get(resource_type, resource_type)} {f'{own} of {project}' if own else name}", 80
    )


def _is_shown(resource_type: str) -> bool:
    """False for providers, components, and what exists in the state alone."""
    return resource_type in WORDS or not resource_type.startswith(("pulumi:", _OURS))
