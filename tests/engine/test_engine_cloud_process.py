"""The local cloud as a process: started once, found again after a kill with its ports and its state, stopped."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import local_cloud
from sandbox.errors import SandboxError
from sandbox.layout import ROOT, Layout
from tests.workspace import Cloud, first_port


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    """A place of its own, with a first port that no other test tries."""
    monkeypatch.setattr(local_cloud, "FIRST_PORT", first_port())
    layout = Layout(program=ROOT, state=tmp_path)
    yield layout
    local_cloud.stop(layout)


def kill(ready: local_cloud.Ready) -> None:
    os.kill(ready["pid"], signal.SIGKILL)
    os.waitpid(ready["pid"], 0)


def test_a_second_start_finds_the_first(layout: Layout) -> None:
    assert local_cloud.start(layout) == local_cloud.start(layout)


def test_after_a_kill_it_comes_back_on_its_ports_with_what_it_held(layout: Layout) -> None:
    first = local_cloud.start(layout)
    new = {"projectId": "survivor-1", "name": "Survivor", "parent": {"type": "folder", "id": "987654321098"}}
    Cloud(first).call("POST", "/cloudresourcemanager/v1/projects", new)
    kill(first)
    assert local_cloud.running(layout) is None

    second = local_cloud.start(layout)

    assert second["pid"] != first["pid"]
    assert {**second, "pid": 0} == {**first, "pid": 0}
    assert Cloud(second).call("GET", "/cloudresourcemanager/v1/projects/survivor-1")["name"] == "Survivor"


def test_ports_that_another_program_took_are_left_to_it_and_that_is_told(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    first = local_cloud.start(layout)
    kill(first)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((local_cloud.HOST, first["services"]["cloudbilling"]))
        other.listen()

        second = local_cloud.start(layout)

    assert set(second["services"].values()).isdisjoint(first["services"].values())
    assert f"Port {first['port']} or one after it is in use by another program" in capsys.readouterr().err


def test_what_keeps_it_from_starting_is_told(layout: Layout) -> None:
    layout.database.write_text("This is no database, and it is long enough to be seen as none." * 20)

    with pytest.raises(SandboxError, match="The local cloud ended at once"):
        local_cloud.start(layout)
