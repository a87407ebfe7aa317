"""docs/split.md: its commands run, and print what the page says."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.scaffolding.commands import run

PAGE = (ROOT / "docs" / "split.md").read_text()
PROD = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/111111111111
  gemini-landing-zone:notificationProject: acme-seed
  gemini-landing-zone:defaults:
    tier: paid
    budget: {currency: USD, amount: 100}
    alerts: {email: [oncall@example.com]}
  gemini-landing-zone:projects:
    chat: {projectId: acme-chat-prod, labels: {team: apps}}
    search: {projectId: acme-search-prod, labels: {team: apps}}
    batch: {projectId: acme-batch-prod, labels: {team: data}}
"""


@pytest.fixture
def project(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the stack prod, which is in the backend and empty."""
    (tmp_path / "Pulumi.yaml").symlink_to(ROOT / "Pulumi.yaml")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(PROD)
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PATH", f"{engine.directory}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", (tmp_path / "state").as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of nobody")
    subprocess.run(
        ["pulumi", "stack", "init", "prod", "--no-select", "--non-interactive"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path


def test_the_pages_commands_run_and_print_what_it_says(project: Path) -> None:
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE))
    lines = [line for line in blocks.splitlines() if line.startswith("gemini-lz ")]
    assert len(lines) > 2
    for line in lines:
        done = run(project, *shlex.split(line)[1:], *([] if "--dry-run" in line else ["--dry-run"]))
        assert done.exit_code == 0, done.output
    [[shown, printed]] = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    done = run(project, *shlex.split(shown)[1:])
    assert done.stdout == printed
    assert (project / "stacks" / "Pulumi.prod.yaml").read_text().startswith(PROD)
