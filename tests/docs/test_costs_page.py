"""What README.md and docs/costs.md show of the commands about money and of policies is what these print."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.cli import console
from landing_zone.cli.app import app

ROOT = Path(__file__).parents[2]
README, COSTS = (ROOT / "README.md").read_text(), (ROOT / "docs" / "costs.md").read_text()


def stack_file(page: str) -> str:
    found = re.search(r"```yaml\n(config:.*?)```", page, re.DOTALL)
    assert found
    return found[1]


BLOCKS = [
    (stack_file(page), *found)
    for page in (README, COSTS)
    for found in re.findall(r"```console\n\$ gemini-lz ((?!validate).*?)\n(.*?)```", page, re.DOTALL)
]


@pytest.mark.parametrize(("stack", "command", "shown"), BLOCKS, ids=[command for _, command, _ in BLOCKS])
def test_a_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: str, command: str, shown: str
) -> None:
    monkeypatch.setattr(console.out, "width", console.WIDE)
    (tmp_path / "Pulumi.prod.yaml").write_text(stack)
    arguments = command.split()
    folder = [] if arguments[0] == "prices" else ["--stacks", str(tmp_path)]
    done = CliRunner().invoke(app, [*arguments, *folder])
    text = (done.stdout + done.stderr).replace(str(tmp_path), "stacks")
    printed = [line.rstrip() for line in text.splitlines()]
    # … stands for lines that are left out.
    position = 0
    for line in shown.splitlines():
        if line == "…":
            position = -1
            continue
        found = printed.index(line, max(position, 0)) if line in printed else -1
        assert found == position or (position == -1 and found >= 0), line
        position = found + 1


def test_the_pages_show_every_command_about_money() -> None:
    assert {command.split()[0] for _, command, _ in BLOCKS} == {
        "estimate",
        "exposure",
        "limits",
        "policy",
        "prices",
    }
