"""Packages, resource types and provider addresses that programs may use without being named in `known-resources`.

Of pulumi_gcp these are the types that the policies read, and modules for notifications, logs, storage and rules,
without those of their types and properties that run code, call a model, or send a request that the program chooses:
these, and the rest of pulumi_gcp (virtual machines, Cloud Run, builds, workflows, notebooks, Vertex AI), are for the
owners of the policies to name. What a guard is made of is known too: functions that events or their own project alone
can start, schedules that call them, and members of their policies. What roles on them allow is judged by
`access-without-key`. Types looked through by name, and Pub/Sub's by property: pulumi_gcp 10.2 (2026-11-26).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from landing_zone.policies.facts import UNKNOWN

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
INTERNAL: Final[Mapping[str, tuple[str, str]]] = {
    "gcp:cloudfunctionsv2/function:Function": ("serviceConfig.ingressSettings", "ALLOW_INTERNAL_ONLY")
}
"""Types that run code, allowed also with this value of this property: only their own project can call them."""
SCHEDULE: Final = "gcp:cloudscheduler/job:Job"
"""A schedule, allowed if it publishes to a topic, or calls a function with an ID token, which no API of Google's takes.
A program that chooses address and headers could call a model."""
_TYPES: Final = frozenset(
    {
        "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        "gcp:essentialcontacts/contact:Contact",
        "gcp:firebase/aiLogicConfig:AiLogicConfig",
        "gcp:firebase/aiLogicPromptTemplate:AiLogicPromptTemplate",
        "gcp:firebase/aiLogicPromptTemplateLock:AiLogicPromptTemplateLock",
        "gcp:iam/denyPolicy:DenyPolicy",
        "gcp:resourcemanager/lien:Lien",
    }
)

_GOOGLE: Final = re.compile(r"https://(?:[a-z0-9-]+\.)+googleapis\.com(?::443)?(?:/[\w./{}-]*)?", re.ASCII)
_FUNCTION: Final = re.compile(
    # The last is a function of the local cloud's; from Google's schedules it reaches nobody.
    r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:run\.app|cloudfunctions\.net)(?:/[\w./-]*)?"
    r"|http://127\.0\.0\.1:\d{1,5}/_functions/[\w./-]*",
    re.ASCII,
)
_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+)(?::\d{1,5})?(?:/[^\\@]*)?", re.ASCII)


def package_of(token: str) -> str:
    """The package of a type token, of a provider's too: `gcp` of `pulumi:providers:gcp`."""
    return token.removeprefix(PROVIDER) if token.startswith(PROVIDER) else token.partition(":")[0]


def is_known(token: str, value: Callable[[str], Any]) -> bool:
    """True if a type is allowed without being named.

    Args:
        token: type token of a resource or of a provider.
        value: a property of the resource, by its path as `pushConfig.noWrapper`: None if it is not set. True if it is
            not looked into, as for the question of whether to look.
    """
    package = package_of(token)
    if package in PACKAGES or token == f"{PROVIDER}gcp":
        return True
    if package != "gcp":
        return False
    if token in GUARDS:
        path, internal = INTERNAL.get(token, ("", ""))
        return bool(value(GUARDS[token])) or (bool(path) and value(path) == internal)
    if token == SCHEDULE:
        return _is_harmless_schedule(value)
    if token in _ACTING or any(value(path) for path in ACTING.get(token, ())):
        return False
    return token[4:].partition("/")[0] in _MODULES or token in _TYPES


def _is_harmless_schedule(value: Callable[[str], Any]) -> bool:
    if value("appEngineHttpTarget"):
        return False
    if not value("httpTarget"):
        return bool(value("pubsubTarget"))
    if value("httpTarget.oauthToken") or value("httpTarget.headers") or not value("httpTarget.oidcToken"):
        return False
    # The address of a function that is created in the same update is known to the update alone, which is judged too.
    uri = value("httpTarget.uri")
    return uri is UNKNOWN or (isinstance(uri, str) and bool(_FUNCTION.fullmatch(uri)))


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
