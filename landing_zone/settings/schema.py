"""JSON Schema of a stack file, generated from the types, for editors."""

from typing import Any

from pydantic import Field

from landing_zone.settings.fields import BillingAccount, LabelKey, LabelValue, Parent
from landing_zone.settings.problems import NAMESPACE
from landing_zone.settings.types import DERIVE, EnvironmentRules, ProjectSettings
from landing_zone.settings.workload import DeriveSettings


class StackFileSettings(EnvironmentRules):
    """Settings of an environment, as a stack file has them."""

    projects: dict[str, ProjectSettings] = Field(description="Projects, by their names in this file.")
    defaults: ProjectSettings | None = Field(
        default=None,
        description=(
            "Settings that every project inherits unless it has its own; projectId, adopt and "
            "aliases cannot be inherited."
        ),
    )
    parent: Parent | None = Field(default=None, description="Folder or organization to create projects in.")
    billing_account: BillingAccount | None = Field(
        default=None, description="Billing account that pays for the paid projects."
    )
    labels: dict[LabelKey, LabelValue] | None = Field(
        default=None, description="Labels of all created projects; a project adds its own."
    )


_WHOLE = (
    "AndroidApp",
    "ChannelSettings",
    "ContactSettings",
    "DeriveSettings",
    "QuotaSettings",
    "RangeSettings",
    "SpendRateSettings",
    "WorkloadSettings",
)
"""What no defaults complete."""


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
    for definition in definitions.values():
        if definition.get("title") not in _WHOLE:
            definition.pop("required", None)
    project = definitions["ProjectSettings"]
    definitions["Defaults"] = {
        **project,
        "description": "Settings that every project inherits unless it has its own.",
        "properties": {k: v for k, v in project["properties"].items() if k not in {"projectId", "adopt"}},
    }
    project["required"] = ["projectId"]
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
