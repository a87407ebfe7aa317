"""A stack file as text: its values with exact decimals, and the line of every path in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, Final

import yaml
from yaml.reader import Reader, ReaderError

from landing_zone.bounded_yaml import UnboundedError, check_bounds, load_bounded, read_bounded
from landing_zone.settings import other_keys
from landing_zone.settings.nodes import (
    MERGE_TAG,
    PLAIN_TAGS,
    misread_number,
    secrets_elsewhere,
    strange_texts,
)
from landing_zone.settings.problems import (
    MOST_FOUND,
    NAMESPACE,
    Path,
    Problem,
    SettingsError,
    is_key,
    nearest,
    setting_of_key,
    shown_value,
)


@dataclass(frozen=True)
class StackFile:
    """Values of a stack file under this project's namespace, by the setting's name."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """Setting -> its key as the file has it."""
    gcp: Mapping[str, str] = field(default_factory=dict)
    """Keys of the `gcp` provider, as the file has them -> their text; `lines` has their lines."""
    secret_gcp: tuple[str, ...] = ()
    """Keys of the `gcp` provider whose values Pulumi has encrypted."""
    problems: tuple[Problem, ...] = ()
    """What is wrong besides the settings: keys that a stack file may not have, secrets, odd characters, numbers
    that others read otherwise."""

    def named(self, problem: Problem) -> Problem:
        """The problem with its key as the file has it."""
        return replace(problem, key=problem.key or self.key(problem.path))

    def key(self, path: Path) -> str:
        """The key at the beginning of a path, as the file has it; empty if the file does not have it."""
        return self.keys.get(str(path[0]), "") if path else ""

    def located(self, problem: Problem) -> Problem:
        """The problem with the file, the line and the spelling."""
        return replace(self.named(problem), file=self.file, line=problem.line or self.line(problem.path))

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
    text = str(loader.construct_scalar(node))
    if misread_number(node):
        return text
    # YAML's .inf and .nan stay text, for the settings to refuse with the others.
    return text if text.lstrip("+-").casefold() in {".inf", ".nan"} else Decimal(text)


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    # One that is a mistake stays text: what else is wrong in the file is reported with it.
    return loader.construct_scalar(node) if misread_number(node) else loader.construct_yaml_int(node)


def _day(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        # A day that no month has stays text, for the settings to refuse.
        return loader.construct_scalar(node)


_FULL_WORDS_UP_TO: Final = 1 << 16
"""Characters of a file that PyYAML's own parser, which is slow and says more, reads a second time."""

_Reader.add_constructor("tag:yaml.org,2002:int", _whole)
_Reader.add_constructor("tag:yaml.org,2002:float", _decimal)
_Reader.add_constructor("tag:yaml.org,2002:timestamp", _day)


def read_stack_file(path: FilePath, shown_as: str | None = None) -> StackFile:
    """Read a Pulumi stack file.

    Raises SettingsError, naming the line, where it is missing, is not YAML, is too large, says the same key twice, or
    has a key that Pulumi cannot read. What else is wrong is in `problems`, to be reported with the settings' mistakes.
    """
    file = shown_as or str(path)
    text, root = _read(path, file)
    project = project_of(path)
    reading = _Reading(file, project)
    config = reading.top_level(root)
    if isinstance(config, yaml.MappingNode):
        loader = _Reader("")
        try:
            for key, value in config.value:
                if len(reading.problems) + len(reading.besides) >= MOST_FOUND:
                    break
                reading.config_key(key, value, loader)
        finally:
            loader.dispose()
    elif not reading.problems and not reading.besides:
        reading.problems.append(
            Problem(
                (), "no config in the file", f"write config:, and below it {NAMESPACE}:projects:", file, 1
            )
        )
    if root is not None:
        strange = list(islice(strange_texts(root, project, file), MOST_FOUND))
        reported = {problem.line for problem in strange}
        reading.besides += [*strange, *islice(secrets_elsewhere(text, reported, file), MOST_FOUND)]
    found = StackFile(
        file,
        reading.values,
        reading.lines,
        reading.keys,
        reading.gcp,
        tuple(reading.secret_gcp),
        tuple(reading.besides),
    )
    if reading.problems:
        raise SettingsError([found.named(problem) for problem in (*reading.problems, *reading.besides)])
    return found


@dataclass
class _Reading:
    """What is read of a stack file, and what is wrong with it."""

    file: str
    project: str
    """What Pulumi.yaml calls the project."""
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    gcp: dict[str, str] = field(default_factory=dict)
    secret_gcp: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Because of which values are missing."""
    besides: list[Problem] = field(default_factory=list)

    def top_level(self, root: yaml.Node | None) -> yaml.Node | None:
        """Check Pulumi's own keys; returns what stands under `config`, if that is there."""
        if not isinstance(root, yaml.MappingNode):
            return None
        found: dict[str, yaml.Node] = {}
        for key, value in root.value:
            if len(self.problems) + len(self.besides) >= MOST_FOUND:
                break
            if not isinstance(key, yaml.ScalarNode) or key.tag not in PLAIN_TAGS:
                self.problems.append(_no_text((), self.file, key))
                continue
            name = str(key.value)
            if name in found:
                self.problems.append(replace(_twice((name,), self.file, key), key=name))
            found[name] = value
            text = value.value if isinstance(value, yaml.ScalarNode) else None
            if wrong := other_keys.top_level_mistake(name, text):
                self.besides.append(Problem((name,), *wrong, self.file, _line(key.start_mark), name))
        return found.get("config")

    def config_key(self, key: yaml.Node, value: yaml.Node, loader: yaml.SafeLoader) -> None:
        """Read one key of `config`."""
        if not isinstance(key, yaml.ScalarNode) or key.tag not in PLAIN_TAGS:
            self.problems.append(_no_text(("config",), self.file, key))
            return
        written = str(key.value)
        if key.tag == MERGE_TAG:
            self.besides.append(
                Problem(
                    (written,),
                    "a merged mapping brings keys that do not stand here",
                    "write out what << stands for; below a setting it is read",
                    self.file,
                    _line(key.start_mark),
                    written,
                )
            )
            return
        name = setting_of_key(written, self.project)
        if not is_key(written):
            self.problems.append(_no_key(written, self.file, key))
        elif name is None:
            self._other_key(written, key, value)
        else:
            self._setting(name, written, key, value, loader)

    def _other_key(self, written: str, key: yaml.Node, value: yaml.Node) -> None:
        if meant := _meant(written):
            self.problems.append(_mistyped_namespace(written, meant, self.file, key))
            return
        space, colon, name = written.partition(":")
        if not colon:
            space, name = self.project, written
        plain = value.value if isinstance(value, yaml.ScalarNode) and value.tag in PLAIN_TAGS else None
        if space == "gcp" and _is_encrypted(value):
            self.secret_gcp.append(written)
        if space == "gcp" and plain is not None:
            self.gcp[written] = plain
            self.keys[written] = written
            self.lines[written,] = key.start_mark.line + 1
        if wrong := other_keys.config_mistake(space, name.removeprefix("config:"), plain, self.project):
            self.besides.append(Problem((written,), *wrong, self.file, _line(key.start_mark), written))

    def _setting(
        self, name: str, written: str, key: yaml.Node, value: yaml.Node, loader: yaml.SafeLoader
    ) -> None:
        if name in self.values:
            self.problems.append(_in_two_forms(name, self.keys[name], written, self.file, key))
        self.keys[name] = written
        known = len(self.problems)
        _note_lines(value, (name,), key.start_mark.line + 1, self.lines, self.problems, self.file)
        if len(self.problems) > known:
            return
        try:
            self.values[name] = loader.construct_object(value, deep=True)
        except (yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
            # Tags of YAML's such as !!int, and numbers of thousands of digits, promise what is not there.
            self.problems.append(_not_built((name,), self.file, value, error))


def _is_encrypted(value: yaml.Node) -> bool:
    """True for `secure: …`, as `pulumi config set --secret` writes it."""
    names = [key.value for key, _ in value.value] if isinstance(value, yaml.MappingNode) else []
    return names == ["secure"]


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
    text = ""
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
            _line(error.problem_mark or error.context_mark),
        )
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem((), f"not YAML: {error.reason} of UTF-8", "write it as UTF-8 text", file, line)
    except ReaderError:
        found = Reader.NON_PRINTABLE.search(text)
        before, char = (text[: found.start()], ord(found[0])) if found else ("", 0)
        line = before.count("\n") + 1
        problem = Problem((), f"not YAML: the character U+{char:04X} stands here", "take it out", file, line)
    except yaml.YAMLError as error:
        problem = Problem((), f"not YAML: {error}", "check indentation, colons and quotes", file, 1)
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


def project_of(path: FilePath) -> str:
    """Pulumi's name for the project of a stack file, from the nearest Pulumi.yaml."""
    return str(_program(path).get("name", NAMESPACE))


def keys_of_program(path: FilePath) -> frozenset[str]:
    """The full keys that Pulumi.yaml configures for every stack, for a stack file at `path`."""
    config = _program(path).get("config")
    return frozenset(map(str, config)) if isinstance(config, dict) else frozenset()


def _program(path: FilePath) -> dict[str, Any]:
    """What stands in the nearest Pulumi.yaml; nothing if it cannot be read."""
    for folder in path.absolute().parents:
        try:
            program = load_bounded(folder / "Pulumi.yaml")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            break
        return program if isinstance(program, dict) else {}
    return {}


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
    what = (
        "a key with a tag (!…)"
        if isinstance(key, yaml.ScalarNode)
        else "a list or a mapping stands here as a key"
    )
    return Problem(path, what, "write a name as the key", file, _line(key.start_mark))


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
    if len(problems) >= MOST_FOUND:
        return
    if node.tag not in PLAIN_TAGS:
        problems.append(
            _not_built(
                path, file, node, ValueError(f"the tag {shown_value(node.tag)} is none of a setting's")
            )
        )
        return
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag not in PLAIN_TAGS:
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
