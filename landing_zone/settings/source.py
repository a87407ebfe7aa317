"""A stack file as text: its values with exact decimals, and the line of every path in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, cast

import yaml

from landing_zone.settings.problems import (
    NAMESPACE,
    Path,
    Problem,
    SettingsError,
    is_key,
    nearest,
    setting_of_key,
)


@dataclass(frozen=True)
class StackFile:
    """What a stack file says under this project's namespace, by the setting's name."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Setting -> its key as the file has it."""

    def key(self, path: Path) -> str:
        """The key at the beginning of a path, as the file has it; empty if the file does not have it."""
        return self.keys.get(str(path[0]), "") if path else ""

    def located(self, problem: Problem) -> Problem:
        """The problem with the file, the line and the spelling."""
        return replace(
            problem, file=self.file, line=self.line(problem.path), key=problem.key or self.key(problem.path)
        )

    def line(self, path: Path) -> int | None:
        """The line of `path`, or of the nearest part of the file that holds it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


class _Reader(yaml.SafeLoader):
    """YAML without floats: money keeps every digit that was written."""


_Fast: Any = getattr(yaml, "CSafeLoader", _Reader)
"""libyaml, where PyYAML comes with it: many times as fast."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    text = str(loader.construct_scalar(node)).replace("_", "")
    # YAML's .inf and .nan stay text, for the settings to refuse with the others.
    return text if text.lstrip("+-").casefold() in {".inf", ".nan"} else Decimal(text)


def _day(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        # A day that no month has stays text, for the settings to refuse.
        return loader.construct_scalar(node)


_Reader.add_constructor("tag:yaml.org,2002:float", _decimal)
_Reader.add_constructor("tag:yaml.org,2002:timestamp", _day)


def read_stack_file(path: FilePath, shown_as: str | None = None) -> StackFile:
    """Read a Pulumi stack file.

    Raises SettingsError, naming the line, where it is missing, is not YAML, says the same key twice, or has a key that
    Pulumi cannot read.
    """
    file = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8")
        root = _composed(text)
    except FileNotFoundError:
        raise SettingsError(
            [Problem((), "there is no such file", "name a stack that has one", file)]
        ) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        reason = f"not YAML: {error.problem or error.context}"
        raise SettingsError(
            [
                Problem(
                    (),
                    reason,
                    "check indentation, colons and quotes there: a line is `projectId: acme-chat-prod`",
                    file,
                    line,
                )
            ]
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([Problem((), f"not YAML: {error}", "write it as UTF-8 text", file)]) from None

    config = _child(root, "config")
    if not isinstance(config, yaml.MappingNode):
        raise SettingsError(
            [
                Problem(
                    (), "no config in the file", f"write config:, and below it {NAMESPACE}:projects:", file, 1
                )
            ]
        )
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    project = _project_of(path)
    loader = _Reader(text)
    try:
        for key, value in config.value:
            written = str(key.value)
            name = setting_of_key(written, project)
            if not is_key(written):
                problems.append(_no_key(written, file, key))
            elif name is None and (meant := _meant(written)):
                problems.append(_mistyped_namespace(written, meant, file, key))
            if name is None:
                continue
            if name in values:
                problems.append(_in_two_forms(name, keys[name], written, file, key))
            keys[name] = written
            _note_lines(value, (name,), key.start_mark.line + 1, lines, problems, file)
            values[name] = loader.construct_object(value, deep=True)
    finally:
        loader.dispose()
    if problems:
        raise SettingsError([replace(p, key=p.key or keys.get(str(p.path[0]), "")) for p in problems])
    return StackFile(file, values, lines, keys)


def _meant(written: str) -> str | None:
    """The key that one of an unknown namespace was probably to be; None if it is another program's."""
    space, _, name = written.partition(":")
    near = nearest(space, (NAMESPACE,))
    return f"{near}:{name}" if near and space != near else None


def _mistyped_namespace(written: str, meant: str, file: str, key: yaml.Node) -> Problem:
    """A mistyped namespace: Pulumi takes the key for another program's, and nobody reads it."""
    space = written.partition(":")[0]
    return Problem(
        (written,),
        f"nobody reads the namespace {space!r}",
        f"did you mean {meant}?",
        file,
        key.start_mark.line + 1,
        written,
    )


def _composed(text: str) -> yaml.Node | None:
    """The file's nodes, with their lines. Raises YAMLError."""
    try:
        found: yaml.Node | None = yaml.compose(text, Loader=_Fast)
    except yaml.YAMLError:
        # libyaml has fewer words for what is wrong.
        found = yaml.compose(text, Loader=_Reader)
    return found


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return cast("yaml.Node", value)
    return None


def _project_of(path: FilePath) -> str:
    """What Pulumi calls the project of a stack file: the nearest Pulumi.yaml says."""
    for folder in path.absolute().parents:
        try:
            program = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            break
        return str(program.get("name", NAMESPACE)) if isinstance(program, dict) else NAMESPACE
    return NAMESPACE


def _no_key(written: str, file: str, key: yaml.Node) -> Problem:
    return Problem(
        (written,),
        "Pulumi cannot read a key of this form, and refuses the file",
        f"write NAMESPACE:NAME, such as {NAMESPACE}:projects",
        file,
        key.start_mark.line + 1,
        written,
    )


def _in_two_forms(name: str, first: str, written: str, file: str, key: yaml.Node) -> Problem:
    if first == written:
        return replace(_twice((name,), file, key), key=written)
    return Problem(
        (name,),
        f"{name!r} stands here twice, as {first} too: Pulumi takes one of them by chance",
        f"keep one of the two: {NAMESPACE}:{name}",
        file,
        key.start_mark.line + 1,
        written,
    )


def _twice(path: Path, file: str, key: yaml.Node) -> Problem:
    return Problem(
        path,
        f"{path[-1]!r} stands here twice",
        f"keep one of the two lines of {path[-1]}:",
        file,
        key.start_mark.line + 1,
    )


def _note_lines(
    node: yaml.Node, path: Path, line: int, lines: dict[Path, int], problems: list[Problem], file: str
) -> None:
    lines[path] = line
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            below = (*path, str(key.value))
            if key.value in seen:
                problems.append(_twice(below, file, key))
            seen.add(key.value)
            _note_lines(value, below, key.start_mark.line + 1, lines, problems, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _note_lines(value, (*path, position), value.start_mark.line + 1, lines, problems, file)
