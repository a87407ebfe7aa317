"""Descriptions of messages and methods, the same whether they come from a discovery document or from protobuf.

The two loaders (`discovery`, `protobuf`) produce these; routing, validation, partial responses and update masks
read them and nothing else.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "string",
    "bytes",
    "bool",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float",
    "double",
    "enum",
    "message",
    "timestamp",
    "duration",
    "fieldmask",
    "struct",
    "any",
]

#: A path segment of a template that is not literal: one segment, or all that remain.
ONE = "*"
REST = "**"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message, or a query parameter.

    `type_name` is how Google's errors name the type: `TYPE_STRING`, or `type.googleapis.com/<message or enum>`.
    `enum` maps a number to its name. A map's `kind` is that of its values.
    """

    json_name: str
    proto_name: str
    kind: Kind
    type_name: str
    repeated: bool = False
    is_map: bool = False
    enum: Mapping[int, str] | None = None
    message: "Callable[[], Message] | None" = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its fields by JSON name and by proto name alike, since Google accepts both."""

    name: str
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A variable of a path: the segments from `start` up to `end` (None: to the last one)."""

    name: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: its message, and the field it is bound to ("" when the body is the whole request)."""

    message: Callable[[], Message]
    root: str


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: two versions may share an id
class Method:
    """One binding of an API method to an HTTP verb and a path.

    `uploads`: the body is data, and the handler reads it; `downloads`: `alt=media` asks for data in place of JSON;
    `streams`: `alt=sse` asks for events.
    """

    id: str
    http_method: str
    segments: tuple[str, ...]
    verb: str
    path_parameters: tuple[PathParameter, ...]
    query: Mapping[str, Field]
    body: Body | None
    response: Callable[[], Message]
    uploads: bool = False
    downloads: bool = False
    streams: bool = False

    @property
    def version(self) -> str:
        """The API's version in the path (`v1beta1`); empty where there is none."""
        return next((each for each in self.segments if re.fullmatch(r"v\d+\w*", each)), "")


def snake_case(name: str) -> str:
    """`updateMask` → `update_mask`, `IPAddress` → `ip_address`: JSON name to proto name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel_case(name: str) -> str:
    """`update_mask` → `updateMask`: proto name to JSON name."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def lookup_table(fields: list[Field]) -> dict[str, Field]:
    """The fields by every name that a request may use for them."""
    return {name: field for field in fields for name in (field.proto_name, field.json_name)}


def template(
    path: str, patterns: Mapping[str, str]
) -> tuple[tuple[str, ...], str, tuple[PathParameter, ...]]:
    """Split a path such as `v1/{+name}/projects:move` into segments, custom verb and parameters.

    `patterns` gives, for each variable, the segments it stands for (`projects/*`); `*` when it is not there.
    """
    path, _, verb = path.partition(":") if ":" in path.rsplit("}", 1)[-1] else (path, "", "")
    segments: list[str] = []
    parameters: list[PathParameter] = []
    for part in path.strip("/").split("/"):
        if not part.startswith("{"):
            segments.append(part)
            continue
        name = part.strip("{+}")
        start = len(segments)
        segments.extend(patterns.get(name, ONE).split("/"))
        parameters.append(PathParameter(name, start, None if segments[-1] == REST else len(segments)))
    return tuple(segments), verb, tuple(parameters)
