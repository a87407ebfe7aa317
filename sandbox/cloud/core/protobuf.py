"""Methods and messages from a generated google-cloud-* package, for an API without a discovery document.

The messages are the package's protobuf descriptors. The HTTP rules (google.api.http) are not part of those
descriptors; the generator writes them, verb, path and body, into the package's REST transport, and they are read
from there. The descriptors carry no field behaviour either, so no field is known to be output only.
"""

import typing
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty

from sandbox.cloud.core.messages import Body, Field, Kind, Message, Method, lookup_table, template

_KINDS: dict[int, Kind] = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_ENUM: "enum",
    FieldDescriptor.TYPE_MESSAGE: "message",
}
_WELL_KNOWN: dict[str, Kind] = {
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
    "google.protobuf.FieldMask": "fieldmask",
    "google.protobuf.Struct": "struct",
    "google.protobuf.Value": "any",
    "google.protobuf.Int64Value": "int64",
}


#: Full name of a message → the fields that its package does not have yet.
_LATER: dict[str, Sequence[Field]] = {}


def later_fields(message: str, fields: Sequence[Field]) -> None:
    """Describe fields that a message has got since its package was made; before the message is first read."""
    _LATER[message] = fields


@cache
def _message(descriptor: Descriptor) -> Message:
    own = [_field(field) for field in descriptor.fields]
    return Message(descriptor.full_name, lookup_table([*_LATER.get(descriptor.full_name, ()), *own]))


def _reference(descriptor: Descriptor) -> Callable[[], Message]:
    return lambda: _message(descriptor)


def _field(field: FieldDescriptor) -> Field:
    value = field
    is_map = False
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        is_map = True
        value = field.message_type.fields_by_name["value"]
    kind = _KINDS[value.type]
    type_name = f"TYPE_{kind.upper()}"
    message = None
    enum = None
    if value.message_type is not None:
        type_name = f"type.googleapis.com/{value.message_type.full_name}"
        kind = _WELL_KNOWN.get(value.message_type.full_name, kind)
        message = _reference(value.message_type) if kind == "message" else None
    elif value.enum_type is not None:
        type_name = f"type.googleapis.com/{value.enum_type.full_name}"
        enum = {item.number: item.name for item in value.enum_type.values}
    return Field(
        json_name=field.json_name,
        proto_name=field.name,
        kind=kind,
        type_name=type_name,
        repeated=field.is_repeated and not is_map,
        is_map=is_map,
        enum=enum,
        message=message,
    )


@cache
def methods(package: str, service: str, api: str) -> tuple[Method, ...]:
    """Every method of `service` (`CloudQuotas`) in `package` (`google.cloud.cloudquotas_v1`).

    A method's id is `<api>.<rpc name>` (`cloudquotas.CreateQuotaPreference`); a method with several HTTP bindings
    (projects, folders, organizations) appears once for each.
    """
    return tuple(_bindings(import_module(package), service, api))


def _bindings(package: Any, service: str, api: str) -> Iterator[Method]:
    client = getattr(package, f"{service}Client")
    transport = client.get_transport_class("rest")
    rules = {
        name.removeprefix("_Base"): rule._get_http_options()
        for base in transport.__mro__
        for name, rule in vars(base).items()
        if hasattr(rule, "_get_http_options") and name.startswith("_Base")
    }
    for rpc, options in rules.items():
        if not hasattr(package, f"{rpc}Request"):
            continue  # a stream, or one of google.longrunning's, which the generator adds to every service
        request = getattr(package, f"{rpc}Request").pb().DESCRIPTOR
        response = _response(package, client, rpc)
        for option in options:
            yield _method(f"{api}.{rpc}", option, request, response)


def _response(package: Any, client: Any, rpc: str) -> Descriptor:
    if rpc.startswith("List"):  # the client's own return type is a pager
        return typing.cast("Descriptor", getattr(package, f"{rpc}Response").pb().DESCRIPTOR)
    python_name = "".join(f"_{char.lower()}" if char.isupper() else char for char in rpc).lstrip("_")
    returned = typing.get_type_hints(getattr(client, python_name))["return"]
    if not hasattr(returned, "pb"):  # nothing, or the client's own kind of operation
        return Empty.DESCRIPTOR
    return typing.cast("Descriptor", returned.pb().DESCRIPTOR)


def _method(method_id: str, option: dict[str, str], request: Descriptor, response: Descriptor) -> Method:
    path, patterns = _split_variables(option["uri"])
    segments, verb, path_parameters = template(path, patterns)
    body_field = option.get("body", "")
    bound = {parameter.name for parameter in path_parameters} | {body_field}
    query = [_field(field) for field in request.fields if field.name not in bound]
    body = None
    if body_field == "*":
        body = Body(_reference(request), "")
    elif body_field:
        bound_message = request.fields_by_name[body_field].message_type
        body = Body(_reference(typing.cast("Descriptor", bound_message)), body_field)
    return Method(
        id=method_id,
        http_method=option["method"].upper(),
        segments=segments,
        verb=verb,
        path_parameters=path_parameters,
        query={} if body_field == "*" else lookup_table(query),
        body=body,
        response=_reference(response),
    )


def _split_variables(uri: str) -> tuple[str, dict[str, str]]:
    """`/v1/{name=projects/*}/x` → `/v1/{name}/x` and `{"name": "projects/*"}`."""
    patterns: dict[str, str] = {}
    parts = uri.split("{")
    path = parts[0]
    for part in parts[1:]:
        variable, _, tail = part.partition("}")
        name, _, pattern = variable.partition("=")
        patterns[name] = pattern or "*"
        path += f"{{{name}}}{tail}"
    return path, patterns
