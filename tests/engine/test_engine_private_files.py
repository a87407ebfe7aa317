"""State is its owner's alone, however the umask is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from landing_zone.cli.console import write_private
from sandbox import local_cloud
from sandbox.layout import ROOT, Layout


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The permissions of a file or folder."""
    return path.stat().st_mode & 0o777


def test_the_local_clouds_files(tmp_path: Path) -> None:
    layout = Layout(program=ROOT, state=tmp_path / "cloud")
    layout.state.mkdir()  # for all, as of an earlier version
    local_cloud.launch(layout, ["--port", "0"])
    try:
        assert mode(layout.state) == 0o700
        found = {path.name: mode(path) for path in layout.state.iterdir()}
        assert {"cloud.sqlite", "cloud.log", "cloud.json"} <= found.keys()
        assert set(found.values()) == {0o600}
    finally:
        local_cloud.stop(layout)


def test_a_report_also_over_one_that_others_could_read(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old and longer")
    assert mode(path) == 0o666
    write_private(path, "new")
    assert (mode(path), path.read_text()) == (0o600, "new")
