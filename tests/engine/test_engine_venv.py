""".venv: made once, made again when the pins change, made from nothing after a kill. Python and pip are fakes."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.layout import ROOT
from sandbox.venv import PROGRAM, make_environment

PYTHON = """#!/bin/sh
echo "$*" >> {log}
[ ! -e {orders}/$2 ] || sh {orders}/$2 || exit $?
if [ "$2" = venv ]; then mkdir -p {root}/.venv/bin; cp "$0" {root}/.venv/bin/python; fi
"""


class Machine:
    """A clone, and a fake Python that notes what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self._orders = folder / "orders"
        self._log = folder / "log"
        self._orders.mkdir()
        self.root.mkdir()
        for name in PROGRAM.made_from:
            (self.root / name).write_text("pip==1\n")
        self._python = folder / "python"
        self._python.write_text(PYTHON.format(log=self._log, orders=self._orders, root=self.root))
        self._python.chmod(0o755)

    def order(self, module: str, script: str) -> None:
        """Let the next runs of `python -m module` do this first."""
        (self._orders / module).write_text(script)

    def make(self) -> list[str]:
        """Set up; returns the modules that Python was asked to run, in order."""
        self._log.unlink(missing_ok=True)
        make_environment(self.root, python=str(self._python))
        return self.asked()

    def asked(self) -> list[str]:
        """What Python was asked to run by the last `make`."""
        return [line.split()[1] for line in self.commands()]

    def commands(self) -> list[str]:
        """The arguments of each run of Python by the last `make`."""
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_first_run_makes_it_and_the_second_does_nothing(machine: Machine) -> None:
    assert machine.make() == ["venv", "pip", "pip"]
    assert machine.make() == []


def test_pip_fetches_what_is_pinned_and_nothing_for_the_build(machine: Machine) -> None:
    machine.make()

    pinned, project = machine.commands()[1:]
    assert "--require-hashes --no-deps --requirement requirements-dev.txt" in pinned
    assert {"--no-index", "--no-deps", "--no-build-isolation"} < set(project.split())


def test_a_changed_pin_installs_again_in_the_same_environment(machine: Machine) -> None:
    machine.make()
    (machine.root / "requirements-dev.txt").write_text("pip==2\n")

    assert machine.make() == ["pip", "pip"]
    assert machine.make() == []


def test_a_run_killed_while_pip_unpacks_is_repaired_from_nothing(machine: Machine) -> None:
    arguments = f"Path({str(machine.root)!r}), python={str(machine._python)!r}"
    run = f"from pathlib import Path; from sandbox.venv import make_environment as m; m({arguments})"
    machine.order("pip", "kill -9 $(ps -o ppid= -p $$ | xargs ps -o ppid= -p)")
    killed = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -9
    machine.order("pip", "true")

    assert machine.make() == ["venv", "pip", "pip"]


def test_a_pip_that_fails_says_why_and_the_next_run_tries_again(machine: Machine) -> None:
    machine.order("pip", "echo no route to host; exit 3")
    with pytest.raises(SandboxError, match=r"(?s)exit code 3.*no route to host"):
        machine.make()
    machine.order("pip", "true")

    assert machine.make() == ["pip", "pip"]
