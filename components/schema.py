"""The package schema of the components, generated from the settings' types.

https://www.pulumi.com/docs/iac/extending-pulumi/schema/
"""

from collections.abc import Mapping
from typing import Any, Final

from components.base import PACKAGE
from landing_zone.settings import ProjectSettings

GEMINI_PROJECT: Final = f"{PACKAGE}:index:GeminiProject"
_TEXT: Final = {"type": "string"}
_OUTPUTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "projectId": {**_TEXT, "description": "The project's id, with its suffix if the settings ask for one."},
    "number": {**_TEXT, "description": "The project's number."},
    "tierFound": {**_TEXT, "description": "The tier that Google applies: free, 1, 2, 3 or unknown."},
    "keyStrings": {
        "type": "object",
        "additionalProperties": _TEXT,
        "secret": True,
        "description": "The API keys, by name.",
    },
    "budgetName": {**_TEXT, "description": "The budget's name."},
}
#: Names that a property cannot have in one of the SDKs' languages.
_RESERVED: Final = frozenset({"urn", "id"})


def with_components(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's schema with the components added."""
    settings = ProjectSettings.model_json_schema(by_alias=True)
    types: dict[str, Any] = {}
    for name, definition in settings["$defs"].items():
        types[f"{PACKAGE}:index:{_type_name(name)}"] = {
            "type": "object",
            **_properties(definition, types),
        }
    inputs = _properties(settings, types)
    component = {
        "isComponent": True,
        "description": "A Google Cloud project with the Gemini API, free or paid, with keys, budget, alerts and "
        "limits. The settings are those of a stack file; docs/reference.md describes each.",
        "inputProperties": inputs["properties"],
        "requiredInputs": inputs["required"],
        "properties": dict(_OUTPUTS),
        "required": ["projectId", "number", "keyStrings"],
    }
    return {
        **schema,
        "types": types,
        "resources": {**schema["resources"], GEMINI_PROJECT: component},
    }


def _properties(schema: Mapping[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: {**_converted(name, entry, types), **_description(entry)}
        for name, entry in schema.get("properties", {}).items()
        if name not in _RESERVED
    }
    required = list(schema.get("required", []))
    return {"properties": properties, **({"required": required} if required else {})}


def _description(entry: Mapping[str, Any]) -> dict[str, str]:
    return {"description": entry["description"]} if "description" in entry else {}


def _converted(name: str, entry: Mapping[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema converted to Pulumi's: without patterns and constants, which are checked at run time."""
    choices = [choice for key in ("anyOf", "oneOf") for choice in entry.get(key, [])]
    kinds = entry.get("type")
    if isinstance(kinds, list):
        choices = [{"type": kind} for kind in kinds]
    if choices:
        found: list[dict[str, Any]] = []
        for choice in choices:
            if choice.get("type") == "null":
                continue
            converted = _converted(name, choice, types)
            if converted not in found:
                found.append(converted)
        return _joined(found)
    if "$ref" in entry:
        return {"$ref": f"#/types/{PACKAGE}:index:{_type_name(entry['$ref'].rpartition('/')[2])}"}
    if "const" in entry or "enum" in entry:
        return dict(_TEXT)
    if kinds == "array":
        return {"type": "array", "items": _converted(name, entry.get("items", {}), types)}
    if kinds == "object":
        return _object(name, entry, types)
    return {"type": kinds} if kinds else {"$ref": "pulumi.json#/Any"}


def _object(name: str, entry: Mapping[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    if "properties" in entry:
        token = f"{PACKAGE}:index:{_type_name(name[0].upper() + name[1:])}"
        known = types.get(token, {"type": "object", "properties": {}, "required": []})
        added = _properties(entry, types)["properties"]
        types[token] = {**known, "properties": {**known["properties"], **added}}
        return {"$ref": f"#/types/{token}"}
    values = list(entry.get("patternProperties", {}).values()) or [entry.get("additionalProperties")]
    value = values[0]
    return {
        "type": "object",
        "additionalProperties": _converted(name, value, types)
        if isinstance(value, Mapping)
        else {"$ref": "pulumi.json#/Any"},
    }


def _joined(found: list[dict[str, Any]]) -> dict[str, Any]:
    """A union of types. Pulumi distinguishes its members by JSON type, so that each type occurs only once."""
    if len(found) == 1:
        return found[0]
    numbers = [kind for kind in found if kind.get("type") in ("number", "integer")]
    return {"oneOf": [kind for kind in found if kind not in numbers[1:]]}


def _type_name(definition: str) -> str:
    # The suffix keeps them distinct from the names of resources.
    return f"{definition.removesuffix('Settings')}Settings"
