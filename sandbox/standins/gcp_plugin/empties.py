"""Null and empty values in states.

The official plugin's states come from Terraform's SDK, which has no null within a block, nor in what was read: only
`""`, 0, false, [] and {}. A change then takes a list or map that is empty back to what the plan has, null or empty,
and an empty text that was lost comes back in a change and in a read. A set is as planned, if all of it was.

Source: `normalizeNullValues` and `MapFieldWriter` of terraform-plugin-sdk 2.40.
"""

from collections.abc import Mapping
from typing import Final

from sandbox.standins.gcp_plugin.schema import UNKNOWN, Field, Kind, Value, is_unknown

ZERO: Final[Mapping[Kind, Value]] = {
    Kind.TEXT: "",
    Kind.BOOLEAN: False,
    Kind.INTEGER: 0,
    Kind.NUMBER: 0,
    Kind.MAP: {},
    Kind.LIST: [],
    Kind.SET: [],
}
"""What a value that is not set is to the SDK. A block that is not set is null."""


def reconciled(
    fields: Mapping[str, Field], found: Mapping[str, Value], known: Mapping[str, Value], *, applied: bool
) -> dict[str, Value]:
    """What was found, with the null and empty values of what was planned (`applied`) or known before a read."""
    return {
        name: _reconciled(fields[name], value, known.get(name), applied=applied) if name in fields else value
        for name, value in found.items()
    }


def filled_in(fields: Mapping[str, Field], values: Mapping[str, Value]) -> dict[str, Value]:
    """The values with nothing null within their blocks, as the SDK has those that were planned and not read."""
    return {name: _filled_in(field, values.get(name)) for name, field in fields.items()}


def emptied(
    fields: Mapping[str, Field], values: Mapping[str, Value], before: Mapping[str, Value]
) -> dict[str, Value]:
    """The values after an update: what was set, and was not read, is empty and not null."""
    return {
        name: ZERO.get(fields[name].kind)
        if name in fields and value is None and before.get(name) is not None
        else value
        for name, value in values.items()
    }


def _reconciled(field: Field, found: Value, known: Value, *, applied: bool) -> Value:
    if known is None:
        return None if applied and found in ([], {}) and field.kind is not Kind.BLOCK else found
    if known == UNKNOWN:
        return found
    if field.is_set:
        return known if applied and not is_unknown(known) else found
    if found is None:
        is_lost = known == "" or (applied and known in ([], {}) and field.kind is not Kind.BLOCK)
        return known if is_lost else None
    if field.kind is Kind.BLOCK and isinstance(found, dict) and isinstance(known, dict):
        return reconciled(field.fields, found, known, applied=applied)
    if field.item and field.kind is Kind.LIST and len(found) == len(known):
        return [
            _reconciled(field.item, item, before, applied=applied)
            for item, before in zip(found, known, strict=True)
        ]
    return found


def _filled_in(field: Field, value: Value) -> Value:
    if field.kind is Kind.BLOCK and isinstance(value, dict):
        return {
            name: ZERO.get(part.kind)
            if value.get(name) is None and not part.write_only
            else _filled_in(part, value.get(name))
            for name, part in field.fields.items()
        }
    if field.item and isinstance(value, list):
        return [_filled_in(field.item, item) for item in value]
    return value
