"""States and inputs as the engine gets them: with secrets marked."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

from sandbox.standins.gcp_plugin.lifecycle import State
from sandbox.standins.gcp_plugin.schema import Field, Resource
from sandbox.standins.gcp_plugin.wire import secret, to_struct

_META = "__meta"


def outputs(resource: Resource, state: State, *, secrets: bool, meta: bool = True) -> Struct:
    """A state; `secrets`, whether the engine wants them marked."""
    properties = {
        name: _without_write_only(resource.fields[name], value)
        for name, value in state.properties.items()
        if name in resource.fields
    }
    shown = marked(resource.fields, properties) if secrets else properties
    extra = {_META: json.dumps(resource.meta, separators=(",", ":"))} if meta and resource.meta else {}
    return to_struct({**shown, "id": state.id, **extra})


def marked(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with those marked that are secrets."""

    def one(field: Field | None, value: Any) -> Any:
        if field is None or not (field.secret or field.fields):
            return value
        if field.secret:
            return secret(value)
        return marked(field.fields, value) if isinstance(value, dict) else value

    return {name: one(fields.get(name), value) for name, value in values.items()}


def _without_write_only(field: Field, value: Any) -> Any:
    if field.write_only:
        return None
    if field.fields and isinstance(value, dict):
        return {name: _without_write_only(field.fields[name], item) for name, item in value.items()}
    return value
