"""The flags of `gemini-lz bootstrap`: refused together before anything is called, and kept in the stack file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from landing_zone.cli.app import app
from landing_zone.operations import bootstrap_file as files
from landing_zone.settings.bootstrap import load_bootstrap_engine

SEED = "acme-gemini-seed"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi project with the bootstrap's program beside it, and nothing that could answer."""
    (tmp_path / "Pulumi.yaml").write_text("name: gemini-landing-zone\nruntime: python\n# a remark\n")
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap" / "__main__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", "http://127.0.0.1:9/v1/")
    return tmp_path


def refused(*arguments: str) -> str:
    ended = CliRunner().invoke(app, ["bootstrap", *arguments])
    assert ended.exit_code == 2, ended.output
    return ended.output


def test_every_mistake_is_reported_at_once_with_its_flag(project: Path) -> None:
    found = refused(
        *("--seed", SEED, "--parent", "folder/1", "--location", "mars", "--versions", "3"),
        *("--operators", "ann@example.com", "--github", "acme/it's"),
    )
    for flag in ("--parent", "--billing-account", "--location", "--versions", "--operators", "--github"):
        assert f"\n{flag}\n" in found
    assert "write group:, user: or serviceAccount: and the address" in found
    assert not list((project / "bootstrap").glob("Pulumi.*"))

    lines = refused("--seed", SEED, "--location", "mars", "--json").splitlines()
    events = [json.loads(line) for line in lines]
    assert [each["event"] for each in events] == ["mistake", "mistake", "failed"]
    assert events[-1]["exitCode"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--yes",), "--seed is missing, and there is no file in bootstrap/ yet"),
        (("--seed", SEED, "--billing-account", "01A2B3-C4D5E6-F7A8B9"), "write gemini-lz bootstrap --seed"),
        (("--seed", SEED, "--github", "acme/gemini"), "without an organization there is no account"),
        (("--seed", SEED, "--preview-account"), "or leave --preview-account out"),
    ],
)
def test_wrong_usage_is_refused_with_the_remedy(arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(*arguments)


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ({"GOOGLE_CREDENTIALS": "{}"}, "gcloud auth application-default login"),
        ({"GOOGLE_OAUTH_ACCESS_TOKEN": "x"}, "the local cloud is not running"),
    ],
)
def test_google_that_cannot_be_asked_is_no_refusal(
    project: Path, monkeypatch: pytest.MonkeyPatch, credentials: dict[str, str], words: str
) -> None:
    for name in ("GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT", "http://127.0.0.1:9/v3/")
    account = ("--billing-account", "01A2B3-C4D5E6-F7A8B9")
    printed = refused("--seed", SEED, "--parent", "folders/1", *account, "--yes")
    assert words in printed
    assert "roles/browser" not in printed
    assert not list((project / "bootstrap").glob("Pulumi.*"))


def test_flags_are_kept_for_the_next_run_and_read_by_the_program(project: Path) -> None:
    folder = project / "bootstrap"
    path = folder / f"Pulumi.{SEED}.yaml"
    path.write_text("encryptionsalt: v1:made-up\nconfig:\n  gcp:region: europe-west3\n")
    values: dict[str, Any] = {
        "billingAccount": "01A2B3-C4D5E6-F7A8B9",
        "parent": "folders/1",
        "operators": ["group:platform@example.com"],
        "versions": 20,
        "tags": True,
    }
    assert files.write_values(folder, SEED, values)
    assert not files.write_values(folder, SEED, values)
    written = yaml.safe_load(path.read_text())
    assert written["encryptionsalt"] == "v1:made-up"
    assert written["config"]["gcp:region"] == "europe-west3"
    # Numbers and truth values are texts, as Pulumi writes them when it adds its salt.
    assert files.read_values(folder, SEED) == {**values, "versions": "20", "tags": "true"}
    config = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in written["config"].items()
    }
    settings = load_bootstrap_engine(SEED, config)
    assert settings.operators == ("group:platform@example.com",)
    assert (settings.versions, settings.tags, settings.bucket_name) == (20, True, f"{SEED}-state")


def test_the_backend_is_added_to_pulumi_yaml_and_never_replaced(project: Path) -> None:
    assert files.write_backend(project, "gs://acme-state")
    text = (project / "Pulumi.yaml").read_text()
    assert yaml.safe_load(text)["backend"] == {"url": "gs://acme-state"}
    assert "# a remark" in text
    assert not files.write_backend(project, "gs://another")
    assert (project / "Pulumi.yaml").read_text() == text
