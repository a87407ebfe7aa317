"""What is refused before a service sees a request, from its first lines alone.

The local cloud has no secrets of value, but it runs where a developer's browser does. A page there can send it requests
(by a name of its own that resolves to 127.0.0.1, or across sites), which the checks of Host and Origin and the missing
CORS headers end; what changes something also needs a header that no page can send without asking first.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from starlette.types import Receive

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied

#: Bytes of a request's line and headers together, and the number of the headers.
MAX_HEAD = 64 * 1024
_MAX_HEADERS = 100
READS = frozenset({"GET", "HEAD"})
_BEARER = b"bearer "


def check(
    method: str,
    target: str,
    headers: Iterable[tuple[bytes, bytes]],
    max_body: int,
    *,
    host: str = "",
    is_google: bool = False,
    takes_keys: bool = False,
    emulated: bool = False,
) -> None:
    """Refuse what no service should see.

    Args:
        method: the HTTP method.
        target: path and query.
        headers: names in lower case, and values.
        max_body: bytes of the largest body.
        host: Google's name of the service, for the refusal of a caller without a token.
        is_google: True if the client has found a service under Google's name: over TLS, where no browser trusts it.
        takes_keys: True if an API key is as good as a token.
        emulated: True if the header that names a client of Google's is as good as a token.

    Raises:
        CloudError: 400, 401, 403, 413, 415 or 431.
    """
    hosts = count = 0
    size = len(target)
    token = key = False
    for name, value in headers:
        count += 1
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
            if not is_google:
                _check_host(value)
        elif name == b"origin":
            _check_origin(value)
        elif name == b"authorization":
            token = value[:7].lower() == _BEARER and bool(value[7:].strip())
        elif name == b"x-goog-api-key":
            key = bool(value.strip())
        elif name == b"x-goog-api-client" and emulated:
            token = token or bool(value.strip())  # no page can send it without asking first
        elif name == b"content-length":
            _check_length(value, max_body)
        elif name == b"content-encoding":
            _check_encoding(value)
    if count > _MAX_HEADERS or size > MAX_HEAD:
        raise CloudError("INVALID_ARGUMENT", "Your client issued a request that was too large.", code=431)
    if hosts != 1:
        raise CloudError("INVALID_ARGUMENT", f"A request has one Host header; this one has {hosts}.")
    if token:
        return
    query = {name.lstrip("$") for name, text in parse_qsl(target.partition("?")[2]) if text}
    if method in READS and query & {"access_token", "oauth_token"}:
        return  # a page can write these, and so they change nothing
    key = key or "key" in query
    if not (key and takes_keys):
        raise _unknown_caller(host, key=key, takes_keys=takes_keys)


def check_page(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse a request to a page, which need not have a token, for another host or of another machine's web page.

    Raises:
        CloudError: 400 or 403.
    """
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
            _check_host(value)
        elif name == b"origin":
            _check_origin(value)
    if hosts != 1:
        raise CloudError("INVALID_ARGUMENT", f"A request has one Host header; this one has {hosts}.")


def too_large(max_body: int) -> CloudError:
    """413 for a body above the limit, of which no more is read."""
    return CloudError(
        "INVALID_ARGUMENT", f"Request payload size exceeds the limit: {max_body} bytes.", code=413
    )


async def read(receive: Receive, max_body: int) -> bytes | None:
    """The body, of which no more is read than it may have; None if the client has left.

    Raises:
        CloudError: 413.
    """
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
                raise too_large(max_body)
        if not event.get("more_body"):
            return b"".join(chunks) if len(chunks) != 1 else chunks[0]


def _check_host(value: bytes) -> None:
    if not _is_loopback(value):
        raise permission_denied(
            f"The local cloud answers to 127.0.0.1, localhost and [::1] only, not to the host {_shown(value)}."
        )


def _check_origin(value: bytes) -> None:
    scheme, separator, rest = value.partition(b"://")
    if not separator or scheme not in (b"http", b"https") or not _is_loopback(rest):
        raise permission_denied(
            f"The local cloud answers no web page of another machine; this request is of {_shown(value)}."
        )


def _check_length(value: bytes, max_body: int) -> None:
    if not value.isdigit():
        raise CloudError("INVALID_ARGUMENT", f"Content-Length is no number of bytes: {_shown(value)}.")
    if len(value) > 15 or int(value) > max_body:
        raise too_large(max_body)


def _check_encoding(value: bytes) -> None:
    if value.strip().lower() not in (b"", b"identity"):
        raise CloudError(
            "INVALID_ARGUMENT",
            f"The local cloud reads bodies without compression; this one has Content-Encoding: {_shown(value)}.",
            code=415,
        )


@lru_cache(maxsize=256)
def _is_loopback(authority: bytes) -> bool:
    """True for a loopback name or address, with or without a port."""
    try:
        parts = urlsplit(f"//{authority.decode('ascii')}")
        name, _ = parts.hostname or "", parts.port  # reading the port checks it
        whole = parts.netloc.rpartition("@")[2] == parts.netloc and not (
            parts.path or parts.query or parts.fragment
        )
        return whole and (name == "localhost" or ip_address(name).is_loopback)
    except ValueError:
        return False


def _unknown_caller(host: str, *, key: bool, takes_keys: bool) -> CloudError:
    if takes_keys:
        return permission_denied(
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
            "other form of API consumer identity to call this API."
        )
    message = (
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that "
        "assert a principal. See https://cloud.google.com/docs/authentication"
        if key
        else "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    about = {"service": host} if host else {}
    return CloudError(
        "UNAUTHENTICATED", message, [error_info("CREDENTIALS_MISSING", "googleapis.com", about)]
    )


def _shown(value: bytes) -> str:
    return ascii(value[:100].decode("latin-1"))
