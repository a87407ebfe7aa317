"""The port of gRPC. The server behind it is started by the first caller: its packages cost a second to import."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

from starlette.types import ASGIApp

from sandbox.cloud.core.store import Store


class Door:
    """Listens on a socket, and passes on what comes to the server of gRPC, in the same process."""

    def __init__(
        self,
        application: ASGIApp,
        store: Store,
        now: Callable[[], datetime],
        listening: socket.socket,
        port: int,
    ) -> None:
        """`port` is the application's main port."""
        self._application = application
        self._store = store
        self._now = now
        self._socket = listening
        self._main_port = port
        self._starting = asyncio.Lock()
        self._server: Any = None
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self) -> None:
        """Serve until cancelled."""
        listener = await asyncio.start_server(self._enter, sock=self._socket)
        try:
            async with listener:
                await listener.serve_forever()
        finally:
            if self._server is not None:
                await self._server.stop(None)
            for writer in self._open:
                writer.transport.abort()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(
                self._socket.getsockname()[0], await self._started()
            )
            await asyncio.gather(_passed(reader, inner_writer), _passed(inner_reader, writer))
        finally:
            self._open.discard(writer)
            writer.close()

    async def _started(self) -> int:
        async with self._starting:
            if self._server is None:
                # It takes long, and others are served meanwhile.
                await asyncio.to_thread(import_module, "sandbox.cloud.grpc_front.server")
                from sandbox.cloud.grpc_front import server
                from sandbox.cloud.grpc_front.inside import Inside

                host = self._socket.getsockname()[0]
                inside = Inside(self._application, host, self._main_port)
                self._server, self._port = await server.start(host, inside, self._store, self._now)
            return self._port


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
