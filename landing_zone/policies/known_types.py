"""Packages, resource types and provider addresses that programs may use without being named in `known-resources`.

Of pulumi_gcp these are the types that the policies read, and modules for notifications, logs, storage and rules,
without those of their types and properties that run code, call a model, or send a request that the program chooses:
these, and the rest of pulumi_gcp (virtual machines, Cloud Run, builds, workflows, notebooks, Vertex AI), are for the
owners of the policies to name. What roles on them allow is judged by `access-without-key`. Types looked
through by name, and Pub/Sub's by property: pulumi_gcp 10.2 (2026-11-26).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

OWN_PACKAGE: Final = "gemini-landing-zone"
PROVIDER: Final = "pulumi:providers:"
"""Prefix of the type of a provider."""

PACKAGES: Final = (OWN_PACKAGE, "pulumi")
"""Packages of which every type is allowed. `pulumi` has stack references and providers."""

_MODULES: Final = frozenset(
    {
        # What the policies read.
        "billing",
        "cloudquota",
        "folder",
        "organizations",
        "projects",
        "serviceaccount",
        "serviceusage",
        # Notifications, logs, storage and rules.
        "kms",
        "logging",
        "monitoring",
        "orgpolicy",
        "pubsub",
        "secretmanager",
        "storage",
        "tags",
    }
)
_ACTING: Final = frozenset({"gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"})
"""Types of these modules that are not known: an uptime check posts any body with any header to any address."""
ACTING: Final[Mapping[str, tuple[str, ...]]] = {
    "gcp:pubsub/topic:Topic": ("messageTransforms",),
    # Without its wrapper, a message is the whole body that is posted to the endpoint.
    "gcp:pubsub/subscription:Subscription": ("messageTransforms", "pushConfig.noWrapper"),
}
"""Type -> the properties with which it is not known: they run code, call a model, or post what a program chooses."""
GUARDS: Final[Mapping[str, str]] = {
    "gcp:cloudfunctions/function:Function": "eventTrigger",
    "gcp:cloudfunctionsv2/function:Function": "eventTrigger",
    "gcp:eventarc/trigger:Trigger": "transport",
}
"""Types that run code, allowed as guards: with this property they listen to events, as of a budget's topic."""
_TYPES: Final = frozenset(
    {
        "gcp:essentialcontacts/contact:Contact",
        "gcp:firebase/aiLogicConfig:AiLogicConfig",
        "gcp:firebase/aiLogicPromptTemplate:AiLogicPromptTemplate",
        "gcp:firebase/aiLogicPromptTemplateLock:AiLogicPromptTemplateLock",
        "gcp:iam/denyPolicy:DenyPolicy",
        "gcp:resourcemanager/lien:Lien",
    }
)

_GOOGLE: Final = re.compile(r"https://(?:[a-z0-9-]+\.)+googleapis\.com(?::443)?(?:/[\w./{}-]*)?", re.ASCII)
_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+)(?::\d{1,5})?(?:/[^\\@]*)?", re.ASCII)


def package_of(token: str) -> str:
    """The package of a type token, of a provider's too: `gcp` of `pulumi:providers:gcp`."""
    return token.removeprefix(PROVIDER) if token.startswith(PROVIDER) else token.partition(":")[0]


def is_known(token: str, has: Callable[[str], bool]) -> bool:
    """True if a type is allowed without being named.

    Args:
        token: type token of a resource or of a provider.
        has: True if a property of the resource, by its path as `pushConfig.noWrapper`, is set.
    """
    package = package_of(token)
    if package in PACKAGES or token == f"{PROVIDER}gcp":
        return True
    if package != "gcp":
        return False
    if token in GUARDS:
        return has(GUARDS[token])
    if token in _ACTING or any(has(path) for path in ACTING.get(token, ())):
        return False
    return token[4:].partition("/")[0] in _MODULES or token in _TYPES


def is_address(name: str) -> bool:
    """True if a provider's property is an address, such as `pubsubCustomEndpoint` or `universeDomain`."""
    return name.lower().endswith(("endpoint", "url", "domain"))


def is_known_address(value: str) -> bool:
    """True for Google's addresses alone: a program can start a server on its own machine and be sent there."""
    text = value.lower()
    return text == "googleapis.com" or bool(_GOOGLE.fullmatch(text))


def host_of(value: str) -> str | None:
    """Host of an address, in lowercase; None if it is written in a way that two readers may take for two hosts."""
    found = _HOST.fullmatch(value.lower())
    return found[1] if found else None
