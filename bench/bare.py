"""A program with the same resources as a stack, and no components: what Pulumi itself takes for them.

Its state is the stack's, with each resource's parent taken away; so a preview of it changes nothing.
"""

import json
from pathlib import Path
from typing import Any, Final

from tests.workspace import STACK, Workspace

_PROGRAM: Final = """\
import json
from pathlib import Path

import pulumi
import pulumi_gcp  # as any program that has these resources
from pulumi_gcp import billing, organizations, projects, serviceaccount

own = pulumi.ProviderResource("gemini-landing-zone", "own")
for each in json.loads(Path(__file__).with_name("resources.json").read_text()):
    ours = each["type"].startswith("gemini-landing-zone:")
    options = pulumi.ResourceOptions(provider=own) if ours else pulumi.ResourceOptions(version=each["version"])
    pulumi.CustomResource(each["type"], each["name"], each["inputs"], options)
"""


def bare_copy(workspace: Workspace, folder: Path) -> Path:
    """Make the program and its stack in a folder; returns the folder."""
    folder.mkdir()
    exported = json.loads(workspace.pulumi("stack", "export", "--show-secrets", "--stack", STACK).stdout)
    root, *resources = exported["deployment"]["resources"]
    kept, listed = [{**root, "urn": _urn(root)}], []
    renamed = {
        f"{each['urn']}::{each['id']}": f"{_urn(each)}::{each['id']}" for each in resources if "id" in each
    }
    for each in resources:
        if not each["custom"]:
            continue
        entry = {name: value for name, value in each.items() if name not in _LEFT_OUT}
        entry |= {"urn": _urn(each), "parent": _urn(root)}
        if "provider" in each:
            entry["provider"] = renamed[each["provider"]]
            version = each["provider"].partition("default_")[2].partition("::")[0].replace("_", ".")
            inputs = {name: value for name, value in each.get("inputs", {}).items() if name != "__defaults"}
            name = entry["urn"].split("::", 3)[3]
            listed.append({"type": each["type"], "name": name, "inputs": inputs, "version": version})
        elif "default" in each["urn"]:
            del entry["parent"]
        kept.append(entry)
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / "resources.json").write_text(json.dumps(listed))
    (folder / "Pulumi.yaml").write_text((workspace.layout.program / "Pulumi.yaml").read_text())
    (folder / "stacks").mkdir()
    for name in (".venv", "provider"):
        (folder / name).symlink_to((workspace.layout.program / name).resolve())
    (folder / "stacks" / "Pulumi.bare.yaml").write_text("config:\n  gcp:disableGlobalProjectWarning: true\n")
    exported["deployment"]["resources"] = kept
    (folder / "state.json").write_text(json.dumps(exported))
    return folder


_LEFT_OUT: Final = (
    *("dependencies", "propertyDependencies", "sourcePosition", "stackTrace", "resourceHooks", "aliases"),
    *("protect", "retainOnDelete", "additionalSecretOutputs"),
)


def _urn(resource: dict[str, Any]) -> str:
    kind, name = resource["type"], resource["urn"].split("::", 3)[3]
    if kind == "pulumi:pulumi:Stack":
        name = "gemini-landing-zone-bare"
    if kind == "pulumi:providers:gemini-landing-zone":
        name = "own"
    return f"urn:pulumi:bare::gemini-landing-zone::{kind}::{name}"
