"""Facts on access to Google Cloud, in every form of pulumi_gcp: IAM roles, custom roles, service account keys."""

import json
from collections.abc import Iterator, Mapping
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
        yield Grant(subject, on, "", (), permissions=texts(at(props, "permissions")))
    elif form == "policy":
        for role, members in _bindings(at(props, "policyData")):
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


def _bindings(data: Any) -> Iterator[tuple[str | Unknown, tuple[str, ...] | Unknown]]:
    """Role and members of each binding of a policy in JSON. Google refuses what is no such policy."""
    if data is UNKNOWN:
        yield UNKNOWN, UNKNOWN
        return
    try:
        policy = json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return
    bindings = policy.get("bindings") if isinstance(policy, Mapping) else None
    for binding in bindings if isinstance(bindings, list) else ():
        yield str(at(binding, "role") or ""), texts(at(binding, "members"))
