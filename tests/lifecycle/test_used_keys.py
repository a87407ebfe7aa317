"""A preview warns of a key that it would delete and that somebody uses."""

import re
from datetime import UTC, datetime

import pytest

from tests.lifecycle.test_bound_keys import PROJECT, ask, strings, write
from tests.workspace import STACK, Workspace

METHOD = "monitoring.projects.timeSeries.list"
KEYS = "apikeys.projects.locations.keys.list"


def printed(workspace: Workspace, *command: str) -> list[str]:
    """What a preview, or another command, says of keys that leave."""
    shown = workspace.pulumi(*(command or ("preview",)), "--stack", STACK).stdout
    # Progress lines repeat the messages, which stand in whole at the end.
    messages = shown[shown.index("Diagnostics:") :]
    return [line.strip() for line in messages.splitlines() if "this change deletes" in line]


def looked_up(workspace: Workspace, after: int) -> list[str]:
    """The calls that ask who uses a key."""
    return [each["id"] for each in workspace.cloud.requests(after) if each["id"] in (METHOD, KEYS)]


def last_request(workspace: Workspace) -> int:
    return int(workspace.cloud.requests()[-1]["n"])


def test_a_key_that_was_used_warns_before_it_goes(workspace: Workspace) -> None:
    write(workspace, "{backend: {}, worker: {}, idle: {}}")
    workspace.up()
    keys = strings(workspace)
    for key in ("backend", "backend", "worker"):
        assert ask(workspace, keys[key]) == 200
    before = last_request(workspace)
    write(workspace, "{backend: {}, worker: {}, idle: {}, backend-2: {}}")
    assert printed(workspace) == []
    assert looked_up(workspace, before) == []

    days = {str(datetime.now(UTC).date())}
    write(workspace, "{worker: {}, backend-2: {}}")
    [warning] = printed(workspace)
    days.add(str(datetime.now(UTC).date()))
    said = re.fullmatch(
        r"warning: gemini-landing-zone:projects\.chat\.keys\.backend: this change deletes the key, and 2 calls were "
        r"made with it in the last 30 days, the last on (\S+) \(UTC\)\. .*docs/keys\.md.*",
        warning,
    )
    assert said
    assert said[1] in days
    assert looked_up(workspace, before) == [KEYS, METHOD]

    # Another kind is another key.
    write(workspace, "{backend: {}, worker: {standard: true}, idle: {}}")
    [warning] = printed(workspace)
    assert "keys.worker: this change deletes the key, and 1 call was made with it" in warning

    # A project that leaves takes its keys along.
    other = "projectId: acme-used-other\n      tier: free\n      keys: {}"
    text = workspace.stack_file.read_text()
    start = text.index("    chat:")
    workspace.write(f"{text[:start]}    other:\n      {other}\n")
    assert sorted(re.findall(r"keys\.(\w+):", "\n".join(printed(workspace)))) == ["backend", "worker"]

    write(workspace, "{worker: {}, idle: {}}")
    assert len(printed(workspace, "up", "--yes", "--skip-preview")) == 1
    assert (ask(workspace, keys["backend"]), ask(workspace, keys["worker"])) == (400, 200)
    assert printed(workspace) == []


@pytest.mark.parametrize(
    ("fault", "method"),
    [
        ("PERMISSION_DENIED", METHOD),
        pytest.param("SERVICE_DISABLED", METHOD, marks=pytest.mark.long),
        pytest.param("PERMISSION_DENIED", KEYS, marks=pytest.mark.long),
    ],
)
def test_use_that_cannot_be_read_stops_nothing(workspace: Workspace, fault: str, method: str) -> None:
    write(workspace, "{backend: {}, worker: {}}")
    workspace.up()
    backend = strings(workspace)["backend"]
    assert ask(workspace, backend) == 200
    workspace.cloud.call("PUT", "/_local/faults", {"faults": [{"error": fault, "method": method}]})
    write(workspace, "{}")
    [note] = printed(workspace, "up", "--yes", "--skip-preview")
    assert re.match(
        "this change deletes keys, and whether somebody uses them cannot be read "
        rf"\(backend, worker of {PROJECT}\): 403 ",
        note,
    )
    assert ask(workspace, backend) == 400
