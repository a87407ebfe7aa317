"""No report of a failing test shows an API key."""

import subprocess
import sys
from pathlib import Path

from sandbox.layout import ROOT

KEY = "AIza" + "Sy" * 17 + "x"
FAILING = f"""
import pytest

@pytest.fixture
def setting_up():
    print("in set-up", {KEY!r})
    raise RuntimeError({KEY!r})

def test_assertion():
    print("printed", {KEY!r})
    answer = {{"keyString": {KEY!r}}}
    assert answer == {{}}

def test_set_up(setting_up):
    pass
"""


def test_a_failing_test_does_not_print_the_key_it_failed_on(tmp_path: Path) -> None:
    (tmp_path / "test_failing.py").write_text(FAILING.replace(repr(KEY), " + ".join(map(repr, KEY))))

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-vv", "--showlocals", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 failed, 1 error" in run.stdout
    assert run.stdout.count("[an API key]") > 3
    assert KEY not in run.stdout + run.stderr
