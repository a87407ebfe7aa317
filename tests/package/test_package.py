"""The components as a package: its schema, and programs that use it without this project's program around them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.schema import with_components
from landing_zone.settings import load_project
from provider.package import schema
from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.workspace import Cloud, Workspace

EXAMPLE = ROOT / "docs" / "examples" / "yaml" / "Pulumi.yaml"
REMOTE = '''\
import json
from pathlib import Path

import pulumi


class GeminiProject(pulumi.ComponentResource):
    """What an SDK made from the schema would hold."""

    def __init__(self, name, args):
        outputs = {"number": None, "keyStrings": None, "tierFound": None, "budgetName": None}
        super().__init__("gemini-landing-zone:index:GeminiProject", name, {**args, **outputs}, None, remote=True)


args = json.loads((Path(__file__).parent / "args.json").read_text())
if args.pop("later", None):
    # Known in the update alone, as what another resource gets is.
    made = pulumi.CustomResource("gcp:organizations/project:Project", "other", {
        "projectId": "acme-other-demo", "name": "acme-other-demo", "folderId": "987654321098",
        "deletionPolicy": "DELETE", "number": None,
    })
    args["labels"] = {"beside": made.number}
chat = GeminiProject("chat", args)
pulumi.export("number", chat.number)
pulumi.export("tier", chat.tierFound)
pulumi.export("keys", chat.keyStrings)
'''
WIRE = """\
import json
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest
from pulumi.runtime.settings import get_monitor

folder = Path(__file__).parent
answer = get_monitor().RegisterResource(RegisterResourceRequest(
    type="gemini-landing-zone:index:GeminiProject", name="chat", custom=False, remote=True,
    object=ParseDict(json.loads((folder / "args.json").read_text()), Struct()),
    acceptSecrets=True, acceptResources=True,
))
(folder / "answer.json").write_text(json.dumps(MessageToDict(answer.object)))
"""
"""What a language host does: the request of the resource, and the answer as it comes."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


def example() -> dict[str, Any]:
    """The properties that the YAML example gives its project."""
    found: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())["resources"]["chat"]["properties"]
    return found


@pytest.fixture
def program(workspace: Workspace) -> Workspace:
    """A program that knows nothing of this project but the package."""
    folder = workspace.layout.program
    (folder / "__main__.py").write_text(REMOTE)
    settings = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    settings |= {"name": "somebody-elses"}
    settings["plugins"]["providers"][0]["path"] = "./components"
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    (folder / "components").symlink_to(ROOT / "components")
    return workspace


def write(program: Workspace, **args: Any) -> None:
    """Give the project these settings."""
    (program.layout.program / "args.json").write_text(json.dumps(args))
    program.write("config: {}\n")


def test_the_committed_schema_is_that_of_the_types() -> None:
    committed = json.loads((ROOT / "components" / "schema.json").read_text())
    assert committed == json.loads(json.dumps(with_components(schema())))


def test_pulumi_takes_the_schema(program: Workspace) -> None:
    found = json.loads(program.pulumi("package", "get-schema", str(ROOT / "components")).stdout)
    assert "gemini-landing-zone:index:GeminiProject" in found["resources"]
    assert found["resources"]["gemini-landing-zone:index:SpendCap"]["requiredInputs"] == [
        "billingAccount",
        "project",
        "amount",
    ]


def test_a_project_from_another_program(program: Workspace) -> None:
    write(program, **example())
    made = {(change.type, change.name) for change in program.up()}
    assert ("gcp:billing/budget:Budget", "chat") in made
    assert ("gemini-landing-zone:index:ProjectLimits", "chat") in made
    assert program.preview() == []
    outputs = program.outputs(secrets=True)
    assert outputs["tier"] == "1"
    assert outputs["keys"]["backend"].startswith("AQ.")
    assert "AQ." not in json.dumps(program.outputs())

    changed = example()
    changed["budget"]["amount"] = 1300
    write(program, **changed)
    assert [(change.op, change.type) for change in program.up()] == [("update", "gcp:billing/budget:Budget")]
    program.destroy()
    assert (
        program.cloud.call("GET", "/cloudresourcemanager/v1/projects/acme-chat-from-yaml")["lifecycleState"]
        == "DELETE_REQUESTED"
    )


def test_a_program_in_any_language_gets_the_keys_whole_and_secret(program: Workspace) -> None:
    (program.layout.program / "__main__.py").write_text(WIRE)
    write(program, **example())
    program.up()
    answer = json.loads((program.layout.program / "answer.json").read_text())
    assert answer["keyStrings"].keys() == {SIGNATURE, "value"}
    assert answer["keyStrings"][SIGNATURE] == SECRET
    path = "/apikeys/v2/projects/acme-chat-from-yaml/locations/global/keys/backend/keyString"
    assert answer["keyStrings"]["value"] == {"backend": program.cloud.call("GET", path)["keyString"]}


def test_every_mistake_is_told_by_property_before_anything_is_made(program: Workspace) -> None:
    wrong = example()
    wrong["budget"]["amount"] = -5
    wrong["limits"]["gemini-2.5-flsh"] = {"requestsPerMinute": 1}
    write(program, **wrong)
    run = program.pulumi("up", "--yes", "--skip-preview", check=False)
    assert run.returncode != 0
    said = run.stdout + run.stderr
    assert "budget.amount" in said
    assert "did you mean 'gemini-2.5-flash'?" in said
    assert "/v1/projects" not in [
        request["path"] for request in program.cloud.requests() if request["method"] == "POST"
    ]


def test_settings_that_come_from_another_resource_are_waited_for(program: Workspace) -> None:
    write(program, later=True, **example())
    foreseen = {change.type for change in program.preview()}
    assert "gemini-landing-zone:index:GeminiProject" in foreseen
    assert "gcp:billing/budget:Budget" not in foreseen
    program.up()
    project = program.cloud.call("GET", "/cloudresourcemanager/v1/projects/acme-chat-from-yaml")
    other = program.cloud.call("GET", "/cloudresourcemanager/v1/projects/acme-other-demo")
    assert project["labels"]["beside"] == other["projectNumber"]


def test_the_example_holds_right_settings() -> None:
    assert load_project("chat", example()).project_id == "acme-chat-from-yaml"


@pytest.mark.skipif(not shutil.which("pulumi-language-yaml"), reason="the CLI has no language host for YAML")
def test_the_yaml_example_runs(tmp_path: Path, engine: Engine, cloud: Cloud) -> None:
    workspace = Workspace(tmp_path, engine, cloud)
    settings = yaml.safe_load(EXAMPLE.read_text())
    settings["packages"]["gemini-landing-zone"] = str(ROOT / "components")
    (workspace.layout.program / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    (workspace.layout.program / "__main__.py").unlink()
    workspace.pulumi("stack", "select", "--create", "test")
    workspace.pulumi("up", "--yes", "--skip-preview")
    assert "number" in workspace.outputs()
