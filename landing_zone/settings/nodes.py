"""The values of a stack file before they are built: what no setting may be, wherever in the file it stands."""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from landing_zone.printing import secret_in, unprintable_in
from landing_zone.settings.problems import Path, Problem, setting_of_key

_TAG: Final = "tag:yaml.org,2002:"
MERGE_TAG: Final = f"{_TAG}merge"
PLAIN_TAGS: Final = frozenset(
    f"{_TAG}{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq")
)
"""Tags of values that are written without one."""
_ENCRYPTED: Final = ("secure", "encryptedkey", "encryptionsalt")
"""Keys of cipher texts, in which anything may stand by chance."""
_CIPHER_TEXT: Final = re.compile(rf"\b(?:{'|'.join(_ENCRYPTED)})\b.*")
_TEXTS: Final = "policies"
"""Alert policies have documentation of several lines."""


def strange_texts(root: yaml.Node, project: str, file: str) -> Iterator[Problem]:
    """Secrets in plain text, and characters that a log or a reader takes for something else: in keys and values.

    `project`: what Pulumi.yaml calls the project, whose keys may lack the namespace.
    """
    seen: set[int] = set()
    waiting: list[tuple[Path, str, yaml.Node]] = [((), "", root)]
    while waiting:
        path, key, node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield from _strange(path, key, node, file, lines=_TEXTS in path)
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, position), key, each) for position, each in enumerate(node.value)]
        else:
            for name, value in node.value:
                written = str(name.value) if isinstance(name, yaml.ScalarNode) else ""
                below, first = _below(path, key, written, project)
                if isinstance(name, yaml.ScalarNode):
                    yield from _strange(below, first, name, file)
                else:
                    waiting.append((below, first, name))
                if written not in _ENCRYPTED:
                    waiting.append((below, first, value))


def _below(path: Path, key: str, written: str, project: str) -> tuple[Path, str]:
    """The path of a key below a path, and the key of `config` that it begins with."""
    if not path:
        return (written,), written
    if path == ("config",):
        return (setting_of_key(written, project) or written,), written
    return (*path, written), key


def _strange(
    path: Path, key: str, node: yaml.ScalarNode, file: str, *, lines: bool = False
) -> Iterator[Problem]:
    line = node.start_mark.line + 1
    if kind := secret_in(node.value):
        yield Problem(
            path,
            f"{kind} stands here for everybody to read",
            "take it out and revoke it: it is in the file's history",
            file,
            line,
            key,
        )
    elif found := unprintable_in(node.value, lines=lines):
        yield Problem(
            path,
            f"the character {found} stands in this text: it ends a line, or is not seen as what it is",
            "write the text on one line, in characters that are seen",
            file,
            line,
            key,
        )


def secrets_elsewhere(text: str, known: set[int | None], file: str) -> Iterator[Problem]:
    """Secrets in lines where no value has one: in comments, names of anchors. `known`: lines that are reported."""
    for number, line in enumerate(text.split("\n"), 1):
        kind = None if number in known else secret_in(_CIPHER_TEXT.sub("", line))
        if kind:
            yield Problem(
                (),
                f"{kind} stands in this line for everybody to read",
                "take it out and revoke it: it is in the file's history",
                file,
                number,
            )
