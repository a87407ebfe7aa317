"""The other policies read the types of resources that they know. A resource that runs code of its own (a dynamic
resource, a command, a script on a virtual machine), another provider of Google's resources, or a provider that is sent
to another address does the same as a known one, unseen. So what is not on a list is refused, until the owners of the
policies have looked at it and named it.

Of pulumi_gcp the list has the types that the policies read, and those for notifications, logs, storage, secrets,
tags and organization policies: without uptime checks, which post what the program chooses to any address, and
without topics and subscriptions with `messageTransforms`, which call models and run JavaScript, or with
`pushConfig.noWrapper`. Functions and triggers are on it if they listen to events, as guards do, or can be called from
their own project alone, and schedules that call such functions with an ID token. Of addresses, only
`https` ones of googleapis.com are known: on its own machine a program can start a server that answers as Google
would. Components are judged by their resources. Not seen: the address that the plugin of an explicit provider is
downloaded from, a package of the same name that `Pulumi.yaml` takes from a folder, and what a program does besides
registering resources."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Declared, Facts
from landing_zone.policies.known_types import (
    ACTING,
    GUARDS,
    INTERNAL,
    PACKAGES,
    PROVIDER,
    SCHEDULE,
    host_of,
    is_known_address,
    package_of,
)
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields

_Type: Any = fields.matching(
    r"[a-zA-Z0-9_-]+:[^*\s]+\*?",
    "a type of resources",
    "write PACKAGE:MODULE:NAME, such as gcp:compute/address:Address, or with * at its end alone: gcp:compute/*",
)
_Package: Any = fields.matching(
    r"[a-zA-Z][a-zA-Z0-9_-]*", "a package of Pulumi", "write its name alone, such as random"
)
_Host: Any = fields.matching(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "a host", "write its name in small letters alone: proxy.example.com"
)


class _Options(Options):
    types: tuple[_Type, ...] = Field(
        default=(),
        description="Further types that are allowed, as gcp:compute/address:Address, or gcp:compute/* for all that "
        "begin so.",
    )
    packages: tuple[_Package, ...] = Field(
        default=(), description="Further packages of which every type is allowed, as random."
    )
    endpoints: tuple[_Host, ...] = Field(
        default=(),
        description="Hosts besides Google's that a provider may be sent to, or its plugin be downloaded from; "
        "127.0.0.1 for a server on the same machine.",
    )


def _allowed(each: Declared, options: _Options) -> bool:
    if each.package in (*PACKAGES, "gcp") and each.type.startswith(PROVIDER):
        return True
    if each.package in options.packages:
        return True
    if each.type.startswith(PROVIDER):
        return any(package_of(wanted) == each.package for wanted in options.types)
    return any(
        each.type.startswith(wanted[:-1]) if wanted.endswith("*") else each.type == wanted
        for wanted in options.types
    )


def _defect(each: Declared) -> tuple[str, str]:
    """What is wrong with a type that is not allowed, and the remedy."""
    name = "have the owners of the policies allow"
    if not each.package:
        return (
            f"has the type of a resource, {each.type}, and makes nothing at Google",
            "give the component a type of its own package",
        )
    if ":dynamic:" in each.type or each.package.endswith("-python") or each.package.endswith("-nodejs"):
        return (
            "is of a dynamic provider, whose code no policy sees",
            "write a resource of pulumi_gcp or of this project's provider instead",
        )
    if each.type.startswith(PROVIDER):
        return (
            f"is of the package {each.package}, which is not known here",
            f"remove it, or {name} the package",
        )
    if package_of(each.type) != each.package:
        return f"is of type {each.type}, and made by the package {each.package}", "remove its provider option"
    if each.package != "gcp":
        return (
            f"is of type {each.type}, and its package {each.package} is not known here",
            f"write it with pulumi_gcp, or {name} the package",
        )
    if each.type in GUARDS:
        path, internal = INTERNAL.get(each.type, ("", ""))
        return (
            f"is of type {each.type}, and listens to no events as a guard does",
            f"let it listen to a topic, {f'set {path} to {internal}, ' if path else ''}or {name} its type",
        )
    if each.type == SCHEDULE:
        return (
            f"is of type {each.type}, and sends what the program chooses where it chooses",
            f"let it call a Cloud Run function, with an ID token (oidcToken) and without headers, or {name} its type",
        )
    if each.type in ACTING:
        properties = " or ".join(ACTING[each.type])
        return (
            f"is of type {each.type} with {properties}, which can run code or call a model",
            f"remove that, or {name} its type",
        )
    return f"is of type {each.type}, which is not known here", f"remove it, or {name} its type"


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    for each in facts.resources:
        if not _allowed(each, options):
            yield Finding(each.subject, *_defect(each))
        for name, value in sorted(each.endpoints.items()):
            if value is UNKNOWN or is_known_address(value) or host_of(value) in options.endpoints:
                continue
            yield Finding(
                each.subject,
                f"has {name} {value!r}, which is no address of Google",
                f"remove {name}, or have the owners of the policies allow its host",
            )


POLICY = Policy(
    id="known-resources",
    title="A program uses only packages, resource types and addresses that are known",
    group=Group.GOVERNANCE,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Use resources that the policies read, or have the owners of the policies allow the others by name.",
    source=(
        "Pulumi: dynamic providers run code of the program",
        "https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/",
    ),
    judge=_judge,
    options=_Options,
)
