"""`.venv`: made once from the pinned requirement files, made again when they change. Standard library only."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from pathlib import Path

from sandbox.errors import PrerequisiteError, SandboxError
from sandbox.files import only_one, write_atomically
from sandbox.steps import Step, run_quietly, say, step

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ("pyproject.toml", "requirements.txt", "requirements-dev.txt")
UNFINISHED = "unfinished"


def make_environment(root: Path, python: str = sys.executable) -> Path:
    """Make sure that `.venv` holds what the requirement files pin; return its Python.

    The stamp says what it was made from, and is written last. A run that was killed leaves it `unfinished`: a
    package may then be half unpacked, which pip takes for installed, so the environment is made from nothing.
    """
    stamp = root / ".sandbox" / "venv.stamp"
    target = root / ".venv" / "bin" / "python"
    wanted = _fingerprint(root)
    if _made_from(stamp) == wanted and target.exists():
        return target
    with only_one(stamp.with_suffix(".lock"), "Waiting for another set-up of .venv to end"):
        made_from = _made_from(stamp)
        if made_from == wanted and target.exists():
            return target
        write_atomically(stamp, UNFINISHED)
        try:
            if made_from == UNFINISHED or not target.exists():
                _create(root, python)
            _install(root, target)
        except SandboxError:
            # A failure that was told, not a kill: what was there is still whole.
            write_atomically(stamp, made_from)
            raise
        write_atomically(stamp, wanted)
    return target


def _made_from(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""


def _fingerprint(root: Path) -> str:
    """What decides the contents of `.venv`: the files, and where the tree lies (scripts in it name that)."""
    digest = hashlib.sha256(str(root).encode())
    for name in REQUIREMENTS:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _create(root: Path, python: str) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        minor = ".".join(map(str, sys.version_info[:2]))
        raise PrerequisiteError(
            f"`{sys.executable}` comes without the modules venv and ensurepip.\n"
            f"       Install them (Debian, Ubuntu: apt install python{minor}-venv), or name another Python:\n"
            "       make up PYTHON=python3.12"
        )
    with step("Make .venv"):
        run_quietly(
            [python, "-m", "venv", "--clear", root / ".venv"], cwd=root, failure="`python -m venv` failed"
        )


def _install(root: Path, target: Path) -> None:
    pip: list[str | Path] = [
        target,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]
    pins = re.findall(r"^[^\s#]+==", (root / "requirements-dev.txt").read_text(), flags=re.MULTILINE)
    with step("Install the pinned Python packages") as current:
        progress = _PipProgress(current, len(pins))
        run_quietly(
            [*pip, "--requirement", "requirements-dev.txt"],
            cwd=root,
            failure="pip could not install requirements-dev.txt",
            on_line=progress.line,
        )
        run_quietly(
            [*pip, "--no-deps", "--editable", "."], cwd=root, failure="pip could not install this project"
        )
        current.outcome = f"{len(pins)} packages"


class _PipProgress:
    """How far pip is, from the lines it prints."""

    def __init__(self, current: Step, total: int) -> None:
        self._step, self._total, self._seen = current, total, 0

    def line(self, text: str) -> None:
        """Take in one line of pip's output."""
        if text.startswith(("Collecting ", "Requirement already satisfied")):
            self._seen += 1
            self._step.detail = f"{min(self._seen, self._total)} of {self._total}"
        elif text.startswith("Installing collected packages"):
            self._step.detail = "unpacking"


if __name__ == "__main__":
    try:
        venv_python = make_environment(ROOT)
    except SandboxError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    os.chdir(ROOT)
    os.execv(venv_python, [str(venv_python), "-m", "sandbox", *sys.argv[1:]])  # noqa: S606 the command takes over
