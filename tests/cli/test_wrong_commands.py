"""A mistyped command, option or stack suggests the right one."""

import os
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.cli.app import app
from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.cli.tree import commands, example, groups, make_repository
from tests.scaffolding.commands import run
from tests.workspace import sampled

STACKS = ("dev", "prod", "sandbox", "staging")
WITHOUT_STACK_FILES = {"new"}
"""Commands whose stack has no file yet."""


def mistyped(word: str) -> str:
    """The word with two letters in each other's place, in the middle; `xx` is not two other letters."""
    for at in (*range(len(word) // 2, len(word) - 1), *range(len(word) // 2)):
        if word[at] != word[at + 1] and "-" not in word[at : at + 2]:
            return f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}"
    return f"{word}x"


def printed(*arguments: str) -> tuple[int, str]:
    """The exit code, and what is printed without the box around it."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    return done.exit_code, " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output).split())


@pytest.mark.parametrize("path", [*commands(), *filter(None, groups())])
def test_a_mistyped_command_suggests_the_right_one(path: str) -> None:
    *above, word = path.split()
    code, text = printed(*above, mistyped(word))
    assert code == 2
    assert re.search(rf"Did you mean (.* or )?gemini-lz {path}( or .*)?\?", text), text


@pytest.mark.parametrize("path", [path for path in commands() if path.split()[-1] not in commands()])
def test_a_command_without_its_group_suggests_it_with_its_group(path: str) -> None:
    code, text = printed(path.split()[-1])
    assert code == 2
    assert f"gemini-lz {path}" in text


def test_a_command_of_no_group_suggests_itself_in_a_group() -> None:
    assert "Did you mean gemini-lz usage?" in printed("guard", "usage")[1]


def test_what_is_like_nothing_suggests_nothing() -> None:
    code, text = printed("xyzzy")
    assert code == 2
    assert "Did you mean" not in text
    assert "Try 'root --help' for help." in text


@pytest.mark.parametrize("path", commands())
def test_a_mistyped_option_suggests_the_right_one(path: str) -> None:
    names = [name for parameter in commands()[path].params for name in parameter.opts]
    options = [name for name in names if name.startswith("--") and name != "--help"]
    for option in sampled(options, min(2, len(options))):
        code, text = printed(*path.split(), f"--{mistyped(option[2:])}")
        assert code == 2
        assert option in text, text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name in ("Pulumi.yaml", "policy"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "stacks").mkdir()
    for stack in STACKS:
        text = "config:\n  gemini-landing-zone:projects: {chat: {projectId: acme-chat, tier: free}}\n"
        (folder / "stacks" / f"Pulumi.{stack}.yaml").write_text(text)
    make_repository(folder)
    return folder


def words_of(path: str) -> list[str]:
    """The words of a command's example."""
    return shlex.split(example(commands()[path]).partition(" >")[0])[1:]


@pytest.mark.parametrize(
    "path",
    [path for path in commands() if path not in WITHOUT_STACK_FILES and {*STACKS} & {*words_of(path)}],
)
def test_a_mistyped_stack_suggests_the_right_one(path: str, project: Path) -> None:
    named = next(word for word in words_of(path) if word in STACKS)
    done = run(project, *(mistyped(word) if word in STACKS else word for word in words_of(path)))
    assert done.exit_code == 2, done.output
    assert f"did you mean '{named}'?" in done.stderr


@pytest.mark.parametrize(
    "path",
    [path for path in commands() if path.startswith("fleet ") and not {*STACKS} & {*words_of(path)}],
)
def test_a_mistyped_stack_of_a_fleet_suggests_the_right_one(
    path: str, project: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "state").mkdir(exist_ok=True)
    monkeypatch.setenv("PULUMI_BACKEND_URL", (project / "state").as_uri())
    monkeypatch.setenv("PATH", f"{engine.directory}:{os.environ['PATH']}")
    done = run(project, *(("prdo" if re.search(r"^--all$|[*]$", word) else word) for word in words_of(path)))
    assert done.exit_code == 2, done.output
    assert "did you mean 'prod'?" in done.stderr
