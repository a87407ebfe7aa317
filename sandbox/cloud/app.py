"""The ASGI application: from an HTTP request to a service's handler and back.

Kept to plain ASGI on the path that every call takes, so that a call costs well under a millisecond of processor time.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.cloud import authorization, batch
from sandbox.cloud.answering import Client, Response
from sandbox.cloud.core import fields, front, operations, validation
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.faults import Faults, Met
from sandbox.cloud.core.hold import Hold, gone, is_write
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.permissions import Need
from sandbox.cloud.core.routing import Match
from sandbox.cloud.core.secrets import target, without_secrets
from sandbox.cloud.core.service import Answered, Call, Caller, Http, Media, Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Timeline
from sandbox.cloud.google_names import DOMAIN
from sandbox.cloud.iam import grants, identities
from sandbox.cloud.logging import record as audit
from sandbox.cloud.pending import Pending
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
    base: str


class Application:
    """All services: each below its own path prefix on the main port, and at the root of a port of its own.

    `ports` names the service that a port belongs to; on any other port the path's first segment names it.
    `latency` is how long every call to a service waits, in seconds; `hold` is the write from which on none is answered;
    `write_quotas` are enforced unless None; `pages` are what is no API of Google's, by the first segment of the path on
    the main port: they check themselves who calls.
    """

    def __init__(
        self,
        services: Sequence[Service],
        store: Store,
        journal: Journal,
        faults: Faults,
        timeline: Timeline,
        pending: Pending,
    ) -> None:
        self._services = {service.name: service for service in services}
        self._store = store
        self._journal = journal
        self._faults = faults
        self.timeline = timeline
        self._pending = pending
        self.timings = pending.timings
        self.ports: Mapping[int, str] = {}
        self.latency = 0.0
        self.admin: ASGIApp | None = None
        self.pages: Mapping[str, ASGIApp] = {}
        self.hold: Hold | None = None
        self.needed: set[tuple[str, str, str]] = set()
        self.write_quotas: WriteQuotas | None = None

    @property
    def services(self) -> Collection[Service]:
        """All services."""
        return self._services.values()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        raw_path = scope["raw_path"].decode("latin-1")
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        # Over TLS there are Google's names alone, which `google_names` lets in.
        is_google = scope.get("scheme") == "https"
        name = _named(host) if is_google else self.ports.get(scope["server"][1], "")
        is_main = not name and not is_google
        admin = self.admin if is_main and raw_path.startswith(ADMIN_PREFIX) else None
        if is_main and admin is None:
            name, _, rest = raw_path[1:].partition("/")
            raw_path = f"/{rest}"
            if name in self.pages:
                await self.pages[name](scope, receive, self._dated(send))
                return
        service = self._services.get(name)
        max_body = service.max_body if service else _MAX_ADMIN_BODY
        request = Request(
            scope["method"],
            raw_path,
            scope["query_string"].decode("latin-1"),
            headers,
            b"",
            scope["client"][0] if scope["client"] else "",
            f"http{'s' * is_google}://{host}" + (f"/{name}" if is_main else ""),
        )
        client = Client(scope, receive, send, self.timeline)
        try:
            front.check(
                request.http_method,
                f"{raw_path}?{request.query}",
                scope["headers"],
                max_body,
                host=f"{name}.googleapis.com" if service else "",
                is_google=is_google,
                takes_keys=bool(service and raw_path.startswith(service.key_paths)),
                emulated=bool(service and service.emulated),
            )
            body = await front.read(receive, max_body)
            if body is None:
                return  # the client left before its request was complete
            request.body = body
            if admin is not None:
                _json_body(request)
                await admin(scope, _replayed(body), self._dated(send))
                return
        except CloudError as error:
            await client.answer(Response.of(error))
            return
        match = service.router.match(request.http_method, request.raw_path) if service else None
        met = self._faults.met(match.method, raw_path, request.query, body) if match else Met()
        if wait_s := self.latency + met.wait_s:
            await asyncio.sleep(wait_s)
        if met.cut == "before":
            await client.cut()
            return
        if self.hold and is_write(request.http_method, request.raw_path) and self.hold.holds():
            if service is not None and self.hold.carried_out and not self.hold.reached:
                self._serve(service, request, match, met)
            self.hold.reached = True
            await gone(receive)
            return
        response = self._serve(service, request, match, met) if service else Response.not_found(raw_path)
        if is_write(request.http_method, request.raw_path):
            self.timeline.wake()
        await client.answer_as(met, response)

    def _dated(self, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", self.timeline.http_date())]
            await send(message)

        return dated

    def _serve(self, service: Service, request: Request, match: Match | None, met: Met) -> Response:
        body: Any = None
        if match is None and request.raw_path.startswith(batch.PATH):
            find = service.router.match
            return batch.answer(
                request, lambda each: self._serve(service, each, find(each.http_method, each.raw_path), Met())
            )
        if match is None:
            response = Response.not_found(request.raw_path)
        else:
            pretty = True
            try:
                standard, pairs = _split_query(request, match.method)
                pretty = standard.get("prettyPrint", "true") != "false"
                if not match.method.uploads:
                    body = _json_body(request)
                answer = self._answer(service, match, request, standard, pairs, body, met)
                response = Response.of_answer(answer, pretty=pretty)
            except CloudError as error:
                response = Response.of(service.refusals(error), pretty=pretty)
                response.headers = met.headers
            except Exception:
                _LOG.exception("%s failed", match.method.id)
                response = Response.of(service.refusals(CloudError("INTERNAL")), pretty=pretty)
        kept = len(request.body) <= _MAX_JOURNAL_BODY
        self._journal.add(
            {
                "method": request.http_method,
                "service": service.name,
                "path": target(request.raw_path, request.query),
                "body": without_secrets(body) if kept else f"({len(request.body)} bytes, not kept)",
                "status": response.status,
                "x-goog-user-project": without_secrets(_header(request, b"x-goog-user-project")),
                "id": match.method.id if match is not None else None,
                "version": match.method.version if match is not None else None,
                "time": self.timeline.now().isoformat(),
            },
            len(request.body) if kept else 0,
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
        met: Met,
    ) -> JsonObject | Media:
        method = match.method
        handler = service.handlers[method]
        if handler is None:
            raise unimplemented(f"the method {method.id}")
        violations = validation.Violations()
        body, pairs = validation.with_parameters(method, body, pairs)
        query = validation.parse_query(method, pairs, violations)
        message: JsonObject = {}
        if service.merge_patches and method.http_method == "PATCH":
            body = validation.without_nulls(body)
        if method.uploads:
            pass  # the body is the handler's
        elif method.body is not None:
            message = validation.parse_message(
                method.body.message(), {} if body is None else body, method.body.root, violations
            )
        elif body:
            validation.refuse_body(body, violations)
        violations.raise_if_any()
        selection = fields.parse(method, standard["fields"]) if standard.get("fields") else None
        if met.fault and (struck := met.fault.refusal):
            raise struck
        answer: JsonObject | Media = {}
        answered: Answered | None = None
        draft: audit.Draft | None = None
        needed: set[Need] = set()
        timing = self.timings.of(method, request.raw_path, request.query, request.body)
        now = self.timeline.now()
        if is_write(request.http_method, request.raw_path):
            self.timings.snapshots.keep(now)
        try:
            with self._store.transaction():
                caller = _caller(request, standard)
                if self._store.knows_callers:
                    caller = identities.known(self._store, method, caller, now)
                if caller.member:
                    caller = authorization.counted(self._store, service, caller)
                consumer = service.consumer(self._store, method, caller) if service.consumer else ""
                # Not raised in here: that a call was refused is counted, and an exception would undo it.
                refusal = enablement.refusal(
                    self._store, service.name, match, request.raw_path, caller.counted_project, consumer, now
                )
                if refusal is None and self.write_quotas:
                    refusal = self.write_quotas.refusal(self._store, method, caller.counted_project, now)
                if refusal is None:
                    answered = Answered(method, caller, consumer, now, 200)
                    http = Http(
                        request.base,
                        caller.headers,
                        request.body,
                        standard.get("alt") == "media",
                        standard.get("uploadType", ""),
                        standard.get("alt") == "sse",
                    )
                    call = Call(
                        method, match.path, match.ids, query, message, self._store, now, consumer, http
                    )
                    if timing.effect:
                        call = replace(call, effect=timing.effect)
                    if caller.member:
                        may = partial(grants.holds, self._store, caller.member)
                        call = replace(call, member=caller.member, may=may)
                    draft = audit.begin(service, call, caller)
                    if caller.member:
                        needed = authorization.require(service, call)
                        self.needed.update((caller.member, *need) for need in needed)
                        if caller.user_project:
                            self.needed.add(
                                (caller.member, authorization.USE, f"projects/{caller.counted_project}")
                            )
                    if timing.stale and not is_write(request.http_method, request.raw_path):
                        call = replace(call, store=self.timings.snapshots.seen(now, timing.stale))
                    if met.operation_error:
                        answer = handler(call)
                        if operation := operations.name_of(self._store, answer):
                            raise _FailsLaterError(operation)
                    else:
                        answer = self._pending.begin(service, handler, call, timing)
                    if service.on_answered:
                        service.on_answered(self._store, answered)
                    if draft:
                        audit.succeeded(self._store, draft, answer, needed)
        except _FailsLaterError as error:
            with self._store.transaction():
                if draft:
                    audit.refused(self._store, draft, CloudError(met.operation_error))
                failing = operations.failing(self._store, error.operation, CloudError(met.operation_error))
                return service.operations(call, failing)
        except CloudError as error:
            if service.on_answered and answered:
                # What the refused call wrote is undone; that it was refused is kept.
                with self._store.transaction():
                    service.on_answered(self._store, replace(answered, code=error.code))
            if draft:
                with self._store.transaction():
                    audit.refused(self._store, draft, error)
            raise
        if refusal is not None:
            raise refusal
        if selection is not None and not isinstance(answer, Media):
            answer = fields.select(selection, answer)
        return answer


class _FailsLaterError(Exception):
    """Undoes a call whose operation is to end in an error."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__()


def _replayed(body: bytes) -> Receive:
    """A body that has been read, for an application that reads it."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _named(host: str) -> str:
    """The service that has a host of Google's; with a region in front, it is the same (`us-central1-run`)."""
    return host.removesuffix(DOMAIN).rpartition("-")[2]


def _header(request: Request, name: bytes) -> str | None:
    value = request.headers.get(name)
    return value.decode("latin-1") if value is not None else None


def _caller(request: Request, standard: Mapping[str, str]) -> Caller:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    # All callers of the local cloud are local: with this header a test pretends to be elsewhere.
    address = headers.get("x-forwarded-for", request.address).partition(",")[0].strip()
    return Caller(
        key=standard.get("key") or headers.get("x-goog-api-key", ""),
        token=_bearer(headers.get("authorization", ""))
        or standard.get("access_token")
        or standard.get("oauth_token", ""),
        user_project=headers.get("x-goog-user-project", ""),
        address=address,
        headers=headers,
    )


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _split_query(request: Request, method: Method) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The standard parameters, and the others."""
    pairs = parse_qsl(request.query, keep_blank_values=True) if request.query else []
    standard = {name.lstrip("$"): value for name, value in pairs if name in _STANDARD}
    alt = standard.get("alt", "json").partition(";")[0]
    other = (alt == "media" and method.downloads) or (alt == "sse" and method.streams)
    if alt != "json" and not other:
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
