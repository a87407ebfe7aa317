"""Which stack a command is about: named, selected with Pulumi's own CLI, from any folder of the project, or refused."""

import json
import os
from hashlib import sha1
from pathlib import Path

import pytest

from landing_zone.workspace import (
    UnreadableError,
    backend_url,
    find_project,
    selected_stack,
    without_secrets,
)
from sandbox.layout import ROOT
from tests.cli.test_reports import run
from tests.forked import gemini_lz
from tests.workspace import Workspace

STACK = """\
config:
  gemini-landing-zone:projects: {PROJECT: {projectId: acme-PROJECT, tier: free}}
"""
COMMANDS = ("validate", "estimate", "exposure", "policy check", "show")


def write(folder: Path, *stacks: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stack in stacks:
        (folder / f"Pulumi.{stack}.yaml").write_text(STACK.replace("PROJECT", f"in-{stack}"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    write(tmp_path / "stacks", "dev", "prod", "staging")
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    return tmp_path


def test_a_stack_left_out_is_the_one_that_pulumi_has_selected(workspace: Workspace) -> None:
    write(workspace.stack_file.parent, "one", "two")
    workspace.pulumi("stack", "select", "--create", "one")
    workspace.pulumi("stack", "select", "--create", "two")
    below = workspace.layout.program / "docs"
    below.mkdir()
    (workspace.layout.program.parent / "link").symlink_to(workspace.layout.program)
    link = workspace.layout.program.parent / "link"

    def estimated(folder: Path, **more: str) -> str:
        environment = {**os.environ, **workspace.environment, "PWD": str(folder), **more}
        done = gemini_lz("estimate", "--json", folder=folder, environment=environment)
        return " ".join(json.loads(done.stdout)["projects"]) if done.returncode == 0 else done.stderr

    assert estimated(workspace.layout.program) == estimated(below) == "in-two"
    assert estimated(below, PULUMI_STACK="organization/gemini-landing-zone/one") == "in-one"
    # Pulumi takes the folder by the shell's name for it: through the link nothing is selected.
    assert "none is selected" in estimated(link)
    workspace.pulumi("stack", "select", "one")
    assert estimated(below) == "in-one"
    # Another backend has its own selection.
    assert "none is selected" in estimated(below, PULUMI_BACKEND_URL="file:///nowhere")
    workspace.pulumi("stack", "unselect")
    assert "none is selected" in estimated(below)


@pytest.mark.parametrize("command", COMMANDS)
def test_one_meaning_in_all_commands(project: Path, command: str) -> None:
    home = {"PULUMI_HOME": str(project / "home"), "PWD": str(project / "docs" / "deep")}
    folder = project / "docs" / "deep"
    none = run(folder, *command.split(), **home)
    assert (none.returncode, none.stdout) == (2, "")
    assert "no stack is named, and none is selected" in none.stderr
    assert "../../stacks has dev, prod, staging" in none.stderr
    for given, selected in ((["prdo"], {}), ([], {"PULUMI_STACK": "prdo"})):
        near = run(folder, *command.split(), *given, **home, **selected)
        assert (near.returncode, near.stdout) == (2, "")
        assert "no file for the stack 'prdo'" in near.stderr
        assert "did you mean 'prod'?" in near.stderr


def test_validate_takes_several_and_all_and_refuses_all_wrong_names_at_once(project: Path) -> None:
    done = run(project / "docs", "validate", "dve", "prod", "stagin", PWD=str(project / "docs"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'dev'?" in done.stderr
    assert "did you mean 'staging'?" in done.stderr
    done = run(project, "validate", "--all", PWD=str(project))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3)
    assert run(project, "validate", "--all", "prod", PWD=str(project)).returncode == 2
    elsewhere = project / "other"
    write(elsewhere, "eu")
    done = run(project, "validate", "eu", "--stacks", "other", PWD=str(project))
    assert done.stdout == "eu: 1 project, no mistakes\n"
    # A script would hand the name to a command as an option, which judges nothing and succeeds.
    write(project / "stacks", "--help")
    done = run(project, "validate", "--all", PWD=str(project))
    assert (done.returncode, done.stdout) == (2, "")
    assert "stacks/Pulumi.--help.yaml: a stack's name cannot begin with a hyphen" in done.stderr


def test_a_shell_completes_names(project: Path) -> None:
    def offered(*words: str) -> list[str]:
        line = " ".join(("gemini-lz", *words))
        given = {"COMP_WORDS": line, "COMP_CWORD": str(len(words)), "_GEMINI_LZ_COMPLETE": "complete_bash"}
        return run(project, PWD=str(project), **given).stdout.split()

    assert offered("estimate", "s") == ["staging"]
    assert offered("estimate", "prod", "--project", "in") == ["in-prod"]
    assert offered("prices", "list", "gemini-3.5-flash-l") == ["gemini-3.5-flash-lite"]
    # Which shell it is, is named: it cannot be detected where no shell started the tests.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "gemini-lz" in run(project, "--show-completion", "bash", **named).stdout


def test_formats_are_in_the_help_and_do_not_contradict(project: Path) -> None:
    for command, formats in (("estimate", "text|json|csv"), ("policy check", "text|json|sarif|junit")):
        assert f"<{formats}>" in run(project, *command.split(), "--help", COLUMNS="120").stdout
        wrong = run(project, *command.split(), "prod", "--json", "--format", formats.split("|")[2])
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert "--json means --format json" in wrong.stderr


def test_the_version_is_printed(project: Path) -> None:
    done = run(project, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gemini-lz 0.1.0 (pulumi 3.")


def test_the_backend_is_found_as_pulumi_finds_it_and_shown_without_secrets(project: Path) -> None:
    home = project / "home"
    home.mkdir()
    environment = {"PULUMI_HOME": str(home)}
    found = find_project(project / "docs")
    assert backend_url(found, environment) is None
    (home / "credentials.json").write_text(json.dumps({"current": "gs://acme-state"}))
    assert backend_url(found, environment) == "gs://acme-state"
    (project / "Pulumi.yaml").write_text("name: x\nbackend: {url: 's3://acme?region=eu'}\n")
    found = find_project(project)
    assert backend_url(found, environment) == "s3://acme?region=eu"
    assert backend_url(found, environment | {"PULUMI_BACKEND_URL": "file://~"}) == "file://~"
    for url, shown in (
        (
            "postgres://me:hunter2@db.example.com:5432/pulumi?sslmode=require",
            "postgres://db.example.com:5432/pulumi",
        ),
        ("https://token@api.pulumi.com", "https://api.pulumi.com"),
        ("file:///state?metadata=skip", "file:///state"),
        ("file://~", "file://~"),
        ("s3://acme?region=eu", "s3://acme"),
    ):
        assert without_secrets(url) == shown


def test_a_selection_of_an_older_cli_counts_and_an_unreadable_file_is_named(project: Path) -> None:
    environment = {"PULUMI_HOME": str(project / "home")}
    found = find_project(project)
    assert found
    digest = sha1(str(project / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    file = project / "home" / "workspaces" / f"gemini-landing-zone-{digest}-workspace.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"stack": "dev"}')
    assert selected_stack(found, environment) == "dev"
    file.write_text('{"stacks": {"https://api.pulumi.com": "acme/gemini-landing-zone/prod"}}')
    assert selected_stack(found, environment) == "acme/gemini-landing-zone/prod"
    file.write_text("{")
    with pytest.raises(UnreadableError, match=r"workspace\.json cannot be read"):
        selected_stack(found, environment)
