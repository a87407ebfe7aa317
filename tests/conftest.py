"""Fixtures that run the real engine against a local cloud, and the rule that no report shows an API key."""

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from sandbox import local_cloud
from sandbox.engine import Engine, get_engine
from sandbox.layout import ROOT, Layout
from sandbox.local_cloud import Ready
from tests import forked
from tests.cloud import recording
from tests.workspace import Cloud, Workspace, redact, sampled

StartCloud = Callable[..., Cloud]

# No test checks a wall clock: a busy machine is no failure.
hypothesis.settings.register_profile("no-clock", deadline=None)
hypothesis.settings.load_profile("no-clock")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take API keys out of tracebacks and captured output before anything prints them."""
    report = yield
    if report.failed:
        report.longrepr = redact(str(report.longrepr))
    report.sections = [(title, redact(text)) for title, text in report.sections]
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of tests that the suite leaves to a target of their own."""
    config.addinivalue_line("markers", "long: takes long beside others of its kind; `make long` runs it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked `long`, but those of the shard that `make long SHARD=2/4` names."""
    long = [item for item in items if item.get_closest_marker("long")]
    wanted = sampled(long, 0)
    for item in long:
        if item not in wanted:
            item.add_marker(pytest.mark.skip(reason="`make long` runs it"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much was tried: points at which runs were killed, after all of which they converged, and cases."""
    passed = terminalreporter.stats.get("passed", [])
    kills = Counter(value for report in passed for name, value in report.user_properties if name == "kills")
    for what, count in sorted(kills.items()):
        terminalreporter.write_line(f"{what}: killed at {count} points, and converged after each")
    for report in passed:
        for name, value in report.user_properties:
            if name == "cases":
                terminalreporter.write_line(f"tried: {value}")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The Pulumi CLI that `make setup` has found or built."""
    return get_engine()


@pytest.fixture
def start_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartCloud]:
    """Starts local clouds of the test's own, each empty, on free ports: `start_cloud("--latency-ms", "100")`."""
    started: list[Layout] = []

    def start(*options: str) -> Cloud:
        layout = Layout(program=ROOT, state=tmp_path_factory.mktemp("cloud"))
        started.append(layout)
        return Cloud(launched(layout, options))

    yield start
    for layout in started:
        if recording.WANTED and (ready := local_cloud.running(layout)):
            recording.record(Cloud(ready).requests())
        local_cloud.stop(layout)


def launched(layout: Layout, options: tuple[str, ...]) -> Ready:
    """`local_cloud.launch`, without the half second that a Python takes to import it all."""
    files = ("--db", str(layout.database), "--ready-file", str(layout.ready_file))
    process = forked.local_cloud([*files, "--port", "0", *options], ROOT, layout.cloud_log)
    while not layout.ready_file.exists():
        process.join(0.01)
        assert process.is_alive(), layout.cloud_log.read_text()
    ready: Ready = json.loads(layout.ready_file.read_text())
    return ready


@pytest.fixture
def cloud(start_cloud: StartCloud) -> Cloud:
    """A local cloud of the test's own."""
    return start_cloud()


@pytest.fixture
def workspace(tmp_path: Path, engine: Engine, cloud: Cloud) -> Workspace:
    """The program on the engine, with the stand-in plugin, against a local cloud of the test's own."""
    return Workspace(tmp_path, engine, cloud)
