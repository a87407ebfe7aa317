"""A pytest plugin: a local Google Cloud for the tests of any project.

`pytest --local-gcloud` starts one for the session and points Google's tools and clients in the tests' processes at it.
The fixture `local_gcloud` is that cloud, with a first world in it, whatever the test before has left behind.
"""

import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from sandbox.cloud.endpoints import ACCESS_TOKEN

if TYPE_CHECKING:
    from sandbox.local_cloud import Ready

_TIMEOUT_S: Final = 60.0


class Clock:
    """The cloud's clock. Held, it moves only when it is moved: hours of lags and delays pass in a moment."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    @property
    def now(self) -> datetime:
        """The cloud's time, UTC."""
        return datetime.fromisoformat(self._ask("GET", "clock", None)["now"]).astimezone(UTC)

    def hold(self) -> None:
        """Stop the clock."""
        self._ask("PUT", "clock", {"hold": True})

    def flow(self, rate: int = 1) -> None:
        """Let the clock go on, so many times as fast as real time."""
        self._ask("PUT", "clock", {"rate": rate})

    def move(self, by: timedelta) -> None:
        """Move the clock on, by whole seconds; all that was due by then has happened when this returns."""
        self._ask("PUT", "clock", {"advanceSeconds": round(by.total_seconds())})


@dataclass(frozen=True)
class LocalGcloud:
    """A local Google Cloud that runs."""

    ready: "Ready"
    folder: Path
    """gcloud's configuration."""
    token: str = ACCESS_TOKEN
    """A bearer token of its operator, who may do everything."""

    @property
    def ports(self) -> Mapping[str, int]:
        """The port of each service's REST API on 127.0.0.1, such as `cloudbilling`."""
        found: Mapping[str, int] = self.ready["services"]
        return found

    @property
    def grpc(self) -> str:
        """The address of gRPC, for Pub/Sub and Cloud Monitoring: `127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.ready['grpc']}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point gcloud, Terraform, Pulumi and emulator-aware clients at it."""
        from sandbox.gcloud import tools_environment

        return tools_environment(self.ready, self.folder)

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return Clock(self.control)

    def url(self, service: str) -> str:
        """The address of a service: `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of its control surface, such as `PUT`, `billing`: JSON in and out. docs/sandbox.md has them all.

        Raises:
            ValueError: the call makes no sense; with the reason.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ready['port']}/_local/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the address is built above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]["message"]) from None

    def faults(self, *faults: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Within `with`, calls meet these faults, such as `{"cut": "after", "method": …}`."""
        return self._within("faults", faults)

    def times(self, *times: Mapping[str, Any]) -> AbstractContextManager[None]:
        """Within `with`, what calls start takes its time, such as `{"operationSeconds": [2, 5], "method": …}`."""
        return self._within("times", times)

    @contextmanager
    def _within(self, name: str, settings: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        self.control("PUT", name, {name: list(settings)})
        try:
            yield
        finally:
            self.control("PUT", name, {name: []})

    def requests(self) -> list[dict[str, Any]]:
        """The calls since the test began, oldest first: method, service, path, body and status."""
        found: list[dict[str, Any]] = self.control("GET", "requests?after=0")["requests"]
        return found


class _Server:
    """The process of the session's cloud, on ports that stay."""

    def __init__(self, folder: Path) -> None:
        from sandbox.local_cloud import free_ports

        self._folder = folder
        self._started = 0
        self._is_used = False
        self._port = free_ports(_first_port())
        self.cloud = self._start()

    def _start(self) -> LocalGcloud:
        # Not at the top: each pytest of a project that has the plugin would import it.
        from sandbox.layout import Layout
        from sandbox.local_cloud import launch

        self._started += 1
        self._layout = Layout(program=self._folder, state=self._folder / str(self._started))
        return LocalGcloud(launch(self._layout, ["--port", str(self._port)]), self._layout.gcloud)

    def fresh(self) -> LocalGcloud:
        """The cloud with a first world in it: started anew if anybody has used it."""
        if self._is_used or self.cloud.requests():
            self.stop()
            self.cloud = self._start()
        self._is_used = True
        return self.cloud

    def stop(self) -> None:
        from sandbox.local_cloud import stop

        stop(self._layout)


def _first_port() -> int:
    """Each of pytest-xdist's workers looks for free ports in a range of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return 21_000 + 1_000 * (int(worker) % 11)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("local-gcloud", "a local Google Cloud")
    group.addoption(
        "--local-gcloud",
        action="store_true",
        help="start a local Google Cloud for the session, and point Google's tools and clients at it",
    )


@pytest.fixture(scope="session")
def _local_gcloud_server() -> Iterator[_Server]:
    with tempfile.TemporaryDirectory(prefix="local-gcloud-") as folder:
        server = _Server(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session", autouse=True)
def _local_gcloud_for_all(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--local-gcloud"):
        yield
        return
    server: _Server = request.getfixturevalue("_local_gcloud_server")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.cloud.environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def local_gcloud(_local_gcloud_server: _Server, monkeypatch: pytest.MonkeyPatch) -> LocalGcloud:
    """A local Google Cloud with a first world in it; the environment points Google's tools and clients at it."""
    cloud = _local_gcloud_server.fresh()
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return cloud
