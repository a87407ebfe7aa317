"""The command, in this process: a process of its own takes a second to start."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from landing_zone.cli.app import app


def run(project: Path, *arguments: str) -> Result:
    """Run it in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("PWD", str(project))
        return CliRunner().invoke(app, arguments)
