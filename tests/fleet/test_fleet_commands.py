"""`gemini-lz fleet` as people call it, as far as no engine is needed."""

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.layout import ROOT
from tests.scaffolding.commands import run

STACK = """\
config:
  gemini-landing-zone:after: [AFTER]
  gemini-landing-zone:projects: {PROJECT: {projectId: acme-PROJECT, tier: free}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "stacks").mkdir()
    for stack, after in {"team-a": "", "team-b": "team-a", "base": ""}.items():
        text = STACK.replace("AFTER", after).replace("PROJECT", f"in-{stack}")
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("up",), "write the stacks, or patterns such as 'team-*', or --all"),
        (("up", "bsae", "--yes"), "did you mean 'base'?"),
        (("up", "tame-*", "--yes"), "for tame-*: it has base, team-a, team-b"),
        (("up", "team-*"), "no terminal to ask on: write gemini-lz fleet up … --yes"),
        (("destroy", "--all", "--json"), "no terminal to ask on: write gemini-lz fleet destroy … --yes"),
        (("up", "--all", "--yes", "--parallel", "0"), "should be greater than or equal to 1"),
        (("up", "--stacks", "elsewhere", "--yes"), "no stack file in elsewhere"),
    ],
)
def test_wrong_usage_is_refused(project: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(project, "fleet", *arguments)
    assert (done.exit_code, words in " ".join(done.output.split())) == (2, True), done.output
    assert not (project / ".fleet").exists()


def test_a_circle_is_refused_before_anything_is_run(project: Path) -> None:
    text = STACK.replace("AFTER", "team-b").replace("PROJECT", "in-team-a")
    (project / "stacks" / "Pulumi.team-a.yaml").write_text(text)
    done = run(project, "fleet", "up", "--all", "--yes")
    assert done.exit_code == 2
    printed = done.output
    assert (
        "team-a → team-b (after) → team-a (after)" in printed
        or "team-b → team-a (after) → team-b (after)" in printed
    )


def test_a_folder_is_that_of_the_project(project: Path) -> None:
    (project / "more").mkdir()
    (project / "more" / "Pulumi.other.yaml").write_text(
        STACK.replace("AFTER", "").replace("PROJECT", "other")
    )
    done = run(project, "fleet", "up", "--stacks", "more", "--yes")
    assert done.exit_code == 2
    assert "Pulumi takes the stack files from" in done.output


def test_shells_complete_stacks(project: Path) -> None:
    words = {"_GEMINI_LZ_COMPLETE": "complete_bash", "COMP_WORDS": "gemini-lz fleet up te", "COMP_CWORD": "3"}
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "gemini-lz")],
        cwd=project,
        env={**os.environ, "PWD": str(project), **words},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["team-a", "team-b"]
