"""The Python that runs a program or plugin: that of the virtual environment in its runtime options."""

import os
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2


class UnusableEnvironmentError(Exception):
    """The virtual environment of a program cannot be used; the message has the remedy."""


def virtualenv(info: language_pb2.ProgramInfo) -> Path | None:
    """The folder that the `virtualenv` option names, relative to the project's."""
    name = MessageToDict(info.options).get("virtualenv")
    return Path(info.root_directory, name) if name else None


def python_of(info: language_pb2.ProgramInfo) -> tuple[str, dict[str, str]]:
    """The Python that a program is run with, and the environment variables it gets.

    Raises:
        UnusableEnvironmentError: the program names a virtual environment that is not there.
    """
    folder = virtualenv(info)
    if folder is None:
        return sys.executable, dict(os.environ)
    python = folder / "bin" / "python"
    if not python.exists():
        raise UnusableEnvironmentError(
            f"the virtual environment {folder} is not there: run `pulumi install`, or `make setup` in this project"
        )
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    variables["VIRTUAL_ENV"] = str(folder)
    variables["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    return str(python), variables
