"""The filters of time series: `metric.type = "…" AND resource.labels.service = one_of("a", "b")`.

Of Cloud Monitoring's language the local cloud serves equality and `one_of`, joined by AND or by nothing. The rest of
it is answered with 501: a filter that is read in part would select too much.
"""

import re
from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, unimplemented
from sandbox.cloud.monitoring.fields import check_filter, invalid

_TOKEN: Final = re.compile(
    r"""\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<word>[\w.+/:-]+)|(?P<mark>[<>!]=|[=<>(),-]))"""
)
_LABEL: Final = re.compile(r"(metric|resource)\.labels?\.(\w+)")
_TYPES: Final = ("metric.type", "resource.type")


def parse(text: str) -> Mapping[str, frozenset[str]]:
    """The values that a filter allows, by field: `metric.type`, `resource.type`, `metric.labels.X` and the like.

    Raises:
        CloudError: 400 for what does not parse or names no metric, 501 for what the local cloud does not serve.
    """
    check_filter(text, "filter", ("metric.type",))
    return _Parser(text).parse()


def field_named(name: str) -> str:
    """A field with `labels` in the plural: Google takes both; empty if it is no field of a time series."""
    if label := _LABEL.fullmatch(name):
        return f"{label[1]}.labels.{label[2]}"
    return name if name in _TYPES else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        while self._text[self._at :].strip():
            if found:
                self._take("word", "AND")
            field, values = self._comparison()
            found[field] = values & found.get(field, values)
        return found

    def _comparison(self) -> tuple[str, frozenset[str]]:
        start = self._at
        kind, name = self._next()
        if (kind, name) in (("mark", "("), ("mark", "-"), ("word", "NOT"), ("word", "OR")):
            raise unimplemented(f"{name} in a filter of time series")
        field = field_named(name) if kind == "word" else ""
        if not field:
            raise self._unparseable(start, f"{name!r} is no field of a time series")
        start = self._at
        kind, operator = self._next()
        if kind == "mark" and operator in ("!=", "<", ">", "<=", ">="):
            raise unimplemented(f"{operator} in a filter of time series")
        if (kind, operator) != ("mark", "="):
            raise self._unparseable(start, f"'=' was expected after {name}")
        return field, self._values()

    def _values(self) -> frozenset[str]:
        value = self._value()
        if not self._take("mark", "("):
            return frozenset({value})
        if value != "one_of":
            raise unimplemented(f"{value}() in a filter of time series")
        values = {self._value()}
        while self._take("mark", ","):
            values.add(self._value())
        if not self._take("mark", ")"):
            raise self._unparseable(self._at, "')' was expected")
        return frozenset(values)

    def _value(self) -> str:
        start = self._at
        kind, text = self._next()
        if kind == "mark":
            raise self._unparseable(start, "a value was expected")
        return text

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup is None:
            raise self._unparseable(self._at, "a token was expected")
        self._at = found.end()
        kind, text = found.lastgroup, found[found.lastgroup]
        return kind, re.sub(r"\\(.)", r"\1", text) if kind in ("single", "double") else text

    def _take(self, kind: str, text: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup != kind or found[kind] != text:
            return False
        self._at = found.end()
        return True

    def _unparseable(self, at: int, why: str) -> CloudError:
        return invalid("filter", self._text, f"Unparseable filter: syntax error at column {at + 1}: {why}.")
