"""What a member may do: the IAM policies of a resource and of all above it, and the permissions of their roles.

A binding with a condition grants while the condition holds, by the local cloud's clock; one that depends on what the
local cloud does not evaluate (`sandbox.cloud.core.conditions`) grants nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from sandbox.cloud.cloudresourcemanager.lineage import lineage
from sandbox.cloud.core import conditions, iam, predefined
from sandbox.cloud.core.conditions import Facts
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import custom_roles

BASIC: Final = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
"""Members that stand for those with a basic role on a project, and that role."""


_TYPES: Final = {
    "projects": ("cloudresourcemanager.googleapis.com", "Project"),
    "folders": ("cloudresourcemanager.googleapis.com", "Folder"),
    "organizations": ("cloudresourcemanager.googleapis.com", "Organization"),
    "buckets": ("storage.googleapis.com", ""),
    "secrets": ("secretmanager.googleapis.com", "Secret"),
    "versions": ("secretmanager.googleapis.com", "SecretVersion"),
    "keyRings": ("cloudkms.googleapis.com", "KeyRing"),
    "cryptoKeys": ("cloudkms.googleapis.com", "CryptoKey"),
    "cryptoKeyVersions": ("cloudkms.googleapis.com", "CryptoKeyVersion"),
    "serviceAccounts": ("iam.googleapis.com", "ServiceAccount"),
}
"""Service and type of what is in a collection, as conditions name them; a bucket's call may concern its objects."""
_BUCKET: Final = re.compile(r"projects/[^/]+/buckets/([^/]+)")


def holds(store: Store, member: str, permission: str, resource: str) -> bool:
    """True if a member has a permission on a resource, by its own policy or by one above it."""
    named = _names(member)
    return _is_granted(store, permission, resource, lambda members: _includes(store, members, named))


def is_public(store: Store, permission: str, resource: str) -> bool:
    """True if anyone has a permission on a resource, without saying who they are."""
    return _is_granted(store, permission, resource, lambda members: "allUsers" in members)


def _is_granted(store: Store, permission: str, resource: str, to: Callable[[Sequence[str]], bool]) -> bool:
    """True if a binding gives a permission on a resource to members among whom are those that are meant."""
    return any(
        _applies(store, binding, resource)
        and to(binding.get("members", []))
        and permission in _permissions(store, binding["role"])
        for name in lineage(store, resource)
        for binding in iam.bindings_in_force(store, name)
    )


def _applies(store: Store, binding: JsonObject, resource: str) -> bool:
    """True if a binding has no condition, or one that holds for a resource now."""
    if "condition" not in binding:
        return True
    expression = binding["condition"].get("expression", "")
    return any(conditions.holds(expression, facts) for facts in _facts(store, resource))


def _facts(store: Store, resource: str) -> Iterator[Facts]:
    """What a condition may ask of a resource, by each name that it has: projects have two."""
    collection = resource.split("/")[-2:][0]
    service, kind = _TYPES.get(collection, ("", ""))
    bucket = _BUCKET.fullmatch(resource)
    if bucket:
        # Conditions name buckets without their projects, and objects below them, which have no policies of their own.
        yield Facts(store.now(), f"projects/_/buckets/{bucket[1]}/", service=service)
        return
    names = [resource, *lineage(store, resource)]
    for name in dict.fromkeys(names):
        if name.count("/") == resource.count("/"):
            yield Facts(store.now(), name, f"{service}/{kind}" if kind else "", service)


def _includes(store: Store, members: Sequence[str], named: frozenset[str]) -> bool:
    """True if a binding's members include one so named, also by a basic role of a project (`projectOwner:ID`)."""
    basic = [each.partition(":") for each in members if each.startswith("project")]
    return not named.isdisjoint(members) or any(
        binding["role"] == BASIC.get(kind)
        and "condition" not in binding
        and not named.isdisjoint(binding.get("members", []))
        for kind, _, project in basic
        for name in lineage(store, f"projects/{project}")
        for binding in iam.bindings_in_force(store, name)
    )


def _names(member: str) -> frozenset[str]:
    """How bindings may name a member."""
    kind, _, address = member.partition(":")
    domain = [f"domain:{address.partition('@')[2]}"] if kind == "user" else []
    return frozenset([member, "allUsers", "allAuthenticatedUsers", *domain])


def _permissions(store: Store, role: str) -> frozenset[str]:
    if role.startswith("roles/"):
        found = predefined.roles().get(role)
        return found.permissions if found is not None else frozenset()
    return custom_roles.permissions(store, role)
