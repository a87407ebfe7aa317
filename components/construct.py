"""The components for programs in other languages: answers the engine's `Construct` calls."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.output import UNKNOWN
from pulumi.provider import ConstructResult, Provider
from pulumi.runtime import rpc

from components.gemini_project import GeminiProject
from components.schema import GEMINI_PROJECT
from landing_zone.settings import SettingsError, load_project
from landing_zone.settings.problems import path_text


class Components(Provider):
    """Constructs the `GeminiProject` of one request."""

    def __init__(self, version: str, inputs: Mapping[str, Any], after: list[str]) -> None:
        """`inputs`: in the engine's form; `after`: URNs of the resources that they depend on."""
        super().__init__(version)
        self._inputs = inputs
        self._after = after

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, Any],  # noqa: ARG002 the SDK wraps them in outputs, and settings are plain values
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Check the inputs with the checks of a stack file, and register the component.

        Raises:
            InputPropertiesError: the settings have mistakes; lists each with its property.
        """
        if resource_type != GEMINI_PROJECT:
            raise pulumi.RunError(f"there is no component {resource_type}")
        plain = plain_value(self._inputs)
        if contains_unknown(plain):
            return _waiting(name, options)
        try:
            settings = load_project(name, plain)
        except SettingsError as error:
            raise pulumi.InputPropertiesError(
                f"{len(error.problems)} mistakes in the settings of {name}; nothing was created",
                [
                    {
                        "property_path": path_text(problem.path).partition(":")[2],
                        "reason": f"{problem.reason}; {problem.remedy}",
                    }
                    for problem in error.problems
                ],
            ) from None
        after = [pulumi.resource.DependencyResource(urn) for urn in self._after]
        own = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=after))
        project = GeminiProject(name, settings, None, own)
        # One output of a plain map, as an output inside a map does not reach a program in another language.
        key_strings: pulumi.Output[Any] = pulumi.Output.secret(dict(project.key_strings))
        state = {
            "projectId": project.project_id,
            "number": project.number,
            "tierFound": project.tier_found,
            "keyStrings": key_strings,
            "budgetName": project.budget_name,
        }
        return ConstructResult(project.urn, {key: value for key, value in state.items() if value is not None})


def plain_value(value: Any) -> Any:
    """A value from the wire without its wrappers; unknown values are `rpc.UNKNOWN`."""
    if isinstance(value, list):
        return [plain_value(each) for each in value]
    if isinstance(value, dict):
        kind = value.get(rpc._special_sig_key)
        if kind in (rpc._special_secret_sig, rpc._special_output_value_sig):
            return plain_value(value["value"]) if "value" in value else rpc.UNKNOWN
        return {key: plain_value(each) for key, each in value.items()}
    # Numbers are doubles on the wire.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def contains_unknown(value: Any) -> bool:
    """True if a plain value, or a part of it, is not known."""
    if isinstance(value, dict | list):
        return any(contains_unknown(each) for each in (value.values() if isinstance(value, dict) else value))
    return bool(value == rpc.UNKNOWN)


class _Waiting(pulumi.ComponentResource):
    """Placeholder for a component in a preview while its settings are not known."""


def _waiting(name: str, options: pulumi.ResourceOptions | None) -> ConstructResult:
    component = _Waiting(GEMINI_PROJECT, name, None, options)
    pulumi.log.info(f"the resources of {name} are shown once all its settings are known", component)
    unknown: pulumi.Output[Any] = pulumi.Output.from_input(UNKNOWN)
    return ConstructResult(component.urn, {"projectId": unknown, "number": unknown, "keyStrings": unknown})
