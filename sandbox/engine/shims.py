"""Commands named like Pulumi's plugins that run this repository's stand-ins; Pulumi looks on PATH first."""

import shlex
import sys
from pathlib import Path

from sandbox.files import write_atomically

GCP = ("provider", "pulumi-resource-gcp")
LANGUAGE = ("language", "pulumi-language-python")


def write_shims(folder: Path, root: Path) -> None:
    """Write both commands below `folder`, each in a folder of its own so that PATH can take one without the other.

    They run with the Python that runs this, and import from `root`.
    """
    for package, command in (GCP, LANGUAGE):
        script = (
            "#!/bin/sh\n"
            f"PYTHONPATH={shlex.quote(str(root))} "
            f'exec {shlex.quote(sys.executable)} -m sandbox.standins.{package} "$@"\n'
        )
        target = folder / package / command
        if not target.exists() or target.read_text() != script:
            write_atomically(target, script, mode=0o755)
