"""The text of a stack file, of which entries are taken out and written; all else, comments and order too, stays.

Each change is made in the text and in the values, and the text is read again: where both differ, as with an anchor that
was taken out, the change is refused.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import yaml

Path = tuple[str, ...]
"""Keys from the top of the file, such as `("config", "gemini-landing-zone:projects", "chat")`."""

_NODES: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXTS: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class EditError(Exception):
    """The file is written in a way in which its entries cannot be taken apart; the message has the remedy."""


class StackText:
    """The text of a stack file, and its values as texts."""

    def __init__(self, text: str) -> None:
        """`text`: YAML that can be read, with line ends of one character."""
        self.text = text
        self.values: dict[str, Any] = _read(text)

    def has(self, path: Path) -> bool:
        """True if the file has an entry."""
        values: Any = self.values
        for key in path:
            if not isinstance(values, Mapping) or key not in values:
                return False
            values = values[key]
        return True

    def remove(self, paths: Collection[Path]) -> None:
        """Take entries out, with the comments above them; a mapping that is left empty goes too. Raises EditError."""
        gone = _with_emptied(self.values, {path for path in paths if self.has(path)})
        if not gone:
            return
        expected = _without(self.values, gone)
        by_parent: dict[Path, set[str]] = {}
        for path in gone:
            by_parent.setdefault(path[:-1], set()).add(path[-1])
        root = _compose(self.text)
        lines = self.text.split("\n")
        spans: list[tuple[int, int, str]] = []
        starts = _starts(lines)
        for above, keys in by_parent.items():
            node = _at(root, above)
            if node.flow_style:
                spans.append(_flow_without(self.text, node, keys))
            else:
                spans += _block_without(self.text, lines, starts, node, keys)
        self._change(spans, expected)

    def put(self, path: Path, value: Any, *, after: str | None = None) -> None:
        """Write an entry: in place of the one that is there, else after `after`, else last. Raises EditError."""
        *parent, key = path
        written = _flow(value)
        expected = _with(self.values, path, yaml.load(written, Loader=_TEXTS))  # noqa: S506 it builds texts alone
        node = _at(_compose(self.text), tuple(parent))
        entries = {name.value: (name, each) for name, each in node.value}
        if key in entries:
            name, each = entries[key]
            self._change([(name.end_mark.index, _end(self.text, each), f": {written}")], expected)
            return
        name, each = entries[after] if after in entries else node.value[-1]
        end = _end(self.text, each, name)
        if node.flow_style:
            self._change([(end, end, f", {_flow(key)}: {written}")], expected)
            return
        line_end = self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end
        indent = " " * name.start_mark.column
        self._change([(line_end, line_end, f"\n{indent}{_flow(key)}: {written}")], expected)

    def _change(self, spans: list[tuple[int, int, str]], expected: dict[str, Any]) -> None:
        text = self.text
        for start, end, new in sorted(spans, reverse=True):
            text = text[:start] + new + text[end:]
        try:
            found = _read(text)
        except yaml.YAMLError:
            found = None
        if found != expected:
            raise EditError(
                "its entries cannot be taken apart: write out what anchors (&), aliases (*) and merges (<<) stand for"
            )
        self.text, self.values = text, expected


def secrets_in(values: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The encrypted values below some values: path of the entry `secure`'s parent, and the cipher text."""
    if isinstance(values, Mapping):
        if values.keys() == {"secure"} and isinstance(values["secure"], str):
            yield path, values["secure"]
            return
        for key, each in values.items():
            yield from secrets_in(each, (*path, key))
    elif isinstance(values, list):
        for position, each in enumerate(values):
            yield from secrets_in(each, (*path, str(position)))


def _read(text: str) -> dict[str, Any]:
    found = yaml.load(text, Loader=_TEXTS)  # noqa: S506 it builds texts alone
    return found if isinstance(found, dict) else {}


def _compose(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=_NODES)


def _at(root: yaml.Node | None, path: Path) -> yaml.MappingNode:
    node: Any = root
    for key in path:
        node = next(each for name, each in node.value if name.value == key)
    if not isinstance(node, yaml.MappingNode):
        raise EditError(f"{'.'.join(path[1:])} is no mapping of lines: write it as lines of `name: …`")
    return node


def _with_emptied(values: Mapping[str, Any], paths: set[Path]) -> set[Path]:
    """The paths; in place of all entries of a mapping, the mapping itself."""
    found = set(paths)
    for parent in {path[:-1] for path in paths if len(path) > 1}:
        mapping: Any = values
        for key in parent:
            mapping = mapping[key]
        below = {(*parent, key) for key in mapping}
        if below <= found:
            found = (found - below) | {parent}
    return found


def _without(values: Any, paths: Collection[Path]) -> Any:
    here = {path[0] for path in paths if len(path) == 1}
    found = {}
    for key, value in values.items():
        if key not in here:
            below = [path[1:] for path in paths if path[0] == key and len(path) > 1]
            found[key] = _without(value, below) if below else value
    return found


def _with(values: Any, path: Path, value: Any) -> Any:
    key, *below = path
    return {**values, key: _with(values[key], tuple(below), value) if below else value}


def _end(text: str, node: yaml.Node, key: yaml.Node | None = None) -> int:
    """The position after the last character of a value's own text, without comments. `key`: of an empty value."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1], last[0]) if isinstance(node, yaml.MappingNode) else _end(text, last)
    start, end = node.start_mark.index, node.end_mark.index
    if key is not None and start < key.end_mark.index:
        raise EditError("an alias (*) stands for a value: write it out")
    found = start + len(text[start:end].rstrip())
    if key is not None and found <= start:  # `key:` and nothing behind it
        return text.index(":", key.end_mark.index - 1) + 1
    return found


def _flow_without(text: str, node: yaml.MappingNode, keys: Collection[str]) -> tuple[int, int, str]:
    kept = [
        text[name.start_mark.index : _end(text, each, name)]
        for name, each in node.value
        if name.value not in keys
    ]
    return node.start_mark.index, node.end_mark.index, f"{{{', '.join(kept)}}}"


def _starts(lines: list[str]) -> list[int]:
    """The position at which each line starts, and that after the last one."""
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line) + 1)
    return found


def _block_without(
    text: str, lines: list[str], starts: list[int], node: yaml.MappingNode, keys: Collection[str]
) -> Iterator[tuple[int, int, str]]:
    for name, each in node.value:
        if name.value not in keys:
            continue
        column, first = name.start_mark.column, name.start_mark.line
        last = text.count("\n", 0, _end(text, each, name))
        while first > 0 and _comment_at(lines[first - 1]) == column:
            first -= 1
        while last + 1 < len(lines) and (_comment_at(lines[last + 1]) or 0) > column:
            last += 1
        yield starts[first], min(starts[last + 1], len(text)), ""


def _comment_at(line: str) -> int | None:
    """The column of a line that is a comment; None for others."""
    bare = line.lstrip(" ")
    return len(line) - len(bare) if bare.startswith("#") else None


def _flow(value: Any) -> str:
    """A value as YAML on one line, in quotes where it needs them."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")
