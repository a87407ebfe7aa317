"""Google's rules for the parts of an IAM policy: roles, members, conditions, and audit configurations."""

import json
import re
from collections.abc import Sequence
from typing import Final

from sandbox.cloud.core import conditions
from sandbox.cloud.core.errors import JsonObject, invalid_argument

_ROLE: Final = re.compile(r"(roles|(projects|organizations)/[^/]+/roles)/[A-Za-z0-9_.]+")
_BASIC: Final = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
_HASHED: Final = "_withcond_"
_PUBLIC: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_EMAIL: Final = re.compile(r"[^@\s:]+@[^@\s:]+")
_DELETED: Final = re.compile(
    r"deleted:(?:(user|serviceAccount|group):[^@\s:]+@[^@\s:]+\?uid=\d+|principal://\S+)"
)
_FORMS: Final = {
    "user": _EMAIL,
    "serviceAccount": re.compile(r"[^@\s]+@[^@\s:]+|[^\s@]+\.svc\.id\.goog\[[^\]\s]+\]"),
    "group": _EMAIL,
    "domain": re.compile(r"[^@\s:/]+"),
    "principal": re.compile(r"//\S+"),
    "principalSet": re.compile(r"//\S+"),
    "projectOwner": re.compile(r"\S+"),
    "projectEditor": re.compile(r"\S+"),
    "projectViewer": re.compile(r"\S+"),
}
"""What follows the kind of a member and a colon."""
_OF_DATA: Final = ("projectOwner:", "projectEditor:", "projectViewer:")
"""Kinds of members that only policies of data know, such as buckets'."""
_NODES: Final = frozenset({"projects", "folders", "organizations", "billingAccounts"})
_LOG_TYPES: Final = frozenset({"ADMIN_READ", "DATA_WRITE", "DATA_READ"})
_SERVICE: Final = re.compile(r"allServices|[a-z0-9.-]+\.googleapis\.com")
_MOST_MEMBERS: Final = 1500
_MOST_VARIANTS: Final = 20
"""Bindings of one role to one member, with different conditions."""


def check(resource: str, policy: JsonObject) -> None:
    """Refuse a policy of `resource` that has a bad part.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    bindings: list[JsonObject] = policy.get("bindings", [])
    for at, binding in enumerate(bindings):
        _check_binding(binding, f"policy.bindings[{at}]", _is_node(resource))
    if any("condition" in binding for binding in bindings) and policy.get("version") != 3:
        raise invalid_argument("The policy has conditional role bindings: its version must be 3.")
    pairs = [(binding["role"], member) for binding in bindings for member in binding.get("members", [])]
    if len(pairs) > _MOST_MEMBERS:
        raise invalid_argument(
            f"The number of members in the policy ({len(pairs)}) is larger than {_MOST_MEMBERS}."
        )
    if len(bindings) > _MOST_VARIANTS and any(pairs.count(pair) > _MOST_VARIANTS for pair in {*pairs}):
        raise invalid_argument(f"A role is bound to a member with more than {_MOST_VARIANTS} conditions.")
    for at, config in enumerate(policy.get("auditConfigs", [])):
        _check_audit(config, f"policy.audit_configs[{at}]")


def merged(bindings: Sequence[JsonObject]) -> list[JsonObject]:
    """Bindings as they are kept: one of each role and condition, without those that have no members."""
    found: dict[str, JsonObject] = {}
    for binding in bindings:
        key = json.dumps([binding["role"], binding.get("condition")], sort_keys=True)
        members = [*found.get(key, {}).get("members", []), *binding.get("members", [])]
        if members:
            found[key] = {**binding, "members": list(dict.fromkeys(members))}
    return list(found.values())


def check_member(member: str, *, of_node: bool = False) -> None:
    """Refuse what is no member; `of_node`: of the policy of a project, folder, organization or billing account.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    if member in _PUBLIC:
        if of_node:
            raise invalid_argument(
                "Principals of type allUsers and allAuthenticatedUsers cannot be added to this resource."
            )
        return
    kind, _, address = member.partition(":")
    if member.startswith("deleted:"):
        if not _DELETED.fullmatch(member):
            raise invalid_argument(f"Invalid member: {member}.")
        return
    if kind not in _FORMS or (of_node and member.startswith(_OF_DATA)):
        raise invalid_argument(
            f'The member "{member}" is of an unknown type. Please set a valid type prefix for the member.'
        )
    if not _FORMS[kind].fullmatch(address):
        raise invalid_argument(f"Invalid member: {member}.")


def _check_binding(binding: JsonObject, field: str, of_node: bool) -> None:
    role = binding.get("role", "")
    if not _ROLE.fullmatch(role) or _HASHED in role:
        raise invalid_argument(f"Role {role} is not supported for this resource.")
    for member in binding.get("members", []):
        check_member(member, of_node=of_node)
    if "condition" not in binding:
        return
    if role in _BASIC:
        raise invalid_argument("Conditions can't be set on primitive roles")
    if not _PUBLIC.isdisjoint(binding.get("members", [])):
        raise invalid_argument("Conditions can't be set on bindings of allUsers and allAuthenticatedUsers.")
    conditions.check(binding["condition"], f"{field}.condition")


def _check_audit(config: JsonObject, field: str) -> None:
    service = config.get("service", "")
    if not _SERVICE.fullmatch(service):
        raise invalid_argument(f"Invalid service in an audit configuration: {service}.", f"{field}.service")
    for log in config.get("auditLogConfigs", []):
        if log.get("logType") not in _LOG_TYPES:
            raise invalid_argument("A log type must be given.", f"{field}.audit_log_configs.log_type")
        for member in log.get("exemptedMembers", []):
            check_member(member, of_node=True)


def _is_node(resource: str) -> bool:
    kind, _, rest = resource.partition("/")
    return kind in _NODES and "/" not in rest
