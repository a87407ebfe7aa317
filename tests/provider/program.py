"""A program that registers whatever resources a test names: `spec.json` holds name → type, inputs, outputs."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import yaml

from sandbox.layout import ROOT
from tests.workspace import Workspace

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
_PROGRAM = """\
import json
from pathlib import Path

import pulumi

for name, (kind, inputs, outputs) in json.loads((Path(__file__).parent / "spec.json").read_text()).items():
    token = kind if ":" in kind else f"gemini-landing-zone:index:{kind}"
    made = pulumi.CustomResource(token, name, {**dict.fromkeys(outputs), **inputs})
    pulumi.export(name, {output: getattr(made, output) for output in outputs})
"""


def program(workspace: Workspace) -> Workspace:
    """The workspace with that program, in a project of another name: the default provider takes no settings."""
    folder = workspace.layout.program
    (folder / "__main__.py").write_text(_PROGRAM)
    settings = yaml.safe_load((ROOT / "Pulumi.yaml").read_text()) | {"name": "somebody-elses"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    return workspace


def write(workspace: Workspace, **resources: tuple[str, dict[str, Any], list[str]]) -> None:
    """Make these the program's resources."""
    (workspace.layout.program / "spec.json").write_text(json.dumps(resources))
    if not workspace.stack_file.exists():
        workspace.write("config:\n  gcp:disableGlobalProjectWarning: true\n")


def make_project(workspace: Workspace, project_id: str) -> str:
    """A paid project with the Gemini API; returns its number."""
    call = workspace.cloud.call
    parent = {"type": "folder", "id": "987654321098"}
    call(
        "POST",
        "/cloudresourcemanager/v1/projects",
        {"projectId": project_id, "name": project_id, "parent": parent},
    )
    link = {"billingAccountName": f"billingAccounts/{ACCOUNT}"}
    call("PUT", f"/cloudbilling/v1/projects/{project_id}/billingInfo", link)
    for service in ("generativelanguage", "apikeys", "cloudquotas"):
        call("POST", f"/serviceusage/v1/projects/{project_id}/services/{service}.googleapis.com:enable", {})
    return str(call("GET", f"/cloudresourcemanager/v1/projects/{project_id}")["projectNumber"])


def state(workspace: Workspace) -> list[dict[str, Any]]:
    """The provider's resources, as the stack's state has them."""
    exported = json.loads(workspace.pulumi("stack", "export").stdout)["deployment"]["resources"]
    return [entry for entry in exported if "gemini-landing-zone:index:" in entry["type"]]


def forget(workspace: Workspace) -> None:
    """Make the state as if the provider's resources had never been: what a killed run may leave."""
    exported = json.loads(workspace.pulumi("stack", "export").stdout)
    deployment = exported["deployment"]
    deployment["resources"] = [
        entry for entry in deployment["resources"] if "gemini-landing-zone:index:" not in entry["type"]
    ]
    forgotten = workspace.layout.program / "forgotten.json"
    forgotten.write_text(json.dumps(exported))
    workspace.pulumi("stack", "import", "--file", str(forgotten))


def take_over(workspace: Workspace, kind: str, name: str, resource_id: str) -> None:
    """`pulumi import` of one resource."""
    token = f"gemini-landing-zone:index:{kind}"
    workspace.pulumi(
        "import",
        token,
        name,
        resource_id,
        "--yes",
        "--generate-code=false",
        "--protect=false",
        "--skip-preview",
    )


def since(workspace: Workspace, before: int, **wanted: Any) -> list[dict[str, Any]]:
    """The requests after a number that have these values."""
    return [
        request
        for request in workspace.cloud.requests(before)
        if all(request[name] == value for name, value in wanted.items())
    ]


def interrupted(workspace: Workspace, number: signal.Signals, reached: Callable[[], bool]) -> str:
    """Start `pulumi up`, and end it by a signal once a point is reached; returns what it printed."""
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color=never"],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not reached():
        assert process.poll() is None, "pulumi up ended before it could be stopped"
    # kill -9 ends the plugins too; a Ctrl-C reaches them through the engine.
    (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    return printed


def output_of_failure(workspace: Workspace, *arguments: str) -> str:
    """The output of a command that must fail."""
    run = workspace.pulumi(*arguments, check=False)
    assert run.returncode != 0
    return run.stdout + run.stderr
