"""Files that a grammar of malformed ones gives: each ends soon and small, with its mistakes, and obeys nobody."""

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from sandbox.layout import ROOT
from tests.settings.grammar import COMMAND, FILES, KEY

COUNT = int(os.environ.get("MALFORMED_FILES", "150"))
"""`MALFORMED_FILES=5000` for all of them."""
SECONDS = 2
BIDI = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"}
OWN_LINES = re.compile(
    r"\S+/Pulumi\.x\.yaml(:\d+)?: |    \S|(at least )?\d+ mistakes? in the settings|x: \d+ projects|and \d+ more|warning "
)


class Judge:
    """The command `validate` in a process of its own, for one file after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "Pulumi.x.yaml"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.settings.judge_files"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def validate(self, content: bytes, command: str = "validate") -> dict[str, Any]:
        """The answer about a file's content."""
        self.path.write_bytes(content)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command} x --stacks {self.path.parent}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    found = Judge(tmp_path_factory.mktemp("stacks"))
    yield found
    found.close()


def assert_harmless(answer: dict[str, Any]) -> None:
    """Neither a crash nor a line that somebody else than this program begins."""
    text = answer["text"]
    assert not answer["crash"], answer
    assert answer["code"] in (0, 1), text
    assert answer["seconds"] < SECONDS
    assert "Traceback" not in text
    assert KEY not in text
    assert KEY[9:] not in text
    assert len(text) < 200_000
    for line in text.split("\n"):
        assert not line or OWN_LINES.match(line), line
        assert not line.strip().startswith((COMMAND, "::"))
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in line), line
        assert not BIDI & {*line}, line
        assert "##[" not in line
        assert "##vso[" not in line


@seed(16)
@settings(max_examples=COUNT, database=None, suppress_health_check=list(HealthCheck))
@given(content=FILES)
def test_a_malformed_file_gets_its_mistakes(judge: Judge, content: bytes) -> None:
    assert_harmless(judge.validate(content))
