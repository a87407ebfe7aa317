"""Property values between Pulumi's wire form and Python: unknowns, secrets, and the bookkeeping keys between them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

#: What stands for a value that only an update will know.
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# How Pulumi marks a secret on the wire: a fixed key and a fixed value.
_MARK: Final = "4dabf18193072939515e22adb298388d"
_MARKED: Final = "1b47061264138c4ac30d75fd1eb44270"

Properties = dict[str, Any]


def read(struct: Struct) -> Properties:
    """Properties as the engine sends them, secrets still wrapped."""
    return {name: _whole_numbers(value) for name, value in MessageToDict(struct).items()}


def write(properties: Mapping[str, Any]) -> Struct:
    """Properties as the engine takes them."""
    struct = Struct()
    struct.update(dict(properties))
    return struct


def secret(value: Any) -> Any:
    """A value that the engine keeps encrypted."""
    return {_MARK: _MARKED, "value": value}


def plain(value: Any) -> Any:
    """A value without secret wrappers and without Pulumi's bookkeeping (`__defaults`)."""
    if isinstance(value, dict):
        if value.get(_MARK) == _MARKED:
            return plain(value["value"])
        return {name: plain(item) for name, item in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def is_unknown(value: Any) -> bool:
    """Whether a value is, or holds, one that is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where two plain values differ: (property path, `add` | `delete` | `update`)."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            below = f"{path}.{name}" if path else name
            if name not in new:
                yield below, "delete"
            elif name not in old:
                yield below, "add"
            else:
                yield from differences(old[name], new[name], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield below, "delete"
            elif index >= len(old):
                yield below, "add"
            else:
                yield from differences(old[index], new[index], below)
    elif old != new:
        yield path, "update"


def as_set(inputs: Any, actual: Any) -> Any:
    """The inputs with the values that Google now has for what they set; what they leave out stays out."""
    if isinstance(inputs, dict) and isinstance(actual, dict):
        return {
            name: value if name.startswith("__") else as_set(value, actual.get(name))
            for name, value in inputs.items()
        }
    if isinstance(inputs, list) and isinstance(actual, list) and len(inputs) == len(actual):
        return [as_set(item, found) for item, found in zip(inputs, actual, strict=True)]
    return actual


def without_empty(value: Any) -> Any:
    """A request's value without what is empty, zero, false or null: to Google these are the same as absent."""
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", 0, False, None, {}, [])}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def _whole_numbers(value: Any) -> Any:
    """Structs know doubles only; a whole one was an integer."""
    if isinstance(value, dict):
        return {name: _whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
