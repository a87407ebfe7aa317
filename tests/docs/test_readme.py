"""The README's stack file and what it says of mistakes are what the program does."""

import re
from pathlib import Path

from typer.testing import CliRunner

from landing_zone.cli.app import app
from landing_zone.settings import load_file
from landing_zone.settings.schema import stack_file_schema

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def validate(folder: Path) -> str:
    outcome = CliRunner().invoke(app, ["validate", "prod", "--stacks", str(folder)])
    return outcome.stdout + outcome.stderr


def test_the_stack_file_is_right(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text(block("yaml"))
    assert list(load_file("prod", tmp_path / "Pulumi.prod.yaml").projects) == ["playground", "chat"]
    assert validate(tmp_path) == "prod: 2 projects, no mistakes\n"


def test_the_mistakes_are_told_as_shown(tmp_path: Path) -> None:
    wrong = block("yaml").replace("tier: paid", "teir: paid").replace("1200.50", "1,200.50")
    (tmp_path / "Pulumi.prod.yaml").write_text(wrong)
    command, _, shown = block("console").partition("\n")
    assert command == "$ gemini-lz validate prod"
    assert validate(tmp_path).replace(str(tmp_path), "stacks") == shown


def test_every_setting_is_on_its_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    schema = stack_file_schema()
    tables = [schema["properties"]["config"], *schema["$defs"].values()]
    settings = {name.rpartition(":")[2] for table in tables for name in table.get("properties", {})}
    assert {name for name in settings if f"`{name}`" not in page and f"{name}:" not in page} == set()


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        assert set(re.findall(r"`make (?:-s )?([a-z]+)`|^make ([a-z]+)$", page.read_text())) <= {
            pair for target in targets for pair in ((target, ""), ("", target))
        }
