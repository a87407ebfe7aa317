"""A resource's properties as plain values; what a preview does not know is UNKNOWN."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pulumi_policy import proxy

from landing_zone.policies.facts import UNKNOWN, Unknown

_MAX_INT = 2**63
_UNKNOWN = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))
"""What stands for a value that is not known, by its type."""


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
    """A plain value as Pulumi has it."""
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
    """What stands at a path: None if nothing does, UNKNOWN if it or what holds it is not known."""
    for name in path:
        if values is UNKNOWN:
            return UNKNOWN
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def texts(values: Any) -> tuple[str, ...] | Unknown:
    """A list of texts; UNKNOWN if any of it is."""
    if values is UNKNOWN or UNKNOWN in (values or ()):
        return UNKNOWN
    return tuple(str(value) for value in values or ())


def number(value: Any) -> int | Unknown | None:
    """A whole number, which Pulumi may have as text. What is none is for Google to refuse, and so not known."""
    if value is None or value is UNKNOWN:
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        return UNKNOWN


def decimal(value: Any) -> Decimal | Unknown | None:
    """A number in full, likewise."""
    if value is None or value is UNKNOWN:
        return value
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return UNKNOWN
    return found if found.is_finite() else UNKNOWN


def mend(props: Any, before: Mapping[str, Any], mended: Mapping[str, Any]) -> None:
    """Write to Pulumi's properties what differs between two sets of plain ones.

    All else is not touched, however deep it stands: what is secret, or not known yet, stays so.
    """
    for name, value in mended.items():
        was = before.get(name)
        if value == was:
            continue
        if isinstance(value, Mapping):
            if not isinstance(props.get(name), Mapping):
                props[name] = {}
            mend(props[name], was if isinstance(was, Mapping) else {}, value)
        else:
            props[name] = wired(value)
