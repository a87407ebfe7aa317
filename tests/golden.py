"""Golden files: texts that a test compares word for word."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest


def compare(texts: Mapping[Path, str]) -> None:
    """Compare texts with their golden files. With `GOLDEN=write`, write the files and fail: no run passes by it."""
    if os.environ.get("GOLDEN") == "write":
        for file, text in texts.items():
            file.write_text(text, encoding="utf-8")
        names = ", ".join(file.name for file in texts)
        pytest.fail(f"{names} written: read the diff, and run the test again without GOLDEN")
    for file, text in texts.items():
        assert text == file.read_text(encoding="utf-8"), (
            f"{file.name} differs; if meant, run with GOLDEN=write"
        )
