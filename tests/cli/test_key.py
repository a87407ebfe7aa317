"""`gemini-lz key` hands over the one key that was asked for, to nobody else than it says."""

import json
import os
import pty
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.forked import gemini_lz
from tests.workspace import STACK, Workspace, redact

PROJECT = "acme-handed-over"
KEYS = f"/apikeys/v2/projects/{PROJECT}/locations/global/keys"
SECRET = "projects/sandbox-seed/secrets/gemini-key"
STACK_FILE = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat: {{projectId: {PROJECT}, tier: free, deletionPolicy: DELETE, keys: {{backend: {{}}, website: {{}}}}}}
"""


@pytest.fixture
def stack(workspace: Workspace) -> Workspace:
    """A stack with two keys."""
    workspace.write(STACK_FILE)
    workspace.up()
    return workspace


def key_of(stack: Workspace, name: str) -> tuple[str, str]:
    """A key's name at Google, and its string."""
    [key] = [each for each in stack.cloud.call("GET", KEYS)["keys"] if each["displayName"].endswith(name)]
    return key["name"], stack.cloud.call("GET", f"/apikeys/v2/{key['name']}/keyString")["keyString"]


def run(stack: Workspace, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run `gemini-lz key` of the stack."""
    command, environment = ("key", *arguments), {**os.environ, **stack.environment}
    if not how:
        return gemini_lz(*command, folder=stack.layout.program, environment=environment)
    return subprocess.run(
        ["gemini-lz", *command],
        cwd=stack.layout.program,
        env=environment,
        text=True,
        check=False,
        **({"capture_output": True} | how),
    )


def refused(stack: Workspace, *arguments: str, code: int = 2, **how: Any) -> str:
    """What it says when it hands nothing over."""
    done = run(stack, *arguments, **how)
    assert (done.returncode, done.stdout or "") == (code, ""), redact(f"{done.stdout}{done.stderr}")
    return str(done.stderr)


def fault(stack: Workspace, error: str, method: str) -> None:
    stack.cloud.call("PUT", "/_local/faults", {"faults": [{"error": error, "method": method, "times": 9}]})


def test_a_pipe_gets_the_key_alone_and_no_other_key_is_read(stack: Workspace) -> None:
    name, text = key_of(stack, "backend")
    before = stack.cloud.requests()[-1]["n"]
    done = run(stack, STACK, "chat", "backend")
    assert (done.returncode, done.stdout == text) == (0, True)
    assert text not in done.stderr
    assert "stdout: the program that this command is piped into" in done.stderr
    assert "the stack's secrets: anyone who has the stack's passphrase and its state" in done.stderr
    read = [each["path"] for each in stack.cloud.requests(before) if "keyString" in each["path"]]
    # The state has the project by its id, Google by its number.
    assert [path.partition("/locations/")[2] for path in read] == [
        f"{name.partition('/locations/')[2]}/keyString"
    ]


def test_a_terminal_gets_a_line(stack: Workspace) -> None:
    _, text = key_of(stack, "website")
    ours, theirs = pty.openpty()
    done = run(stack, STACK, PROJECT, "website", stdout=theirs, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 0
    assert os.read(ours, 1000) == f"{text}\r\n".encode()
    os.close(theirs)
    os.close(ours)
    assert "the terminal: anyone who sees the screen, its scrollback" in done.stderr


def test_a_file_is_its_owners_alone_and_nothing_is_overwritten(stack: Workspace, tmp_path: Path) -> None:
    _, text = key_of(stack, "backend")
    target, link, nowhere = tmp_path / "key", tmp_path / "link", tmp_path / "nowhere"
    done = run(stack, STACK, "chat", "backend", "--file", str(target), umask=0)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_text() == text
    assert target.stat().st_mode & 0o777 == 0o600
    assert f"{target}: " in done.stderr
    assert "(mode 0600)" in done.stderr

    before = stack.cloud.requests()[-1]["n"]
    target.write_text("mine")
    link.symlink_to(nowhere)
    for path in (target, link):
        printed = refused(stack, STACK, "chat", "backend", "--file", str(path))
        assert f"mv {path}.new {path}" in printed
    assert "cannot be created: No such file" in refused(
        stack, STACK, "chat", "backend", "--file", str(nowhere / "key")
    )
    with (tmp_path / "redirected").open("w") as readable:
        (tmp_path / "redirected").chmod(0o644)
        printed = refused(
            stack, STACK, "chat", "backend", stdout=readable, stderr=subprocess.PIPE, capture_output=False
        )
    assert "mode 0644" in printed
    assert "--file" in printed
    assert (target.read_text(), nowhere.exists()) == ("mine", False)
    assert [each for each in stack.cloud.requests(before) if "keyString" in each["path"]] == []

    fault(stack, "PERMISSION_DENIED", "apikeys.projects.locations.keys.getKeyString")
    refused(stack, STACK, "chat", "backend", "--file", str(nowhere))
    assert not nowhere.exists()


def test_a_secret_gets_a_version_and_its_readers_are_named(stack: Workspace) -> None:
    _, text = key_of(stack, "backend")
    assert run(stack, STACK, "chat", "backend", "--secret", SECRET).returncode == 0
    condition = {"title": "till June", "expression": 'request.time < timestamp("2027-07-01T00:00:00Z")'}
    bindings: list[dict[str, Any]] = [
        {
            "role": "roles/secretmanager.secretAccessor",
            "members": ["user:ann@example.com"],
            "condition": condition,
        },
        {"role": "roles/secretmanager.viewer", "members": ["user:not-her@example.com"]},
    ]
    policy = {"policy": {"version": 3, "bindings": bindings}}
    stack.cloud.call("POST", f"/secretmanager/v1/{SECRET}:setIamPolicy", policy)
    bindings = [
        # The basic viewer may read every key of the project.
        {"role": "roles/viewer", "members": ["group:developers@example.com"]},
        {"role": "roles/browser", "members": ["group:not-them@example.com"]},
        {"role": "organizations/123456789012/roles/deployer", "members": ["user:bob@example.com"]},
    ]
    role = {"roleId": "deployer", "role": {"includedPermissions": ["apikeys.keys.create"]}}
    stack.cloud.call("POST", "/iam/v1/organizations/123456789012/roles", role)
    path = f"/cloudresourcemanager/v1/projects/{PROJECT}:setIamPolicy"
    stack.cloud.call("POST", path, {"policy": {"bindings": bindings}})

    done = run(stack, STACK, "chat", "backend", "--secret", SECRET, "--json")
    assert (done.returncode, text in done.stdout + done.stderr) == (0, False)
    note = json.loads(done.stdout)
    assert note["writtenTo"].endswith("/secrets/gemini-key/versions/2")
    in_secret, in_project, of_keys, _ = note["readers"]
    assert [(each["role"], each["members"], each["condition"]) for each in in_secret["grants"]] == [
        (
            "roles/secretmanager.secretAccessor",
            ["user:ann@example.com"],
            'till June: request.time < timestamp("2027-07-01T00:00:00Z")',
        )
    ]
    assert in_project["grants"] == []
    assert [(each["role"], each["certain"]) for each in of_keys["grants"]] == [
        ("roles/viewer", True),
        ("organizations/123456789012/roles/deployer", False),
    ]
    held = stack.cloud.call("GET", f"/secretmanager/v1/{SECRET}/versions/latest:access")["payload"]["data"]
    assert b64decode(held).decode() == text

    fault(stack, "PERMISSION_DENIED", "secretmanager.projects.secrets.getIamPolicy")
    done = run(stack, STACK, "chat", "backend", "--secret", SECRET)
    assert done.returncode == 0
    assert f"{SECRET}: could not be read: 403 PERMISSION_DENIED" in done.stderr
    assert "secretmanager.secrets.getIamPolicy" in done.stderr


def test_what_is_missing_or_mistyped_is_said_with_what_to_do(stack: Workspace) -> None:
    assert "did you mean 'chat'?" in refused(stack, STACK, "caht", "backend")
    printed = refused(stack, STACK, "chat", "backnd")
    assert "did you mean 'backend'? known: backend, website" in printed
    assert f"did you mean {STACK!r}?" in refused(stack, f"{STACK}s", "chat", "backend")
    assert "--file or --secret" in refused(stack, STACK, "chat", "backend", "--file", "x", "--secret", SECRET)
    for wrong in (
        f"{SECRET}/versions/1",
        "gemini-key",
        SECRET.replace("/secrets", "/locations/europe-west1/secrets"),
    ):
        assert "write projects/PROJECT/secrets/NAME" in refused(
            stack, STACK, "chat", "backend", "--secret", wrong
        )
    disabled = refused(stack, STACK, "chat", "backend", "--secret", f"projects/{PROJECT}/secrets/x")
    assert "nothing was written" in disabled
    assert "SERVICE_DISABLED" in disabled

    fault(stack, "PERMISSION_DENIED", "apikeys.projects.locations.keys.getKeyString")
    denied = refused(stack, STACK, "chat", "backend")
    assert "grant the caller apikeys.keys.getKeyString (roles/serviceusage.apiKeysViewer)" in denied
    stack.cloud.call("PUT", "/_local/faults", {"faults": []})
    name, text = key_of(stack, "backend")
    stack.cloud.call("DELETE", f"/apikeys/v2/{name}")
    gone = refused(stack, STACK, "chat", "backend", code=1)
    assert "was deleted at Google" in gone
    assert f"gcloud services api-keys undelete {name.rpartition('/')[2]} --project {PROJECT}" in gone
    assert text not in gone
