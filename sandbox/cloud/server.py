"""Sockets, process life and the ready file of the local Google Cloud."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvicorn

from sandbox.cloud import admin
from sandbox.cloud.app import Application
from sandbox.cloud.core.faults import Faults
from sandbox.cloud.core.journal import Journal
from sandbox.cloud.core.secrets import blanked
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.protocol import Protocol
from sandbox.cloud.serviceusage.write_quotas import WriteQuotas

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """A port that the local cloud needs is in use."""


class _Log(logging.Formatter):
    """Blanks credentials: a traceback quotes what a client has sent."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(blanked, super().format(record).split("\n")))


class _Server(uvicorn.Server):
    """Writes the ready file once it serves, and leaves quietly, with status 0, on SIGINT and SIGTERM."""

    def __init__(self, config: uvicorn.Config, ready_file: Path, ready: dict[str, object]) -> None:
        super().__init__(config)
        self._ready_file = ready_file
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Written beside and renamed, so that a reader never sees half of it.
        draft = self._ready_file.with_name(f"{self._ready_file.name}.{os.getpid()}")
        draft.write_text(json.dumps(self._ready) + "\n", encoding="utf-8")
        draft.replace(self._ready_file)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again once it has shut down, which would end the process by the signal.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, setattr, self, "should_exit", True)
        yield


def serve(
    services: Sequence[Service],
    database: Path,
    ready_file: Path,
    port: int,
    *,
    latency: float,
    write_quotas: bool,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        services: what to serve, in the order of their ports.
        database: the state's file, made and seeded if it is not there.
        ready_file: written when the first request can come: `{"pid", "port", "services": {name: port}}`.
        port: the main port; the services' own follow it. 0 takes free ones.
        latency: how long every call waits, in seconds.
        write_quotas: enforce Google's quotas on writes.

    Raises:
        PortTakenError: a port is in use.
        StoreUnusableError: the database is in use, or not one of this version.
    """
    log = logging.StreamHandler()
    log.setFormatter(_Log("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[log], level=logging.WARNING)
    names = [service.name for service in services]
    sockets = _listen(port, names)
    ports = [bound.getsockname()[1] for bound in sockets]
    store = Store(database)
    try:
        store.on_project_created = [hook for service in services if (hook := service.on_project_created)]
        store.on_project_deleted = [hook for service in services if (hook := service.on_project_deleted)]
        store.prepare([service.schema for service in services], partial(_first_world, services))
        journal, faults = Journal(), Faults()
        application = Application(services, store, journal, faults)
        application.admin = admin.create(application, store, journal, faults)
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
        ready = {"pid": os.getpid(), "port": ports[0], "services": dict(zip(names, ports[1:], strict=True))}
        _Server(config, ready_file, ready).run(sockets)
        ready_file.unlink(missing_ok=True)
    finally:
        store.close()


def _first_world(services: Sequence[Service], store: Store) -> None:
    now = datetime.now(UTC)
    for service in services:
        if service.seed is not None:
            service.seed(store, now)


def _listen(port: int, names: Sequence[str]) -> list[socket.socket]:
    """The main port's socket, then one for each service."""
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
