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
    if inputs:
        return _refreshed(resource.fields, properties, inputs)
    return _imported(resource.fields, properties)


def _refreshed(
    fields: Mapping[str, Field], properties: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    defaults = set(inputs.get(DEFAULTS, []))
    refreshed: dict[str, Any] = {}
    for name, before in inputs.items():
        if name == DEFAULTS or name not in properties:
            continue
        refreshed[name], is_same = _refreshed_value(fields.get(name), properties[name], before)
        if not is_same:
            defaults.discard(name)
    if DEFAULTS in inputs:
        refreshed[DEFAULTS] = sorted(defaults)
    return refreshed


def _refreshed_value(field: Field | None, value: Value, before: Value) -> tuple[Value, bool]:
    """The input, and whether it is what it was: otherwise it is no default any more."""
    if field and field.normalized and isinstance(before, str):
        return before, field.normalized(before) == value
    if field and field.item and isinstance(value, list) and isinstance(before, list):
        # What there is beside the program's items is none of its inputs.
        items = [
            _refreshed_value(field.item, item, former) for item, former in zip(value, before, strict=False)
        ]
        return [item for item, _ in items], len(value) >= len(before) and all(same for _, same in items)
    if field and field.kind is Kind.BLOCK and isinstance(value, dict) and isinstance(before, dict):
        return _refreshed(field.fields, value, before), DEFAULTS not in before
    if field and field.kind is Kind.MAP and isinstance(value, dict) and isinstance(before, dict):
        kept = {name: value[name] for name in before if name in value}
        return kept, kept == before
    return value, value == before


def _imported(fields: Mapping[str, Field], properties: Mapping[str, Any]) -> dict[str, Any]:
    imported: dict[str, Any] = {DEFAULTS: []}
    for name, field in fields.items():
        if not field.settable or name not in properties:
            continue
        value = _imported_value(field, properties[name])
        default = None if field.computed else field.default
        says_nothing = is_empty(value) or value == {DEFAULTS: []} if default is None else value == default
        if field.required or not says_nothing:
            imported[name] = value
    return imported


def _imported_value(field: Field, value: Value) -> Value:
    if field.kind is Kind.BLOCK and isinstance(value, dict):
        return _imported(field.fields, value)
    if field.kind is Kind.MAP and isinstance(value, dict):
        return {**value, DEFAULTS: []}
    if field.item and isinstance(value, list):
        return [_imported_value(field.item, item) for item in value]
    return value
