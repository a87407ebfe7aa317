"""Request validation against message descriptions, with Google's own words.

Google turns JSON into protobuf before a service sees it, and refuses what does not fit: unknown names, values of
another type, unknown enum values. All violations of a request are reported at once.
"""

import json
import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.core.errors import CloudError, JsonObject, bad_request, field_violation
from sandbox.cloud.core.messages import Field, Message, Method

_INT_RANGE = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,20}", re.ASCII)
_DURATION = re.compile(r"-?\d{1,12}(\.\d{1,9})?s", re.ASCII)
#: Seconds of the longest google.protobuf.Duration: ten thousand years.
_LONGEST = 315_576_000_000
_ILLEGAL = {
    "timestamp": "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.",
    "duration": "Illegal duration format; duration must end with 's'",
}
#: How Google's JSON parser names what Python's names otherwise.
_SYNTAX = {
    "Expecting ',' delimiter": "Expected , or } after key:value pair.",
    "Expecting property name enclosed in double quotes": "Expected an object key or }.",
    "Expecting ':' delimiter": "Expected : between key:value pair.",
    "Unterminated string starting at": "Closing quote expected in string.",
    "Extra data": "Parsing terminated before end of input.",
    "Expecting value": "Unexpected token.",
}
_JSON_PREFIX = "Invalid JSON payload received."
#: Levels of a message that protobuf reads.
_DEEPEST = 100


class _MismatchError(Exception):
    """A value that does not fit its field; the text, where Google says more than the value itself."""


class Violations:
    """The violations found so far in one request."""

    def __init__(self) -> None:
        self._found: list[JsonObject] = []

    def unknown(self, name: str, path: str, why: str = "Cannot find field.") -> None:
        at = f" at '{path}'" if path else ""
        self._found.append(
            field_violation(path, f"{_JSON_PREFIX} Unknown name {json.dumps(name)}{at}: {why}")
        )

    def invalid(self, path: str, type_name: str, value: str) -> None:
        self._found.append(field_violation(path, f"Invalid value at '{path}' ({type_name}), {value}"))

    def raise_if_any(self) -> None:
        """Refuse the request if anything was found.

        Raises:
            CloudError: 400 INVALID_ARGUMENT, one line and one field violation for each.
        """
        if self._found:
            message = "\n".join(violation["description"] for violation in self._found)
            raise CloudError("INVALID_ARGUMENT", message, [bad_request(self._found)])


def parse_json(raw: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        CloudError: 400 INVALID_ARGUMENT, with the place of the mistake as Google shows it.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant)  # bytes could be UTF-16, too
        if raw.count(b"{") + raw.count(b"[") > _DEEPEST and _is_deeper(value, _DEEPEST):
            raise RecursionError
        if b"\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no character
        return value
    except UnicodeError:
        raise _syntax_error("Encountered non UTF-8 code points.", "") from None
    except RecursionError:
        raise _syntax_error("Message too deep.", "") from None
    except json.JSONDecodeError as error:
        line = error.doc.split("\n")[error.lineno - 1]
        ended = error.pos >= len(error.doc.rstrip())
        reason = "Unexpected end of string." if ended else _SYNTAX.get(error.msg, "Unexpected token.")
        raise _syntax_error(reason, f"\n{line}\n{' ' * (error.colno - 1)}^") from None
    except ValueError:  # a number of thousands of digits, or NaN
        raise _syntax_error("Unexpected token.", "") from None


def _is_deeper(value: Any, levels: int) -> bool:
    """True if lists and objects stand in each other more than so many levels deep."""
    here = [value]
    for _ in range(levels):
        here = [
            item
            for outer in here
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(outer, dict | list) for outer in here)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _syntax_error(reason: str, where: str) -> CloudError:
    message = f"{_JSON_PREFIX} {reason}{where}"
    return CloudError("INVALID_ARGUMENT", message, [bad_request([field_violation(None, message)])])


def parse_message(message: Message, value: Any, root: str, violations: Violations) -> JsonObject:
    """`value` as a message: JSON names, int64 as strings, enums by name, nulls and output-only fields left out."""
    if not isinstance(value, dict):
        violations.unknown("", root, "Root element must be a message.")
        return {}
    return _object(message, value, root, violations)


def without_nulls(value: Any) -> Any:
    """A JSON value without the fields that are null, at any depth."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def refuse_body(value: Any, violations: Violations) -> None:
    """Every name in the body of a method that takes none is unknown."""
    for name in value if isinstance(value, dict) else [""]:
        violations.unknown(name, "", "Cannot find field." if name else "Root element must be a message.")


def parse_query(method: Method, pairs: Iterable[tuple[str, str]], violations: Violations) -> JsonObject:
    """The query parameters of `method`, by JSON name; the standard parameters are already taken out."""
    query: JsonObject = {}
    for name, text in pairs:
        field = method.query.get(name)
        if field is None:
            unknown_parameter(name, violations)
            continue
        try:
            parsed = _scalar(field, text)
        except _MismatchError:
            violations.invalid(field.proto_name, field.type_name, json.dumps(text))
            continue
        if field.repeated:
            query.setdefault(field.json_name, []).append(parsed)
        else:
            query[field.json_name] = parsed
    return query


def with_parameters(
    method: Method, body: Any, pairs: Sequence[tuple[str, str]]
) -> tuple[Any, Sequence[tuple[str, str]]]:
    """The body with the query parameters that are fields of the request, which is the body; and the other parameters.

    Terraform's provider sends the update mask of a Pub/Sub topic like that.
    """
    if method.body is None or method.body.root or not isinstance(body, dict):
        return body, pairs
    known = method.body.message().fields
    own = {name: text for name, text in pairs if name in known and name not in method.query}
    return {**own, **body}, [pair for pair in pairs if pair[0] not in own]


def unknown_parameter(name: str, violations: Violations) -> None:
    """Add what Google says of a parameter that a method does not have."""
    leaf = name.rsplit(".", 1)[-1]
    violations.unknown(
        name, "", f"Cannot bind query parameter. Field '{leaf}' could not be found in request message."
    )


def _object(message: Message, value: JsonObject, path: str, violations: Violations) -> JsonObject:
    result: JsonObject = {}
    for name, item in value.items():
        field = message.fields.get(name)
        if field is None:
            violations.unknown(name, path)
        elif item is not None:
            here = f"{path}.{field.proto_name}" if path else field.proto_name
            parsed = _field(field, item, here, name, path, violations)
            if not field.read_only:
                result[field.json_name] = parsed
    return result


def _field(field: Field, item: Any, here: str, name: str, parent: str, violations: Violations) -> Any:
    if field.is_map:
        if not isinstance(item, dict):
            violations.invalid(here, "Map", json.dumps(item))
            return None
        return {
            key: _value(field, inner, f"{here}[{index}].value", violations)
            for index, (key, inner) in enumerate(item.items())
        }
    if field.repeated:
        if not isinstance(item, list):
            violations.invalid(here, field.type_name, _shown(item))
            return None
        return [_value(field, inner, f"{here}[{index}]", violations) for index, inner in enumerate(item)]
    if isinstance(item, list) and field.kind not in ("any", "struct"):
        violations.unknown(name, parent, "Proto field is not repeating, cannot start list.")
        return None
    return _value(field, item, here, violations)


def _value(field: Field, item: Any, here: str, violations: Violations) -> Any:
    if field.kind == "message" and field.message is not None:
        if isinstance(item, dict):
            return _object(field.message(), item, here, violations)
        violations.invalid(here, field.type_name, _shown(item))
        return None
    if isinstance(item, dict) and field.kind not in ("any", "struct"):
        violations.invalid(here, field.proto_name, "Starting an object on a scalar field")
        return None
    try:
        return _scalar(field, item)
    except _MismatchError as mismatch:
        violations.invalid(here, field.type_name, str(mismatch) or _shown(item))
        return None


def _shown(value: Any) -> str:
    return "Starting an object on a scalar field" if isinstance(value, dict) else json.dumps(value)


def _scalar(field: Field, item: Any) -> Any:
    match field.kind:
        case "any":
            return item
        case "struct":
            _require(isinstance(item, dict))
            return item
        case "enum":
            return _enum(field, item)
        case "bool":
            return _bool(item)
        case "int32" | "uint32" | "int64" | "uint64":
            return _integer(field.kind, item)
        case "float" | "double":
            return _number(item)
    _require(isinstance(item, str))
    if field.kind == "bytes":
        return _bytes(item)
    fits = _FORMS.get(field.kind)
    if fits is not None and not fits(item):
        raise _MismatchError(f"Field '{field.proto_name}', {_ILLEGAL[field.kind]}")
    return item


def _is_moment(text: str) -> bool:
    """True for a time of google.protobuf.Timestamp, which knows the years 1 to 9999."""
    if not _TIMESTAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _is_duration(text: str) -> bool:
    return _DURATION.fullmatch(text) is not None and abs(float(text[:-1])) <= _LONGEST


_FORMS = {"timestamp": _is_moment, "duration": _is_duration}


def _require(fits: bool) -> None:
    if not fits:
        raise _MismatchError


def _enum(field: Field, item: Any) -> str:
    names = field.enum or {}
    if isinstance(item, str):
        if item in names.values():
            return item
        item = int(item) if _INTEGER.fullmatch(item) else None
    _require(isinstance(item, int) and not isinstance(item, bool) and item in names)
    return names[item]


def _bool(item: Any) -> bool:
    if isinstance(item, bool):
        return item
    # Python's clients write True and False, and Google takes them.
    word = item.lower() if isinstance(item, str) else ""
    _require(word in ("true", "false"))
    return bool(word == "true")


def _integer(kind: str, item: Any) -> int | str:
    if isinstance(item, str):
        _require(_INTEGER.fullmatch(item) is not None)
        whole = int(item)
    else:
        _require(isinstance(item, int) or (isinstance(item, float) and item.is_integer()))
        _require(not isinstance(item, bool))
        whole = int(item)
    low, high = _INT_RANGE[kind]
    _require(low <= whole <= high)
    return str(whole) if kind.endswith("64") else whole


def _number(item: Any) -> float | str:
    if isinstance(item, str) and item in ("NaN", "Infinity", "-Infinity"):
        return item
    _require(isinstance(item, int | float | str) and not isinstance(item, bool))
    try:
        number = float(item)
    except (ValueError, OverflowError):
        raise _MismatchError from None
    _require(math.isfinite(number))
    return number


def _bytes(item: str) -> str:
    """Base64 as answers have it: requests may use the alphabet of URLs and leave out the padding."""
    standard = item.replace("-", "+").replace("_", "/") + "=" * (-len(item) % 4)
    try:
        b64decode(standard, validate=True)
    except (Base64Error, ValueError):
        raise _MismatchError(f"Base64 decoding failed for {json.dumps(item)}") from None
    return standard
