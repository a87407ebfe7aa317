"""YAML written by people one does not know: refused before it is built, where it would grow or nest without bound.

A file of a few lines can stand for billions of values, by aliases of aliases, and libyaml ends the process at some ten
thousand levels. One pass over the parser's events counts both, without building a value.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MAX_TEXT: Final = 1 << 20
"""Characters of a file, and of all its values with every alias expanded. A thousand projects need a quarter of it."""
MAX_VALUES: Final = 60_000
"""Keys and values, with every alias expanded."""
MAX_ENTRIES: Final = 2_000
"""Entries of one list or mapping."""
MAX_SCALAR: Final = 1 << 16
"""Characters of one value."""
MAX_DEPTH: Final = 64
MAX_NUMBER: Final = 64
"""Characters of a number. Python takes minutes for one of a million digits, and prints none of more than 4,300."""

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where PyYAML comes with it: many times as fast."""


class UnboundedError(yaml.MarkedYAMLError):
    """The text is too large, too deep, or grows without bound; `problem` says which, `remedy` what to do."""

    def __init__(self, problem: str, remedy: str, mark: Any = None) -> None:
        super().__init__(problem=problem, problem_mark=mark)
        self.remedy = remedy


_NUMBER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]++|0[bB][01_]++|(?:[0-9][0-9_]*+)?(?::[0-9]++)*+(?:\.[0-9_]*+)?(?:[eE][-+]?[0-9]++)?)"
)
_NUMBER_TAGS: Final = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


@dataclass
class _Weight:
    """Number of values in a node, and their characters, with every alias expanded."""

    values: int = 1
    text: int = 0
    anchor: str | None = None
    children: int = 0
    """Keys and values right below it."""
    per_entry: int = 1
    """2 for a mapping, whose keys are children too."""


def read_bounded(path: Path) -> str:
    """The text of a file. Raises UnboundedError before more than that is read; OSError; UnicodeDecodeError."""
    # A pipe without a writer would wait for ever, and a device never end.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file with text", str(path))
        content = file.read(4 * MAX_TEXT + 1)
    # Line ends as in any text file, and no byte order mark.
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        raise UnboundedError(
            f"the file has more than {MAX_TEXT:,} characters", "split the environment into several stacks"
        )
    return text


def _too_deep(mark: Any = None) -> UnboundedError:
    return UnboundedError(
        f"more than {MAX_DEPTH} levels inside each other",
        "no setting is that deep: check brackets and indentation",
        mark,
    )


def _events(text: str) -> Iterator[yaml.Event]:
    """The parser's events. libyaml since 0.2.6 counts brackets itself, before it hands out what stands in front."""
    try:
        yield from yaml.parse(text, Loader=_FAST)
    except yaml.MarkedYAMLError as error:
        if "nesting depth" not in str(error.problem):
            raise
        raise _too_deep(error.problem_mark) from None


def check_bounds(text: str) -> None:
    """Raises UnboundedError, with the place, before memory is taken; other YAMLErrors if it is not YAML."""
    anchors: dict[str, _Weight | None] = {}
    open_nodes = [_Weight()]
    for event in _events(text):
        if isinstance(event, yaml.CollectionStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            open_nodes.append(_Weight(anchor=event.anchor, per_entry=2 if is_mapping else 1))
            if event.anchor:
                # Open: an alias to it before its end is a cycle.
                anchors[event.anchor] = None
            if len(open_nodes) > MAX_DEPTH + 1:
                raise _too_deep(event.start_mark)
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            weight = open_nodes.pop()
        elif isinstance(event, yaml.ScalarEvent):
            weight = _scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            weight = _aliased(event, anchors)
        else:
            continue
        if weight.anchor:
            anchors[weight.anchor] = weight
        around = open_nodes[-1]
        around.values += weight.values
        around.text += weight.text
        around.children += 1
        if around.children > MAX_ENTRIES * around.per_entry:
            raise UnboundedError(
                f"more than {MAX_ENTRIES:,} entries in one list or mapping",
                "no setting has that many: split the environment into several stacks",
                event.start_mark,
            )
        if around.values > MAX_VALUES or around.text > MAX_TEXT:
            raise UnboundedError(
                f"more than {MAX_VALUES:,} values, or {MAX_TEXT:,} characters, with every alias expanded",
                "write out what an alias (*name) stands for, or put it under defaults",
                event.start_mark,
            )


_JSON_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')


def check_json(text: str) -> None:
    """The same for a value that Pulumi's engine has made JSON of, with its aliases expanded. Raises UnboundedError."""
    if len(text) > 2 * MAX_TEXT:
        raise UnboundedError(
            f"more than {2 * MAX_TEXT:,} characters, with every alias expanded",
            "write out what an alias (*name) stands for, or split the environment into several stacks",
        )
    depth = 0
    for found in _JSON_BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise _too_deep()


def load_bounded(path: Path) -> Any:
    """The plain values of a YAML file. Raises UnboundedError and other YAMLErrors; OSError; UnicodeDecodeError."""
    text = read_bounded(path)
    check_bounds(text)
    try:
        return yaml.load(text, Loader=_FAST)  # noqa: S506, a safe loader
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        # Tags such as !!int promise what is not there.
        raise yaml.YAMLError(f"a value cannot be read: {error}") from None


def _scalar(event: yaml.ScalarEvent) -> _Weight:
    length = len(event.value)
    is_number = event.tag in _NUMBER_TAGS or (event.implicit[0] and _NUMBER.fullmatch(event.value))
    if length > MAX_NUMBER and is_number:
        raise UnboundedError(
            f"a number of {length:,} characters; at most {MAX_NUMBER} are read",
            "write a number such as 1200.50, or put it in quotes if it is a text",
            event.start_mark,
        )
    if length > MAX_SCALAR:
        raise UnboundedError(
            f"a value of {length:,} characters; at most {MAX_SCALAR:,} are read",
            "no setting takes that much text: check quotes and indentation",
            event.start_mark,
        )
    return _Weight(1, length, event.anchor)


def _aliased(event: yaml.AliasEvent, anchors: dict[str, _Weight | None]) -> _Weight:
    found = anchors.get(str(event.anchor), _Weight())  # an unknown one is refused by the composer
    if found is None:
        raise UnboundedError(
            f"*{event.anchor} stands inside what it stands for, without end",
            f"write the value out instead of *{event.anchor}",
            event.start_mark,
        )
    return _Weight(found.values, found.text)
