"""Pulumi homes of the sandbox's own, with this repository's stand-ins among their plugins.

A plugin that is installed is used without a word; one that is found on PATH brings a warning with every run.
"""

import shlex
import sys
from pathlib import Path

from sandbox.files import write_atomically

GCP = "pulumi-resource-gcp"
LANGUAGE = "pulumi-language-python"
_PACKAGES = {GCP: "gcp_plugin", LANGUAGE: "python_host"}


def install(home: Path, plugin: str, version: str, root: Path, official: Path | None = None) -> Path:
    """Install a plugin in the Pulumi home: the `official` command if given, else the stand-in. Returns its folder.

    A stand-in runs with the Python that runs this, and imports from `root`. Programs and policy packs that it starts
    must not import from there, as they could not with the official plugins: so `root` is in no environment variable.
    """
    folder = home / "plugins" / f"{plugin.removeprefix('pulumi-')}-v{version}"
    start = (
        f"import runpy, sys; sys.path.insert(0, {str(root)!r}); "
        f"runpy.run_module('sandbox.standins.{_PACKAGES[plugin]}', run_name='__main__', alter_sys=True)"
    )
    command = [str(official)] if official else [sys.executable, "-c", start]
    script = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
    target = folder / plugin
    if not target.exists() or target.read_text() != script:
        write_atomically(target, script, mode=0o755)
    return folder


def without_logs(home: Path) -> None:
    """Keep the CLI from writing logs into the home.

    The CLI (3.259) writes one of each run, with every property of every resource, encrypted: a third of the engine's
    own time. It has no switch for it, but does without where there can be no folder.
    """
    logs = home / "logs"
    if not logs.exists():
        write_atomically(
            logs, "In place of the folder of the CLI's logs: sandbox/engine/shims.py says why.\n"
        )
