"""How much of the internet a list of IP addresses and CIDR blocks is, however it is written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

_FORM: Final = re.compile(r"[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?", re.ASCII)
"""Without zones, masks, ports, ranges and spaces, which `ipaddress` takes in part."""
_WIDEST: Final = {4: 8, 6: 32}
"""Shortest prefix of one organization's network, by IP version."""
_PRIVATE: Final = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"))
)
"""Networks that are not on the internet: each organization has them for itself."""
_IPV4_WITHIN: Final = (
    # Prefix of IPv6 addresses -> position of the IPv4 address in them, in bits from the left.
    (IPv6Network("::ffff:0:0/96"), 96),  # mapped
    (IPv6Network("::ffff:0:0:0/96"), 96),  # translated
    (IPv6Network("::/96"), 96),  # compatible
    (IPv6Network("64:ff9b::/96"), 96),  # NAT64
    (
        IPv6Network("64:ff9b:1::/48"),
        96,
    ),  # NAT64 within an organization, whose prefix may be up to 96 bits long
    (IPv6Network("2002::/16"), 16),  # 6to4
)
_TEREDO: Final = IPv6Network("2001::/32")
"""The IPv4 address is in the last 32 bits, inverted."""


@dataclass(frozen=True)
class Reach:
    """What a list of addresses opens to the internet."""

    malformed: tuple[str, ...]
    """Entries that are neither an address nor a CIDR block."""
    wide: tuple[str, ...]
    """Entries that are each wider than one organization's network."""
    together: str
    """The sum, if it is wider than one organization's network and no entry is: `as many as 3 IPv4 /8 networks`."""


def reach_of(addresses: Iterable[str]) -> Reach:
    """Measure the addresses, with IPv6 forms of IPv4 addresses as these."""
    malformed, wide, networks = [], [], []
    for each in addresses:
        network = _network(each)
        if network is None:
            malformed.append(each)
            continue
        meant = [_meant(network)]
        if any(found.prefixlen < _WIDEST[found.version] for found in (network, *meant)):
            wide.append(each)
        networks += meant
    return Reach(tuple(malformed), tuple(wide), "" if wide else _together(networks))


def _network(text: str) -> Network | None:
    if not _FORM.fullmatch(text):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _meant(network: Network) -> Network:
    """The IPv4 network that an IPv6 network stands for, or the network itself."""
    if isinstance(network, IPv4Network):
        return network
    first = int(network.network_address)
    if network.subnet_of(_TEREDO):
        return IPv4Network((~first & 0xFFFFFFFF, max(0, network.prefixlen - 96)), strict=False)
    for prefix, position in _IPV4_WITHIN:
        # :: and ::1 are no IPv4 addresses.
        if network.subnet_of(prefix) and (network.num_addresses > 1 or first > 1):
            length = min(32, max(0, network.prefixlen - position))
            return IPv4Network(((first >> (96 - position)) & 0xFFFFFFFF, length), strict=False)
    return network


def _public(networks: Iterable[Network]) -> Iterator[Network]:
    for each in networks:
        if not any(is_within(each, private) for private in _PRIVATE):
            yield each


def is_within(network: Network, other: Network) -> bool:
    """True if the other network has all addresses of the network."""
    # Of two versions, `subnet_of` raises.
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _together(networks: Iterable[Network]) -> str:
    public = list(_public(networks))
    # No address counts twice.
    merged: dict[int, Iterator[Network]] = {
        4: collapse_addresses(each for each in public if isinstance(each, IPv4Network)),
        6: collapse_addresses(each for each in public if isinstance(each, IPv6Network)),
    }
    found = []
    for version, widest in _WIDEST.items():
        unit = 2 ** ((32 if version == 4 else 128) - widest)
        total = sum(each.num_addresses for each in merged[version])
        if total > unit:
            # Rounded up.
            count = -(-total // unit)
            found.append(f"as many as {count} IPv{version} /{widest} networks")
    return " and ".join(found)
