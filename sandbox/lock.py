"""`make lock`: pin the requirement files again, with the digests of all files that the package index has for a pin."""

import os
import re
import subprocess
import sys
from pathlib import Path

from sandbox.files import write_atomically
from sandbox.steps import run_quietly, step

PROJECT = "pyproject.toml"
GUARD = "guard/requirements.txt"
FILES = {
    "requirements.txt": (PROJECT, "what the Pulumi program and gemini-lz need.", ["--extra=build"]),
    # Packages in both files get the same version.
    "requirements-dev.txt": (
        PROJECT,
        "everything the local cloud, the tests and the checks need.",
        ["--extra=dev", "--constraint=requirements.txt"],
    ),
    # An environment of its own: pulumi-policy needs another protobuf than Google's clients.
    "policy/requirements.txt": ("policy/requirements.in", "what the policy pack needs.", []),
    # What Google installs for the guard's function, from the archive that a stack deploys.
    GUARD: (
        "guard/requirements.in",
        "what the guard's function needs.",
        ["--constraint=requirements-dev.txt"],
    ),
}
"""Requirement file -> what it is pinned from, what it is for, and the resolver's options."""
OPTIONS = (
    *("pip", "compile", "--quiet", "--no-header", "--upgrade"),
    # One file for every system and every Python from 3.11: with hashes, pip refuses a dependency that has no pin.
    *("--universal", "--python-version=3.11", "--generate-hashes"),
    "--no-strip-extras",
    # A source distribution is built by tools that nothing pins. The files say so to pip themselves.
    *("--only-binary=:all:", "--emit-build-options"),
)
FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""pip's setting -> the resolver's variable for the same."""


def lock(root: Path) -> None:
    """Pin the newest versions that are allowed. Packages come from the index that pip is set up to use."""
    environment = {**_settings_of_pip(root), **os.environ}
    resolver = Path(sys.executable).with_name("uv")
    for name, (origin, purpose, options) in FILES.items():
        with step(f"Pin {name}"):
            output = root / ".sandbox" / "lock" / Path(name).name
            output.parent.mkdir(parents=True, exist_ok=True)
            run_quietly(
                [resolver, *OPTIONS, *options, f"--output-file={output}", origin],
                cwd=root,
                failure=f"{name} cannot be resolved",
                env=environment,
            )
            header = f"# Pinned by `make lock` from {origin}: {purpose}\n"
            write_atomically(root / name, header + _also_without_extras(output.read_text()), mode=0o644)


def _also_without_extras(text: str) -> str:
    """Repeat each pin of a package with extras (`google-auth[requests]==…`) for the package alone.

    Before 23.3, which Python 3.11 may bring, pip takes the two for different packages, and each needs a pin.
    """
    return re.sub(r"^([\w.-]+)\[.*\](==(?:.*\n)(?: .*\n?)+)", r"\1\2\g<0>", text, flags=re.MULTILINE)


def _settings_of_pip(root: Path) -> dict[str, str]:
    """Where pip gets packages from, as variables of the resolver, which reads none of pip's configuration.

    By the environment and not by arguments: an index's address may hold a password.
    """
    listed = subprocess.check_output([sys.executable, "-m", "pip", "config", "list"], cwd=root, text=True)
    found = re.findall(r"^(global|install|:env:)\.([\w-]+)='(.*)'$", listed, flags=re.MULTILINE)
    # As in pip, what is set for `install` goes before what is set for all commands, and the environment before both.
    found.sort(key=lambda item: ("global", "install", ":env:").index(item[0]))
    return {FROM_PIP[name]: value.replace("\\n", " ") for _, name, value in found if name in FROM_PIP}
