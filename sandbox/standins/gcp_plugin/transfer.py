"""Between properties and Google's JSON."""

from collections.abc import Mapping
from typing import Any

from sandbox.standins.gcp_plugin.empties import ZERO
from sandbox.standins.gcp_plugin.schema import Field, Kind, Resource, Value, is_empty

Json = dict[str, Any]


def to_wire(resource: Resource, properties: Mapping[str, Value], *, updating: bool) -> Json:
    """A request's body: what has a value, and what is sent in any case."""
    body = _object_to_wire(resource.fields, properties)
    for encode in (resource.encode, resource.encode_update if updating else resource.encode_creation):
        if encode:
            body = encode(body, properties)
    if updating and resource.found_in:
        # What cannot change is not sent again.
        replaced = {field.wire or name for name, field in resource.fields.items() if field.replaces}
        return {name: value for name, value in body.items() if name not in replaced}
    return body


def from_wire(resource: Resource, answer: Json, kept: Mapping[str, Value]) -> dict[str, Value]:
    """A resource's properties from Google's answer; what is not read from there is as in `kept`."""
    if resource.decode:
        answer = resource.decode(answer, kept)
    read = _object_from_wire(resource.fields, answer, kept)
    return {**read, **own_labels(read["effectiveLabels"], kept)} if resource.labels else read


def own_labels(every: Mapping[str, str], kept: Mapping[str, Value]) -> dict[str, Value]:
    """What became of the labels that the program and the provider's configuration have given."""
    return {
        name: {label: every.get(label, "") for label in kept.get(name) or {}} if every else {}
        for name in ("labels", "pulumiLabels")
    }


def _object_to_wire(fields: Mapping[str, Field], properties: Mapping[str, Value]) -> Json:
    body = {}
    for name, field in fields.items():
        value = properties.get(name)
        if field.sent and (field.always_sent or not is_empty(value)):
            body[field.wire or name] = _to_wire(field, value)
    return body


def _to_wire(field: Field, value: Value) -> Value:
    if field.to_wire:
        return field.to_wire(value)
    if value is None:
        return None if field.kind is Kind.MAP else ZERO.get(field.kind)
    if field.kind is Kind.BLOCK:
        return _object_to_wire(field.fields, value)
    if field.item and field.item.kind is Kind.BLOCK:
        return [_object_to_wire(field.item.fields, item) for item in value]
    return value


def _object_from_wire(
    fields: Mapping[str, Field], answer: Json, kept: Mapping[str, Value]
) -> dict[str, Value]:
    return {
        name: _from_wire(field, answer.get(field.wire or name), kept.get(name))
        if field.read
        else kept.get(name)
        for name, field in fields.items()
    }


def _from_wire(field: Field, value: Value, kept: Value) -> Value:
    if field.write_only:
        return None
    if field.from_wire:
        return field.from_wire(value)
    if field.when_absent is not None and is_empty(value):
        return field.when_absent
    if field.kind is Kind.BLOCK:
        # An object without content is none.
        before = kept if isinstance(kept, dict) else {}
        return _object_from_wire(field.fields, value, before) if value else None
    if field.item and field.item.kind is Kind.BLOCK:
        items = kept if isinstance(kept, list) else []
        return [
            _object_from_wire(field.item.fields, item, items[at] if at < len(items) else {})
            for at, item in enumerate(value or [])
        ]
    if field.kind is Kind.INTEGER and isinstance(value, str):
        return int(value)
    return ZERO[field.kind] if value is None else value
