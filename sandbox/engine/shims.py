"""Commands named like Pulumi's plugins that run this repository's stand-ins; Pulumi looks on PATH first."""

import shlex
import sys
from pathlib import Path

from sandbox.files import write_atomically

GCP = ("provider", "pulumi-resource-gcp")
LANGUAGE = ("language", "pulumi-language-python")


def write_shims(folder: Path, root: Path) -> None:
    """Write both commands below `folder`, each in a folder of its own so that PATH can take one without the other.

    They run with the Python that runs this, and import from `root`. What they start must not: a program or a policy
    pack finds there what it would not find with the official plugins. So no environment variable says it.
    """
    for package, command in (GCP, LANGUAGE):
        start = (
            f"import runpy, sys; sys.path.insert(0, {str(root)!r}); "
            f"runpy.run_module('sandbox.standins.{package}', run_name='__main__', alter_sys=True)"
        )
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(start)} "$@"\n'
        target = folder / package / command
        if not target.exists() or target.read_text() != script:
            write_atomically(target, script, mode=0o755)
