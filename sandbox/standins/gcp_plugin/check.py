"""Checks of inputs: types, defaults, generated names, and mistakes, with the official plugin's messages."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.standins.gcp_plugin.errors import PluginError
from sandbox.standins.gcp_plugin.schema import (
    UNKNOWN,
    Autoname,
    Field,
    Kind,
    Resource,
    Value,
    block,
    is_asset,
    is_empty,
    is_unknown,
    snake_case,
)

_GO_KINDS = {str: "string", bool: "bool", int: "number", float: "number"}
DEFAULTS = "__defaults"
"""Key in a checked object for the names of properties that the program did not give."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The engine's request about generated names."""

    name: str
    """The resource's name in the program."""
    seed: bytes
    mode: str = ""
    """`PROPOSE`, `ENFORCE`, `DISABLE`, or none of them."""
    proposed: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing wrong."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    """The path of a value, in Pulumi's spelling and in Terraform's."""

    path: str
    terraform: str

    def part(self, name: str, terraform: str = "") -> "_Place":
        """A property of the object here."""
        snake = terraform or snake_case(name)
        if not self.path:
            return _Place(name, snake)
        return _Place(f"{self.path}.{name}", f"{self.terraform}.{snake}")

    def at(self, index: int) -> "_Place":
        """An item of the list here."""
        return _Place(f"{self.path}[{index}]", f"{self.terraform}.{index}")

    def inside(self) -> "_Place":
        """The object here; to Terraform it is the one item of a list."""
        return _Place(self.path, f"{self.terraform}.0")


def with_defaults(
    resource: Resource, old: Mapping[str, Any], news: Mapping[str, Any], naming: Naming
) -> dict[str, Any]:
    """The inputs with defaults and made-up names filled in, and values in the property's type where they fit it.

    Raises:
        PluginError: a name is missing, and the engine wants none made up; or a whole number is none.
    """
    inputs = _object(resource.fields, news)
    for autoname in resource.autonames:
        if inputs.get(autoname.property) is None:
            inputs[autoname.property] = _made_up(autoname, old, naming)
            inputs[DEFAULTS] = sorted([*inputs[DEFAULTS], autoname.property])
    return inputs


def failures(resource: Resource, inputs: Mapping[str, Any]) -> list[Failure]:
    """The mistakes in checked inputs."""
    found = list(_object_failures(resource.fields, inputs, _Place("", "")))
    found += _group_failures(block(resource.fields, exactly_one=resource.exactly_one), inputs, _Place("", ""))
    if {"orgId", "folderId"} <= resource.fields.keys() and inputs.get("orgId") and inputs.get("folderId"):
        found += [
            Failure(
                name, f'Conflicting configuration arguments. "{snake_case(name)}": conflicts with {other}'
            )
            for name, other in (("folderId", "org_id"), ("orgId", "folder_id"))
        ]
    return found


def _object(fields: Mapping[str, Field], news: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        name: _typed(fields[name].terraform or snake_case(name), fields[name], value)
        if name in fields
        else value
        for name, value in news.items()
        if value is not None and name != DEFAULTS
    }
    defaults = {
        name: field.default
        for name, field in fields.items()
        if not is_empty(field.default) and not field.computed and name not in given
    }
    return {DEFAULTS: sorted(defaults), **given, **defaults}


def _typed(name: str, field: Field, value: Value) -> Value:
    """The value as its field's type, where that loses nothing.

    Raises:
        PluginError: a text is no whole number: with that the official plugin checks nothing else.
    """
    if field.kind is Kind.BLOCK and isinstance(value, dict):
        return _object(field.fields, value)
    if field.item and value != UNKNOWN:
        items = value if isinstance(value, list) else [value]
        return [_typed(name, field.item, item) for item in items]
    if field.kind is Kind.MAP and isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items() if item is not None and name != DEFAULTS}
    if field.kind is Kind.TEXT:
        return _as_text(value)
    if field.kind is Kind.BOOLEAN and value in ("true", "false"):
        return value == "true"
    if field.kind is Kind.INTEGER and isinstance(value, str) and value != UNKNOWN:
        return _as_integer(name, value)
    if field.kind is Kind.NUMBER and isinstance(value, str) and value != UNKNOWN:
        return _as_number(value)
    return value


def _as_text(value: Value) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_number(value: str) -> Value:
    try:
        return float(value)
    except ValueError:
        return value


def _as_integer(name: str, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError as error:
        parsing = f"parsing {_quoted(value)}: invalid syntax"
        raise PluginError(f"{name}: strconv.ParseInt: {parsing}") from error


def _made_up(autoname: Autoname, old: Mapping[str, Any], naming: Naming) -> str:
    kept = old.get(autoname.property)
    if kept is not None and autoname.property in old.get(DEFAULTS, []):
        return str(kept)
    if naming.mode == "DISABLE":
        raise PluginError("automatic naming is disabled but no explicit name was provided")
    if naming.mode in ("ENFORCE", "PROPOSE"):
        return naming.proposed
    name = naming.name.lower() if autoname.lower else naming.name
    if not autoname.random:
        return name
    # The seed is the engine's: the preview and the update that follows it make up the same name.
    suffix = (
        autoname.separator
        + hashlib.sha256(naming.seed + autoname.property.encode()).hexdigest()[: autoname.random]
    )
    return name[: autoname.max_length - len(suffix)] + suffix if autoname.max_length else name + suffix


def _object_failures(
    fields: Mapping[str, Field], value: Mapping[str, Any], place: _Place
) -> Iterator[Failure]:
    for name in value:
        if name != DEFAULTS and name not in fields:
            yield Failure(place.part(name).path, "Invalid or unknown key")
        elif name != DEFAULTS and not fields[name].settable:
            part = place.part(name, fields[name].terraform)
            decided = (
                "its value will be decided automatically based on the result of applying this configuration."
            )
            said = f'Can\'t configure a value for "{part.terraform}": {decided}'
            yield Failure(part.path, f"Value for unconfigurable attribute. {said}")
    for name, field in fields.items():
        part = place.part(name, field.terraform)
        if value.get(name) is not None and field.settable:
            yield from _field_failures(field, value[name], part)
        elif field.required:
            reason = f'The argument "{part.terraform}" is required, but no definition was found.'
            yield Failure(part.path, f"Missing required argument. {reason}")


def _field_failures(field: Field, value: Value, place: _Place) -> Iterator[Failure]:
    if value == UNKNOWN:
        return
    wrong = _wrong_type(field, value)
    if wrong:
        yield Failure(place.path, wrong)
    elif field.kind is Kind.BLOCK:
        yield from _block_failures(field, value, place.inside())
    elif field.item:
        if field.max_items and len(value) > field.max_items:
            said = f"supports {field.max_items} item maximum, but config has {len(value)} declared."
            yield Failure(place.path, f"Too many list items. Attribute {place.terraform} {said}")
        if len(value) < field.min_items:
            said = f"requires {field.min_items} item minimum, but config has only {len(value)} declared."
            yield Failure(place.path, f"Not enough list items. Attribute {place.terraform} {said}")
        for at, item in enumerate(value):
            failures_of = _block_failures if isinstance(item, dict) and field.item.fields else _field_failures
            yield from failures_of(field.item, item, place.at(at))
    elif not is_unknown(value):
        yield from _value_failures(field, value, place)


def _block_failures(field: Field, value: Mapping[str, Any], place: _Place) -> Iterator[Failure]:
    yield from _object_failures(field.fields, value, place)
    yield from _group_failures(field, value, place)


def _group_failures(field: Field, value: Mapping[str, Any], place: _Place) -> Iterator[Failure]:
    groups = (
        (field.exactly_one, field.exactly_one, True),
        (field.at_least_one, field.at_least_one, False),
        *(((name,), (name, *field.at_least_one), False) for name in field.or_itself),
    )
    for checked, names, one in groups:
        spelled = ",".join(sorted(place.part(name).terraform for name in names))
        given = [
            name for name in names if value.get(name) is not None and name not in value.get(DEFAULTS, [])
        ]
        for name in checked:
            part = place.part(name)
            if not given:
                title = "Invalid combination of arguments" if one else "Missing required argument"
                yield Failure(part.path, f'{title}. "{part.terraform}": one of `{spelled}` must be specified')
            elif one and len(given) > 1:
                said = ",".join(sorted(place.part(other).terraform for other in given))
                reason = f"only one of `{spelled}` can be specified, but `{said}` were specified."
                yield Failure(part.path, f'Invalid combination of arguments. "{part.terraform}": {reason}')
    for name, part_field in field.fields.items():
        other = part_field.required_with
        if other and value.get(name) is not None and value.get(other) is None:
            spelled = ",".join(sorted(place.part(each).terraform for each in (name, other)))
            reason = f'"{place.part(name).terraform}": all of `{spelled}` must be specified'
            yield Failure(place.part(name).path, f"Missing required argument. {reason}")


def _wrong_type(field: Field, value: Value) -> str | None:
    if field.kind is Kind.MAP and not isinstance(value, dict):
        return "Attribute must be a map"
    if field.kind is Kind.BLOCK and not isinstance(value, dict):
        return f"Expected Object Type. Expected object, got {_GO_KINDS.get(type(value), 'array')}"
    if (
        isinstance(value, dict | list)
        and not field.item
        and field.kind not in (Kind.MAP, Kind.BLOCK, Kind.ASSET)
    ):
        return f"Attribute must be a single value, not a {'map' if isinstance(value, dict) else 'list'}"
    if field.kind is Kind.BOOLEAN and not isinstance(value, bool):
        return f"cannot parse '' as bool: strconv.ParseBool: parsing {_quoted(value)}: invalid syntax"
    if field.kind in (Kind.INTEGER, Kind.NUMBER) and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        kind, parser = ("int", "ParseInt") if field.kind is Kind.INTEGER else ("float", "ParseFloat")
        return f"cannot parse '' as {kind}: strconv.{parser}: parsing {_quoted(value)}: invalid syntax"
    if field.kind is Kind.ASSET and not is_asset(value) and not isinstance(value, str):
        return "Attribute must be an asset or an archive"
    if field.kind is Kind.TEXT and not isinstance(value, str):
        return "Attribute must be a string"
    return None


def _value_failures(field: Field, value: Value, place: _Place) -> Iterator[Failure]:
    if field.choices and value not in field.choices:
        # Terraform lets an empty value stand for none, where that is allowed.
        known = " ".join(_quoted(choice) for choice in field.choices)
        yield Failure(place.path, f"expected {place.terraform} to be one of [{known}], got {value}")
    if field.check:
        found = field.check(value) or ()
        for reason in (found,) if isinstance(found, str) else found:
            yield Failure(place.path, reason.replace("{name}", place.terraform))


def _quoted(value: Value) -> str:
    return f'"{_as_text(value)}"'
