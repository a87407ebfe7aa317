"""Calls of the application from within its process, through the same entry as those that come by HTTP."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Scope

from sandbox.cloud.endpoints import ACCESS_TOKEN
from sandbox.cloud.grpc_front.transcoding import RestCall

#: What of a call's metadata is a header of REST.
_HEADERS: Final = frozenset(
    {
        "authorization",
        "user-agent",
        "x-goog-api-client",
        "x-goog-api-key",
        "x-goog-request-reason",
        "x-goog-user-project",
    }
)


class Inside:
    """The application, at an address of its main port."""

    def __init__(self, application: ASGIApp, host: str, port: int) -> None:
        self._application = application
        self._server = (host, port)

    async def ask(self, call: RestCall, metadata: Mapping[str, str], address: str) -> tuple[int, bytes]:
        """Make a call for a caller at an address; returns the status and the body of the answer."""
        status, parts = 500, list[bytes]()
        given = iter([call.body or b""])

        async def receive() -> Message:
            content = next(given, None)
            if content is None:
                await asyncio.Event().wait()  # until the caller cancels
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self._application(self._scope(call, metadata, address), receive, send)
        return status, b"".join(parts)

    def _scope(self, call: RestCall, metadata: Mapping[str, str], address: str) -> Scope:
        host, port = self._server
        headers = {name: value for name, value in metadata.items() if name in _HEADERS}
        # A client of an emulator has no credentials, and no web page can speak gRPC.
        if "x-goog-api-client" in headers:
            headers.setdefault("authorization", f"Bearer {ACCESS_TOKEN}")
        content: Sequence[tuple[str, str]] = (
            [] if call.body is None else [("content-type", "application/json")]
        )
        every = [("host", f"{host}:{port}"), *content, *headers.items()]
        return {
            "type": "http",
            "method": call.verb,
            "raw_path": call.path.encode(),
            "query_string": call.query.encode(),
            "headers": [(name.encode(), value.encode("utf-8", "replace")) for name, value in every],
            "server": self._server,
            "client": (address, 0),
        }
