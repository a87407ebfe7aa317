"""Resources and providers that are on no list of known ones, found in the engine's messages before any is converted."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gemini_policies.declared import Resource
from gemini_policies.values import at
from landing_zone.policies.facts import UNKNOWN, Declared, Unknown
from landing_zone.policies.known_types import (
    OWN_PACKAGE,
    PROVIDER,
    is_address,
    is_known,
    is_known_address,
    package_of,
)

_PLUGIN_URL: Final = re.compile(r"_([a-z][a-z0-9+.-]*)_/(.+)$")
"""In the name of a default provider whose plugin comes from an address: `default_10_2_0_https_/example.com/x`. The
engine shows a pack neither this address nor the parameters of a package in any other way."""


_MADE: Final = frozenset(
    f"{OWN_PACKAGE}:index:{name}"
    for name in ("SpendCap", "ProjectLimits", "TierCheck", "ProjectExit", "Roster", "StackExit")
)
"""Types that this project's provider makes; the rest of its package are components."""


def poses(kind: str) -> bool:
    """True for the type of a component that is a resource's: it makes nothing at Google, and looks as if it did."""
    return package_of(kind) == "gcp" or kind in _MADE


def is_unlisted(message: Any) -> bool:
    """True if a resource or provider, as the engine sends it, is on no list, or has an address that is not Google's."""
    kind, fields = message.type, message.properties.fields
    if kind.startswith(PROVIDER):
        return (
            not is_known(kind, bool)
            or "/" in message.name
            or any(is_address(name) and not is_known_address(fields[name].string_value) for name in fields)
        )
    if not message.HasField("provider"):
        # A component: it is judged by its children.
        return poses(kind)

    def is_set(path: str) -> bool:
        # Of a field within an object, the object: `unlisted` looks within.
        name = path.partition(".")[0]
        return name in fields and not fields[name].HasField("null_value")

    return message.provider.type != f"{PROVIDER}{package_of(kind)}" or not is_known(kind, is_set)


def unlisted(resource: Resource) -> Iterator[Declared]:
    """The facts of a resource that is on no list, or that has an address that is not Google's."""
    kind = resource.type
    if not kind.startswith(PROVIDER):
        maker = resource.package
        if maker is None:
            if poses(kind):
                yield Declared(resource.subject("resource", f"component {resource.name}"), kind, "")
            return
        known = is_known(kind, lambda path: at(resource.props, *path.split(".")))
        if maker != package_of(kind) or not known:
            yield Declared(resource.subject("resource", f"resource {resource.name}"), kind, maker)
        return
    addresses = {name: _text(value) for name, value in resource.props.items() if is_address(name) and value}
    if found := _PLUGIN_URL.search(resource.name):
        addresses["pluginDownloadURL"] = f"{found[1]}://{found[2]}"
    if addresses or not is_known(kind, bool):
        subject = resource.subject("resource", f"provider {resource.name}")
        yield Declared(subject, kind, package_of(kind), addresses)


def _text(value: Any) -> str | Unknown:
    return value if value is UNKNOWN else str(value)
