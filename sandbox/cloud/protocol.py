"""uvicorn's HTTP protocol, with bounds on the size of a request's head and on the time that a request may take."""

import asyncio
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.cloud.answering import CONNECTION
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.front import MAX_HEAD

RECEIVE_S = 30.0
"""A client has this many seconds from a request's first byte, or from the connection, to its last."""
_TOO_SLOW: Final = CloudError("DEADLINE_EXCEEDED", "The request did not arrive in time.", code=408)
_TOO_LARGE: Final = CloudError(
    "INVALID_ARGUMENT", "Your client issued a request that was too large.", code=431
)


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head = 0
        """Bytes of the head so far, without those that came together with the end of the request before."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start the clock: a client that connects has something to say."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(RECEIVE_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and count it while it is the head of a request."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(RECEIVE_S, self._give_up)
        self._head += len(data)
        super().data_received(data)
        # httptools keeps a line until it is complete, and so no callback sees one that never ends.
        if self._in_head and self._head > MAX_HEAD and not self.transport.is_closing():
            self._end(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self.scope["extensions"] = {CONNECTION: {"close": self.transport.close}}

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._head = 0
        self._stop_clock()
        super().on_message_complete()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        in_body = self.cycle is not None and not self.cycle.response_started
        if self._in_head or in_body:
            self._end(_TOO_SLOW)
        else:  # nothing has come, or the rest of a request that is refused already
            self.transport.close()

    def _end(self, error: CloudError) -> None:
        self.transport.write(_closing(error.code, error.body()))
        self.transport.close()


def _closing(code: int, body: JsonObject) -> bytes:
    content = json.dumps(body).encode()
    lines: Sequence[str] = (
        f"HTTP/1.1 {code} {HTTPStatus(code).phrase}",
        "content-type: application/json; charset=UTF-8",
        f"content-length: {len(content)}",
        "connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + content
