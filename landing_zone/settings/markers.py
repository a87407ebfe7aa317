"""Marks on fields of the settings, in their annotations: rules that hold for a setting, written where it is defined."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from landing_zone.settings.base import Settings, fields_of, plain_type


class Mark(Enum):
    """A rule for a setting."""

    OWN = "each project's own: `defaults` cannot have it"
    CREATED = "of the project itself, which a stack does not manage where it is adopted"
    INHERITED_IF_PAID = "a free project does not inherit it"
    INHERITED = "the environment has it for itself too, and projects take it over"
    IDLE_IF_FREE = "has no effect while the project is free"
    RECIPIENT = "names people or channels that alerts notify"
    CLIENTS = "kind of client that a key allows; a key has one at most"
    PREFERENCE = "of a quota preference, which asks Google, and not of an override"


@dataclass(frozen=True)
class BuiltIn:
    """The value that a project has unless the stack's defaults or its own settings have another."""

    value: Any
    paid: bool = False
    """True if only paid projects have it."""

    def __hash__(self) -> int:
        return hash(repr(self.value))


@dataclass(frozen=True)
class OfChannel:
    """The type of notification channel that has the setting."""

    type: str
    required: bool = True


def marked(model: type[Settings], mark: Mark) -> tuple[str, ...]:
    """The settings of a type that have a mark, as the stack file spells them."""
    return tuple(field.alias or name for name, field in fields_of(model).items() if mark in field.metadata)


def built_in(model: type[Settings], *, paid: bool) -> dict[str, Any]:
    """The values that are built in for a type's settings, and for those of the objects that it always has."""
    found: dict[str, Any] = {}
    for name, field in fields_of(model).items():
        key = field.alias or name
        for each in field.metadata:
            if isinstance(each, BuiltIn) and (paid or not each.paid):
                found[key] = each.value
        below = field.annotation
        if isinstance(below, type) and issubclass(below, Settings) and (values := built_in(below, paid=paid)):
            found[key] = values
    return found


def channel_settings(model: type[Settings]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Type of channel -> the settings that it must have, and those that it may have."""
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for name, field in fields_of(model).items():
        for each in field.metadata:
            if isinstance(each, OfChannel):
                must, may = found.get(each.type, ((), ()))
                own = (field.alias or name,)
                found[each.type] = (must + own, may) if each.required else (must, may + own)
    return found


def keys_of_type(model: type[Any], kind: type[Any]) -> tuple[str, ...]:
    """The settings of a type whose values are of a kind, such as SecretStr."""
    return tuple(
        field.alias or name
        for name, field in fields_of(model).items()
        if plain_type(field.annotation) is kind
    )
