"""Sockets, process life and the ready file of the local Google Cloud."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from sandbox.cloud import admin
from sandbox.cloud.assembled import assemble
from sandbox.cloud.cloudfunctions import control
from sandbox.cloud.cloudfunctions.gateway import Gateway, Uploads
from sandbox.cloud.cloudfunctions.processes.supervisor import Supervisor
from sandbox.cloud.cloudfunctions.sources import UPLOADS
from sandbox.cloud.core.secrets import blanked
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import real_now
from sandbox.cloud.google_names import GoogleNames
from sandbox.cloud.grpc_front.door import Door
from sandbox.cloud.iam import certificates
from sandbox.cloud.protocol import Protocol
from sandbox.cloud.reach import FUNCTIONS
from sandbox.cloud.serviceusage.write_quotas import WriteQuotas

if TYPE_CHECKING:  # see sandbox.cloud.core.faults
    from sandbox.cloud.core.fault_fields import Fault
    from sandbox.cloud.core.time_fields import Time

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """A port that the local cloud needs is in use."""


class _Log(logging.Formatter):
    """Blanks credentials: a traceback quotes what a client has sent."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(blanked, super().format(record).split("\n")))


class _Server(uvicorn.Server):
    """Writes the ready file once it serves, and leaves quietly, with status 0, on SIGINT and SIGTERM."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready_file: Path,
        ready: Mapping[str, object],
        background: Sequence[Callable[[], Coroutine[Any, Any, None]]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._background = background
        self._close = close
        self._running: list[asyncio.Task[None]] = []
        self._ready_file = ready_file
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._running = [asyncio.create_task(run()) for run in self._background]
        # Written beside and renamed, so that a reader never sees half of it.
        draft = self._ready_file.with_name(f"{self._ready_file.name}.{os.getpid()}")
        draft.write_text(json.dumps(self._ready) + "\n", encoding="utf-8")
        draft.replace(self._ready_file)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again once it has shut down, which would end the process by the signal.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, setattr, self, "should_exit", True)
        yield


def serve(
    services: Sequence[Service],
    behind: Sequence[Service],
    database: Path,
    ready_file: Path,
    port: int,
    *,
    latency: float,
    write_quotas: bool,
    faults: "list[Fault]",
    times: "list[Time]",
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        services: what to serve, in the order of their ports.
        behind: what works behind them, without an API.
        database: the state's file, made and seeded if it is not there.
        ready_file: written when the first request can come: `{"pid", "port", "services": {name: port}, "grpc",
            "proxy"}`.
        port: the main port; the services' own follow it. 0 takes free ones.
        latency: how long every call waits, in seconds.
        write_quotas: enforce Google's quotas on writes.
        faults: what calls meet from the start.
        times: how long things take from the start.

    Raises:
        PortTakenError: a port is in use.
        StoreUnusableError: the database is in use, or not one of this version.
    """
    log = logging.StreamHandler()
    log.setFormatter(_Log("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[log], level=logging.WARNING)
    names = [service.name for service in services]
    *sockets, grpc_socket, proxy_socket = _listen(port, [*names, "gRPC", "Google's names"])
    ports = [bound.getsockname()[1] for bound in sockets]
    store = Store(database)
    store.address = f"http://{HOST}:{ports[0]}"
    try:
        made = assemble(services, behind, store, partial(_first_world, services))
        made.faults.replace(faults)
        made.timings.replace(times)
        application, timeline = made.application, made.timeline
        ready = {
            "pid": os.getpid(),
            "port": ports[0],
            "services": dict(zip(names, ports[1:], strict=True)),
            "grpc": grpc_socket.getsockname()[1],
            "proxy": proxy_socket.getsockname()[1],
        }
        door = Door(application, store, timeline.now, grpc_socket, ports[0])
        supervisor = Supervisor(store, timeline.now, ready)
        store.functions_changed = supervisor.changed
        application.admin = admin.create(
            application, store, made.journal, made.faults, control.routes(store, supervisor)
        )
        application.pages = {
            certificates.PATH: certificates.create(store),
            FUNCTIONS.strip("/"): Gateway(store, supervisor, timeline.now),
            UPLOADS.strip("/"): Uploads(store),
        }
        application.ports = dict(zip(ports[1:], names, strict=True))
        application.latency = latency
        application.write_quotas = WriteQuotas({}) if write_quotas else None
        config = uvicorn.Config(
            application,
            http=Protocol,
            loop="uvloop",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        background = [timeline.flow, supervisor.run, door.serve]
        server = _Server(config, ready_file, ready, background, supervisor.close)
        protocol = partial(Protocol, config=config, server_state=server.server_state, app_state={})
        background.append(GoogleNames(store, proxy_socket, protocol).serve)
        server.run(sockets)
        ready_file.unlink(missing_ok=True)
    finally:
        store.close()


def _first_world(services: Sequence[Service], store: Store) -> None:
    now = real_now()
    for service in services:
        if service.seed is not None:
            service.seed(store, now)


def _listen(port: int, names: Sequence[str]) -> list[socket.socket]:
    """The main port's socket, then one for each of the others."""
    sockets: list[socket.socket] = []
    for index, purpose in enumerate(["all services", *names]):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sockets.append(bound)
        wanted = port + index if port else 0
        try:
            bound.bind((HOST, wanted))
            bound.listen(2048)
        except OSError as error:
            for opened in sockets:
                opened.close()
            raise PortTakenError(
                f"port {wanted} (for {purpose}) cannot be used: {error.strerror}. "
                "Choose another with --port, or --port 0 for free ones."
            ) from None
    return sockets
