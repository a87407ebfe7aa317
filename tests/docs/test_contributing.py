"""CONTRIBUTING.md names files and folders that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_path_in_contributing_exists() -> None:
    quoted = re.findall(r"`([\w./-]+)`", (ROOT / "CONTRIBUTING.md").read_text())
    paths = [each for each in quoted if "/" in each]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
