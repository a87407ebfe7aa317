"""docs/engines.md: its commands write what the page says."""

import re
import shlex
from pathlib import Path

import yaml

from sandbox.layout import ROOT
from tests.scaffolding.commands import run

PAGE = (ROOT / "docs" / "engines.md").read_text()


def commands(text: str) -> list[list[str]]:
    """The commands of the page that are this project's, as arguments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("gemini-lz ")]


def test_the_pages_commands_run_and_write_what_it_says(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "stacks", "policy"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command in commands(PAGE):
        found = run(tmp_path, *command)
        assert found.exit_code == 0, found.output
    made = yaml.safe_load_all((tmp_path / "deploy/operator/stack-prod.yaml").read_text())
    assert [each["metadata"]["name"] for each in made] == ["prod", "prod-drift"]
    assert (tmp_path / "deploy/deployments/fleet.json").is_file()


def test_the_commands_that_kubectl_gets_name_what_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").symlink_to(ROOT / "Pulumi.yaml")
    (tmp_path / "stacks").symlink_to(ROOT / "stacks")
    printed = run(tmp_path, *commands(PAGE)[0]).output
    for word in (
        "kubectl create namespace gemini-lz",
        "the Secret gemini-lz",
        "kubectl apply -k deploy/operator",
    ):
        assert word in printed
        assert word.removeprefix("the Secret ") in PAGE
    assert {*re.findall(r"PULUMI_CONFIG_PASSPHRASE|sshPrivateKey", printed)} == {
        *re.findall(r"--from-file=(\w+)=", PAGE)
    }
