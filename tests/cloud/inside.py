"""The local cloud without sockets, event loop or process: thousands of calls a second, and a restart costs nothing."""

import json
import shutil
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.types import Message

from sandbox.cloud.assembled import assemble
from sandbox.cloud.core import local_state
from sandbox.cloud.core.routing import Match
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.validation import Violations, parse_message
from sandbox.cloud.services import BEHIND, SERVICES

BEGIN = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""An hour after December has begun, Pacific; the clock is held there."""
_SERVICES = {service.name: service for service in SERVICES}
_PORT = 8000


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire; `path` has no leading slash and may have a query."""

    service: str
    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None

    @classmethod
    def of(
        cls,
        service: str,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> "Request":
        """A request with a body of JSON, None for none."""
        if query:
            path = f"{path}{'&' if '?' in path else '?'}{urlencode(query, doseq=True)}"
        content = b"" if body is None else json.dumps(body).encode()
        return cls(service, method, path, content, headers=headers)

    @property
    def match(self) -> Match | None:
        """The method that it calls, if it calls any."""
        return _SERVICES[self.service].router.match(self.method, f"/{self.path}".partition("?")[0])


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body, read; an answer that is a page or data has none."""
        read = json.loads(self.content) if self._is_json else {}
        assert isinstance(read, dict)
        return read

    @property
    def messages(self) -> list[Any]:
        """The messages of an answer: one, or those of a stream."""
        read = json.loads(self.content) if self._is_json else []
        return read if isinstance(read, list) else [read]

    @property
    def _is_json(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/json")


class InsideCloud:
    """A local cloud whose state is a file; an empty one gets the first world."""

    def __init__(self, file: Path, kind: type[Store] = Store, begin: datetime = BEGIN) -> None:
        self._file = file
        self._begin = begin
        self._kind = kind
        self.store = self._open()

    @classmethod
    def copy_of(cls, template: Path, file: Path) -> "InsideCloud":
        """A local cloud that begins with the state of another, which is closed."""
        shutil.copyfile(template, file)
        return cls(file)

    def _open(self) -> Store:
        store = self._kind(self._file)
        store.address = f"http://127.0.0.1:{_PORT}"
        store.settle_polls = 0
        made = assemble(SERVICES, BEHIND, store, self._fill)
        self.timeline, self._application = made.timeline, made.application
        return store

    def _fill(self, store: Store) -> None:
        for service in SERVICES:
            if service.seed is not None:
                service.seed(store, self._begin)
        local_state.put(store, "clock", {"held": self._begin.isoformat(), "offsetSeconds": 0.0})

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def restart(self) -> None:
        """End, and begin again with the file."""
        self.close()
        self.store = self._open()

    def advance(self, to: datetime) -> None:
        """Move the clock; what is due by then is done."""
        driven(self.timeline.move(to=to))

    def send(self, request: Request) -> Answer:
        """Send a request as it is."""
        path, _, query = request.path.partition("?")
        headers = {
            "host": f"127.0.0.1:{_PORT}",
            "authorization": "Bearer test",
            **({"content-type": request.content_type} if request.content_type else {}),
            **(request.headers or {}),
        }
        scope = {
            "type": "http",
            "method": request.method,
            "raw_path": f"/{request.service}/{path}".encode("latin-1", "replace"),
            "query_string": query.encode("latin-1", "replace"),
            "headers": [
                (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
            ],
            "server": ("127.0.0.1", _PORT),
            "client": ("127.0.0.1", 1),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        driven(self._application(scope, receive, send))
        answered = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], answered, b"".join(each["body"] for each in sent[1:]))

    def call(
        self, service: str, method: str, path: str, body: Any = None, **query: Any
    ) -> tuple[int, dict[str, Any]]:
        """A JSON call; an answer of 200 must fit Google's description of the response."""
        request = Request.of(service, method, path, body, query)
        answer = self.send(request)
        assert answer.status in (200, *range(400, 500)), (request, answer)
        check_shape(request, answer)
        return answer.status, answer.json


def driven(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing outside of this process."""
    while True:
        try:
            waiting = work.send(None)
        except StopIteration:
            return
        assert waiting is None, waiting


def check_shape(request: Request, answer: Answer) -> None:
    """An answer fits Google's description of the response, a refusal Google's of errors."""
    match = request.match
    if match is None:
        assert 400 <= answer.status < 500, answer
    elif answer.status == 200:
        violations = Violations()
        for message in answer.messages:
            parse_message(match.method.response(), message, "response", violations)
        violations.raise_if_any()
    elif answer.status >= 400 and match.method.id != "storage.xml.get":
        error = answer.json["error"]
        assert error["code"] == answer.status, error
        assert isinstance(error["message"], str), error
        assert error.get("status") or error["errors"][0]["reason"], error
        for detail in error.get("details", []):
            assert detail["@type"].startswith("type.googleapis.com/google.rpc."), error
