"""Responses, and how a client has them: whole, slowly, in half, or not at all, as a fault may want it."""

import asyncio
import json
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from sandbox.cloud.core import pretty as pretty_json
from sandbox.cloud.core.errors import BAD_GATEWAY, CloudError, JsonObject
from sandbox.cloud.core.faults import Met
from sandbox.cloud.core.hold import gone
from sandbox.cloud.core.secrets import without_secrets
from sandbox.cloud.core.service import Media
from sandbox.cloud.core.timeline import Timeline

#: An extension of ASGI scopes: `close` ends the connection. A call from within the process has none.
CONNECTION = "sandbox.connection"
_JSON = b"application/json; charset=UTF-8"
_HTML = b"text/html; charset=UTF-8"


@dataclass(slots=True)
class Response:
    """An HTTP response; a refusal has Google's error body."""

    status: int
    content: bytes
    content_type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of_answer(cls, answer: JsonObject | Media, *, pretty: bool) -> "Response":
        """What a handler has answered."""
        if not isinstance(answer, Media):
            return cls(200, _encoded(answer, pretty))
        headers = tuple((name.lower().encode(), value.encode()) for name, value in answer.headers.items())
        return cls(answer.status, answer.content, answer.content_type.encode(), headers)

    @classmethod
    def of(cls, error: CloudError, *, pretty: bool = True) -> "Response":
        """A refusal. What it quotes of the request may have a credential in it, and clients print refusals."""
        if error is BAD_GATEWAY:
            return cls(502, _BAD_GATEWAY_PAGE.encode(), _HTML)
        return cls(error.code, _encoded(without_secrets(error.body()), pretty))

    @classmethod
    def not_found(cls, raw_path: str) -> "Response":
        """Google's HTML answer for a path that no API has."""
        path = raw_path.replace("&", "&amp;").replace("<", "&lt;")
        page = (
            "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n"
            f"<p><b>404.</b> <ins>That’s an error.</ins>\n<p>The requested URL <code>{path}</code> was not found on "
            "this server. <ins>That’s all we know.</ins>\n"
        )
        return cls(404, page.encode(), _HTML)


@dataclass(frozen=True, slots=True)
class Client:
    """The client of one call."""

    scope: Scope
    receive: Receive
    send: Send
    timeline: Timeline

    async def answer(self, response: Response) -> None:
        """Send a response as it is."""
        await self._begin(response)
        await self.send({"type": "http.response.body", "body": response.content})

    async def answer_as(self, met: Met, response: Response) -> None:
        """Send a response as the fault that the call has met wants it."""
        if met.cut == "after":
            await self.cut()
        elif met.cut == "answer":
            await self.cut(response)
        elif rate := met.fault and met.fault.bytes_per_second:
            await self._answer_slowly(response, rate)
        else:
            await self.answer(response)

    async def cut(self, begun: Response | None = None) -> None:
        """End the connection: in the middle of a response that has `begun`, or without any."""
        connection = (self.scope.get("extensions") or {}).get(CONNECTION)
        if connection is None:  # from within the process, where nothing can be cut
            await self.answer(Response.of(CloudError("UNAVAILABLE")))  # what gRPC makes of a lost connection
            return
        if begun is not None:
            await self._begin(begun)
            half = begun.content[: len(begun.content) // 2]
            await self.send({"type": "http.response.body", "body": half, "more_body": True})
        connection["close"]()
        await gone(self.receive)

    async def _begin(self, response: Response) -> None:
        headers = [
            (b"date", self.timeline.http_date()),
            *([(b"content-type", response.content_type)] if response.content_type else []),
            (b"content-length", str(len(response.content)).encode()),
            *response.headers,
        ]
        if response.status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="https://accounts.google.com/"'))
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def _answer_slowly(self, response: Response, bytes_per_second: int) -> None:
        await self._begin(response)
        content = response.content
        while len(content) > bytes_per_second:
            part, content = content[:bytes_per_second], content[bytes_per_second:]
            await self.send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(1)
        await self.send({"type": "http.response.body", "body": content})


#: What a proxy of Google's answers when the API behind it does not: a page, and nothing of the API's.
_BAD_GATEWAY_PAGE = (
    "<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n"
    "<p><b>502.</b> <ins>That’s an error.</ins>\n<p>The server encountered a temporary error and could not "
    "complete your request.<p>Please try again in 30 seconds. <ins>That’s all we know.</ins>\n"
)


def _encoded(content: JsonObject, pretty: bool) -> bytes:
    # Indented unless asked otherwise, as at Google. An error may quote half of a surrogate pair from a UTF-16 body.
    if pretty:
        return (pretty_json.dumps(content) + "\n").encode("utf-8", "replace")
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
