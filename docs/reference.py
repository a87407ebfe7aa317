"""Makes docs/reference.md: every setting with its type, its default and what it does, and the provider's resources.

    .venv/bin/python docs/reference.py > docs/reference.md

All of it comes from the types: the settings' JSON Schema, the built-in defaults and the provider's resource types.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from landing_zone.settings.base import Settings, fields_of, known_keys
from landing_zone.settings.budgets import BudgetRules
from landing_zone.settings.markers import BuiltIn
from landing_zone.settings.types import DERIVE, StackFileSettings
from landing_zone.settings.workload import DeriveSettings
from provider.package import RESOURCES
from provider.resource import ResourceType

Schema = dict[str, Any]

HEAD: Final = """\
# Every setting

Made by `docs/reference.py` from the settings' types; do not edit it. [settings.md](settings.md) explains the settings
with examples. The resources of this project's own provider ([provider.md](provider.md)) stand at the end.
"""
#: JSON Schema's names of types → people's.
TYPE_NAMES: Final = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
}
#: More values than these are not listed.
LISTED: Final = 8


@dataclass
class Section:
    """The settings of one object of the stack file."""

    definition: str
    schema: Schema
    paths: list[str] = field(default_factory=list)
    """Where a stack file has such an object: `projects.NAME.keys.NAME`."""

    @property
    def title(self) -> str:
        """The definition's name as words: `Spend cap`."""
        name = self.definition.removesuffix("Settings")
        return "".join(f" {each.lower()}" if each.isupper() else each for each in name).strip().capitalize()

    @property
    def link(self) -> str:
        """A reference to the section, as the type of a setting."""
        return f"[{self.title.lower()}](#{self.title.lower().replace(' ', '-')})"

    @property
    def own(self) -> dict[str, Schema]:
        """The settings to list here, required ones first."""
        required = self.schema.get("required", ())
        found = dict(sorted(self.schema["properties"].items(), key=lambda each: each[0] not in required))
        if self.definition == "SharedBudgetSettings":
            return {name: entry for name, entry in found.items() if name not in known_keys(BudgetRules)}
        return found


def settings_schema() -> Schema:
    """The JSON Schema of a stack file's settings, with what each object demands when nothing is inherited."""
    schema = StackFileSettings.model_json_schema(by_alias=True)
    schema["$defs"]["DeriveSettings"] = DeriveSettings.model_json_schema(by_alias=True)
    limits = schema["$defs"]["ProjectSettings"]["properties"]["limits"]
    limits["properties"] = {DERIVE: {"$ref": "#/$defs/DeriveSettings"}}
    return schema


def sections() -> dict[str, Section]:
    """The sections of the page by definition, in the order in which they are met from the top of a stack file."""
    schema = settings_schema()
    found: dict[str, Section] = {}

    def visit(definition: str, here: Schema, path: str) -> None:
        known = definition in found
        section = found.setdefault(definition, Section(definition, here))
        section.paths.append(path)
        if known:
            return
        for name, entry in section.own.items():
            if name != "defaults":  # all of a project again
                for inner, (where, below) in objects(name, entry, schema["$defs"]):
                    visit(inner, below, f"{path}.{where}".lstrip("."))

    visit("StackFileSettings", schema, "")
    return found


def objects(name: str, entry: Schema, definitions: Schema) -> Iterator[tuple[str, tuple[str, Schema]]]:
    """The objects with named settings in a setting's value: definition, path from `name` on, and schema."""
    kinds = list(alternatives(entry))
    for each in kinds:
        if "$ref" in each:
            definition = str(each["$ref"]).rpartition("/")[2]
            yield definition, (name, definitions[definition])
        for below, named in nested(name, each):
            yield from objects(named, below, definitions)
    inline = [each for each in kinds if described(each.get("properties", {}))]
    if inline:
        properties = {key: value for each in inline for key, value in each["properties"].items()}
        required = set.intersection(*(set(each["required"]) for each in inline))
        definition = name.removesuffix("[]").removesuffix("s").capitalize()
        yield definition, (name, {"properties": properties, "required": sorted(required)})


def described(properties: Schema) -> bool:
    """Whether there are settings in an object that people write by hand."""
    return any("description" in each for each in properties.values())


def nested(name: str, entry: Schema) -> Iterator[tuple[Schema, str]]:
    """The values in a list or a map, and the names below which a stack file has them."""
    if "items" in entry:
        yield entry["items"], f"{name}[]"
    if value := map_value(entry):
        yield value, f"{name}.NAME"
    if entry.get("additionalProperties"):  # a map with some names of its own
        for key, below in entry.get("properties", {}).items():
            yield below, f"{name}.{key}"


def alternatives(entry: Schema) -> Iterator[Schema]:
    """The kinds of values that a setting takes, but for null."""
    choices = [*entry.get("anyOf", []), *entry.get("oneOf", [])]
    for choice in choices:
        yield from alternatives(choice)
    if not choices and entry.get("type") != "null":
        yield entry


def map_value(entry: Schema) -> Schema | None:
    """The schema of a map's values."""
    values = [*entry.get("patternProperties", {}).values(), entry.get("additionalProperties")]
    found: Schema | None = values[0] if isinstance(values[0], dict) else None
    return found


def kind(entry: Mapping[str, Any], found: Mapping[str, Section]) -> str:
    """A type in few words, with links to the sections of the page."""
    if {"anyOf", "oneOf"} & entry.keys():
        return " or ".join(dict.fromkeys(kind(each, found) for each in alternatives(dict(entry))))
    if "const" in entry:
        return f"`{entry['const']}`"
    if values := entry.get("enum"):
        shown = ", ".join(f"`{value}`" for value in values[: LISTED if len(values) <= LISTED else 3])
        return shown if len(values) <= LISTED else f"{shown}, … ({len(values)} values)"
    if "$ref" in entry:
        definition = str(entry["$ref"]).rpartition("/")[2]
        return found[definition].link if definition in found else "any value"
    if entry.get("type") == "array":
        return f"list of {kind(entry['items'], found)}"
    if "secure" in entry.get("properties", {}):
        return "secret"
    if entry.get("type") == "object":
        value = map_value(dict(entry))
        if not value and "properties" not in entry:
            return "any value"
        return f"map of {kind(value, found)}" if value else f"{{{', '.join(entry['properties'])}}}"
    if entry.get("format") in ("date", "email"):
        return {"date": "day", "email": "e-mail address"}[entry["format"]]
    name = entry.get("type", "any value")
    # Numbers are written as text too, by those whose YAML would round them.
    return TYPE_NAMES.get("number" if isinstance(name, list) else name, str(name))


@cache
def built_in(definition: str) -> dict[str, Any]:
    """The values that are built in for the settings of a definition."""
    return {
        field.alias or name: f"{each.value} if paid" if each.paid else each.value
        for model in descendants(Settings)
        if model.__name__ == definition
        for name, field in fields_of(model).items()
        for each in field.metadata
        if isinstance(each, BuiltIn)
    }


def descendants(base: type[Any]) -> Iterator[type[Any]]:
    """All types below a type."""
    for model in base.__subclasses__():
        yield model
        yield from descendants(model)


def default(section: Section, name: str, entry: Schema, described: str) -> str:
    """What holds when a setting is left out; `described`: what its description says of that."""
    value = built_in(section.definition).get(name, entry.get("default"))
    if described:
        return described
    if name in section.schema.get("required", ()):
        return "required"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(str(each).replace("'", "") for each in value) or "none"
    return "none" if value is None or isinstance(value, dict) else str(value)


def table(section: Section, found: Mapping[str, Section]) -> Iterator[str]:
    """The lines of a section."""
    yield f"\n## {section.title}\n"
    paths = ", ".join(f"`{path}`" for path in section.paths if path)
    intro = [f"{paths}." if paths else "", section.schema.get("description", "")]
    if section.own.keys() != section.schema["properties"].keys():
        budget = found["BudgetSettings"]
        without = ", ".join(
            f"`{each}`" for each in budget.schema["properties"].keys() - section.schema["properties"]
        )
        intro.append(f"It also takes the settings of a {budget.link}, except {without}.")
    yield " ".join(filter(None, intro)) + "\n"
    yield "| setting | type | default | what it does |"
    yield "| --- | --- | --- | --- |"
    for name, entry in section.own.items():
        does, _, described = entry.get("description", "").partition(" Default: ")
        shown = default(section, name, entry, described.rstrip("."))
        yield row(f"`{name}`", kind(entry, found), shown, does)


def resource(of: ResourceType) -> Iterator[str]:
    """The lines of a resource of the provider's."""
    yield f"\n## The resource `{of.name}`\n"
    yield f"{of.description}\n"
    yield "| property | type | role | what it is |"
    yield "| --- | --- | --- | --- |"
    for name, entry in of.properties.items():
        role = "output" if entry.output else "required" if entry.required else "optional"
        role += "; changing it replaces the resource" if entry.replaces else ""
        yield row(f"`{name}`", kind(entry.type, {}), role, entry.description)


def row(*cells: str) -> str:
    """A line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def text() -> str:
    """The page."""
    found = sections()
    settings = (line for section in found.values() for line in table(section, found))
    resources = (line for of in RESOURCES.values() for line in resource(of))
    return "\n".join([HEAD.rstrip(), *settings, *resources]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
