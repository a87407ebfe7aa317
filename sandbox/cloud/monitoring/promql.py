"""A part of PromQL, as alert policies use it: sums and rates of series, arithmetic, comparisons, `or`, absence.

What the local cloud does not read raises `NotReadError`, and nothing is guessed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Samples = Sequence[tuple[Labels, Sequence[float]]]
"""The values of each series in a time, oldest first."""
Read = Callable[[str, float], Samples]
"""The series of a metric (by its name in PromQL) in so many seconds until now."""
Value = float | Vector


class NotReadError(Exception):
    """A query, or another condition of an alert policy, that the local cloud does not read."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read. `range_s` is how far back it looks; `looks_for_absence` whether silence makes it true."""

    run: Callable[[Read], Value]
    range_s: float
    looks_for_absence: bool
    steady: bool
    """Whether it becomes true only as something is added: no quotient but of limits, no `<`, no absence."""


_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w:]))|(?P<duration>\d+[smhdw](?:\d+[smhdw])*)"""
    r"""|(?P<word>[A-Za-z_:][\w:]*)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<mark>=~|!~|!=|==|>=|<=|[-+*/(){}\[\],=<>]))"""
)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGGREGATIONS: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "count": lambda values: float(len(values)),
    "avg": lambda values: sum(values) / len(values),
}
_OVER_TIME: Final[Mapping[str, Callable[[Sequence[float], float], float]]] = {
    "rate": lambda values, seconds: sum(values) / seconds,
    "increase": lambda values, _: sum(values),
    "sum_over_time": lambda values, _: sum(values),
    "max_over_time": lambda values, _: max(values),
    "min_over_time": lambda values, _: min(values),
    "count_over_time": lambda values, _: float(len(values)),
    "last_over_time": lambda values, _: values[-1],
}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else float("nan"),
}
#: Loosest first.
_LEVELS: Final = (frozenset({"or"}), frozenset(_COMPARISONS), frozenset("+-"), frozenset("*/"))
#: An instant selector sees the last value of so many seconds.
_LOOKBACK_S: Final = 300.0


@lru_cache(maxsize=1024)
def parse(text: str) -> Query:
    """Read a query.

    Raises:
        NotReadError: it is none, or has parts that are not read here.
    """
    return _Parser(text).query()


Node = Callable[[Read], Value]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise NotReadError(f"column {at + 1} of {text}")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._tokens.append(("end", ""))
        self._at = 0
        self._range = _LOOKBACK_S
        self._absence = False
        self._steady = True
        self._metrics: list[str] = []

    def query(self) -> Query:
        node = self._binary(0)
        if self._next() != ("end", ""):
            raise NotReadError(f"{self._tokens[self._at - 1][1]!r} was not expected")
        return Query(node, self._range, self._absence, self._steady and not self._absence)

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._primary()
        left = self._binary(level + 1)
        while self._peek()[1] in _LEVELS[level]:
            operator, named = self._next()[1], len(self._metrics)
            right = self._binary(level + 1)
            # A share of a limit, which does not move, grows with its use alone.
            of_limits = all(name.endswith("_limit") for name in self._metrics[named:])
            if operator in ("-", "<", "<=", "==", "!=") or (operator == "/" and not of_limits):
                self._steady = False
            left = _operation(operator, left, right)
        return left

    def _primary(self) -> Node:
        kind, text = self._next()
        if kind == "number":
            number = float(text)
            return lambda _: number
        if (kind, text) == ("mark", "("):
            inner = self._binary(0)
            self._expect(")")
            return inner
        if kind != "word":
            raise NotReadError(f"{text!r} was not expected")
        if text in _AGGREGATIONS:
            return self._aggregation(_AGGREGATIONS[text])
        if text in _OVER_TIME or text == "absent_over_time":
            return self._over_time(text)
        if self._peek() == ("mark", "("):
            raise NotReadError(f"{text}()")
        return self._selector(text)

    def _aggregation(self, combine: Callable[[list[float]], float]) -> Node:
        by = self._by()
        self._expect("(")
        inner = self._binary(0)
        self._expect(")")
        by = by if by is not None else self._by() or ()

        def run(read: Read) -> Value:
            groups: dict[Labels, list[float]] = {}
            for labels, value in _vector(inner(read)).items():
                kept = frozenset(pair for pair in labels if pair[0] in by)
                groups.setdefault(kept, []).append(value)
            return {labels: combine(values) for labels, values in groups.items()}

        return run

    def _by(self) -> tuple[str, ...] | None:
        if self._peek() == ("word", "without"):
            raise NotReadError("without")
        if self._peek() != ("word", "by"):
            return None
        self._next()
        self._expect("(")
        names = []
        while self._peek() != ("mark", ")"):
            names.append(self._next()[1])
            if self._peek() == ("mark", ","):
                self._next()
        self._expect(")")
        return tuple(names)

    def _over_time(self, name: str) -> Node:
        self._expect("(")
        metric, wants = self._metric(self._next()[1])
        self._expect("[")
        seconds = self._duration()
        self._expect("]")
        self._expect(")")
        self._range = max(self._range, seconds)
        if name == "absent_over_time":
            self._absence = True
            return lambda read: (
                {}
                if any(wants(labels) for labels, values in read(metric, seconds) if values)
                else {frozenset(): 1.0}
            )
        combine = _OVER_TIME[name]
        return lambda read: {
            labels: combine(values, seconds)
            for labels, values in read(metric, seconds)
            if values and wants(labels)
        }

    def _selector(self, name: str) -> Node:
        metric, wants = self._metric(name)
        return lambda read: {
            labels: values[-1] for labels, values in read(metric, _LOOKBACK_S) if values and wants(labels)
        }

    def _metric(self, name: str) -> tuple[str, Callable[[Labels], bool]]:
        """The name of a metric, and what its labels must be."""
        self._metrics.append(name)
        tests: list[Callable[[Mapping[str, str]], bool]] = []
        if self._peek() == ("mark", "{"):
            self._next()
            while self._peek() != ("mark", "}"):
                label, operator, value = self._next()[1], self._next()[1], _unquoted(self._next())
                tests.append(_matcher(label, operator, value))
                if self._peek() == ("mark", ","):
                    self._next()
            self._expect("}")
        return name, lambda labels: all(test(dict(labels)) for test in tests)

    def _duration(self) -> float:
        kind, text = self._next()
        if kind != "duration":
            raise NotReadError(f"{text!r} is no duration")
        return float(sum(int(count) * _SECONDS[unit] for count, unit in re.findall(r"(\d+)([smhdw])", text)))

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _expect(self, mark: str) -> None:
        if self._next()[1] != mark:
            raise NotReadError(f"{mark!r} was expected")


def _unquoted(token: tuple[str, str]) -> str:
    kind, text = token
    if kind != "text":
        raise NotReadError(f"{text!r} is no text")
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _matcher(label: str, operator: str, value: str) -> Callable[[Mapping[str, str]], bool]:
    if operator == "=":
        return lambda labels: labels.get(label, "") == value
    if operator == "!=":
        return lambda labels: labels.get(label, "") != value
    if operator not in ("=~", "!~"):
        raise NotReadError(f"{operator} between a label and a value")
    pattern, wanted = re.compile(value), operator == "=~"
    return lambda labels: (pattern.fullmatch(labels.get(label, "")) is not None) == wanted


def _vector(value: Value) -> Vector:
    if isinstance(value, float):
        raise NotReadError("a number where series were expected")
    return value


def _operation(operator: str, left: Node, right: Node) -> Node:
    def run(read: Read) -> Value:
        one, other = left(read), right(read)
        if operator == "or":
            return {**_vector(other), **_vector(one)}
        if operator in _COMPARISONS:
            return _compared(_COMPARISONS[operator], one, other)
        return _computed(_ARITHMETIC[operator], one, other)

    return run


def _compared(holds: Callable[[float, float], bool], one: Value, other: Value) -> Value:
    """The series of the vector for which it holds, with their values."""
    if isinstance(one, float) and isinstance(other, float):
        raise NotReadError("a comparison of two numbers")
    if isinstance(one, float):
        return {labels: value for labels, value in _vector(other).items() if holds(one, value)}
    if isinstance(other, float):
        return {labels: value for labels, value in one.items() if holds(value, other)}
    return {labels: value for labels, value in one.items() if labels in other and holds(value, other[labels])}


def _computed(compute: Callable[[float, float], float], one: Value, other: Value) -> Value:
    if isinstance(one, float) and isinstance(other, float):
        return compute(one, other)
    if isinstance(one, float):
        return {labels: compute(one, value) for labels, value in _vector(other).items()}
    if isinstance(other, float):
        return {labels: compute(value, other) for labels, value in one.items()}
    return {labels: compute(value, other[labels]) for labels, value in one.items() if labels in other}
