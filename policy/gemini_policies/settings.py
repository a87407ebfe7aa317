"""Settings of the stack, if the program is this project's own: judged before the first resource is created."""

import os
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from gemini_policies.sdk import Stack
from landing_zone.bounded_yaml import load_bounded
from landing_zone.policies.facts import Subject
from landing_zone.settings import NAMESPACE, EnvironmentSettings, SettingsError, load_engine
from landing_zone.settings.source import StackFile, read_stack_file

_HERE: Final = Path(__file__).parent


def settings_of(stack: Stack) -> EnvironmentSettings | None:
    """Settings from the stack's configuration; None if it is another program's, or has mistakes.

    The program itself reports the mistakes.
    """
    if f"{NAMESPACE}:projects" not in stack.config:
        return None
    file = _stack_file(stack.project, stack.name)
    try:
        # The file has exact decimals; without it, numbers are the engine's doubles.
        return load_engine(stack.name, stack.config, file.parent if file else _HERE)
    except SettingsError:
        return None


class Lines:
    """Line numbers of settings in the stack file, which is read on first use."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def of(self, subject: Subject) -> str:
        """FILE:LINE of a subject; empty if it is not in the file."""
        file = self._file
        line = file.line(subject.path) if file and subject.path else None
        return f"{file.file}:{line}" if file and line else ""

    @property
    def values(self) -> Mapping[str, Any]:
        """Contents of the file; empty if it cannot be read."""
        return self._file.values if self._file else {}

    @cached_property
    def _file(self) -> StackFile | None:
        path = _stack_file(self._stack.project, self._stack.name)
        try:
            return read_stack_file(path, f"{path.parent.name}/{path.name}") if path else None
        except SettingsError:
            # The stack file of another program need not be valid here.
            return None


@cache
def _stack_file(project: str, stack: str) -> Path | None:
    """Search several folders for the stack's file: the engine sends only the program's name."""
    for start in _starts():
        for folder in (start, *start.parents):
            program = _read(folder / "Pulumi.yaml")
            if program.get("name") == project:
                found = folder / str(program.get("stackConfigDir", ".")) / f"Pulumi.{stack}.yaml"
                if found.is_file():
                    return found
    return None


def _starts() -> Iterator[Path]:
    """Folders that may be the program's, or within it."""
    # The working directory of the parent, Pulumi's language host, is the engine's; only Linux exposes it.
    engine = Path("/proc", str(os.getppid()), "cwd")
    if engine.exists():
        yield engine.resolve()
    # Elsewhere: the working directory of the shell that started the engine.
    yield Path(os.environ.get("PWD", os.curdir)).absolute()
    # The pack may be in a folder of its program.
    yield _HERE.parents[1]


def _read(program: Path) -> dict[str, object]:
    try:
        values = load_bounded(program)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}
