"""A key is text: it is copied into notebooks, logs and repositories, and scanners find it there within minutes. A key
that works only from known addresses is useless to a finder. Restrictions to web pages or apps do not protect: the
client sends the header that is checked, and anybody can send the same. Nor does the service account that a key is bound
to: the key is all it takes to act as it. The same holds for keys of other APIs that serve Gemini's models, such as
Firebase AI Logic.

An IPv4 /8 or an IPv6 /32 is the network of one organization; addresses that together are more are taken for the
internet. An IPv6 address that stands for IPv4 addresses (mapped, NAT64, 6to4, Teredo) counts as these."""

from collections.abc import Iterable, Iterator
from typing import Final

from landing_zone.policies.addresses import reach_of
from landing_zone.policies.facts import UNKNOWN, Facts, Key
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity

_SHOWN: Final = 3
"""Addresses that a message names."""


def _named(addresses: Iterable[str]) -> str:
    first, rest = [*addresses][:_SHOWN], [*addresses][_SHOWN:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")


def _claimed(key: Key) -> str:
    """Reason why the key's restriction to web pages or apps does not protect it."""
    if key.claimed == "browser":
        return (
            ": allowedReferrers stops browsers only, as the client itself sends the referrer header and any script can "
            "forge it"
        )
    if key.claimed == "app":
        return ": the client itself says which app it is, and any program can say the same"
    return ""


def _defect(key: Key) -> tuple[str, str, str] | None:
    if key.addresses is UNKNOWN:
        return None
    if not key.addresses:
        return (
            f"can be used from anywhere{_claimed(key)}",
            "write allowedIps: [203.0.113.0/24]",
            "name the servers in restrictions.serverKeyRestrictions.allowedIps",
        )
    reach, found = reach_of(key.addresses), []
    if reach.wide:
        found.append(f"can be used from {_named(reach.wide)}")
    if reach.together:
        found.append(f"can be used from {_named(key.addresses)}, together {reach.together}")
    if reach.malformed:
        no = "no IP address or CIDR block" if len(reach.malformed) == 1 else "no IP addresses or CIDR blocks"
        found.append(f"names {_named(map(repr, reach.malformed))}, which {_is(reach.malformed)} {no}")
    remedy = "write the addresses of the servers that use it, such as 203.0.113.7 or 203.0.113.0/24"
    return (", and ".join(found), remedy, "") if found else None


def _is(words: tuple[str, ...]) -> str:
    return "is" if len(words) == 1 else "are"


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        if key.opens_gemini and (defect := _defect(key)):
            message, remedy, elsewhere = defect
            setting = key.subject.at("allowedIps")
            yield Finding(key.subject, message, remedy, elsewhere=elsewhere, setting=setting)


POLICY = Policy(
    id="key-clients",
    title="In production, an API key works only from known addresses",
    group=Group.KEYS,
    severity=Severity.CRITICAL,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Name the servers' addresses.",
    source=(
        "82,314 dollars in 48 hours through one stolen key",
        "https://cloud.google.com/docs/authentication/api-keys-best-practices",
    ),
    judge=_judge,
)
