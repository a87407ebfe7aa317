"""The pack's own configuration for an environment, config/STACK.json, which the engine's configuration overrides."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pulumi.runtime import proto

from landing_zone.policies.configuration import ALL, LEVEL, Level, entry, read_values

FOLDER: Final = Path(__file__).resolve().parents[1] / "config"

LEVELS: Final = {
    Level.DISABLED: proto.DISABLED,
    Level.ADVISORY: proto.ADVISORY,
    Level.MANDATORY: proto.MANDATORY,
    Level.REMEDIATE: proto.REMEDIATE,
}
"""Levels in the engine's protocol."""


def initial_config(stack: str) -> dict[str, Any]:
    """Configuration of each policy, as messages; empty without a file for the stack.

    Raises ConfigurationError with every mistake.
    """
    path = FOLDER / f"{stack}.json"
    if not path.is_file():
        return {}
    entries = {name: entry(value) for name, value in read_values(path).items()}
    usual = entries.get(ALL, {}).get(LEVEL, Level.MANDATORY.value)
    # The engine treats a message without a level as advisory.
    return {name: _message({LEVEL: usual, **own}) for name, own in entries.items()}


def _message(given: Mapping[str, Any]) -> Any:
    options = {name: value for name, value in given.items() if name != LEVEL}
    message = proto.PolicyConfig(enforcementLevel=LEVELS[Level(given[LEVEL])])
    message.properties.update(options)
    return message
