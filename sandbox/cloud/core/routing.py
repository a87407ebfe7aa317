"""From an HTTP method and a path to an API method, through a tree of path segments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox.cloud.core.messages import ONE, REST, Method


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    one: "_Node | None" = None
    rest: "_Node | None" = None
    #: By HTTP method and custom verb ("" for none).
    methods: dict[tuple[str, str], Method] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A routed path: the method, the value of each path parameter, and what the wildcards stood for, in order."""

    method: Method
    path: dict[str, str]
    ids: tuple[str, ...]


class Router:
    """The paths of one service. Literal segments win over wildcards."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._root = _Node()
        for method in methods:
            self._add(method)

    def _add(self, method: Method) -> None:
        node = self._root
        for segment in method.segments:
            if segment == ONE:
                node.one = node.one or _Node()
                node = node.one
            elif segment == REST:
                node.rest = node.rest or _Node()
                node = node.rest
            else:
                node = node.literals.setdefault(segment, _Node())
        # The first document that names a path keeps it.
        node.methods.setdefault((method.http_method, method.verb), method)

    def match(self, http_method: str, raw_path: str) -> Match | None:
        """The method that serves `raw_path` (percent-encoded, without query), or None.

        Encoded slashes stay inside their segment. One slash at the end is allowed, as Google allows it.
        """
        parts = raw_path.strip("/").split("/")
        last, colon, verb = parts[-1].rpartition(":")
        if colon:
            found = self._find(http_method, verb, [*parts[:-1], last])
            if found is not None:
                return found
        return self._find(http_method, "", parts)

    def _find(self, http_method: str, verb: str, parts: list[str]) -> Match | None:
        method = _descend(self._root, parts, 0, (http_method, verb))
        if method is None:
            return None
        decoded = [unquote(part) for part in parts]
        path = {}
        for parameter in method.path_parameters:
            values = decoded[parameter.start : parameter.end]
            if len(values) > 1:  # a resource name: a slash inside a segment must not read as a separator
                values = [value.replace("/", "%2F") for value in values]
            path[parameter.name] = "/".join(values)
        ids = tuple(
            value if segment == ONE else "/".join(decoded[index:])
            for index, (segment, value) in enumerate(zip(method.segments, decoded, strict=False))
            if segment in (ONE, REST)
        )
        return Match(method, path, ids)


def _descend(node: _Node, parts: list[str], index: int, key: tuple[str, str]) -> Method | None:
    if index == len(parts):
        return node.methods.get(key)
    part = parts[index]
    literal = node.literals.get(part)
    if literal is not None:
        found = _descend(literal, parts, index + 1, key)
        if found is not None:
            return found
    if node.one is not None and part:
        found = _descend(node.one, parts, index + 1, key)
        if found is not None:
            return found
    return node.rest.methods.get(key) if node.rest is not None and part else None
