"""The commands behind `make up`, `env` and `down`, from nothing to nothing, in a sandbox of the test's own."""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox import __main__ as sandbox_command
from sandbox import local_cloud
from sandbox.layout import ROOT, Layout
from tests.workspace import Cloud, first_port, program_in

KEY_MARK = re.compile(r"AIza[\w-]|AQ\.[\w-]")
ASKED_FOR_ENV = 'eval "$(make -s env)"'


def readme_session() -> str:
    """What the README types after `make up`, without the line that asks for the environment."""
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    [session] = [block for block in blocks if ASKED_FOR_ENV in block]
    return session.replace(ASKED_FOR_ENV, "")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The program and its sandbox stack in a folder; the commands work on it instead of on this clone."""
    layout = program_in(tmp_path)
    name = "Pulumi.sandbox.yaml"
    (layout.program / "stacks" / name).write_text((ROOT / "stacks" / name).read_text())
    monkeypatch.setattr(sandbox_command, "SANDBOX", layout)
    monkeypatch.setattr(local_cloud, "FIRST_PORT", first_port())
    return layout


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["sandbox", *arguments])
    return sandbox_command.main()


@pytest.mark.usefixtures("engine")
def test_up_env_and_down(
    clone: Layout, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GCP_PROVIDER", raising=False)
    stack_file = (clone.program / "stacks" / "Pulumi.sandbox.yaml").read_text()
    # A newcomer's PATH knows nothing of .venv.
    bare_path = os.pathsep.join(
        folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "gemini-lz").exists()
    )
    monkeypatch.setenv("PATH", bare_path)

    # Nothing is started behind one's back, and a shell that asks is not left as if it had been.
    assert run(monkeypatch, "env") == 2
    asked = capfd.readouterr()
    assert "not running" in asked.err
    assert "make up" in asked.err
    assert subprocess.run(["sh", "-ec", f"{asked.out}\ntrue"], check=False).returncode == 1
    assert local_cloud.running(clone) is None

    assert run(monkeypatch, "up") == 0
    made = capfd.readouterr()
    first = made.out
    assert made.err.count("stand-in for the gcp plugin") == 1
    assert "warning: using" not in first + made.err
    assert "this goes to the local cloud at http://127.0.0.1:" in first
    assert "acme-chat-sbx" in first
    assert "1,200.50 USD" in first

    assert run(monkeypatch, "up") == 0
    again = capfd.readouterr().out
    assert "unchanged" in again
    assert "created" not in again
    assert not KEY_MARK.search(first + again)
    assert (clone.program / "stacks" / "Pulumi.sandbox.yaml").read_text() == stack_file

    assert run(monkeypatch, "env") == 0
    exports = capfd.readouterr().out
    assert all(line.startswith("export ") for line in exports.splitlines())
    typed = subprocess.run(
        [
            "sh",
            "-c",
            f"{exports}\npulumi whoami && pulumi preview --expect-no-changes && pulumi stack --show-name",
        ],
        cwd=clone.program,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stderr
    assert typed.stdout.splitlines()[-1] == "sandbox"
    shown = subprocess.run(
        ["sh", "-ec", f"{exports}\n{readme_session()}"],
        cwd=clone.program,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": bare_path},
    )
    assert shown.returncode == 0, shown.stderr
    assert "acme-chat-sbx" in shown.stdout
    assert not KEY_MARK.search(shown.stdout)

    assert run(monkeypatch, "down") == 0
    assert local_cloud.running(clone) is None

    # The stack is empty and the cloud has stopped: nothing to do, and no error either.
    assert run(monkeypatch, "down") == 0
    ready = local_cloud.start(clone)
    projects = Cloud(ready).call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    local_cloud.stop(clone)
    assert {item["projectId"] for item in projects if item["lifecycleState"] == "ACTIVE"} == {"sandbox-seed"}


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("real", "GCP_PROVIDER is 'real'; it can be standin or official"),
        ("official", f"pulumi plugin install resource gcp {version('pulumi-gcp')}"),
    ],
)
def test_a_provider_that_cannot_be_had_ends_with_what_to_do(
    provider: str,
    told: str,
    clone: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GCP_PROVIDER", provider)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert run(monkeypatch, "up") == 2

    assert told in capfd.readouterr().err
    assert not clone.state.exists()
