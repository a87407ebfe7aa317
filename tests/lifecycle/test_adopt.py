"""`gemini-lz adopt --stack`: after it the next preview is empty, and no call has changed anything.

`make adopt` does it with every stack file of the tests and of `stacks/`, with 60 projects made by hand, and with a
folder of 50; the suite takes a seeded part.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine import Engine
from tests.lifecycle import by_hand
from tests.lifecycle.adopt_cases import CASES, lose_entries, lose_state
from tests.operations.stage import Stage, empty_stage
from tests.workspace import STACK, sampled

UP = ("gemini-lz", "up", STACK, "--yes", "--no-preflight")
ADOPT = ("gemini-lz", "adopt", "--stack", STACK)
UNREADABLE = {
    # What a project's own guard had, and its plan, which the guard's policy has; an update writes it anew.
    "stacks/prod": r"guard of [\w-]+: it differs in ",
    "stacks/staging": r"guard of [\w-]+: it differs in ",
    # The name of a project without keys, which the dashboard of all projects has.
    "every kind": r"dashboard test: it differs in dashboardJson",
}
"""What an update would still change if the entries are lost, as Google does not have it."""
WAYS = ("the file is kept", "the entries are lost")


@pytest.fixture
def stage(tmp_path: Path, engine: Engine) -> Iterator[Stage]:
    """A folder without a stack, and a cloud."""
    with empty_stage(tmp_path, engine) as made:
        yield made


def adopted(stage: Stage, *arguments: str) -> str:
    """Adopt without a call that changes anything, and with an empty preview; returns what was printed."""
    written = stage.writes()
    code, printed = stage.run(*ADOPT, *arguments)
    assert code == 0, printed
    assert "; the preview is empty" in printed
    assert stage.writes() == written
    assert stage.workspace.preview() == []
    return printed


def entries_of(stage: Stage) -> dict[str, Any]:
    """The projects of the stack file."""
    found: dict[str, Any] = yaml.safe_load(stage.workspace.stack_file.read_text())["config"]
    return dict(found["gemini-landing-zone:projects"])


@pytest.mark.parametrize(
    ("case", "way"), sampled([(case, way) for way in reversed(WAYS) for case in CASES], 1)
)
def test_adopt_a_stack_whose_state_is_lost(stage: Stage, case: str, way: str) -> None:
    CASES[case](stage)
    code, printed = stage.run(*UP)
    assert code == 0, printed
    outputs = stage.workspace.outputs(secrets=True)
    # The guard's own polls write too.
    stage.cloud.call("PUT", "/_local/clock", {"hold": True})
    lose_state(stage)
    if way == "the file is kept":
        adopted(stage)
        assert stage.workspace.outputs(secrets=True) == outputs
        return
    entries = lose_entries(stage)
    ids = [output["projectId"] for output in outputs.values()]
    if case in UNREADABLE:
        written = stage.writes()
        code, printed = stage.run(*ADOPT, *ids)
        changes = printed.partition("would still change:\n")[2].splitlines()
        assert (code, stage.writes()) == (1, written), printed
        assert changes
        assert all(re.search(UNREADABLE[case], line) for line in changes), printed
    else:
        printed = adopted(stage, *ids)
    assert "workload, deletionPolicy, protect and guard are not to be read at Google" in printed
    assert len(entries_of(stage)) == len(entries)


def by_hand_three(stage: Stage, first: int) -> None:
    """Three projects; adopted again, nothing is written twice, and an entry that stands is not rewritten."""
    ids = [f"acme-hand-{number:02}" for number in range(first, first + 3)]
    for number, project in enumerate(ids, first):
        by_hand.make(stage.cloud, project, number)
    assert "adopted 3 projects" in adopted(stage, *ids)
    text = stage.workspace.stack_file.read_text()
    assert "adopted 3 projects" in adopted(stage, *ids)
    assert stage.workspace.stack_file.read_text() == text


def a_folder_with_folders(stage: Stage, count: int) -> None:
    """Projects on four levels, one of which is being deleted."""
    call = stage.cloud.call
    call("PATCH", f"/_local/billingAccounts/{by_hand.ACCOUNT}", {"linkLimit": 999})
    parents = ["987654321098"]
    for number in range(3):
        body = {"parent": f"folders/{parents[-1]}", "displayName": f"Level {number}"}
        made = call("POST", "/cloudresourcemanager/v3/folders", body)
        found = call("GET", f"/cloudresourcemanager/v3/{made['name']}")["response"]["name"]
        parents.append(found.partition("/")[2])
    for number in range(count):
        by_hand.make(stage.cloud, f"acme-folder-{number:02}", number, parents[number % len(parents)])
    call("DELETE", "/cloudresourcemanager/v1/projects/acme-folder-01")
    printed = adopted(stage, "--folder", "folders/987654321098")
    assert f"adopted {count - 1} projects" in printed
    assert "acme-folder-01: it is being deleted" in printed


def killed_and_run_again(stage: Stage, reads: int) -> None:
    """Killed once the cloud has got some calls; the file is whole then, and nothing is there twice in the end."""
    by_hand.make(stage.cloud, "acme-hand-one", 3)
    before = len(stage.cloud.requests())
    process = stage.start(*ADOPT, "acme-hand-one")
    while process.poll() is None and len(stage.cloud.requests()) < before + reads:
        pass
    if process.poll() is None:  # else it has ended with fewer calls
        os.killpg(process.pid, signal.SIGKILL if reads % 2 else signal.SIGINT)
    process.wait()
    if stage.workspace.stack_file.exists():
        assert "acme-hand-one" in stage.workspace.stack_file.read_text()
    adopted(stage, "acme-hand-one")
    assert list(entries_of(stage)) == ["acme-hand-one"]
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    found = [(each["type"], each["id"]) for each in exported["deployment"]["resources"] if each.get("id")]
    assert len(found) == len(set(found))


SCENES: Mapping[str, Callable[[Stage], None]] = {
    **{f"by hand, {first}": partial(by_hand_three, first=first) for first in range(0, 60, 3)},
    **{f"a folder of {count}": partial(a_folder_with_folders, count=count) for count in (6, 50)},
    **{
        f"killed after {reads} calls": partial(killed_and_run_again, reads=reads) for reads in range(1, 50, 4)
    },
}


@pytest.mark.parametrize("scene", sampled(SCENES, 0))
def test_adopt_what_people_made(stage: Stage, scene: str) -> None:
    SCENES[scene](stage)


def test_refusals_come_all_at_once_and_nothing_is_written(stage: Stage) -> None:
    for number, project in enumerate(("acme-gone", "acme-there", "acme-others")):
        by_hand.make(stage.cloud, project, number)
    stage.cloud.call("DELETE", "/cloudresourcemanager/v1/projects/acme-gone")
    urn = "urn:pulumi:other::gemini-landing-zone::gcp:organizations/project:Project::legacy"
    theirs = {
        "urn": urn,
        "type": urn.split("::")[2],
        "custom": True,
        "id": "projects/acme-others",
        "external": True,
    }
    stage.workspace.pulumi("stack", "init", "other")
    path = stage.workspace.layout.program / "other.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": [theirs]}}))
    stage.workspace.pulumi("stack", "import", "--file", str(path), "--stack", "other")
    files = sorted(stage.workspace.stack_file.parent.iterdir())

    code, printed = stage.run(*ADOPT, "acme-gone", "acme-theer", "acme-others", "acme-there")
    assert code == 1
    assert "acme-gone: project: it is being deleted" in printed
    assert "did you mean acme-there?" in printed
    assert "acme-others: the stack other has it" in printed
    assert sorted(stage.workspace.stack_file.parent.iterdir()) == files
