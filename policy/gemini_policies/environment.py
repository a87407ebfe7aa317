"""What the pack itself sets for an environment: config/STACK.json, beneath what the engine is given."""

from pathlib import Path
from typing import Any, Final

from landing_zone.policies.configuration import LEVEL, read_values
from pulumi_policy import EnforcementLevel

FOLDER: Final = Path(__file__).resolve().parents[1] / "config"


def initial_config(stack: str) -> dict[str, EnforcementLevel | dict[str, Any]] | None:
    """In the SDK's form; None if there is no file for the stack. Raises ConfigurationError with every mistake in it."""
    path = FOLDER / f"{stack}.json"
    if not stack or not path.is_file():
        return None
    return {name: _entry(value) for name, value in read_values(path).items()}


def _entry(value: Any) -> EnforcementLevel | dict[str, Any]:
    if not isinstance(value, dict):
        return EnforcementLevel(value)
    level = {LEVEL: EnforcementLevel(value[LEVEL])} if LEVEL in value else {}
    return {**value, **level}
