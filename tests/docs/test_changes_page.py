"""docs/changes.md: what it shows of `gemini-lz diff` is what the command prints for the page's change."""

import json
import re
from pathlib import Path

import pytest

from landing_zone.cli import console
from sandbox.layout import ROOT
from tests.changes.repository import FILES, RULES, STACK, Repository

PAGE = (ROOT / "docs" / "changes.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.out, "width", console.WIDE)
    repository = Repository(tmp_path, {**FILES, STACK: blocks("yaml")[0]})
    label = repository.git("rev-parse", "HEAD")[:10]
    for position, (change, block) in enumerate(zip(blocks("diff"), blocks("console"), strict=True)):
        old, new = (line[1:] for line in change.splitlines())
        repository.edit((old, new))
        if position:
            rules = {name: each for name, each in RULES.items() if name != "budget-below-maximum"}
            repository.write({"policy/config/prod.json": json.dumps(rules)})
        command, _, shown = block.partition("\n")
        words = command.removeprefix("$ gemini-lz diff ").split()
        done = repository.diff(*words[: words.index("--as-of")])
        printed = (done.stdout + done.stderr).replace(label, "1a2b3c4d5e")
        # … stands for lines that are left out.
        pattern = ".*".join(map(re.escape, shown.split("…\n")))
        assert re.fullmatch(pattern, printed, re.DOTALL), printed
        assert done.exit_code == position
