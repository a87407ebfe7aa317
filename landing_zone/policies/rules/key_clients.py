"""A key is text: it is copied into notebooks, logs and repositories, and scanners find it there within minutes. A key
that works only from known addresses is useless to a finder. Restrictions to web pages or apps do not protect: the
client sends the header that is checked, and anybody can send the same. Nor does the service account that a key is bound
to: the key is all it takes to act as it."""

import ipaddress
from collections.abc import Iterator

from landing_zone.gemini import GEMINI_API
from landing_zone.policies.facts import UNKNOWN, Facts, Key
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity

_WIDEST = {4: 8, 6: 32}
"""Shortest prefix of a single organization's network, by IP version."""


def _wide(addresses: tuple[str, ...]) -> list[str]:
    """Addresses that include a large part of the internet."""
    found = []
    for each in addresses:
        try:
            network = ipaddress.ip_network(each, strict=False)
        except ValueError:
            # Google refuses it.
            continue
        if network.prefixlen < _WIDEST[network.version]:
            found.append(each)
    return found


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
    if wide := _wide(key.addresses):
        return f"can be used from {', '.join(wide)}", "write the addresses of the servers that use it", ""
    return None


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for key in facts.keys:
        opens = key.targets is not UNKNOWN and (not key.targets or GEMINI_API in key.targets)
        if opens and (defect := _defect(key)):
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
