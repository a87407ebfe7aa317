"""Keys that a change opens or closes, and to whom."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Literal

from landing_zone.changes.row import NOTHING, Row
from landing_zone.changes.state import Figures
from landing_zone.gemini.methods import full_methods
from landing_zone.policies.addresses import Network, is_within
from landing_zone.settings import KeySettings

Effect = Literal["opened", "closed", "opened and closed", "replaced"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key on one side."""

    settings: KeySettings
    open_to: str
    """Its callers, in the exposure's words."""

    @property
    def clients(self) -> tuple[str, frozenset[str]]:
        """The one kind of client that it allows, and which; empty if it works from anywhere."""
        own = self.settings
        kinds: dict[str, Collection[str]] = {
            "addresses": own.allowed_ips,
            "pages": own.allowed_referrers,
            "Android apps": [f"{app.package_name} {app.sha1_fingerprint}" for app in own.android_apps],
            "iOS apps": own.ios_bundle_ids,
        }
        return next(((kind, frozenset(names)) for kind, names in kinds.items() if names), ("", frozenset()))

    @property
    def words(self) -> tuple[str, str]:
        """Its callers and its methods."""
        methods, names = ", ".join(self.settings.methods), ", ".join(sorted(self.clients[1]))
        return (
            f"{self.open_to}{f': {names}' if names else ''}",
            f"methods {methods}" if methods else "all methods",
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        kind, names = self.clients
        return {
            "openTo": self.open_to,
            "clients": {"kind": kind, "names": sorted(names)} if kind else None,
            "methods": list(self.settings.methods),
        }

    def opens_beyond(self, other: "Key") -> bool:
        """True if it takes callers or calls that the other does not."""
        return _wider_clients(self.clients, other.clients) or _wider(
            full_methods(self.settings.methods), full_methods(other.settings.methods)
        )


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key that differs. On a side that does not have it, None."""

    project: str
    key: str
    before: Key | None
    after: Key | None

    @property
    def effect(self) -> Effect | None:
        """`opened`: to more callers or calls; `replaced`: by another with the same ones; None: as open as before."""
        before, after = self.before, self.after
        if before is None or after is None:
            return "closed" if after is None else "opened"
        opens, closes = after.opens_beyond(before), before.opens_beyond(after)
        if opens or closes:
            return "opened and closed" if opens and closes else "opened" if opens else "closed"
        identities = {(key.settings.service_account, key.settings.standard) for key in (before, after)}
        return "replaced" if len(identities) > 1 else None

    @property
    def row(self) -> Row:
        """For tables."""
        old, new = (each.words if each else () for each in (self.before, self.after))
        before, after = (
            "; ".join(word for word in own if word not in other) or NOTHING
            for own, other in ((old, new), (new, old))
        )
        to = f" to {self.after.open_to}" if self.after and self.effect == "opened" else ""
        return Row(self.project, f"key {self.key}", before, after, f"{self.effect or ''}{to}")

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "project": self.project,
            "key": self.key,
            "effect": self.effect,
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
        }


def key_changes(before: Figures | None, after: Figures | None) -> Iterator[KeyChange]:
    """Keys that are opened, closed or replaced."""
    sides = [_keys(side) if side else {} for side in (before, after)]
    for place in dict.fromkeys([*sides[0], *sides[1]]):
        change = KeyChange(*place, *(side.get(place) for side in sides))
        if change.effect:
            yield change


def _keys(side: Figures) -> dict[tuple[str, str], Key]:
    return {
        (project, each.name): Key(side.settings.projects[project].keys[each.name], each.open_to)
        for project, exposure in side.exposures.items()
        for each in exposure.keys
    }


def _wider(names: Collection[str], than: Collection[str]) -> bool:
    """True if a restriction allows more than another; without any, it allows all."""
    return bool(than) and not (names and set(names) <= set(than))


def _wider_clients(own: tuple[str, frozenset[str]], than: tuple[str, frozenset[str]]) -> bool:
    if own[0] == than[0] == "addresses":
        networks = _networks(than[1])
        return not all(any(is_within(each, other) for other in networks) for each in _networks(own[1]))
    return own[0] != than[0] if own[0] and than[0] else _wider(own[1], than[1])


def _networks(addresses: Collection[str]) -> list[Network]:
    found = [ip_network(each, strict=False) for each in addresses]
    return [
        *collapse_addresses(each for each in found if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in found if isinstance(each, IPv6Network)),
    ]
