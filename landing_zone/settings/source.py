"""A stack file as text: its values with exact decimals, and the line of every path in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, Final, cast

import yaml

from landing_zone.bounded_yaml import UnboundedError, check_bounds, load_bounded, read_bounded
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
    """Values of a stack file under this project's namespace, by the setting's name."""

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


_FULL_WORDS_UP_TO: Final = 1 << 16
"""Characters of a file that PyYAML's own parser, which is slow and says more, reads a second time."""

_Reader.add_constructor("tag:yaml.org,2002:float", _decimal)
_Reader.add_constructor("tag:yaml.org,2002:timestamp", _day)


def read_stack_file(path: FilePath, shown_as: str | None = None) -> StackFile:
    """Read a Pulumi stack file.

    Raises SettingsError, naming the line, where it is missing, is not YAML, is too large, says the same key twice, or
    has a key that Pulumi cannot read.
    """
    file = shown_as or str(path)
    text, root = _read(path, file)
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
            if not isinstance(key, yaml.ScalarNode):
                problems.append(_no_text(("config",), file, key))
                continue
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
            known = len(problems)
            _note_lines(value, (name,), key.start_mark.line + 1, lines, problems, file)
            if len(problems) > known:
                continue
            try:
                values[name] = loader.construct_object(value, deep=True)
            except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
                # Tags of YAML's such as !!int, and numbers of thousands of digits, promise what is not there.
                problems.append(_not_built((name,), file, value, error))
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


def _read(path: FilePath, file: str) -> tuple[str, yaml.Node | None]:
    """The text of a file, and its nodes. Raises SettingsError."""
    try:
        text = read_bounded(path)
        return text, _composed(text)
    except FileNotFoundError:
        problem = Problem((), "there is no such file", "name a stack that has one", file)
    except OSError as error:
        problem = Problem((), f"cannot be read: {error.strerror}", "make it a file that you may read", file)
    except UnboundedError as error:
        problem = Problem((), str(error.problem), error.remedy, file, _line(error.problem_mark))
    except yaml.MarkedYAMLError as error:
        problem = Problem(
            (),
            f"not YAML: {error.problem or error.context}",
            "check indentation, colons and quotes there: a line is `projectId: acme-chat-prod`",
            file,
            _line(error.problem_mark),
        )
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = Problem((), f"not YAML: {error}", "write it as UTF-8 text", file)
    raise SettingsError([problem])


def _line(mark: yaml.Mark | None) -> int | None:
    return mark.line + 1 if mark else None


def _composed(text: str) -> yaml.Node | None:
    """The file's nodes, with their lines. Raises YAMLError."""
    try:
        check_bounds(text)
        found: yaml.Node | None = yaml.compose(text, Loader=_Fast)
    except UnboundedError:
        raise
    except yaml.YAMLError:
        if len(text) > _FULL_WORDS_UP_TO:
            raise
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
    """Pulumi's name for the project of a stack file, from the nearest Pulumi.yaml."""
    for folder in path.absolute().parents:
        try:
            program = load_bounded(folder / "Pulumi.yaml")
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


def _no_text(path: Path, file: str, key: yaml.Node) -> Problem:
    return Problem(
        path,
        "a list or a mapping stands here as a key",
        "write a name as the key",
        file,
        _line(key.start_mark),
    )


def _not_built(path: Path, file: str, node: yaml.Node, error: Exception) -> Problem:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error).partition("\n")[0]
    return Problem(
        path,
        f"a value cannot be read: {reason}",
        "write it without tags (!…), as text, a number, a list or a mapping",
        file,
        _line(mark or node.start_mark),
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
            if not isinstance(key, yaml.ScalarNode):
                problems.append(_no_text(path, file, key))
                continue
            below = (*path, str(key.value))
            if key.value in seen:
                problems.append(_twice(below, file, key))
            seen.add(key.value)
            _note_lines(value, below, key.start_mark.line + 1, lines, problems, file)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _note_lines(value, (*path, position), value.start_mark.line + 1, lines, problems, file)
