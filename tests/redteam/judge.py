"""The pack's own Python, which judges program after program."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.redteam.production import DAY, LAG_MINUTES
from tests.redteam.programs import Program, stages


@dataclass(frozen=True)
class Stage:
    """What the policies say of a program at the end of a preview, or of an update."""

    violations: tuple[tuple[str, str, str], ...]
    """Policy, its scope, and the label of what violates it: the mandatory ones."""
    bounds: dict[str, str | None]
    """Each reference to a paid project → the most that it can cost in the window; None if nothing bounds it."""


class Judge:
    """A process that stays; close it."""

    def __init__(self, pack: Path) -> None:
        command = [str(pack / ".venv" / "bin" / "python"), str(Path(__file__).parent / "judge_programs.py")]
        self._process = subprocess.Popen(
            [*command, DAY, str(LAG_MINUTES)],
            env={"PYTHONPATH": str(pack)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, program: Program) -> tuple[Stage, Stage]:
        """Judge a program with what a preview knows, and with all that the update knows."""
        assert self._process.stdin
        assert self._process.stdout
        question: Any = {"project": program.project, "stack": program.stack, "stages": stages(program)}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        foreseen, done = (
            Stage(tuple(map(tuple, each["violations"])), each["bounds"])
            for each in json.loads(self._process.stdout.readline())
        )
        return foreseen, done

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
