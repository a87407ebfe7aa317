"""The stack's settings, where the program is this project's own: judged before the first resource is made."""

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
    """What the stack's configuration says; None if it is not this project's, or has mistakes: the program tells."""
    if f"{NAMESPACE}:projects" not in stack.config:
        return None
    file = _stack_file(stack.project, stack.name)
    try:
        # The file lends exact decimals; without one, numbers are what the engine has.
        return load_engine(stack.name, stack.config, file.parent if file else _HERE)
    except SettingsError:
        return None


class Lines:
    """Where the stack file says what it says; it is read when first asked for."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def of(self, subject: Subject) -> str:
        """The line, as an editor takes it; empty if the file does not have it."""
        file = self._file
        line = file.line(subject.path) if file and subject.path else None
        return f"{file.file}:{line}" if file and line else ""

    @property
    def values(self) -> Mapping[str, Any]:
        """What the file says; nothing if it cannot be read."""
        return self._file.values if self._file else {}

    @cached_property
    def _file(self) -> StackFile | None:
        path = _stack_file(self._stack.project, self._stack.name)
        try:
            return read_stack_file(path, f"{path.parent.name}/{path.name}") if path else None
        except SettingsError:
            # Another program's need not have what ours must.
            return None


@cache
def _stack_file(project: str, stack: str) -> Path | None:
    """The stack's file, looked for from several folders: the engine says of the program only what it is called."""
    for start in _starts():
        for folder in (start, *start.parents):
            program = _read(folder / "Pulumi.yaml")
            if program.get("name") == project:
                found = folder / str(program.get("stackConfigDir", ".")) / f"Pulumi.{stack}.yaml"
                if found.is_file():
                    return found
    return None


def _starts() -> Iterator[Path]:
    """Where the program's folder, or one within it, may be."""
    # Pulumi's language host, which has started this, is in the engine's folder; Linux tells.
    engine = Path("/proc", str(os.getppid()), "cwd")
    if engine.exists():
        yield engine.resolve()
    # Elsewhere: where the shell is that has started the engine.
    yield Path(os.environ.get("PWD", os.curdir)).absolute()
    # A pack may lie beside its program.
    yield _HERE.parents[1]


def _read(program: Path) -> dict[str, object]:
    try:
        values = load_bounded(program)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}
