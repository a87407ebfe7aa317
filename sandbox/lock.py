"""`make lock`: pin the requirement files again, from pyproject.toml and from the policy pack's own file."""

import sys
from pathlib import Path

from sandbox.files import write_atomically
from sandbox.steps import run_quietly, step

RESOLVER = "uv==0.13.9"
PROJECT = "pyproject.toml"
FILES = {
    "requirements.txt": (PROJECT, "what the Pulumi program and gemini-lz need.", []),
    # Packages in both files get the same version.
    "requirements-dev.txt": (
        PROJECT,
        "everything the local cloud, the tests and the checks need.",
        ["--extra=dev", "--constraint=requirements.txt"],
    ),
    # An environment of its own: pulumi-policy needs another protobuf than Google's clients.
    "policy/requirements.txt": ("policy/requirements.in", "what the policy pack needs.", []),
}
"""Requirement file -> what it is pinned from, what it is for, and the resolver's options."""


def lock(root: Path, workplace: Path) -> None:
    """Pin the newest versions that are allowed. `workplace` is a folder for the resolver's own .venv."""
    python = workplace / "bin" / "python"
    with step(f"Install {RESOLVER.replace('==', ' ')}"):
        run_quietly([sys.executable, "-m", "venv", workplace], cwd=root, failure="`python -m venv` failed")
        run_quietly(
            [python, "-m", "pip", "install", "--quiet", RESOLVER],
            cwd=root,
            failure=f"{RESOLVER} could not be installed",
        )
    for name, (origin, purpose, options) in FILES.items():
        with step(f"Pin {name}"):
            output = workplace / Path(name).name
            run_quietly(
                [
                    workplace / "bin" / "uv",
                    *("pip", "compile", "--quiet", "--no-header", "--upgrade", "--python-version=3.11"),
                    *options,
                    f"--output-file={output}",
                    origin,
                ],
                cwd=root,
                failure=f"{name} cannot be resolved",
            )
            header = f"# Pinned by `make lock` from {origin}: {purpose}\n"
            write_atomically(root / name, header + output.read_text(), mode=0o644)
