"""The pack's own configuration: config/environments.json and a file for each environment beside it.

The engine's configuration overrides that of the stack's environment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import proto

from landing_zone.policies.configuration import LEVEL, Level, read_entries
from landing_zone.policies.environments import NO_FILE
from landing_zone.policies.rulebook import Rulebook

RULES: Final = Rulebook(Path(__file__).absolute().parents[1] / "config")

LEVELS: Final = {
    Level.DISABLED: proto.DISABLED,
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
}
"""Levels in the engine's protocol."""


Entries = Mapping[str, Mapping[str, Any]]
"""Policy -> its level and options, as a file has them."""


def initial_entries(environment: str) -> Entries:
    """Level and options of each policy in an environment; empty if the pack has no configuration.

    Raises ConfigurationError with every mistake.
    """
    if RULES.environments is NO_FILE:
        return {}
    for each in RULES.environments.environments:
        # Mistakes in those that only some project needs are reported now.
        RULES.configuration(each)
    return read_entries(*RULES.files(environment))


def message(own: Mapping[str, Any]) -> Any:
    """An entry as a message."""
    # The engine treats a message without a level as advisory.
    level = LEVELS[Level(own.get(LEVEL, Level.MANDATORY.value))]
    message = proto.PolicyConfig(enforcementLevel=level)
    message.properties.update({name: value for name, value in own.items() if name != LEVEL})
    return message
