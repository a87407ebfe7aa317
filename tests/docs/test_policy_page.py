"""docs/policy.md: what it shows of the command and of the engine is what these print for its stack file."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.cli.app import app
from sandbox.layout import ROOT
from tests.lifecycle.policies.judged import pack_with
from tests.workspace import Workspace

PAGE = (ROOT / "docs" / "policy.md").read_text()


def block(language: str, position: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[position])


def test_the_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (
        ("Pulumi.yaml", (ROOT / "Pulumi.yaml").read_text()),
        ("stacks/Pulumi.prod.yaml", block("yaml")),
        ("policy/config/prod.json", block("json")),
        ("policy/config/dev.json", '{"all": "advisory"}'),
        ("policy/config/environments.json", block("json", 1)),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    command, _, shown = block("console").partition("\n")
    done = CliRunner().invoke(app, command.removeprefix("$ gemini-lz ").split())
    assert done.stdout == shown
    assert done.exit_code == 1


def test_the_engine_prints_what_the_page_shows(workspace: Workspace) -> None:
    workspace.write(block("yaml") + "  gcp:disableGlobalProjectWarning: true\n")
    # The page's exception expires, the test does not.
    configuration = json.loads(block("json").replace("2027-01-31", "2099-12-31"))
    pack = pack_with(workspace.layout.state / "pack", configuration)
    done = workspace.pulumi("preview", "--stack", "test", "--policy-pack", str(pack), check=False)
    assert done.returncode != 0
    printed = re.sub(r" \(local: .*?\)", " (local: policy)", done.stdout)
    for own, shown in (
        ("Pulumi.test", "Pulumi.prod"),
        ("zone-test", "zone-prod"),
        ("2099-12-31", "2027-01-31"),
        ("; long: it ends in more than a year", ""),
    ):
        printed = printed.replace(own, shown)
    blocks = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    assert all(block in printed for block in blocks)
    assert {entry["method"] for entry in workspace.cloud.requests()} <= {"GET"}
