"""`make lock`: requirements.txt and requirements-dev.txt pinned anew from pyproject.toml."""

import sys
from pathlib import Path

from sandbox.files import write_atomically
from sandbox.steps import run_quietly, step

RESOLVER = "uv==0.13.9"
FILES = {
    "requirements.txt": ("what the Pulumi program and gemini-lz need.", []),
    # What both files name has one version in both.
    "requirements-dev.txt": (
        "everything the local cloud, the tests and the checks need.",
        ["--extra=dev", "--constraint=requirements.txt"],
    ),
}


def lock(root: Path, workplace: Path) -> None:
    """Pin the newest versions that pyproject.toml allows. `workplace` is a folder for the resolver's own .venv."""
    python = workplace / "bin" / "python"
    with step(f"Install {RESOLVER.replace('==', ' ')}"):
        run_quietly([sys.executable, "-m", "venv", workplace], cwd=root, failure="`python -m venv` failed")
        run_quietly(
            [python, "-m", "pip", "install", "--quiet", RESOLVER],
            cwd=root,
            failure=f"no {RESOLVER} to be had",
        )
    for name, (purpose, options) in FILES.items():
        with step(f"Pin {name}"):
            output = workplace / name
            run_quietly(
                [
                    workplace / "bin" / "uv",
                    *("pip", "compile", "--quiet", "--no-header", "--upgrade", "--python-version=3.11"),
                    *options,
                    f"--output-file={output}",
                    "pyproject.toml",
                ],
                cwd=root,
                failure=f"{name} cannot be resolved",
            )
            header = f"# Pinned by `make lock` from pyproject.toml: {purpose}\n"
            write_atomically(root / name, header + output.read_text())
