"""The pack's own configuration: config/environments.json and a file for each environment beside it.

The engine's configuration overrides that of the stack's environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import proto

from landing_zone.policies.configuration import Configuration, Level
from landing_zone.policies.environments import NO_FILE
from landing_zone.policies.rulebook import Rulebook

RULES: Final = Rulebook(Path(__file__).resolve().parents[1] / "config")

LEVELS: Final = {
    Level.DISABLED: proto.DISABLED,
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
}
"""Levels in the engine's protocol."""


def initial_config(environment: str) -> dict[str, Any]:
    """Configuration of each policy, as messages; empty if the pack has none.

    Raises ConfigurationError with every mistake.
    """
    if RULES.environments is NO_FILE:
        return {}
    found = RULES.configuration(environment)
    # The engine treats a message without a level as advisory.
    return {name: _message(name, found) for name in found.levels}


def _message(name: str, found: Configuration) -> Any:
    message = proto.PolicyConfig(enforcementLevel=LEVELS[found.levels[name]])
    options: Mapping[str, Any] = found.options[name].model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    message.properties.update(options)
    return message
