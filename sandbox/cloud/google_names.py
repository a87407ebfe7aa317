"""A SOCKS proxy through which clients find the local cloud under Google's own names, and nothing beyond this machine.

gcloud has no setting for the address of some APIs (Budgets, Essential Contacts), and asks Google for a token's owner,
for updates and surveys. Through this proxy it asks the local cloud: `*.googleapis.com` is answered here, over TLS by a
certificate of the local cloud's own, other addresses of this machine are passed on, and all else is refused. SOCKS 5
(RFC 1928) without authentication: it opens what any program on this machine can open anyway.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any, Final

from sandbox.cloud.core.store import Store

DOMAIN: Final = ".googleapis.com"
_HANDSHAKE_S: Final = 10.0
_TLS_PORT: Final = 443
_CHUNK: Final = 64 * 1024
_VERSION: Final = 5
_SUCCEEDED, _NOT_ALLOWED, _REFUSED = 0, 2, 5
_IPV4, _NAME, _IPV6 = 1, 3, 4


class GoogleNames:
    """The proxy on a bound socket; `protocol` makes what serves a connection to Google's names."""

    def __init__(self, store: Store, bound: socket, protocol: Callable[[], Any]) -> None:
        self._store = store
        self._socket = bound
        self._protocol = protocol
        self._context: ssl.SSLContext | None = None

    async def serve(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connected, sock=self._socket)
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken_over = False
        # What a client that leaves or says nonsense raises is its own affair.
        with suppress(OSError, EOFError, TimeoutError, struct.error, ValueError):
            async with asyncio.timeout(_HANDSHAKE_S):
                host, port = await _asked(reader, writer)
            if port == _TLS_PORT and host.endswith(DOMAIN):
                _reply(writer, _SUCCEEDED)
                await self._secure(writer)
                taken_over = True
            elif _is_here(host):
                await _pass_on(reader, writer, host, port)
            else:
                _reply(writer, _NOT_ALLOWED)
                await writer.drain()
        if not taken_over:
            writer.close()

    async def _secure(self, writer: asyncio.StreamWriter) -> None:
        """Speak TLS, and then HTTP, on the connection; nothing may be awaited before TLS has taken it over."""
        protocol = self._protocol()
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(writer.transport, protocol, self._tls(), server_side=True)
        protocol.connection_made(transport)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            # Not at the top: the package behind it takes a while, and few need it.
            from sandbox.cloud import google_names_certificate

            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with self._store.transaction():
                pem = google_names_certificate.with_key(self._store)
            with TemporaryDirectory() as folder:  # ssl reads files only
                file = Path(folder, "pem")
                file.write_text(pem, encoding="ascii")
                self._context.load_cert_chain(file)
        return self._context


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The address that a client asks for."""
    version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    if version != _VERSION:
        raise ValueError(version)
    writer.write(bytes([_VERSION, 0]))
    _, command, _, kind = await reader.readexactly(4)
    if kind == _NAME:
        [size] = await reader.readexactly(1)
        host = (await reader.readexactly(size)).decode("ascii")
    elif kind in (_IPV4, _IPV6):
        host = str(ip_address(await reader.readexactly(4 if kind == _IPV4 else 16)))
    else:
        raise ValueError(kind)
    [port] = struct.unpack(">H", await reader.readexactly(2))
    if command != 1:  # CONNECT
        raise ValueError(command)
    return host.lower(), port


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _reply(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes([_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0]))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    try:
        there, back = await asyncio.open_connection(host, port)
    except OSError:
        _reply(writer, _REFUSED)
        return
    _reply(writer, _SUCCEEDED)
    await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    finally:
        target.close()
