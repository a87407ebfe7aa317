"""Calls that got no answer: the cause, the address and the remedy.

The cause is read from the exception of a Python client, or from the output of a plugin written in Go.
Go's texts: net.OpError, net/http.Transport and crypto/tls of Go 1.25.
"""

import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit


class Cause(Enum):
    """The cause of a missing answer."""

    REFUSED = "refused"
    RESET = "reset"
    NAME = "name"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect timeout"
    NO_ANSWER = "no answer"
    TLS = "tls"
    PLAIN_HTTP = "plain http"
    PROXY = "proxy"
    ADDRESS = "address"
    UNENCRYPTED = "unencrypted"
    OTHER = "other"


#: Nothing of the call was sent, so that any method may be retried.
UNSENT: Final = frozenset(
    {
        Cause.REFUSED,
        Cause.NAME,
        Cause.UNREACHABLE,
        Cause.CONNECT_TIMEOUT,
        Cause.TLS,
        Cause.PLAIN_HTTP,
        Cause.PROXY,
        Cause.ADDRESS,
        Cause.UNENCRYPTED,
    }
)

_OVERRIDE: Final = "the endpoint override in GOOGLE_*_CUSTOM_ENDPOINT or gcp:*CustomEndpoint, if there is one"
_SANDBOX: Final = "start it with `make up`, or unset the variables of `make env` to reach Google"
_METADATA: Final = ("metadata.google.internal", "169.254.169.254")


@dataclass(frozen=True)
class Failure:
    """A call that got no answer."""

    cause: Cause
    where: str
    """`host:port` of the server, or of the proxy if that failed; empty if unknown."""
    why: str = ""
    """The library's short text about a certificate, a proxy, or a cause not listed above."""
    proxy: str = ""
    """`host:port` of the proxy in between, if there is one."""

    @property
    def sentence(self) -> str:
        """A sentence about the failure, without a full stop."""
        at, why = self.where or "the address", f": {self.why}" if self.why else ""
        at += f" (through the proxy {self.proxy})" if self.proxy else ""
        return {
            Cause.REFUSED: f"nothing listens at {at} (connection refused)",
            Cause.RESET: f"{at} closed the connection before it answered",
            Cause.NAME: f"the name of {at} cannot be resolved",
            Cause.UNREACHABLE: f"there is no route to {at}",
            Cause.CONNECT_TIMEOUT: f"no connection to {at} in time",
            Cause.NO_ANSWER: f"{at} accepted the connection and did not answer in time",
            Cause.TLS: f"no secure connection to {at}{why}",
            Cause.PLAIN_HTTP: f"{at} speaks plain HTTP, and was called with https",
            Cause.PROXY: f"the proxy {self.where or 'that is configured'} gives no connection{why}",
            Cause.ADDRESS: f"{self.why or at} is not the address of a service",
            Cause.UNENCRYPTED: f"{at} would get the credentials over http, for everybody on the way to read",
            Cause.OTHER: f"no usable answer from {at}{why}",
        }[self.cause]

    @property
    def advice(self) -> str:
        """The remedy."""
        host = self.where.rpartition(":")[0].strip("[]")
        if self.cause is Cause.PROXY:
            return "check HTTPS_PROXY and HTTP_PROXY; NO_PROXY names the hosts to reach without it"
        if self.cause is Cause.ADDRESS:
            return "write the endpoint override with http:// or https://, such as http://127.0.0.1:8080/v1/"
        if self.cause is Cause.UNENCRYPTED:
            return (
                "write https:// in the endpoint override; http:// is for 127.0.0.1, [::1] and localhost alone"
            )
        if self.cause is Cause.PLAIN_HTTP:
            return f"write http://{self.where}/ in the endpoint override"
        if self.cause is Cause.TLS:
            return (
                "if a proxy inspects TLS, name its CA in REQUESTS_CA_BUNDLE and SSL_CERT_FILE; check the clock, and "
                f"{_OVERRIDE}"
            )
        if host in _METADATA:
            return "log in (gcloud auth application-default login): Google's metadata server gives no credentials here"
        if is_loopback(host):
            return {
                Cause.REFUSED: f"the local cloud is not running: {_SANDBOX}",
                Cause.RESET: f"the local cloud may be ending, or something else listens there: {_SANDBOX}",
            }.get(self.cause, f"the local cloud may hang, or something else listens there: {_SANDBOX}")
        if self.cause is Cause.RESET:
            return "run it again; if it comes back, a firewall or proxy on the way closes the connection"
        if self.cause is Cause.NO_ANSWER:
            return f"run it again; if it comes back, check the proxy (HTTPS_PROXY) and {_OVERRIDE}"
        if self.cause is Cause.NAME:
            return f"check the network (DNS, VPN), and {_OVERRIDE}"
        return f"check the network, the firewall, the proxy (HTTPS_PROXY), and {_OVERRIDE}"


def is_loopback(host: str) -> bool:
    """True if a host's name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_unencrypted(url: str) -> bool:
    """True if calls to a URL would leave this machine in plain text, or may: programs read odd URLs differently."""
    if not url.strip().lower().startswith("http:"):
        return False
    try:
        host = urlsplit(url).hostname or ""
        local = is_loopback(host) and not host.endswith(".localhost")
    except ValueError:
        return True
    return not local or "@" in url or "\\" in url


def address_of(url: str) -> str:
    """`host:port` of a URL, without user, path and query, which may hold secrets."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port or (80 if parts.scheme == 'http' else 443)}"


# Exceptions of requests, urllib3, httpx, google-auth and aiohttp, by the names of their classes: no client is loaded
# here. What a proxy fails with wraps the others, and time-outs are wrapped in what may be read as a lost connection.
_BY_NAME: Final = (
    (Cause.PROXY, {"ProxyError", "ClientProxyConnectionError", "ClientHttpProxyError"}),
    (Cause.NAME, {"NameResolutionError", "ClientConnectorDNSError"}),
    (Cause.CONNECT_TIMEOUT, {"ConnectTimeout", "ConnectTimeoutError", "ConnectionTimeoutError"}),
    (Cause.NO_ANSWER, {"ReadTimeout", "ReadTimeoutError", "SocketTimeoutError", "ServerTimeoutError"}),
    (
        Cause.ADDRESS,
        {"MissingSchema", "InvalidSchema", "InvalidURL", "LocationParseError", "UnsupportedProtocol"},
    ),
    (
        Cause.RESET,
        {
            "RemoteDisconnected",
            "ProtocolError",
            "ChunkedEncodingError",
            "RemoteProtocolError",
            "ServerDisconnectedError",
            "ReadError",
            "WriteError",
            "ClientPayloadError",
        },
    ),
)
_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN})
_PLAIN: Final = re.compile(
    r"WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE", re.IGNORECASE
)


def failure_of(error: BaseException, url: str, proxy: str | None = None) -> Failure:
    """The failure of a Python client's call to `url`. `proxy`: the address of the proxy on the way."""
    chain = list(_chain(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    cause = next((cause for cause, known in _BY_NAME[:1] if names & known), None)
    if cause is Cause.PROXY:
        return Failure(cause, address_of(proxy or ""), _proxy_reason(chain))
    for each in chain:
        if isinstance(each, ssl.SSLError) and not isinstance(each, TimeoutError):
            if _PLAIN.search(str(each.reason or each)):
                return Failure(Cause.PLAIN_HTTP, address_of(url))
            return Failure(Cause.TLS, address_of(url), _tls_reason(each), address_of(proxy or ""))
    # A connection that fails for another cause may be reported as a time-out as well: the other cause counts.
    cause = _of_system(chain) or next((cause for cause, known in _BY_NAME[1:] if names & known), None)
    if cause is None and any(isinstance(each, TimeoutError) for each in chain):
        cause = Cause.NO_ANSWER
    if cause is Cause.ADDRESS:
        return Failure(cause, address_of(url), repr(url.partition("?")[0]))
    if proxy and cause in UNSENT:
        # The client had called the proxy.
        return Failure(Cause.PROXY, address_of(proxy), _proxy_reason(chain))
    why = "" if cause else type(error).__name__
    return Failure(cause or Cause.OTHER, address_of(url), why, address_of(proxy or ""))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all exceptions behind it: as a cause, an argument or a `reason`."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        inner = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        waiting += [one for one in inner if isinstance(one, BaseException)]


def _of_system(chain: list[BaseException]) -> Cause | None:
    for each in chain:
        if isinstance(each, socket.gaierror):
            return Cause.NAME
        if isinstance(each, ConnectionRefusedError):
            return Cause.REFUSED
        if isinstance(each, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
            return Cause.RESET
        if isinstance(each, OSError) and each.errno in _UNREACHABLE:
            return Cause.UNREACHABLE
        if isinstance(each, TimeoutError) and each.errno == errno.ETIMEDOUT:
            return Cause.CONNECT_TIMEOUT
    return None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    return (error.reason or "the handshake failed").lower().replace("_", " ")


def _proxy_reason(chain: list[BaseException]) -> str:
    texts = (str(each) for each in chain)
    refusal = next(
        filter(None, (re.search(r"Tunnel connection failed: (\d+[\w ]*)", text) for text in texts)), None
    )
    if refusal:
        return f"it answers {refusal[1]}"
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    cause = _of_system(chain) or next((cause for cause, known in _BY_NAME[1:] if names & known), None)
    return _OF_PROXY.get(cause, "") if cause else ""


_OF_PROXY: Final = {
    Cause.REFUSED: "nothing listens there",
    Cause.NAME: "its name cannot be resolved",
    Cause.RESET: "it closed the connection",
    Cause.UNREACHABLE: "there is no route to it",
    Cause.CONNECT_TIMEOUT: "it does not answer in time",
    Cause.NO_ANSWER: "it does not answer in time",
}


# net/http's url.Error: a method, the address, and then the reason.
_CALL: Final = re.compile(
    r'\b(?:Get|Post|Put|Patch|Delete|Head) \\?"(?P<url>[a-z]+://[^"\\]+)\\?": (?P<reason>[^\n]+)'
)
_DIAL: Final = re.compile(
    r"\b(?:dial|read|write) (?:tcp|udp)[46]?"
    r"(?:: lookup (?P<name>[^\s:]+)| (?:\S+->)?(?P<at>\[[^\]]+\]:\d+|[^\s:]+:\d+))"
)
#: Answers of a proxy to CONNECT; Go prints only their text.
_PHRASES: Final = {status.phrase: f"{status.value} {status.phrase}" for status in HTTPStatus}
_GO: Final = tuple(
    (cause, re.compile(pattern, re.IGNORECASE))
    for cause, pattern in (
        (Cause.NAME, r"no such host|\blookup \S+|server misbehaving|failure in name resolution"),
        (
            Cause.PLAIN_HTTP,
            r"server gave HTTP response to HTTPS client|first record does not look like a TLS",
        ),
        (Cause.CONNECT_TIMEOUT, r"\bdial (?:tcp|udp)\S* .*(?:i/o timeout|deadline exceeded|timed out)"),
        (
            Cause.NO_ANSWER,
            r"i/o timeout|context deadline exceeded|Client\.Timeout|handshake timeout|awaiting (?:response )?headers",
        ),
        (Cause.TLS, r"\bx509: |\btls: |remote error: tls"),
        (Cause.REFUSED, r"connection refused|actively refused"),
        (Cause.UNREACHABLE, r"network is unreachable|no route to host|host is down"),
        (
            Cause.RESET,
            r"connection reset|broken pipe|\bEOF\b|server closed (?:idle )?connection|client connection lost|GOAWAY"
            r"|forcibly closed|connection closed",
        ),
        (Cause.ADDRESS, r"unsupported protocol scheme|no Host in request URL|missing port in address"),
    )
)


def failure_in(text: str) -> Failure | None:
    """The failure in the output of a plugin written in Go; None if the text is about something else."""
    call = _CALL.search(text)
    dial = _DIAL.search(text)
    if not call and not dial:
        return None
    reason = call["reason"] if call else text[dial.start() :].partition("\n")[0] if dial else ""
    where = address_of(call["url"]) if call else (dial["at"] or dial["name"]) if dial else ""
    cause = next((cause for cause, pattern in _GO if pattern.search(reason)), None)
    if "proxyconnect tcp: " in reason:
        at = _DIAL.search(reason)
        return Failure(Cause.PROXY, at["at"] or "" if at else "", _OF_PROXY.get(cause, "") if cause else "")
    if answer := _PHRASES.get(reason.strip()):
        return Failure(Cause.PROXY, "", f"it answers {answer}")
    if cause is None:
        return None
    why = re.split(r"\b(?:tls|x509): ", reason)[-1] if cause is Cause.TLS else ""
    why = repr(call["url"].partition("?")[0]) if call and cause is Cause.ADDRESS else why
    return Failure(cause, where, why)
