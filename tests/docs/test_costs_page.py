"""What README.md and docs/costs.md show of the commands about money and of policies is what these print."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from landing_zone.cli import console
from landing_zone.cli.app import app

ROOT = Path(__file__).parents[2]
README, COSTS = (ROOT / "README.md").read_text(), (ROOT / "docs" / "costs.md").read_text()


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """The commands of a page, each with what is shown and the stack file that was shown last before it."""
    stack = ""
    for kind, content in re.findall(r"```(yaml|console)\n(.*?)```", page, re.DOTALL):
        if kind == "yaml":
            stack = content if content.startswith("config:") else stack
        elif content.startswith("$ gemini-lz ") and not content.startswith("$ gemini-lz validate"):
            command, _, shown = content.removeprefix("$ gemini-lz ").partition("\n")
            yield stack, command, shown


BLOCKS = [*blocks(README), *blocks(COSTS)]
STACKS = {stack: None for stack, _, _ in blocks(COSTS)}
GUARDED = next(stack for stack in STACKS if "guard:" in stack)


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


def test_limits_without_and_with_the_guard_stand_side_by_side(tmp_path: Path) -> None:
    """The same overshoot, over a day and over the guard's lag: the table is what the command derives."""
    (tmp_path / "Pulumi.prod.yaml").write_text(GUARDED)
    rows = []
    for lag in (["--lag", "24h"], []):
        command = ["limits", "prod", "--as-of", "2026-11-24", *lag, "--stacks", str(tmp_path), "--json"]
        done = CliRunner().invoke(app, command)
        [model] = json.loads(done.stdout)["chat"]["models"].values()
        limits = (
            f"{model['limits'][name]:,}"
            for name in ("requestsPerMinute", "requestsPerDay", "inputTokensPerMinute")
        )
        fits = "fits" if done.exit_code == 0 else "does not fit"
        rows.append(f"| {' | '.join(limits)} | {fits}: it needs {float(model['needsExposure']):,.2f} USD |")
    assert all(row in COSTS for row in rows), rows
    assert len(set(rows)) == 2
