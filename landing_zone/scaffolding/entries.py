"""Entries of projects added to a stack file: everything that stands in it stays as it is, also comments and order."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from textwrap import indent
from typing import Any, Final

import yaml

from landing_zone.scaffolding.stack_file import CONFIG
from landing_zone.settings.problems import NAMESPACE, setting_of_key

_HEAD: Final = """\
# yaml-language-server: $schema=schema.json
# Written by `gemini-lz adopt` on {day} from what is at Google: docs/adopt.md.
"""
_STEP: Final = 2


class NotEditableError(Exception):
    """The file is no mapping to which an entry could be added; the message has the line and the remedy."""


def new_file(day: date, environment: Mapping[str, Any]) -> str:
    """A stack file without projects; `environment`: its settings, by name."""
    settings = {f"{NAMESPACE}:{name}": value for name, value in environment.items()}
    return _HEAD.format(day=day) + CONFIG + (indent(in_yaml(settings), " " * _STEP) if settings else "")


def with_entries(text: str, entries: Mapping[str, Any], project: str = NAMESPACE) -> str:
    """The text of a stack file with entries added after those below `projects`.

    `project`: what Pulumi.yaml calls the project. Raises NotEditableError.
    """
    if not entries:
        return text
    text = text if text.endswith("\n") or not text else f"{text}\n"
    below = {f"{NAMESPACE}:projects": dict(entries)}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return f"{text}{in_yaml({'config': below})}"
    file = _mapping(root, "the file")
    config = _value_of(file, lambda key: key == "config")
    if config is None:
        return f"{text}{in_yaml({'config': below})}"
    if _is_nothing(config):
        return _in_place_of_nothing(text, file, config, below)
    settings = _mapping(config, "config")
    projects = _value_of(settings, lambda key: setting_of_key(key, project) == "projects")
    if projects is None:
        return _added(text, settings, below, _STEP)
    if _is_nothing(projects):
        return _in_place_of_nothing(text, settings, projects, entries)
    return _added(text, _mapping(projects, "projects"), entries, 2 * _STEP)


def in_yaml(value: Any) -> str:
    """A value as YAML, a key a line, in its order."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text


def _value_of(mapping: yaml.MappingNode, is_it: Callable[[str], bool]) -> yaml.Node | None:
    return next((value for key, value in mapping.value if is_it(str(key.value))), None)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _mapping(node: yaml.Node, what: str) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise NotEditableError(
            f"line {node.start_mark.line + 1}: {what} is no mapping: write one, or nothing"
        )
    return node


def _added(text: str, mapping: yaml.MappingNode, entries: Mapping[str, Any], column: int) -> str:
    """Add entries at the end of a mapping; `column`: where its keys begin if it has none."""
    if mapping.flow_style:
        if mapping.value:
            return _inserted(text, _end(mapping.value[-1]), f", {_in_flow(entries)}")
        return _inserted(text, mapping.start_mark.index + 1, _in_flow(entries))
    column = mapping.value[0][0].start_mark.column if mapping.value else column
    return _inserted(
        text, _next_line(text, _end(mapping.value[-1])), indent(in_yaml(dict(entries)), " " * column)
    )


def _in_place_of_nothing(
    text: str, above: yaml.MappingNode, nothing: yaml.Node, entries: Mapping[str, Any]
) -> str:
    """Add entries below a key that has no value."""
    start, end = nothing.start_mark.index, nothing.end_mark.index
    before = text[:start].rstrip(" ")
    text, start = before + text[end:], len(before)
    if above.flow_style:
        return _inserted(text, start, f" {{{_in_flow(entries)}}}")
    column = above.value[0][0].start_mark.column + _STEP
    return _inserted(text, _next_line(text, start), indent(in_yaml(dict(entries)), " " * column))


def _end(pair: tuple[yaml.Node, yaml.Node]) -> int:
    """Where the last entry of a mapping ends, without the comments and empty lines that come after it.

    An alias has the place of what it stands for: then the key's end counts.
    """
    key, value = pair
    while isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value:
        last = value.value[-1]
        inner = last if isinstance(last, tuple) else (last, last)
        if inner[0].start_mark.index < key.end_mark.index:
            break
        key, value = inner
    return int(
        max(key.end_mark.index, value.end_mark.index if value.start_mark.index >= key.end_mark.index else 0)
    )


def _next_line(text: str, index: int) -> int:
    """The beginning of the line after the one that ends an entry; `index` itself if it begins a line."""
    if index == 0 or text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _inserted(text: str, index: int, added: str) -> str:
    return text[:index] + added + text[index:]


def _in_flow(entries: Mapping[str, Any]) -> str:
    """Entries between braces, also of a file that is JSON."""
    return json.dumps(dict(entries), ensure_ascii=False)[1:-1]


def written_atomically(path: Path, text: str) -> None:
    """Put a file in place so that a reader sees the old text or the new one. Raises OSError."""
    partial = path.with_name(f".{path.name}.new")
    try:
        partial.write_text(text, encoding="utf-8")
        if path.exists():
            partial.chmod(path.stat().st_mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
