"""Requests to which no answer comes, in the words of Go's net/http, which the official plugin shows."""

import errno
import ipaddress
import socket
import ssl
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from sandbox.standins.gcp_plugin.errors import UnansweredError


def unanswered(error: Exception, method: str, url: str, proxy: str | None) -> UnansweredError:
    """The error for what aiohttp has raised."""
    reason = _reason(error, url, proxy)
    lost = (
        isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError) or "read: " in reason
    )
    return UnansweredError(method, url, reason, lost=lost)


def proxy_for(url: str) -> str | None:
    """The proxy that Go's clients take from the environment: none for this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception, url: str, proxy: str | None) -> str:
    match error:
        case aiohttp.ClientHttpProxyError():
            return HTTPStatus(error.status).phrase
        case aiohttp.ClientProxyConnectionError():
            return f"proxyconnect tcp: {_dialled(error.os_error, proxy or url)}"
        case aiohttp.ClientConnectorDNSError():
            return _dialled(error.os_error, url)
        case aiohttp.ClientConnectorCertificateError():
            return f"tls: failed to verify certificate: x509: {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError():
            plain = any(
                word in str(error.os_error) for word in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
            )
            return (
                "http: server gave HTTP response to HTTPS client"
                if plain
                else "remote error: tls: handshake failure"
            )
        case aiohttp.ClientConnectorError():
            return _dialled(error.os_error, url)
        case aiohttp.ConnectionTimeoutError():
            return f"dial tcp {_at(url)}: i/o timeout"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.ClientPayloadError():
            return "unexpected EOF"
        case TimeoutError():
            return "net/http: timeout awaiting response headers"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return f'unsupported protocol scheme "{urlsplit(url).scheme}"'
        case _:
            return f"read tcp {_at(url)}: read: connection reset by peer"


def _dialled(error: OSError, url: str) -> str:
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {urlsplit(url).hostname}: no such host"
    words = {
        errno.ECONNREFUSED: "connection refused",
        errno.ECONNRESET: "connection reset by peer",
        errno.ENETUNREACH: "network is unreachable",
        errno.EHOSTUNREACH: "no route to host",
        errno.ETIMEDOUT: "connection timed out",
    }
    return f"dial tcp {_at(url)}: connect: {words.get(error.errno or 0, str(error).lower())}"


def _certificate(error: Exception) -> str:
    code = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else ""
    if "expired" in code or "not yet valid" in code:
        return "certificate has expired or is not yet valid"
    if "match" in code:
        return f"certificate is not valid for the host ({code})"
    return "certificate signed by unknown authority"


def _at(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
