"""`.venv` and `policy/.venv`: created from the pinned requirement files, and created again when they change.

pip installs only files whose digests these pin, and fetches nothing besides.

Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import PrerequisiteError, SandboxError
from sandbox.files import only_one, write_atomically
from sandbox.steps import Step, run_quietly, say, step

ROOT = Path(__file__).resolve().parents[1]
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Environment:
    """A virtual environment. Paths are relative to the repository."""

    folder: str
    installs: str
    """The requirement file that pip installs."""
    made_from: tuple[str, ...]
    """The files that determine its contents."""
    stamp: str
    editable: bool = False
    """True if this project is installed in it too."""


PROGRAM = Environment(
    ".venv",
    "requirements-dev.txt",
    ("pyproject.toml", "requirements.txt", "requirements-dev.txt"),
    "venv.stamp",
    editable=True,
)
"""The environment of the program, the local cloud, the tests and the checks."""
POLICY_PACK = Environment(
    "policy/.venv", "policy/requirements.txt", ("policy/requirements.txt",), "policy-venv.stamp"
)
"""The environment of the policy pack, which needs another version of protobuf than Google's clients."""


def make_environment(root: Path, environment: Environment = PROGRAM, python: str = sys.executable) -> Path:
    """Make sure that an environment holds what the requirement files pin; return its Python.

    The stamp records what it was created from, and is written last. A killed run leaves it `unfinished`: a package
    may then be half unpacked, which pip treats as installed, so the environment is created from scratch.
    """
    stamp = root / ".sandbox" / environment.stamp
    target = root / environment.folder / "bin" / "python"
    wanted = _fingerprint(root, environment)
    if _made_from(stamp) == wanted and target.exists():
        return target
    with only_one(stamp.with_suffix(".lock"), f"Waiting for another set-up of {environment.folder} to end"):
        made_from = _made_from(stamp)
        if made_from == wanted and target.exists():
            return target
        write_atomically(stamp, UNFINISHED)
        try:
            if made_from == UNFINISHED or not target.exists():
                _create(root, environment, python)
            _install(root, environment, target)
        except SandboxError:
            # pip failed by itself and was not killed: the old environment is still complete.
            write_atomically(stamp, made_from)
            raise
        write_atomically(stamp, wanted)
    return target


def _made_from(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""


def _fingerprint(root: Path, environment: Environment) -> str:
    """Digest of what determines the contents: the files, and the path of the tree, which scripts contain."""
    digest = hashlib.sha256(str(root).encode())
    for name in environment.made_from:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _create(root: Path, environment: Environment, python: str) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        minor = ".".join(map(str, sys.version_info[:2]))
        raise PrerequisiteError(
            f"`{sys.executable}` comes without the modules venv and ensurepip.\n"
            f"       Install them (Debian, Ubuntu: apt install python{minor}-venv), or name another Python:\n"
            "       make up PYTHON=python3.12"
        )
    with step(f"Make {environment.folder}"):
        run_quietly(
            [python, "-m", "venv", "--clear", root / environment.folder],
            cwd=root,
            failure="`python -m venv` failed",
        )


def _install(root: Path, environment: Environment, target: Path) -> None:
    pip: list[str | Path] = [
        target,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]
    pins = re.findall(r"^[\w.-]+==", (root / environment.installs).read_text(), flags=re.MULTILINE)
    say(
        f"  Packages go to {environment.folder} in this folder. Outside of it, pip keeps what it downloads in its own\n"
        "  cache: PIP_CACHE_DIR moves that, PIP_NO_CACHE_DIR=1 avoids it."
    )
    with step(f"Install what {environment.installs} pins") as current:
        progress = _PipProgress(current, len(pins))
        run_quietly(
            # The pins are complete (`make check` asks pip), so that nothing has to be resolved.
            [*pip, "--require-hashes", "--no-deps", "--requirement", environment.installs],
            cwd=root,
            failure=f"pip could not install {environment.installs}",
            on_line=progress.line,
        )
        if environment.editable:
            # Built by the pinned setuptools that is installed now, not by one that pip fetches for the build.
            run_quietly(
                [*pip, "--no-index", "--no-deps", "--no-build-isolation", "--editable", "."],
                cwd=root,
                failure="pip could not install this project",
            )
        current.outcome = f"{len(pins)} packages"


class _PipProgress:
    """pip's progress, from the lines that it prints."""

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
