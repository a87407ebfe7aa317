"""The example of a setting, from its field: what hints of mistakes show to copy into a stack file."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from landing_zone.gemini.limits import Limits
from landing_zone.settings.base import Settings, fields_of


def example_of(key: str, model: type[Any] | None = None) -> str:
    """An example of a setting's value, as YAML on one line; empty if there is no such setting.

    `model`: the type that has it; without one, or if it has no such setting, any type that has.
    """
    return (model and _own(model).get(key)) or _all().get(key, "")


def _own(model: type[Any]) -> dict[str, str]:
    return {
        field.alias or name: field.examples[0] for name, field in fields_of(model).items() if field.examples
    }


@cache
def _all() -> dict[str, str]:
    """By the setting's name; of several types' settings of one name, the first one's."""
    found: dict[str, str] = {}
    for model in (*_types(Settings), Limits):
        for key, example in _own(model).items():
            found.setdefault(key, example)
    return found


def _types(base: type[Any]) -> Iterator[type[Any]]:
    for model in base.__subclasses__():
        yield model
        yield from _types(model)
