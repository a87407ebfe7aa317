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
_BASE64: Final = r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
# What a passphrase or a key service encrypted has a nonce of 12 bytes, the salt's has 8 bytes before that; what Pulumi
# Cloud encrypted has a version. The key that a key service has encrypted has no mark, but is longer than any secret.
_CIPHER: Final = (
    rf"(?:v1:[A-Za-z0-9+/]{{11}}=:)?v1:[A-Za-z0-9+/]{{16}}:{_BASE64}"
    rf"|AAAB{_BASE64}|(?=[A-Za-z0-9+/]{{98}}){_BASE64}"
)
_CIPHER_TEXT: Final = re.compile(_CIPHER)
_CIPHER_IN_LINE: Final = re.compile(
    rf"""(?:\b(?:{"|".join(_ENCRYPTED)})["']?\s*:|^)\s*["']?(?:{_CIPHER})(?=["'\s,}}]|$)"""
)
"""Cipher text on the line of its key, or on a line of its own."""
_NUMBERS: Final = (f"{_TAG}int", f"{_TAG}float")
_PLAIN_NUMBER: Final = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*|[0-9]*\.[0-9]*)(?:[eE][-+]?[0-9]+)?|\.(?i:inf|nan))"
)
_OTHER_NUMBER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]*|0[bB][01_]*|[0-9_.]+(?::[0-9_.]+)*(?:[eE][-+]?[0-9]+)?)"
)
_TEXTS: Final = "policies"
"""Alert policies have documentation of several lines."""


def strange_texts(root: yaml.Node, project: str, file: str) -> Iterator[Problem]:
    """Secrets in plain text; characters and numbers that a log or a reader takes for others: in keys and values.

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
            yield from _misread(path, key, node, project, file)
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, position), key, each) for position, each in enumerate(node.value)]
        else:
            for name, value in node.value:
                written = str(name.value) if isinstance(name, yaml.ScalarNode) else ""
                below, first = _below(path, key, written, project)
                if isinstance(name, yaml.ScalarNode):
                    yield from _strange(below, first, name, file)
                    yield from _misread(below, first, name, project, file)
                else:
                    waiting.append((below, first, name))
                if written not in _ENCRYPTED or not _is_cipher_text(value):
                    waiting.append((below, first, value))


def _misread(path: Path, key: str, node: yaml.ScalarNode, project: str, file: str) -> Iterator[Problem]:
    """The number in a setting that others read as another; what other programs read is theirs to judge."""
    if setting_of_key(key, project) is not None and (wrong := misread_number(node)):
        yield Problem(path, *wrong, file, node.start_mark.line + 1, key)


def _is_cipher_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(_CIPHER_TEXT.fullmatch(node.value))


def misread_number(node: yaml.ScalarNode) -> tuple[str, str] | None:
    """Reason and remedy for a number that YAML 1.1 and people, or Pulumi, read as different ones; None if it is none.

    Pulumi's parser reads YAML 1.2, in which 190:20:30 is text.
    """
    text = node.value
    if node.tag not in _NUMBERS or _PLAIN_NUMBER.fullmatch(text) or not _OTHER_NUMBER.fullmatch(text):
        return None
    number = _in_digits(text)
    return (
        f"{text} is not written in decimal digits, and is another number to other readers of YAML",
        f"write {number}, or '{text}' in quotes if it is a text",
    )


def _in_digits(text: str) -> str:
    """The number that was probably meant."""
    sign, digits = ("-" if text[0] == "-" else ""), text.lstrip("+-").replace("_", "")
    if ":" in digits:
        return "a number such as 1200"
    if base := {"0x": 16, "0b": 2}.get(digits[:2].lower()):
        return f"{sign}{int(digits[2:], base)}" if digits[2:] else "0"
    return sign + re.sub("^0+(?=[0-9])", "", digits)


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
        kind = None if number in known else secret_in(_CIPHER_IN_LINE.sub("", line))
        if kind:
            yield Problem(
                (),
                f"{kind} stands in this line for everybody to read",
                "take it out and revoke it: it is in the file's history",
                file,
                number,
            )
