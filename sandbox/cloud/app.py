"""The ASGI application: from an HTTP request to a service's handler and back.

Kept to plain ASGI on the path that every call takes, so that a call costs well under a millisecond of processor time.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.cloud.core import fields, front, validation
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.faults import Faults
from sandbox.cloud.core.hold import Hold, gone
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.routing import Match
from sandbox.cloud.core.secrets import target, without_secrets
from sandbox.cloud.core.service import Answered, Call, Caller, Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.serviceusage import enablement
from sandbox.cloud.serviceusage.write_quotas import WriteQuotas

ADMIN_PREFIX = "/_local/"
_MAX_ADMIN_BODY = 1024 * 1024
#: Bytes of the largest body that the journal keeps: it has room for many.
_MAX_JOURNAL_BODY = 1024 * 1024
_LOG = logging.getLogger("sandbox.cloud")
#: Google's standard query parameters; each may also be written with a leading `$`.
_STANDARD = frozenset(
    {
        "$.xgafv",
        ".xgafv",
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
    }
    | {"upload_protocol", "uploadType", "$alt", "$callback", "$fields", "$key", "$prettyPrint", "$quotaUser"}
)
_JSON = b"application/json; charset=UTF-8"
_HTML = b"text/html; charset=UTF-8"
_FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Request:
    """An HTTP request, read in full."""

    http_method: str
    raw_path: str
    query: str
    headers: Mapping[bytes, bytes]
    body: bytes
    address: str


@dataclass(slots=True)
class Response:
    """An HTTP response; a refusal has Google's error body."""

    status: int
    content: bytes
    content_type: bytes = _JSON

    @classmethod
    def of(cls, error: CloudError, *, pretty: bool = True) -> "Response":
        """A refusal. What it quotes of the request may have a credential in it, and clients print refusals."""
        return cls(error.code, _encoded(without_secrets(error.body()), pretty))


class Application:
    """All services: each below its own path prefix on the main port, and at the root of a port of its own.

    `ports` names the service that a port belongs to; on any other port the path's first segment names it.
    `latency` is how long every call to a service waits, in seconds; `clock` is how far ahead its time is; `hold` is
    the write from which on none is answered; `write_quotas` are enforced unless None.
    """

    def __init__(self, services: Sequence[Service], store: Store, journal: Journal, faults: Faults) -> None:
        self._services = {service.name: service for service in services}
        self._store = store
        self._journal = journal
        self._faults = faults
        self.ports: Mapping[int, str] = {}
        self.latency = 0.0
        self.clock = timedelta()
        self.admin: ASGIApp | None = None
        self.hold: Hold | None = None
        self.write_quotas: WriteQuotas | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        raw_path = scope["raw_path"].decode("latin-1")
        name = self.ports.get(scope["server"][1], "")
        admin = self.admin if not name and raw_path.startswith(ADMIN_PREFIX) else None
        if not name and admin is None:
            name, _, rest = raw_path[1:].partition("/")
            raw_path = f"/{rest}"
        service = self._services.get(name)
        max_body = service.max_body if service else _MAX_ADMIN_BODY
        request = Request(
            scope["method"],
            raw_path,
            scope["query_string"].decode("latin-1"),
            dict(scope["headers"]),
            b"",
            scope["client"][0] if scope["client"] else "",
        )
        try:
            front.check(
                request.http_method,
                f"{raw_path}?{request.query}",
                scope["headers"],
                max_body,
                host=f"{name}.googleapis.com" if service else "",
                takes_keys=bool(service and raw_path.startswith(service.key_paths)),
            )
            body = await _read(receive, max_body)
            if body is None:
                return  # the client left before its request was complete
            request.body = body
            if admin is not None:
                _json_body(request)
                await admin(scope, _replayed(body), send)
                return
        except CloudError as error:
            await _answer_with(Response.of(error), send)
            return
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.hold and request.http_method != "GET" and self.hold.holds():
            if service is not None and self.hold.carried_out and not self.hold.reached:
                self._serve(service, request)
            self.hold.reached = True
            await gone(receive)
            return
        await _answer_with(self._serve(service, request) if service else _not_found(request), send)

    def _serve(self, service: Service, request: Request) -> Response:
        match = service.router.match(request.http_method, request.raw_path)
        body: Any = None
        if match is None:
            response = _not_found(request)
        else:
            pretty = True
            try:
                standard, pairs = _split_query(request)
                pretty = standard.get("prettyPrint", "true") != "false"
                body = _json_body(request)
                content = self._answer(service, match, request, standard, pairs, body)
                response = Response(200, _encoded(content, pretty))
            except CloudError as error:
                response = Response.of(error, pretty=pretty)
            except Exception:
                _LOG.exception("%s failed", match.method.id)
                response = Response(500, _encoded(CloudError("INTERNAL").body(), pretty))
        self._journal.add(
            {
                "method": request.http_method,
                "service": service.name,
                "path": target(request.raw_path, request.query),
                "body": without_secrets(body)
                if len(request.body) <= _MAX_JOURNAL_BODY
                else f"({len(request.body)} bytes, not kept)",
                "status": response.status,
                "x-goog-user-project": without_secrets(_header(request, b"x-goog-user-project")),
                "id": match.method.id if match is not None else None,
            }
        )
        return response

    def _answer(
        self,
        service: Service,
        match: Match,
        request: Request,
        standard: Mapping[str, str],
        pairs: Sequence[tuple[str, str]],
        body: Any,
    ) -> JsonObject:
        method = match.method
        violations = validation.Violations()
        query = validation.parse_query(method, pairs, violations)
        message: JsonObject = {}
        if method.body is not None:
            message = validation.parse_message(
                method.body.message(), {} if body is None else body, method.body.root, violations
            )
        elif body:
            validation.refuse_body(body, violations)
        violations.raise_if_any()
        selection = fields.parse(method, standard["fields"]) if standard.get("fields") else None
        handler = service.handlers[method]
        if handler is None:
            raise unimplemented(f"the method {method.id}")
        self._faults.strike(method, request.raw_path)
        answer: JsonObject = {}
        answered: Answered | None = None
        try:
            with self._store.transaction():
                caller = _caller(request, standard)
                consumer = service.consumer(self._store, method, caller) if service.consumer else ""
                # Not raised in here: that a call was refused is counted, and an exception would undo it.
                refusal = enablement.refusal(
                    self._store, service.name, match, request.raw_path, caller.user_project, consumer
                )
                now = datetime.now(UTC) + self.clock
                if refusal is None and self.write_quotas:
                    refusal = self.write_quotas.refusal(self._store, method, caller.user_project, now)
                if refusal is None:
                    answered = Answered(method, caller, consumer, now, 200)
                    answer = handler(
                        Call(method, match.path, match.ids, query, message, self._store, now, consumer)
                    )
                    if service.on_answered:
                        service.on_answered(self._store, answered)
        except CloudError as error:
            if service.on_answered and answered:
                # What the refused call wrote is undone; that it was refused is kept.
                with self._store.transaction():
                    service.on_answered(self._store, replace(answered, code=error.code))
            raise
        if refusal is not None:
            raise refusal
        if selection is not None:
            answer = fields.select(selection, answer)
        return answer


async def _read(receive: Receive, max_body: int) -> bytes | None:
    """The body, of which no more is read than it may have; None if the client has left."""
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        if chunk := event.get("body"):
            chunks.append(chunk)
            size += len(chunk)
            if size > max_body:
                raise front.too_large(max_body)
        if not event.get("more_body"):
            return b"".join(chunks) if len(chunks) != 1 else chunks[0]


def _replayed(body: bytes) -> Receive:
    """A body that has been read, for an application that reads it."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer_with(response: Response, send: Send) -> None:
    headers = [
        (b"content-type", response.content_type),
        (b"content-length", str(len(response.content)).encode()),
    ]
    if response.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="https://accounts.google.com/"'))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _header(request: Request, name: bytes) -> str | None:
    value = request.headers.get(name)
    return value.decode("latin-1") if value is not None else None


def _caller(request: Request, standard: Mapping[str, str]) -> Caller:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    # All callers of the local cloud are local: with this header a test pretends to be elsewhere.
    address = headers.get("x-forwarded-for", request.address).partition(",")[0].strip()
    return Caller(
        key=standard.get("key") or headers.get("x-goog-api-key", ""),
        token=headers.get("authorization", "").lower().startswith("bearer ")
        or bool(standard.get("access_token") or standard.get("oauth_token")),
        user_project=headers.get("x-goog-user-project", ""),
        address=address,
        headers=headers,
    )


def _split_query(request: Request) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The standard parameters, and the others."""
    pairs = parse_qsl(request.query, keep_blank_values=True) if request.query else []
    standard = {name.lstrip("$"): value for name, value in pairs if name in _STANDARD}
    alt = standard.get("alt", "json").partition(";")[0]
    if alt != "json":
        raise invalid_argument(f"The local cloud answers in JSON only: alt={alt} is not supported.")
    return standard, [pair for pair in pairs if pair[0] not in _STANDARD]


def _json_body(request: Request) -> Any:
    if not request.body:
        return None
    content_type = _content_type(request)
    if content_type == _FORM:
        # Google reads a form as parameters, so that a JSON body sent as one (curl's default) has an unknown name.
        violations = validation.Violations()
        for name, _ in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True):
            validation.unknown_parameter(name, violations)
        violations.raise_if_any()
    if content_type != "application/json":
        raise invalid_argument(
            f"Request content type is not supported: {content_type or 'none'}. Send Content-Type: application/json."
        )
    return validation.parse_json(request.body)


def _content_type(request: Request) -> str:
    return (_header(request, b"content-type") or "").partition(";")[0].strip().lower()


def _encoded(content: JsonObject, pretty: bool) -> bytes:
    # Indented unless asked otherwise, as at Google. An error may quote half of a surrogate pair from a UTF-16 body.
    if pretty:
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _not_found(request: Request) -> Response:
    """Google's HTML answer for a path that no API has."""
    path = request.raw_path.replace("&", "&amp;").replace("<", "&lt;")
    page = (
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n"
        f"<p><b>404.</b> <ins>That’s an error.</ins>\n<p>The requested URL <code>{path}</code> was not found on this "
        "server. <ins>That’s all we know.</ins>\n"
    )
    return Response(404, page.encode(), _HTML)
