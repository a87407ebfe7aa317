"""Between Python values and the engine's: protobuf structs, with secrets marked and unknown values kept."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct
from google.protobuf.struct_pb2 import Value as ProtoValue

from sandbox.standins.gcp_plugin.schema import SIGNATURE

_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, and none itself


def secret(value: Any) -> dict[str, Any]:
    """The value, marked as a secret."""
    return {SIGNATURE: _SECRET, "value": value}


def from_struct(struct: Struct) -> dict[str, Any]:
    """A struct's content; secrets are unwrapped, whole numbers are ints."""
    return {name: _from_value(value) for name, value in struct.fields.items()}


def to_struct(values: Mapping[str, Any]) -> Struct:
    """A struct with this content."""
    struct = Struct()
    _fill(struct, values)
    return struct


def _from_value(value: ProtoValue) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            content = from_struct(value.struct_value)
            return content["value"] if content.get(SIGNATURE) == _SECRET else content
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
    return None


def _fill(struct: Struct, values: Mapping[str, Any]) -> None:
    fields = struct.fields
    for name, value in values.items():
        _set(fields[name], value)


def _set(target: ProtoValue, value: Any) -> None:
    if value is None:
        target.null_value = NULL_VALUE
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _fill(target.struct_value, value)
    else:
        target.list_value.SetInParent()
        _append(target.list_value, value)


def _append(target: ListValue, items: list[Any]) -> None:
    for item in items:
        _set(target.values.add(), item)
