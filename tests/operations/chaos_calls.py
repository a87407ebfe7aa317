"""The calls of a run without a fault, each of which can fail in a run of the same: by what they ask, not by hand."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.cloud.services import SERVICES

KINDS: Final[Mapping[str, Mapping[str, object]]] = {
    "429": {"error": "RATE_LIMIT_EXCEEDED", "retryAfterSeconds": 1},
    "503": {"error": "UNAVAILABLE"},
    "cut before": {"cut": "before"},
    "cut after": {"cut": "after"},
    "cut answer": {"cut": "answer"},
    "operation error": {"operationError": "INTERNAL"},
}
"""What happens to a call → the fault of the local cloud."""
_PROJECT: Final = "PROJECT"
_NUMBERS: Final = re.compile(r"(?<![0-9a-f-])\d{9,}(?![0-9a-f-])")
_ASSIGNED: Final = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "[0-9a-f-]{36}"),
    (re.compile(r"(?<=operations/)[^/?]+"), "[^/?]+"),
    (re.compile(r"(?<=contacts/)\d+"), r"\d+"),
    (_NUMBERS, r"\d+"),
)
"""Parts of a path that the local cloud assigns → what else they may be."""
_STARTERS: Final = frozenset(
    method.id
    for service in SERVICES
    for method in service.handlers
    if method.response().name.rpartition(".")[2] in ("Operation", "GoogleLongrunningOperation")
)
"""Methods that answer a long-running operation."""


@dataclass(frozen=True)
class Call:
    """A call that a run makes.

    Attributes:
        method: the id of its API method.
        path: a regular expression of its path; PROJECT in it stands for what names a project.
        nth: how many before it are of the same method and path.
        spread: so many projects make it, and nothing in it says which of them does; 0: it is of one project, 1: it is
            of none.
    """

    method: str
    path: str
    nth: int
    spread: int

    def kinds(self) -> Iterator[str]:
        """What can happen to it."""
        is_start = self.method in _STARTERS and not self.method.endswith("operations.get")
        return (kind for kind in KINDS if kind != "operation error" or is_start)


@dataclass(frozen=True)
class Case:
    """What happens to a call of an `up`, an `update` or a `destroy`."""

    verb: str
    call: Call
    kind: str

    def fault(self, label: str, project: Sequence[str], drawn: int) -> dict[str, object]:
        """The fault. `project`: what its project is named by; `drawn`: which of all projects, where none is named."""
        call = self.call
        named = f"(?:{'|'.join(map(re.escape, project))})"
        about = f"^{call.path.replace(_PROJECT, named)}\\?"
        if call.spread == 0 and _PROJECT not in call.path:
            about = f"(?s){about}.*{named}"
        skip = call.nth * call.spread + drawn % call.spread if call.spread else call.nth
        return {**KINDS[self.kind], "method": call.method, "about": about, "skip": skip, "label": label}


def cases_of(
    verb: str, journal: Iterable[Mapping[str, Any]], projects: Sequence[Sequence[str]]
) -> list[Case]:
    """What can happen to each call of a run.

    Args:
        verb: what was run.
        journal: its calls.
        projects: what each project is named by; all do the same, so the calls of the first stand for all.
    """
    counts: Counter[tuple[str, str, bool]] = Counter()
    for entry in journal:
        text = f"{entry['path']}\n{json.dumps(entry['body'])}"
        owners = [own for own in projects if any(name in text for name in own)]
        is_owned = len(owners) == 1
        if is_owned and owners[0] is not projects[0]:
            continue
        path = _pattern(entry["path"].partition("?")[0], projects[0] if is_owned else ())
        counts[entry["id"], path, is_owned] += 1
    found = []
    for (method, path, is_owned), count in counts.items():
        spread = 0 if is_owned else len(projects) if count >= len(projects) > 1 else 1
        for nth in range(-(-count // max(spread, 1))):
            call = Call(method, path, nth, spread)
            found += [Case(verb, call, kind) for kind in call.kinds()]
    return found


def _pattern(path: str, names: Sequence[str]) -> str:
    """The path with what names its project, and what the local cloud assigns, left open."""
    for name in names:
        path = path.replace(name, _PROJECT)
    parts = [path]
    for assigned, other in _ASSIGNED:
        parts = [
            piece
            for index, part in enumerate(parts)
            for piece in ([part] if index % 2 else _split(assigned, part, other))
        ]
    return "".join(part if index % 2 else re.escape(part) for index, part in enumerate(parts))


def _split(assigned: re.Pattern[str], part: str, other: str) -> Iterator[str]:
    """The pieces between matches, with `other` in between: every second one is a pattern already."""
    between = assigned.split(part)
    for index, piece in enumerate(between):
        if index:
            yield other
        yield piece
