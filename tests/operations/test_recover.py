"""`gemini-lz recover`: a state that lost everything, and things at Google that are not the stack's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from landing_zone.operations.covered import uncovered
from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.operations.stage import SECRETS, Stage, census, plain_stage, stage_in
from tests.operations.test_run import PROJECTS
from tests.workspace import STACK

UP = ("gemini-lz", "up", STACK, "--yes")
RECOVER = ("gemini-lz", "recover", STACK)
KEYS = "/apikeys/v2/projects/acme-run-chat/locations/global/keys"


def lose(stage: Stage) -> None:
    """Make the state that of a stack on which nothing was ever done."""
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    exported["deployment"]["resources"] = []
    path = stage.workspace.layout.program / "lost.json"
    path.write_text(json.dumps(exported))
    stage.workspace.pulumi("stack", "import", "--file", str(path), "--stack", STACK)


def test_a_state_that_lost_everything_is_had_again(tmp_path: Path, engine: Engine) -> None:
    with stage_in(tmp_path, engine) as stage:
        assert stage.run(*UP)[0] == 0
        before, written = census(stage.cloud), stage.writes()
        exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
        # Every type of the program is found again, or can be created again without harm.
        assert uncovered(exported, stage.workspace.layout.program) == []
        lose(stage)

        code, printed = stage.run(*RECOVER)
        assert code == 0, printed
        for words in ("project one", "key web of one", "spend cap one", "limits one", "topic spend of test"):
            assert f"took over {words}" in printed
        assert stage.writes() == written
        assert not any(secret in stage.state() for secret in SECRETS)

        code, printed = stage.run(*UP)
        assert code == 0, printed
        assert census(stage.cloud) == before
        assert stage.workspace.preview() == []

        # To delete it, nothing has to be made first.
        lose(stage)
        written = len(stage.cloud.requests())
        code, printed = stage.run("gemini-lz", "destroy", STACK, "--yes")
        assert code == 0, printed
        assert not any(each["path"].startswith("/v1/projects?") for each in stage.cloud.requests(written))
        left = census(stage.cloud)
        assert left["projects"] == ["sandbox-seed"]
        assert (
            not {"budgets", "constraints", "sandbox-seed channels", "sandbox-seed dashboards"} & left.keys()
        )


@pytest.fixture
def stage(tmp_path: Path, engine: Engine) -> Iterator[Stage]:
    """Two projects, not made yet."""
    with plain_stage(tmp_path, engine, PROJECTS) as made:
        yield made


def test_what_is_not_the_stacks_is_refused_before_anything_is_made(stage: Stage) -> None:
    body = {"projectId": "acme-run-chat", "parent": {"type": "folder", "id": "987654321098"}}
    stage.cloud.call("POST", "/cloudresourcemanager/v1/projects", body)
    stage.cloud.call("POST", "/cloudresourcemanager/v1/projects", body | {"projectId": "acme-run-other"})
    stage.cloud.call("DELETE", "/cloudresourcemanager/v1/projects/acme-run-other")
    written = stage.writes()
    code, printed = stage.run(*UP)
    assert code == 1
    assert "project acme-run-chat exists, and this stack did not create it" in printed
    assert "adopt: true" in printed
    assert "project acme-run-other is being deleted" in printed
    assert "gcloud projects undelete acme-run-other" in printed
    assert stage.writes() == written


def test_a_key_that_somebody_else_made_is_not_taken_over(stage: Stage) -> None:
    assert stage.run(*UP)[0] == 0
    lose(stage)
    stage.cloud.call("PATCH", f"{KEYS}/backend?updateMask=displayName", {"displayName": "mine"})
    written = stage.writes()
    code, printed = stage.run(*UP)
    assert code == 1
    assert "project acme-run-chat has a key backend that this stack did not create" in printed
    assert "existing: backend" in printed
    assert stage.writes() == written


@pytest.mark.long
def test_what_another_stack_has_in_a_shared_project_stays_its_own(stage: Stage) -> None:
    channels = "/monitoring/v3/projects/sandbox-seed/notificationChannels"
    text = stage.workspace.stack_file.read_text()
    text = text.replace(
        "  gemini-landing-zone:defaults",
        "  gemini-landing-zone:notificationProject: sandbox-seed\n  gemini-landing-zone:defaults",
    )
    text = text.replace("    other:\n", "    other:\n      alerts: {email: [oncall@example.com]}\n")
    stage.workspace.stack_file.write_text(text)
    assert stage.run(*UP)[0] == 0
    [own] = stage.cloud.call("GET", channels)["notificationChannels"]
    like = {name: own[name] for name in ("type", "displayName", "labels")}
    others = stage.cloud.call("POST", channels, like | {"userLabels": {"gemini-lz-stack": "staging-123456"}})
    lose(stage)

    # Who may not list cannot know, and makes nothing twice.
    fault = {"error": "PERMISSION_DENIED", "method": "monitoring.projects.notificationChannels.list"}
    stage.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    written = stage.writes()
    code, printed = stage.run(*UP)
    assert (code, stage.writes()) == (1, written), printed
    assert "whether it exists cannot be read" in printed

    code, printed = stage.run("gemini-lz", "destroy", STACK, "--yes")
    assert code == 0, printed
    assert [each["name"] for each in stage.cloud.call("GET", channels)["notificationChannels"]] == [
        others["name"]
    ]


@pytest.mark.long
def test_what_exists_without_any_sign_of_a_run_is_taken_over_once_google_says_so(stage: Stage) -> None:
    text = stage.workspace.stack_file.read_text()
    assert stage.run(*UP)[0] == 0
    before = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    stage.workspace.stack_file.write_text(text.replace("keys: {worker:", "keys: {second: {}, worker:"))
    assert stage.run(*UP)[0] == 0
    # The state of the last update is lost, and nothing says that there was one.
    path = stage.workspace.layout.program / "before.json"
    path.write_text(json.dumps(before))
    stage.workspace.pulumi("stack", "import", "--file", str(path), "--stack", STACK)
    code, printed = stage.run(*UP)
    assert code == 0, printed
    assert "something exists at Google that the state does not have" in printed
    assert "took over key second of other" in printed
    assert "refused" not in printed.splitlines()[-1]
    assert stage.workspace.preview() == []


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (None, []),
        ("import pulumi\nimport pulumi_random\n", ["pulumi_random"]),
        ("from . import more\n", ["a module beside it"]),
        ("def broken(:\n", ["__main__.py"]),
    ],
)
def test_a_program_with_more_than_this_one_keeps_its_checkpoints(
    tmp_path: Path, program: str | None, found: list[str]
) -> None:
    text = program if program is not None else (ROOT / "__main__.py").read_text()
    (tmp_path / "__main__.py").write_text(text)
    assert uncovered({}, tmp_path) == found
    foreign = {"deployment": {"resources": [{"type": "aws:s3/bucket:Bucket"}]}}
    assert uncovered(foreign, tmp_path) == sorted(["aws:s3/bucket:Bucket", *found])
