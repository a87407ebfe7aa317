"""Conditions of IAM policies: Google's rules for them, and whether one holds.

Evaluated are `request.time` by the local cloud's clock, and `resource.name`, `resource.type` and `resource.service` of
the resource that a call concerns. What else an expression reads (tags, addresses, attributes of APIs) is unknown: where
the outcome depends on it, the condition does not hold.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from sandbox.cloud.core.cel import (
    LOGICAL,
    Applied,
    Called,
    CelError,
    Listed,
    Literal,
    Member,
    Name,
    Node,
    parse,
    walk,
)
from sandbox.cloud.core.errors import JsonObject, invalid_argument

_LONGEST: Final = {"title": 100, "description": 256}
_MOST_OPERATORS: Final = 12
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "request": frozenset({"time", "host", "path", "auth", "headers", "method"}),
    "resource": frozenset({"name", "type", "service", "labels"}),
    "destination": frozenset({"ip", "port"}),
    "api": frozenset(),
}
_FUNCTIONS: Final = frozenset(
    {
        "bool",
        "bytes",
        "double",
        "duration",
        "has",
        "inIpRange",
        "int",
        "size",
        "string",
        "timestamp",
        "type",
        "uint",
    }
)
_OF_TIMES: Final[Mapping[str, Callable[[datetime], int]]] = {
    "getFullYear": lambda time: time.year,
    "getMonth": lambda time: time.month - 1,
    "getDate": lambda time: time.day,
    "getDayOfMonth": lambda time: time.day - 1,
    "getDayOfWeek": lambda time: time.isoweekday() % 7,
    "getDayOfYear": lambda time: time.timetuple().tm_yday - 1,
    "getHours": lambda time: time.hour,
    "getMinutes": lambda time: time.minute,
    "getSeconds": lambda time: time.second,
}
_METHODS: Final = frozenset(
    {
        *_OF_TIMES,
        *(
            "contains",
            "endsWith",
            "exists",
            "extract",
            "getAttribute",
            "hasOnly",
            "lowerAscii",
            "matches",
            "size",
        ),
        *("hasTagKey", "hasTagKeyId", "matchTag", "matchTagId", "startsWith", "upperAscii"),
    }
)
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "in": lambda item, items: item in items,
}
_DURATION: Final = re.compile(r"(-?\d+(?:\.\d+)?)(h|m|s|ms)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_OFFSET: Final = re.compile(r"([+-]?)(\d{2}):(\d{2})")
_UNKNOWN: Final = object()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may ask of a call; `type` and `service` are empty where they are not known."""

    now: datetime
    name: str
    type: str = ""
    service: str = ""


def check(condition: JsonObject, field: str) -> None:
    """Refuse what Google takes for no condition.

    Raises:
        CloudError: 400 INVALID_ARGUMENT, naming the field below `field`.
    """
    if not condition.get("title"):
        raise invalid_argument("The condition of a role binding must have a title.", f"{field}.title")
    for name, longest in _LONGEST.items():
        if len(condition.get(name, "")) > longest:
            raise invalid_argument(
                f"The {name} of a condition has at most {longest} characters.", f"{field}.{name}"
            )
    for mistake in mistakes(condition.get("expression", "")):
        raise invalid_argument(
            f"Condition expression compilation failed. Error details: {mistake}", f"{field}.expression"
        )


def mistakes(expression: str) -> list[CelError]:
    """What is wrong with an expression."""
    if not expression.strip():
        return [CelError(1, "Syntax error: the expression is empty")]
    try:
        tree = parse(expression)
    except CelError as error:
        return [error]
    found = [
        CelError(mistake[0], mistake[1]) for node in walk(tree) if (mistake := _mistake(node)) is not None
    ]
    operators = sum(isinstance(node, Applied) and node.operator in LOGICAL for node in walk(tree))
    if operators > _MOST_OPERATORS:
        found.append(CelError(1, f"the expression has more than {_MOST_OPERATORS} logical operators"))
    if isinstance(tree, Literal | Listed) and not (
        isinstance(tree, Literal) and isinstance(tree.value, bool)
    ):
        found.append(CelError(1, "the expression must evaluate to a bool"))
    return found


def holds(expression: str, facts: Facts) -> bool:
    """True if an expression holds, whatever is not known."""
    try:
        return _value(parse(expression), facts) is True
    except CelError:  # of a policy that was set before expressions were checked
        return False


def _mistake(node: Node) -> tuple[int, str] | None:
    match node:
        case Member(Name(root), field, column) if root in _ATTRIBUTES and field not in _ATTRIBUTES[root]:
            return column, f"undefined field '{field}'"
        case Name(name, column) if name not in _ATTRIBUTES:
            return column, f"undeclared reference to '{name}' (in container '')"
        case Called(None, name, _, column) if name not in _FUNCTIONS:
            return column, f"undeclared reference to '{name}' (in container '')"
        case Called(of, name, _, column) if of is not None and name not in _METHODS:
            return column, f"undeclared reference to '{name}' (in container '')"
        case _:
            return None


def _value(node: Node, facts: Facts) -> Any:
    try:
        return _evaluated(node, facts)
    except (ArithmeticError, KeyError, LookupError, TypeError, ValueError, AttributeError):
        return _UNKNOWN  # an error of the expression, which CEL lets `&&` and `||` overrule, too


def _evaluated(node: Node, facts: Facts) -> Any:
    match node:
        case Literal(value):
            return value
        case Listed(items):
            return _known([_value(item, facts) for item in items], list)
        case Member(Name("request"), "time"):
            return facts.now
        case Member(Name("resource"), "name" | "type" | "service" as field):
            return getattr(facts, field) or _UNKNOWN
        case Applied("&&" | "||" as mark, of):
            return _logical(mark, [_value(each, facts) for each in of])
        case Applied("!", (of,)):
            value = _value(of, facts)
            return not value if isinstance(value, bool) else _UNKNOWN
        case Applied("-", (of,)):
            return _known([_value(of, facts)], lambda values: -values[0])
        case Applied("?:", (test, then, other)):
            value = _value(test, facts)
            return _value(then if value else other, facts) if isinstance(value, bool) else _UNKNOWN
        case Applied("[]", (of, key)):
            return _known([_value(of, facts), _value(key, facts)], lambda pair: pair[0][pair[1]])
        case Applied(mark, of) if mark in _OPERATORS:
            return _known([_value(each, facts) for each in of], lambda pair: _OPERATORS[mark](*pair))
        case Called(None, name, arguments):
            return _known([_value(each, facts) for each in arguments], lambda values: _function(name, values))
        case Called(of, name, arguments) if of is not None:
            values = [_value(each, facts) for each in (of, *arguments)]
            return _known(values, lambda known: _method(known[0], name, known[1:]))
        case _:
            return _UNKNOWN


def _known(values: list[Any], result: Callable[[list[Any]], Any]) -> Any:
    """What is made of values, all of which must be known."""
    return _UNKNOWN if any(value is _UNKNOWN for value in values) else result(values)


def _logical(mark: str, values: Sequence[Any]) -> Any:
    """Of three values: one side alone may decide."""
    decisive = mark == "||"
    if any(value is decisive for value in values):
        return decisive
    return not decisive if all(value is (not decisive) for value in values) else _UNKNOWN


def _function(name: str, values: Sequence[Any]) -> Any:
    match name, values:
        case "timestamp", [str() as text]:
            read = datetime.fromisoformat(text)
            return read if read.tzinfo is not None else _UNKNOWN
        case "duration", [str() as text] if _DURATION.sub("", text) == "":
            return timedelta(
                seconds=sum(float(count) * _UNITS[unit] for count, unit in _DURATION.findall(text))
            )
        case "size", [str() | list() as of]:
            return len(of)
        case "int", [int() | str() as of]:
            return int(of)
        case "string", [int() | str() as of]:
            return str(of)
        case _:
            return _UNKNOWN


def _method(of: Any, name: str, values: Sequence[Any]) -> Any:
    if isinstance(of, datetime) and name in _OF_TIMES:
        return _OF_TIMES[name](of.astimezone(_zone(values[0]) if values else UTC))
    match of, name, values:
        case str(), "startsWith", [str() as part]:
            return of.startswith(part)
        case str(), "endsWith", [str() as part]:
            return of.endswith(part)
        case str(), "contains", [str() as part]:
            return part in of
        case str(), "extract", [str() as template]:
            return _extracted(of, template)
        case str() | list(), "size", []:
            return len(of)
        case _:
            return _UNKNOWN


def _zone(name: str) -> tzinfo:
    offset = _OFFSET.fullmatch(name)
    if offset is None:
        return ZoneInfo(name)
    apart = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-apart if offset[1] == "-" else apart)


def _extracted(text: str, template: str) -> str:
    """What stands in the place of `{name}` in a template, up to what follows it; "" where the template does not fit."""
    before, _, rest = template.partition("{")
    after = rest.partition("}")[2]
    _, found, tail = text.partition(before)
    if before and not found:
        return ""
    if not before:
        tail = text
    value, ended, _ = tail.partition(after) if after else (tail, "", "")
    return value if ended or not after else ""
