"""Properties of a resource as plain values; values that a preview does not know are UNKNOWN."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_policy import proxy

from landing_zone.policies.facts import UNKNOWN, Unknown

_MAX_INT = 2**63
_UNKNOWN = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))
"""Placeholders of pulumi-policy for unknown values."""


def plain(value: Any) -> Any:
    """The value without Pulumi's wrappers."""
    if isinstance(value, Mapping):
        return {key: _known(value.__getitem__, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_known(value.__getitem__, position) for position in range(len(value))]
    if isinstance(value, str) and value in _UNKNOWN:
        return UNKNOWN
    # Numbers are doubles on the wire.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_INT else value


def wired(value: Any) -> Any:
    """A plain value in Pulumi's form."""
    if isinstance(value, Mapping):
        return {key: wired(each) for key, each in value.items()}
    if isinstance(value, list):
        return [wired(each) for each in value]
    return proxy.UNKNOWN_STRING_VALUE if value is UNKNOWN else value


def _known(get: Callable[[Any], Any], key: Any) -> Any:
    try:
        return plain(get(key))
    except proxy.UnknownValueError:
        return UNKNOWN


def at(values: Any, *path: str) -> Any:
    """The value at a path: None if it is not set, UNKNOWN if it or its parent is unknown."""
    for name in path:
        if values is UNKNOWN:
            return UNKNOWN
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def texts(values: Any) -> tuple[str, ...] | Unknown:
    """A list of texts; UNKNOWN if any text is."""
    if values is UNKNOWN or UNKNOWN in (values or ()):
        return UNKNOWN
    return tuple(str(value) for value in values or ())


def number(value: Any) -> int | Unknown | None:
    """A whole number, which may be text. Anything else is UNKNOWN, as Google will refuse it."""
    if value is None or value is UNKNOWN:
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        return UNKNOWN


def decimal(value: Any) -> Decimal | Unknown | None:
    """A decimal number, which may be text. Anything else is UNKNOWN, as Google will refuse it."""
    if value is None or value is UNKNOWN:
        return value
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return UNKNOWN
    return found if found.is_finite() else UNKNOWN


def write_changes(props: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Write the differences between two sets of plain properties to Pulumi's properties.

    Equal values stay untouched at any depth, so that secret and unknown ones stay so.
    """
    for name, value in after.items():
        was = before.get(name)
        if value == was:
            continue
        if isinstance(value, Mapping):
            if not isinstance(props.get(name), Mapping):
                props[name] = {}
            write_changes(props[name], was if isinstance(was, Mapping) else {}, value)
        else:
            props[name] = wired(value)
