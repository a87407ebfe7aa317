"""Facts on access to Google Cloud, in every form of pulumi_gcp: IAM roles, custom roles, service account keys."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gemini_policies.declared import Resource
from gemini_policies.values import at, texts
from landing_zone.policies.facts import UNKNOWN, Grant, Unknown, project_names


@dataclass(frozen=True)
class _Scope:
    """Where roles are granted."""

    property: str
    """Name of what they are granted on."""
    prefix: str = ""
    """Of its name in messages."""


_SCOPES: Final = {
    "gcp:projects/": _Scope("project"),
    "gcp:folder/": _Scope("folder", "folders/"),
    "gcp:organizations/": _Scope("orgId", "organizations/"),
    "gcp:serviceaccount/": _Scope("serviceAccountId"),
    "gcp:billing/": _Scope("billingAccountId", "billingAccounts/"),
}
_KEY: Final = "gcp:serviceaccount/key:Key"
_KINDS: Final = {
    "IAMMember": "member",
    "IAMBinding": "binding",
    "IAMPolicy": "policy",
    "IAMCustomRole": "role",
    "AccountIamMember": "member",
    "AccountIamBinding": "binding",
    "AccountIamPolicy": "policy",
}
"""Class of a resource -> its form."""


def grants_access(kind: str) -> bool:
    """True for types of which `grants` reads facts."""
    return kind == _KEY or (
        kind.rpartition(":")[2] in _KINDS and any(kind.startswith(module) for module in _SCOPES)
    )


def grants(resource: Resource) -> Iterator[Grant]:
    """The roles that a resource grants, the permissions of a custom role, or the key of a service account."""
    if not grants_access(resource.type):
        return
    props = resource.props
    on = _on(resource)
    ids, identified = resource.ids_of(on)
    names = project_names(ids) if "projects/" in resource.type else {on} if isinstance(on, str) else ()
    label = f"{resource.type.rpartition(':')[2]} {resource.name}"
    subject = resource.subject(
        "grant", label, names, identified=identified or "projects/" not in resource.type
    )
    if resource.type == _KEY:
        yield Grant(subject, on, "", (), credential=True)
        return
    form = _KINDS[resource.type.rpartition(":")[2]]
    if form == "role":
        role = at(props, "roleId")
        defined = role if role is UNKNOWN else str(role or "")
        yield Grant(subject, on, defined, (), permissions=texts(at(props, "permissions")))
    elif form == "policy":
        data = at(props, "policyData")
        if data is UNKNOWN:
            yield Grant(subject, on, UNKNOWN, UNKNOWN)
            return
        try:
            bindings = _policy(str(data or ""))
        except _UnreadableError as error:
            yield Grant(subject, on, "", (), unreadable=str(error))
            return
        for role, members in bindings:
            yield Grant(subject, on, role, members)
    else:
        role = at(props, "role")
        members = at(props, "member" if form == "member" else "members")
        listed = [members] if form == "member" else members
        yield Grant(subject, on, role if role is UNKNOWN else str(role or ""), texts(listed))


def _on(resource: Resource) -> str | Unknown | None:
    scope = next(scope for module, scope in _SCOPES.items() if resource.type.startswith(module))
    if scope.property == "project":
        return resource.reference("project")
    value = at(resource.props, scope.property)
    if value is None or value is UNKNOWN:
        return value
    # A service account may be written projects/…/serviceAccounts/EMAIL.
    return f"{scope.prefix}{str(value).rpartition('/')[2]}"


class _UnreadableError(ValueError):
    """A policy in JSON cannot be read. Its text says why, and follows `policyData`."""


def _policy(data: str) -> list[tuple[str, tuple[str, ...]]]:
    """Role and members of each binding of a policy in JSON.

    Google's providers compare keys of JSON without their case, as Go does, so `Bindings` is read as `bindings`.
    """
    try:
        policy = json.loads(data, object_pairs_hook=_folded)
    except _UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise _UnreadableError("that is not JSON") from None
    bindings = policy.get("bindings") if isinstance(policy, dict) else None
    if not isinstance(bindings, list):
        raise _UnreadableError("without a list of bindings")
    return [_binding(each) for each in bindings]


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key.casefold() in found:
            raise _UnreadableError(f"that says {key!r} twice")
        found[key.casefold()] = value
    return found


def _binding(binding: Any) -> tuple[str, tuple[str, ...]]:
    role, members = at(binding, "role"), at(binding, "members") or []
    texts_only = isinstance(members, list) and all(isinstance(each, str) for each in members)
    if not isinstance(role, str) or not texts_only:
        raise _UnreadableError("with a binding that is no role and list of members")
    return role, tuple(members)
