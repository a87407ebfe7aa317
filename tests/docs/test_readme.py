"""The README's stack file and what it says of mistakes are what the program does."""

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from landing_zone.cli.app import app
from landing_zone.settings import SettingsError, load_file
from landing_zone.workspace import stack_names
from tests.scaffolding.commands import run

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


@pytest.mark.parametrize("day", ["2026-11-24", "2027-01-01"])
def test_the_tip_on_derived_limits_works_on_the_stack_file(tmp_path: Path, day: str) -> None:
    found = re.search(r"`(limits: {derive: .*?}})` in place of `chat`'s limits", README)
    assert found
    text, count = re.subn(r"limits:\n(?: {8}.*\n)+", f"{found[1]}\n", block("yaml"))
    assert count == 1
    (tmp_path / "Pulumi.prod.yaml").write_text(text)
    for command in ("limits", "exposure"):
        done = CliRunner().invoke(app, [command, "prod", "--stacks", str(tmp_path), "--as-of", day])
        assert (done.exit_code, done.stderr) == (0, ""), command
        assert "does not fit" not in done.stdout

    # With too little, the error names the smallest overshoot that is enough.
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(re.sub(r"maxOvershoot: \d+", "maxOvershoot: 500", text))
    with pytest.raises(SettingsError) as refused:
        load_file("prod", path, date.fromisoformat(day))
    enough = re.search(r"maxOvershoot: (\d+) or more", str(refused.value))
    assert enough
    path.write_text(re.sub(r"maxOvershoot: \d+", enough[0].removesuffix(" or more"), text))
    assert load_file("prod", path, date.fromisoformat(day)).projects


def test_the_commands_for_an_organization_write_a_stack_that_the_policies_take(tmp_path: Path) -> None:
    """On a fresh clone, with ids of one's own."""
    [commands] = re.findall(r"## On your own organization\n.*?```sh\n(.*?)```", README, re.DOTALL)
    for shown, own in (
        ("folders/123456789012", "folders/555555555555"),
        ("01A2B3-C4D5E6-F7A8B9", "0D0E0F-1A1B1C-2D2E2F"),
        ("acme-", "initech-"),
    ):
        commands = commands.replace(shown, own)
    *_, new, up = (shlex.split(line)[1:] for line in commands.replace("\\\n", " ").splitlines())
    for name in ("Pulumi.yaml", "policy"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "stacks").mkdir()
    for name in stack_names(ROOT / "stacks"):
        (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text("config: {}\n")

    done = run(tmp_path, *new)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "no mandatory policy refuses it" in done.stdout
    assert up == ["up", new[1]]
    assert f"gemini-lz {' '.join(up)}\n" in done.stdout
    assert run(tmp_path, "validate", new[1]).stdout == f"{new[1]}: 1 project, no mistakes\n"
    page = (ROOT / "docs" / "organization.md").read_text()
    assert f"gemini-lz new {new[1]} " in page


def examples() -> list[str]:
    """The YAML blocks of the settings' page."""
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "settings.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", examples(), ids=lambda text: text.split(":")[0].strip("# "))
def test_every_example_of_the_settings_page_is_right(tmp_path: Path, example: str) -> None:
    first, _, rest = example.partition("\n")
    place = first.removeprefix("# ") if first.startswith("# ") else "projects"
    body = yaml.safe_load(rest if place != "projects" else example)
    settings: dict[str, Any] = {
        "billingAccount": "01A2B3-C4D5E6-F7A8B9",
        "notificationProject": "acme-ops",
        "organization": "organizations/123456789012",
        "projects": {
            "chat": {
                "projectId": "acme-chat-prod",
                "tier": "paid",
                "budget": {"amount": 1, "currency": "USD"},
            }
        },
    } | {place: body}
    config = {f"gemini-landing-zone:{name}": value for name, value in settings.items()}
    (tmp_path / "Pulumi.x.yaml").write_text(yaml.safe_dump({"config": config}, allow_unicode=True))
    assert load_file("x", tmp_path / "Pulumi.x.yaml").projects


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
