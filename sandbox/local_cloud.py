"""The local cloud as a background process: start it, find it again, stop it."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sandbox.cloud.endpoints import ACCESS_TOKEN
from sandbox.errors import SandboxError
from sandbox.files import private_folder
from sandbox.layout import ROOT, Layout
from sandbox.steps import TAIL_LINES, say, step

FIRST_PORT = 8440
PORTS = 32
"""Number of consecutive ports of one cloud: the main port, one per service, gRPC and the proxy; some are to spare."""
HOST = "127.0.0.1"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
CALL_TIMEOUT_S = 10
POLL_S = 0.05
_STALE = "another version of the local cloud"

Ready = dict[str, Any]
"""The ready file: `{"pid": …, "port": …, "services": {name: port}}`."""


def running(layout: Layout) -> Ready | None:
    """The local cloud's ready file, if the process that wrote it still answers."""
    ready = _recorded(layout)
    if ready is None:
        return None
    try:
        os.kill(ready["pid"], 0)
        json.loads(call(ready, "GET", f"/_local/requests?after={sys.maxsize}"))["requests"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None
    return ready


def start(layout: Layout) -> Ready:
    """Make sure that the local cloud runs, on the ports and with the state it had; return its ready file."""
    with step("Start the local cloud") as current:
        ready = running(layout)
        current.outcome = "runs already"
        if ready is None:
            before = _recorded(layout)
            wanted = before["port"] if before else FIRST_PORT
            port = free_ports(wanted)
            if port != wanted:
                say(
                    f"  Port {wanted} or one after it is in use by another program: using {port} and those after it."
                )
            ready = launch(layout, ["--port", str(port)])
            current.outcome = ""
        current.outcome += (
            f"{', ' if current.outcome else ''}http://{HOST}:{ready['port']}, pid {ready['pid']}"
        )
    return ready


def launch(layout: Layout, options: list[str]) -> Ready:
    """Run `python -m sandbox.cloud` with `options` in the background; return its ready file once it serves."""
    private_folder(layout.state)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "sandbox.cloud",
        "--db",
        layout.database,
        "--ready-file",
        layout.ready_file,
    ]
    with os.fdopen(os.open(layout.cloud_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        os.fchmod(log.fileno(), 0o600)
        begin = log.tell()
        process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=0o077,
            start_new_session=True,  # it outlives this command, and the terminal's Ctrl-C
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        ready = _recorded(layout)
        if ready and ready["pid"] == process.pid:
            return ready
        if process.poll() is not None:
            said = _log_since(layout.cloud_log, begin)
            # Pulumi's state of the cloud's resources is in the same folder.
            advice = (
                f"\nRemove the whole of {layout.state}, and run the command again." if _STALE in said else ""
            )
            raise SandboxError(f"The local cloud ended at once. {said}{advice}")
        time.sleep(POLL_S)
    process.kill()
    raise SandboxError(f"The local cloud did not start in time. {_log_since(layout.cloud_log, begin)}")


def call(
    ready: Ready, method: str, path: str, body: Any = None, *, timeout_s: float | None = CALL_TIMEOUT_S
) -> str:
    """Ask the local cloud at its main port; returns the body of the answer, whatever its status."""
    connection = http.client.HTTPConnection(HOST, ready["port"], timeout=timeout_s)
    try:
        headers = {"Authorization": f"Bearer {ACCESS_TOKEN}", "Content-Type": "application/json"}
        content = json.dumps(body) if body is not None else None
        connection.request(method, path, body=content, headers=headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def forget_deleted_projects(ready: Ready) -> None:
    """Free the ids of deleted projects, which Google never does, so that the stack can create its projects again."""
    forgotten = json.loads(call(ready, "DELETE", "/_local/deletedProjects"))["forgotten"]
    if forgotten:
        say(f"  Deleted projects are forgotten, so that their ids are free again: {', '.join(forgotten)}")


def stop(layout: Layout) -> None:
    """Stop the local cloud if it runs; its database stays."""
    with step("Stop the local cloud") as current:
        ready = running(layout)
        if ready is None:
            current.outcome = "was not running"
            return
        os.kill(ready["pid"], signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _exists(ready["pid"]):
            if time.monotonic() > deadline:
                os.kill(ready["pid"], signal.SIGKILL)
            time.sleep(POLL_S)


def _recorded(layout: Layout) -> Ready | None:
    if not layout.ready_file.exists():
        return None
    with contextlib.suppress(FileNotFoundError):  # it goes away as the cloud ends
        ready: Ready = json.loads(layout.ready_file.read_text())
        return ready
    return None


def _exists(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # not a child of this process: nothing to collect
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_ports(wanted: int) -> int:
    """`wanted` if it and the ports after it are free, otherwise the next run of ports that are."""
    for first in range(wanted, 65536 - PORTS, PORTS):
        if all(_is_free(port) for port in range(first, first + PORTS)):
            return first
    raise SandboxError(f"There are no {PORTS} free ports in a row after {wanted}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _log_since(log: Path, begin: int) -> str:
    with log.open("rb") as stream:
        stream.seek(begin)
        lines = stream.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join([f"Its log ({log}):", *(f"  {line}" for line in lines)])
