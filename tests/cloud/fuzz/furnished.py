"""A local cloud with one of each thing in it, what names them, and a good body by method."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from tests.cloud.fuzz.undoing import UndoingStore
from tests.cloud.inside import InsideCloud, Request

PROJECT = "fuzz-shop"
GEMINI = "generativelanguage.googleapis.com"
_CALLS: Final = Path(__file__).with_name("furniture.json")
"""The calls that make everything: service, HTTP method, path and body. `{name}` is the id that an earlier one gave."""


@dataclass
class Furnished:
    """A local cloud with one of each thing."""

    cloud: InsideCloud
    ids: dict[str, list[str]] = field(default_factory=dict)
    """What stands after the name of a collection in a path (`topics` → `events`), encoded."""
    bodies: dict[str, Any] = field(default_factory=dict)
    """A body that was taken, by method."""

    def add(self, name: str) -> None:
        """Take the ids of a resource's name (`projects/a/topics/b`)."""
        parts = name.split("?")[0].partition(":")[0].split("/")
        for collection, identifier in pairwise(parts):
            known = self.ids.setdefault(collection, [])
            if identifier and identifier not in known:
                known.append(identifier)

    def filled(self, text: str) -> str:
        """A text with the ids in place of `{collection}`."""
        number = next((each for each in self.ids.get("projects", []) if each.isdecimal()), "")
        text = text.replace("{number}", number).replace("{words}", "word " * 5_000)
        for collection, known in self.ids.items():
            if known:
                text = text.replace(f"{{{collection}}}", known[-1])
        return text

    def request(self, service: str, method: str, path: str, body: bytes = b"") -> Request:
        """A request; those to the Gemini API count against the project."""
        headers = {"x-goog-user-project": PROJECT} if service == "generativelanguage" else {}
        return Request(service, method, path, body, headers=headers)


def furnish(file: Path) -> Furnished:
    """Make everything; each call must be taken."""
    made = Furnished(InsideCloud(file, UndoingStore))
    for service, method, path, body in json.loads(_CALLS.read_text(encoding="utf-8")):
        if path.endswith("functions?functionId=guard"):
            _upload(made.cloud)
        text = made.filled(json.dumps(body))
        request = made.request(service, method, path, text.encode())
        answer = made.cloud.send(request)
        assert answer.status == 200, (request, answer)
        assert request.match is not None
        made.bodies.setdefault(request.match.method.id, json.loads(text))
        made.add(path.partition("/")[2])
        for name in _names(answer.json):
            made.add(name)
    made.ids |= {
        "b": ["fuzz-bucket"],
        "o": ["folder%2Fa%20b.zip"],
        "versions": ["1", "latest"],
        "services": [GEMINI, "AEFD-7695-64FA", "guard"],
    }
    return made


def _upload(cloud: InsideCloud) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "def guard(request):\n    return 'ok'\n")
    path = "upload/storage/v1/b/fuzz-bucket/o?uploadType=media&name=folder/a%20b.zip"
    for _ in range(2):
        answer = cloud.send(Request("storage", "POST", path, packed.getvalue(), "application/zip"))
        assert answer.status == 200, answer


def _names(value: Any) -> Iterator[str]:
    """The names of resources in an answer."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("name", "ackId") and isinstance(inner, str):
                yield inner if key == "name" else f"ackIds/{inner}"
            else:
                yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
