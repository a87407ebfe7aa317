"""Methods and messages from Google's discovery documents.

The documents ship inside google-api-python-client (`googleapiclient/discovery_cache/documents/`), so what the local
cloud accepts is what Google published with that release. A discovery document leaves out three things, which are
derived here: the name of the field a body is bound to (the message's own name in snake case, Google's custom), the
numbers of enum values (their position) and the enums' type names (message and field).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sandbox.cloud.core.messages import (
    ONE,
    REST,
    Body,
    Field,
    Kind,
    Message,
    Method,
    lookup_table,
    snake_case,
    template,
)

#: The answer of a method that answers with nothing.
_EMPTY = Message("google.protobuf.Empty", {})
_FORMATS: dict[str, Kind] = {
    "int32": "int32",
    "uint32": "uint32",
    "int64": "int64",
    "uint64": "uint64",
    "float": "float",
    "double": "double",
    "byte": "bytes",
    "google-datetime": "timestamp",
    "google-duration": "duration",
    "google-fieldmask": "fieldmask",
}
_TYPES: dict[str, Kind] = {
    "string": "string",
    "boolean": "bool",
    "integer": "int32",
    "number": "double",
    "any": "any",
    "array": "any",  # a list inside a map or a list: google.protobuf.ListValue
    "object": "struct",
}
_WELL_KNOWN: dict[Kind, str] = {
    "timestamp": "type.googleapis.com/google.protobuf.Timestamp",
    "duration": "type.googleapis.com/google.protobuf.Duration",
    "fieldmask": "type.googleapis.com/google.protobuf.FieldMask",
    "struct": "type.googleapis.com/google.protobuf.Struct",
    "any": "type.googleapis.com/google.protobuf.Value",
}


#: Fields that Google takes and does not describe, by document and schema; what is given for them is dropped.
_UNDESCRIBED: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    # Terraform's provider sends it with every network that has a routing mode.
    "compute.v1": {
        "NetworkRoutingConfig": {"deleteBgpAlwaysCompareMed": {"type": "boolean", "readOnly": True}}
    },
}


def _documents_folder() -> Path:
    # Found without importing the client, which would cost the server's start a third of a second.
    spec = find_spec("googleapiclient")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "google-api-python-client is not installed: its discovery documents are the API's source"
        )
    return Path(spec.origin).parent / "discovery_cache" / "documents"


class _Types:
    """The messages of one document, built when first asked for."""

    def __init__(self, schemas: dict[str, Any], package: str) -> None:
        self._schemas = schemas
        self._package = package
        self._built: dict[str, Message] = {}

    def full_name(self, schema: str) -> str:
        """`GoogleCloudBillingBudgetsV1Budget` → `google.cloud.billing.budgets.v1.Budget`, else package + name."""
        prefixed = re.match(r"(Google[A-Za-z]*?V\d+(?:(?:alpha|beta)\d*)?)([A-Z]\w*)$", schema)
        if not prefixed:
            return f"{self._package}.{schema}"
        return f"{snake_case(prefixed[1]).replace('_', '.')}.{prefixed[2]}"

    def message(self, schema: str) -> Message:
        built = self._built.get(schema)
        if built is None:
            properties = self._schemas[schema].get("properties", {})
            built = self._built[schema] = self._inline(self.full_name(schema), properties)
        return built

    def _inline(self, name: str, properties: dict[str, Any]) -> Message:
        """A message by its properties; Cloud Storage's stand inside of others."""
        return Message(
            name, lookup_table([self.field(each, spec, name) for each, spec in properties.items()])
        )

    def reference(self, schema: str) -> Callable[[], Message]:
        return lambda: self.message(schema)

    def field(self, name: str, spec: dict[str, Any], owner: str) -> Field:
        repeated = bool(spec.get("repeated")) or spec.get("type") == "array"
        value = spec["items"] if spec.get("type") == "array" else spec
        is_map = "additionalProperties" in value and value["additionalProperties"].get("type") != "any"
        if is_map:
            value = value["additionalProperties"]
        kind, type_name, message = self._kind(name, value, owner)
        return Field(
            json_name=name,
            proto_name=".".join(snake_case(part) for part in name.split(".")),
            kind=kind,
            type_name=type_name,
            repeated=repeated,
            is_map=is_map,
            enum=dict(enumerate(value["enum"])) if kind == "enum" else None,
            message=message,
            read_only=bool(spec.get("readOnly")),
        )

    def _kind(
        self, name: str, value: dict[str, Any], owner: str
    ) -> tuple[Kind, str, Callable[[], Message] | None]:
        if "$ref" in value:
            schema = value["$ref"]
            return "message", f"type.googleapis.com/{self.full_name(schema)}", self.reference(schema)
        if "properties" in value:
            inner = self._inline(f"{owner}.{name[0].upper()}{name[1:]}", value["properties"])
            return "message", f"type.googleapis.com/{inner.name}", lambda: inner
        if "enum" in value:
            return "enum", f"type.googleapis.com/{owner}.{name[0].upper()}{name[1:]}", None
        kind = _FORMATS.get(value.get("format", ""), _TYPES[value["type"]])
        return kind, _WELL_KNOWN.get(kind, f"TYPE_{kind.upper()}"), None


def _segments(pattern: str | None) -> str:
    """A parameter's pattern as template segments: `^projects/[^/]+$` → `projects/*`."""
    if pattern is None or not pattern.startswith("^"):  # Compute Engine's say which characters an id may have
        return ONE
    return pattern.strip("^$").replace("[^/]+", ONE).replace(".*", REST)


def _of_flat_path(name: str, path: str, spec: dict[str, Any]) -> str:
    """What a parameter without a pattern stands for: one segment, or what the flat path has for it."""
    parts = path.partition(":")[0].split("/")
    if f"{{+{name}}}" not in parts:
        return ONE
    start, flat = parts.index(f"{{+{name}}}"), spec["flatPath"].partition(":")[0].split("/")
    end = len(flat) - (len(parts) - start - 1)
    return "/".join(ONE if part.startswith("{") else part for part in flat[start:end])


def _walk(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _walk(child)


def _body_root(schema: str, full_name: str) -> str:
    return "" if schema.endswith("Request") else snake_case(full_name.rsplit(".", 1)[-1])


@cache
def methods(api: str, version: str) -> tuple[Method, ...]:
    """Every method of `api` (`cloudbilling`) in `version` (`v1`)."""
    document = json.loads((_documents_folder() / f"{api}.{version}.json").read_text(encoding="utf-8"))
    for schema, fields in _UNDESCRIBED.get(f"{api}.{version}", {}).items():
        document["schemas"][schema]["properties"] |= fields
    types = _Types(document["schemas"], f"google.{api}.{version}")
    return tuple(
        bound for method in _walk(document) for bound in _bindings(method, document["servicePath"], types)
    )


def _bindings(spec: dict[str, Any], service_path: str, types: _Types) -> Iterator[Method]:
    """A method below the API's own path and, of one that takes data, below that of uploads."""
    method = _method(spec, service_path + spec["path"], types)
    yield method
    if spec.get("supportsMediaUpload"):
        upload = _method(spec, spec["mediaUpload"]["protocols"]["simple"]["path"], types)
        yield replace(upload, id=f"{method.id}.upload", uploads=True)


def _method(spec: dict[str, Any], path: str, types: _Types) -> Method:
    parameters: dict[str, dict[str, Any]] = spec.get("parameters", {})
    patterns = {
        name: _segments(value.get("pattern")) if "pattern" in value else _of_flat_path(name, path, spec)
        for name, value in parameters.items()
        if value["location"] == "path"
    }
    segments, verb, path_parameters = template(path, patterns)
    query = [
        types.field(name, value, spec["id"])
        for name, value in parameters.items()
        if value["location"] == "query"
    ]
    request = spec.get("request", {}).get("$ref")
    body = Body(types.reference(request), _body_root(request, types.full_name(request))) if request else None
    return Method(
        id=spec["id"],
        http_method=spec["httpMethod"],
        segments=segments,
        verb=verb,
        path_parameters=path_parameters,
        query=lookup_table(query),
        body=body,
        response=types.reference(spec["response"]["$ref"]) if "response" in spec else lambda: _EMPTY,
        downloads=bool(spec.get("supportsMediaDownload")),
    )
