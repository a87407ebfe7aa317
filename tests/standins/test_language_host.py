"""The stand-in for the Python language host, as the engine uses it."""

import os
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import Engine
from tests.workspace import Cloud, Workspace

PROJECT = """\
name: stand-in
runtime:
  name: python
  options:
    virtualenv: .venv
stackConfigDir: stacks
"""
#: Says through a pipe that it runs, and by the pipe's end that it does not any more.
WAITS = """\
import signal
with open("running", "w") as running:
    running.write("yes")
    running.flush()
    signal.pause()
"""
#: Longer than any of it takes, on any machine.
PATIENCE_S = 120

Run = Callable[[str], Workspace]


@pytest.fixture
def program(tmp_path: Path, engine: Engine, cloud: Cloud) -> Run:
    """A stack whose program is the given text."""

    def write(text: str) -> Workspace:
        source = tmp_path / "source"
        source.mkdir()
        (source / "Pulumi.yaml").write_text(PROJECT)
        (source / "__main__.py").write_text(text)
        workspace = Workspace(tmp_path, engine, cloud, program=source)
        workspace.write("config: {}\n")
        return workspace

    return write


def test_an_uncaught_exception_is_shown_with_its_traceback(program: Run) -> None:
    failed = program("raise ValueError('no such thing')").pulumi("preview", check=False)
    assert failed.returncode != 0
    assert "ValueError: no such thing" in failed.stdout
    assert "Traceback" in failed.stdout


def test_a_run_error_is_its_message_alone(program: Run) -> None:
    failed = program("import pulumi\nraise pulumi.RunError('the file has 2 mistakes')").pulumi(
        "preview", check=False
    )
    assert failed.returncode != 0
    assert "the file has 2 mistakes" in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr


def test_configuration_secrets_are_no_arguments_of_the_program(program: Run) -> None:
    """Whoever may list processes sees arguments; the environment is the owner's."""
    workspace = program("import sys, pulumi\npulumi.export('arguments', ' '.join(sys.orig_argv))")
    workspace.pulumi("config", "set", "--secret", "password", "hunter2-and-more")
    workspace.pulumi("up", "--yes", "--skip-preview")
    assert "hunter2-and-more" not in str(workspace.outputs(secrets=True))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_the_engine_has_gone(program: Run, how: signal.Signals) -> None:
    workspace = program(WAITS)
    pipe = workspace.layout.program / "running"
    os.mkfifo(pipe)
    engine = subprocess.Popen(
        ["pulumi", "preview", "--non-interactive"],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with pipe.open() as running:
        assert running.read(3) == "yes"
        engine.send_signal(how)
        engine.wait()
        # Not `select`, which takes no descriptor above 1,023.
        waiting = select.poll()
        waiting.register(running, select.POLLIN | select.POLLHUP)
        assert waiting.poll(1000 * PATIENCE_S)
        assert running.read() == ""
