"""Keys of a stack file are read as Pulumi reads them: with the namespace, without it, and in the old form."""

import json
from pathlib import Path

import pytest

from landing_zone.settings import SettingsError, load_engine, load_file
from landing_zone.settings.source import read_stack_file
from tests.workspace import Workspace

FORMS = ("gemini-landing-zone:", "", "gemini-landing-zone:config:")
LAB = "{lab: {projectId: acme-lab-dev, tier: free}}"


@pytest.mark.parametrize("form", FORMS)
def test_a_form_means_the_same_to_the_engine_and_to_the_file(workspace: Workspace, form: str) -> None:
    workspace.write(f"config:\n  {form}projects: {LAB}\n  {form}labels: {{owner: me}}\n  gcp:project: x\n")
    shown = json.loads(workspace.pulumi("config", "--json", "--stack", "test").stdout)
    handed = {key: entry["value"] for key, entry in shown.items()}
    settings = load_file("test", workspace.stack_file)
    assert settings.projects["lab"].labels == {"owner": "me"}
    assert load_engine("test", handed, workspace.stack_file.parent) == settings
    # The program itself, with the engine's own reading.
    assert {change.name for change in workspace.preview() if change.name == "lab"} == {"lab"}


@pytest.mark.parametrize("form", FORMS)
def test_a_mistake_is_shown_as_the_file_spells_it(tmp_path: Path, form: str) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(f"config:\n  {form}projects: {LAB.replace('tier', 'teir')}\n  {form}parnet: folders/1\n")
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    told = [(problem.as_json()["path"], problem.line) for problem in raised.value.problems]
    assert told == [(f"{form}projects.lab.teir", 2), (f"{form}parnet", 3)]


@pytest.mark.parametrize(
    ("first", "second"), [(FORMS[0], FORMS[1]), (FORMS[1], FORMS[2]), (FORMS[2], FORMS[0])]
)
def test_two_forms_of_one_key_are_a_mistake_as_pulumi_takes_either(
    tmp_path: Path, first: str, second: str
) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(f"config:\n  {first}projects: {LAB}\n  {second}projects: {LAB}\n")
    with pytest.raises(SettingsError) as raised:
        load_file("prod", file)
    [problem] = raised.value.problems
    assert (problem.line, problem.as_json()["path"]) == (3, f"{second}projects")
    assert f"as {first}projects too" in problem.reason


def test_a_key_without_a_namespace_is_the_pulumi_projects(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: somebody-elses\nruntime: python\n")
    (tmp_path / "stacks").mkdir()
    file = tmp_path / "stacks" / "Pulumi.prod.yaml"
    file.write_text(f"config:\n  projects: {LAB}\n  gemini-landing-zone:parent: folders/1\n")
    assert read_stack_file(file).values == {"parent": "folders/1"}


def test_a_key_that_pulumi_cannot_read_is_a_mistake(workspace: Workspace) -> None:
    workspace.write(f"config:\n  projects: {LAB}\n")
    workspace.stack_file.write_text(f"config:\n  projects: {LAB}\n  gcp:a:b: 1\n")
    refused = workspace.pulumi("config", "--stack", "test", check=False)
    assert "could not parse gcp:a:b as a configuration key" in refused.stderr
    with pytest.raises(SettingsError) as raised:
        load_file("test", workspace.stack_file)
    [problem] = raised.value.problems
    assert (problem.line, problem.as_json()["path"]) == (3, "gcp:a:b")
