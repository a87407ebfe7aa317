"""Sessions to Google: connections that fail soon, no proxy for this machine, and errors with the cause."""

import socket
import time
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, TransportError
from google.auth.transport.requests import AuthorizedSession, Request
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from landing_zone.google.connection import failure_of, is_loopback
from landing_zone.google.errors import NoAnswerError

CONNECT_S: Final = 4.0
"""Time-out for a connection, TLS handshake included: a slower one is dropped by a firewall."""
_ADDRESS_S: Final = 1.0
"""Time-out for one address of a name that has several."""
_TOKEN_S: Final = (CONNECT_S, 8.0)
"""Time-outs for the connection and for the answer."""
_PING_S: Final = (1.5, 1.5)
_CONNECTIONS: Final = 64


class _Plain(HTTPConnection):
    """Applies the time-out to all addresses of a name together. urllib3 applies it to each, and Google's names have
    many: behind a firewall that drops packets, a connection would take a minute to fail.
    """

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        deadline = time.monotonic() + (self.timeout or CONNECT_S)
        last: OSError = TimeoutError("timed out")
        for tried, (family, kind, protocol, _, address) in enumerate(found):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            opened = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    opened.setsockopt(*option)
                opened.settimeout(min(left, max(_ADDRESS_S, left / (len(found) - tried))))
                opened.connect(address)
            except OSError as error:
                opened.close()
                last = error
            else:
                opened.settimeout(self.timeout)
                return opened
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, f"no connection to {self.host}") from last
        raise NewConnectionError(self, f"no connection: {last}") from last


class _Secure(_Plain, HTTPSConnection):
    """`_Plain` with TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """Uses the connection classes above, and no proxy to this machine, as Go's clients do."""

    def __init__(self) -> None:
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Use the connection classes above."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """Use them through a proxy too."""
        manager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager

    def send(  # type: ignore[override]  # all but the request are named
        self, request: requests.PreparedRequest, **arguments: Any
    ) -> requests.Response:
        """Send."""
        if is_loopback(urlsplit(request.url or "").hostname or ""):
            arguments["proxies"] = {}
        return super().send(request, **arguments)


class _TokenRequest(Request):
    """Token requests of google-auth, without its retries if the server does not answer."""

    def __call__(self, url: str, *arguments: Any, **named: Any) -> Any:
        named["timeout"] = _TOKEN_S
        try:
            return super().__call__(url, *arguments, **named)  # type: ignore[no-untyped-call]  # untyped in google-auth
        except TransportError as error:
            raise no_answer(error, url, sent=False) from None


class Probe(Request):
    """Search of google-auth for default credentials: asks the metadata server twice, with short time-outs, as most
    callers are not on a Google machine.
    """

    def __init__(self) -> None:
        super().__init__(session())
        self._failed = 0

    def __call__(self, url: str, *arguments: Any, **named: Any) -> Any:
        is_sign = "metadata-flavor" in (named.get("headers") or {})
        named["timeout"] = _PING_S if is_sign else _TOKEN_S
        try:
            return super().__call__(url, *arguments, **named)  # type: ignore[no-untyped-call]  # untyped in google-auth
        except TransportError as error:
            if not is_sign:
                raise no_answer(error, url, sent=False) from None
            self._failed += 1
            if self._failed < 2:
                raise
            raise DefaultCredentialsError(  # type: ignore[no-untyped-call]  # untyped in google-auth
                "nobody is logged in, and this is not a Google Cloud machine"
            ) from None


def session() -> requests.Session:
    """A session without credentials."""
    opened = requests.Session()
    _mount(opened)
    return opened


def authorized(credentials: Credentials) -> AuthorizedSession:
    """A session that sends the credentials; token requests have the same time-outs as calls."""
    tokens = _TokenRequest(session())
    opened = AuthorizedSession(credentials, auth_request=tokens)  # type: ignore[no-untyped-call]  # untyped in google-auth
    _mount(opened)
    return opened


def no_answer(error: Exception, url: str, *, sent: bool = True) -> NoAnswerError:
    """The NoAnswerError for a failed call to `url`."""
    proxy = None
    with suppress(ValueError):  # a malformed address has no proxy
        if not is_loopback(urlsplit(url).hostname or ""):
            proxy = select_proxy(url, get_environ_proxies(url))
    return NoAnswerError(failure_of(error, url, proxy), sent=sent)


def _mount(opened: requests.Session) -> None:
    adapter = _Adapter()
    for scheme in ("https://", "http://"):
        opened.mount(scheme, adapter)
