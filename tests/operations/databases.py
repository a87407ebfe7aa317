"""A real PostgreSQL of a test's own, where the server is installed."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PROGRAMS = ("initdb", "pg_ctl")


@contextmanager
def postgres_url(folder: Path, backend: str) -> Iterator[str | None]:
    """The URL of a new database for Pulumi's state; None for the file backend. Skips without a server."""
    if backend == "file":
        yield None
        return
    found = {name: _installed(name) for name in _PROGRAMS}
    if not all(found.values()):
        pytest.skip("PostgreSQL's server is not installed")
    folder.mkdir(parents=True)
    user: dict[str, str] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
        user = {"user": "nobody", "group": str(nobody.pw_gid)}
    data, port = folder / "data", _free_port()

    def run(name: str, *arguments: str) -> None:
        subprocess.run(
            [str(found[name]), "-D", str(data), *arguments],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user.get("user"),
            group=int(user["group"]) if user else None,
        )

    run("initdb", "--auth=trust", "--username=pulumi")
    run(
        "pg_ctl",
        "-w",
        "-l",
        str(folder / "log"),
        "-o",
        f"-p {port} -k '' -c listen_addresses=127.0.0.1",
        "start",
    )
    try:
        yield f"postgres://pulumi@127.0.0.1:{port}/postgres?sslmode=disable"
    finally:
        # On a busy machine, connections may take long to end: it waits for them as long as it takes.
        run("pg_ctl", "-m", "immediate", "-t", "600", "stop")


def _installed(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
