"""The addresses of functions, on the main port: who calls is checked as Cloud Run does, then an instance answers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from secrets import compare_digest
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from starlette.types import Receive, Scope, Send

from sandbox.cloud.cloudfunctions import models, sources
from sandbox.cloud.cloudfunctions.models import Function
from sandbox.cloud.cloudfunctions.processes.instance import StartError
from sandbox.cloud.cloudfunctions.processes.supervisor import Supervisor, TooLargeError
from sandbox.cloud.core import front
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import grants, id_tokens
from sandbox.cloud.reach import FUNCTIONS, INTERNAL, internal, is_here

_INVOKE: Final = "run.routes.invoke"
_LARGEST: Final = 32 * 1024 * 1024
_LARGEST_ARCHIVE: Final = 64 * 1024 * 1024
_OF_THE_CONNECTION: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade"}
    | {"transfer-encoding", "content-length", "date", "server"}
)
_TEXTS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("Unauthorized", "Your client does not have permission to the requested URL <code>{path}</code>."),
    403: (
        "Forbidden",
        "Your client does not have permission to get URL <code>{path}</code> from this server.",
    ),
    404: ("Page not found", "The requested URL was not found on this server."),
    413: ("Request Entity Too Large", "Your client issued a request that was too large."),
    500: ("Internal Server Error", "Response size was too large. Please consider reducing response size."),
    503: ("Service Unavailable", "The service you requested is not available yet."),
    504: ("Gateway Timeout", "upstream request timeout"),
}


class _RefusalError(Exception):
    """An answer of the front end in place of the function's."""

    def __init__(self, status: int, authenticate: str = "") -> None:
        super().__init__(str(status))
        self.status = status
        self.authenticate = authenticate


class Gateway:
    """The ASGI application below `/_functions/`."""

    def __init__(self, store: Store, supervisor: Supervisor, now: Callable[[], datetime]) -> None:
        self._store = store
        self._supervisor = supervisor
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        raw_path = scope["raw_path"].decode("latin-1")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        try:
            front.check_page(scope["headers"])
            status, kept, body = await self._answer(scope, raw_path, headers, receive)
        except CloudError:
            status, kept, body = _page(403, raw_path)
        except _RefusalError as refusal:
            status, kept, body = _page(refusal.status, raw_path)
            if refusal.authenticate:
                kept.append(("www-authenticate", refusal.authenticate))
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in kept]
        encoded.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(
        self, scope: Scope, raw_path: str, headers: list[tuple[str, str]], receive: Receive
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        parts = raw_path.removeprefix(FUNCTIONS).split("/", 3)
        if len(parts) < 3:
            raise _RefusalError(404)
        project, location, service = map(unquote, parts[:3])
        with self._store.transaction():
            name = f"projects/{project}/locations/{location}/services/{service}"
            function = models.by_service(self._store, name)
            if function is None or not function.serving:
                raise _RefusalError(404)
            shown = dict(headers).get(INTERNAL.lower(), "")
            is_internal = compare_digest(shown.encode(), internal(self._store, function.project).encode())
            if function.settings["ingressSettings"] != "ALLOW_ALL" and not is_internal:
                raise _RefusalError(404)  # as if it were not there
            passed = self._admit(function, headers)
        body = await _read(receive, _LARGEST)
        if body is None:
            raise _RefusalError(413)
        query = scope["query_string"].decode("latin-1")
        path = f"/{parts[3] if len(parts) > 3 else ''}{f'?{query}' if query else ''}"
        client = scope["client"][0] if scope["client"] else ""
        dropped = _OF_THE_CONNECTION | {INTERNAL.lower()}
        sent = [(name, value) for name, value in passed if name.lower() not in dropped]
        sent += [("X-Forwarded-For", client), ("X-Forwarded-Proto", "http")]
        try:
            answer = await self._supervisor.call(function, scope["method"], path, sent, body)
        except (StartError, ConnectionError) as error:
            self._supervisor.log(function.name).add("gateway", f"503: {error}")
            raise _RefusalError(503) from None
        except TimeoutError:
            self._supervisor.log(function.name).add("gateway", "504: the request took longer than it may")
            raise _RefusalError(504) from None
        except TooLargeError:
            self._supervisor.log(function.name).add("gateway", "500: the response size was too large")
            raise _RefusalError(500) from None
        kept = [(name, value) for name, value in answer.headers if name.lower() not in _OF_THE_CONNECTION]
        return answer.status, kept, answer.body

    def _admit(self, function: Function, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers that the function gets, if the caller may call it.

        Raises:
            _RefusalError: 401 for a token that is not valid, 403 without one, or without the permission.
        """
        values = {name.lower(): value for name, value in headers}
        # The second is for callers that need the first for themselves.
        header = "x-serverless-authorization" if "x-serverless-authorization" in values else "authorization"
        scheme, _, token = values.get(header, "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        if grants.is_public(self._store, _INVOKE, function.service):
            return headers
        if not token:
            raise _RefusalError(403)
        try:
            claims = id_tokens.verify(self._store, token, self._now())
            if not _is_for(claims.audience, function) or not claims.email:
                raise id_tokens.TokenError(f"the token is for {claims.audience}")
        except id_tokens.TokenError as error:
            self._supervisor.log(function.name).add("gateway", f"401: {error}")
            raise _RefusalError(
                401, 'Bearer error="invalid_token" error_description="The access token could not be verified"'
            ) from None
        if not grants.holds(self._store, f"serviceAccount:{claims.email}", _INVOKE, function.service):
            self._supervisor.log(function.name).add("gateway", f"403: {claims.email} lacks {_INVOKE}")
            raise _RefusalError(403)
        unsigned = f"Bearer {token.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"
        return [(name, unsigned if name.lower() == header else value) for name, value in headers]


class Uploads:
    """The ASGI application below `/_uploads/`: takes the archives of functions, at addresses that were given out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        status = 200
        try:
            front.check_page(scope["headers"])
            path = unquote(scope["raw_path"].decode("latin-1")).removeprefix(sources.UPLOADS)
            bucket, _, name = path.partition("/")
            secret = parse_qs(scope["query_string"].decode("latin-1")).get("signature", [""])[0]
            data = await _read(receive, _LARGEST_ARCHIVE)
            if scope["method"] != "PUT" or data is None:
                status = 413 if data is None else 405
            else:
                with self._store.transaction():
                    sources.put(self._store, bucket, name, secret, data)
        except CloudError:
            status = 403
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def _is_for(audience: str, function: Function) -> bool:
    """Whether an audience is the function's address, by whichever port the local cloud had."""
    parts = urlsplit(audience.rstrip("/"))
    return is_here(parts.hostname or "") and parts.path == function.path and not parts.query


def _page(status: int, raw_path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    title, text = _TEXTS[status]
    path = raw_path.replace("&", "&amp;").replace("<", "&lt;")
    shown = text.format(path=path)
    page = (
        '\n<html><head>\n<meta http-equiv="content-type" content="text/html;charset=utf-8">\n'
        f"<title>{status} {title}</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n"
        f"<h1>Error: {title}</h1>\n<h2>{shown}</h2>\n<h2></h2>\n</body></html>\n"
    )
    return status, [("content-type", "text/html; charset=UTF-8")], page.encode()


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body; None if it is too large, or its client has left."""
    try:
        return await front.read(receive, most)
    except CloudError:
        return None
