"""A program that registers whatever resources a test names: `spec.json` holds name → type, inputs, outputs."""

import json
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


def said(workspace: Workspace, *arguments: str) -> str:
    """What a command prints that must fail."""
    run = workspace.pulumi(*arguments, check=False)
    assert run.returncode != 0
    return run.stdout + run.stderr
