"""JSON Schema of a stack file, generated from the types, for editors."""

from datetime import date
from typing import Any

import yaml

from landing_zone.settings.base import Whole
from landing_zone.settings.markers import Mark, marked
from landing_zone.settings.problems import NAMESPACE
from landing_zone.settings.types import DERIVE, ProjectSettings, StackFileSettings
from landing_zone.settings.workload import DeriveSettings


def stack_file_schema() -> dict[str, Any]:
    """The schema of `stacks/Pulumi.<stack>.yaml`, draft 2020-12.

    It demands less than the loader: what defaults may supply is not demanded of each project.
    """
    schema = StackFileSettings.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["DeriveSettings"] = DeriveSettings.model_json_schema(by_alias=True)
    definitions["ProjectSettings"]["properties"]["limits"]["properties"] = {
        DERIVE: {"$ref": "#/$defs/DeriveSettings"}
    }
    whole = {model.__name__ for model in Whole.__subclasses__()}
    for definition in definitions.values():
        if definition.get("title") not in whole:
            definition.pop("required", None)
    project, own = definitions["ProjectSettings"], marked(ProjectSettings, Mark.OWN)
    definitions["Defaults"] = {
        **project,
        "description": "Settings that every project inherits unless it has its own.",
        "properties": {k: v for k, v in project["properties"].items() if k not in own},
    }
    project["required"] = ["projectId"]
    _read_examples(schema)
    properties = schema["properties"]
    properties["defaults"] = {"$ref": "#/$defs/Defaults"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of gemini-landing-zone",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{NAMESPACE}:{name}": value for name, value in properties.items()},
                "patternProperties": {
                    # The other forms of the keys that Pulumi reads.
                    **{f"^({NAMESPACE}:config:)?{name}$": value for name, value in properties.items()},
                    f"^(?!{NAMESPACE}:).+:.+$": {},
                },
                "additionalProperties": False,
                "anyOf": [
                    {"required": [key]}
                    for key in (f"{NAMESPACE}:projects", "projects", f"{NAMESPACE}:config:projects")
                ],
            }
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _read_examples(part: Any) -> None:
    """Replace examples, which are YAML, by the values that editors offer."""
    if isinstance(part, list):
        for each in part:
            _read_examples(each)
    if isinstance(part, dict):
        if all(isinstance(each, str) for each in part.get("examples") or [{}]):
            part["examples"] = [_json_value(each) for each in part["examples"]]
        for each in part.values():
            _read_examples(each)


def _json_value(example: str) -> Any:
    value = yaml.safe_load(example)
    # JSON has no days.
    return example if isinstance(value, date) else value
