"""The stack's settings, where the program is this project's own: judged before the first resource is made."""

from functools import cached_property
from pathlib import Path

import yaml

from gemini_policies.sdk import Stack
from landing_zone.policies.facts import Subject
from landing_zone.settings import NAMESPACE, EnvironmentSettings, SettingsError, load_engine
from landing_zone.settings.source import StackFile, read_stack_file


def settings_of(stack: Stack) -> EnvironmentSettings | None:
    """What the stack's configuration says; None if it is not this project's, or has mistakes: the program tells."""
    if f"{NAMESPACE}:projects" not in stack.config:
        return None
    try:
        return load_engine(stack.name, stack.config, _stack_files())
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

    @cached_property
    def _file(self) -> StackFile | None:
        folder = _stack_files()
        path = folder / f"Pulumi.{self._stack.name}.yaml"
        try:
            return read_stack_file(path, f"{folder.name}/{path.name}")
        except SettingsError:
            # Another program's need not have what ours must.
            return None


def _stack_files() -> Path:
    """The folder of the stack files, which lend exact decimals: the engine starts a pack in the program's folder."""
    program = Path.cwd() / "Pulumi.yaml"
    try:
        values = yaml.safe_load(program.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return program.parent
    folder = values.get("stackConfigDir", ".") if isinstance(values, dict) else "."
    return program.parent / str(folder)
