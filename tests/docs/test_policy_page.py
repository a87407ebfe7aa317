"""docs/policy.md: what it shows of the command and of the engine is what these print for its stack file."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.cli.app import app
from sandbox.layout import ROOT
from tests.workspace import Workspace

PAGE = (ROOT / "docs" / "policy.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (
        ("stacks/Pulumi.prod.yaml", block("yaml")),
        ("policy/config/prod.json", block("json")),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    command, _, shown = block("console").partition("\n")
    done = CliRunner().invoke(app, command.removeprefix("$ gemini-lz ").split())
    assert done.stdout == shown
    assert done.exit_code == 1


def test_the_engine_prints_what_the_page_shows(workspace: Workspace) -> None:
    workspace.write(block("yaml") + "  gcp:disableGlobalProjectWarning: true\n")
    configuration = workspace.layout.program / "prod.json"
    # The page's exception expires, the test does not.
    configuration.write_text(block("json").replace("2027-01-31", "2099-12-31"))
    pack = ("--policy-pack", str(ROOT / "policy"), "--policy-pack-config", str(configuration))
    done = workspace.pulumi("preview", "--stack", "test", *pack, check=False)
    assert done.returncode != 0
    printed = re.sub(r" \(local: .*?\)", " (local: policy)", done.stdout)
    for own, shown in (
        ("Pulumi.test", "Pulumi.prod"),
        ("zone-test", "zone-prod"),
        ("2099-12-31", "2027-01-31"),
    ):
        printed = printed.replace(own, shown)
    blocks = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    assert all(block in printed for block in blocks)
    assert {entry["method"] for entry in workspace.cloud.requests()} <= {"GET"}
