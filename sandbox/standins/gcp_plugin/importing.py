"""A resource's inputs, from what Google says of it."""

from collections.abc import Mapping
from typing import Any

from sandbox.standins.gcp_plugin.check import DEFAULTS
from sandbox.standins.gcp_plugin.schema import Field, Kind, Resource, Value, is_empty


def refreshed_inputs(
    resource: Resource, properties: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs that describe these properties.

    With inputs from before, as in a refresh, only what they name is taken: Google fills in much that no program
    wrote. Without any, as in an import, all that can be an input and says something.
    """
    return (
        _refreshed(resource.fields, properties, inputs) if inputs else _imported(resource.fields, properties)
    )


def _refreshed(
    fields: Mapping[str, Field], properties: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    refreshed = {}
    for name, before in inputs.items():
        value = before if name not in fields else _refreshed_value(fields[name], properties.get(name), before)
        if value is not None or (name in fields and fields[name].write_only):
            refreshed[name] = value
    return refreshed


def _refreshed_value(field: Field, value: Value, before: Value) -> Value:
    if field.normalized or (is_empty(value) and is_empty(before)):
        return before
    if field.same and isinstance(value, str) and field.same(value, before):
        return before
    if field.kind is Kind.BLOCK and isinstance(value, dict) and isinstance(before, dict):
        return _refreshed(field.fields, value, before)
    if field.kind is Kind.MAP and field.computed and isinstance(value, dict) and isinstance(before, dict):
        # What Google adds to it is none of the program's.
        return {name: value[name] for name in before if name in value}
    if field.kind is Kind.SET and isinstance(value, list) and sorted(value) == sorted(before):
        return before
    if field.item and field.item.kind is Kind.BLOCK and isinstance(value, list):
        return [
            _refreshed(field.item.fields, item, before[at])
            if at < len(before)
            else _imported(field.item.fields, item)
            for at, item in enumerate(value)
        ]
    return value


def _imported(fields: Mapping[str, Field], properties: Mapping[str, Any]) -> dict[str, Any]:
    imported: dict[str, Any] = {DEFAULTS: []}
    for name, field in fields.items():
        value = properties.get(name)
        default = None if field.computed else field.default
        says_nothing = value is None or (is_empty(value) and not field.required)
        if not field.settable or says_nothing or value == default:
            continue
        imported[name] = _imported_value(field, value)
    return imported


def _imported_value(field: Field, value: Value) -> Value:
    if field.kind is Kind.BLOCK:
        return _imported(field.fields, value)
    if field.item and field.item.kind is Kind.BLOCK:
        return [_imported(field.item.fields, item) for item in value]
    return value
