"""IAM policies of any resource, and what a caller has on it."""

import hashlib
import json
import re
from base64 import b64encode

from sandbox.cloud.core import predefined
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store

_ROLE = re.compile(r"(roles|(projects|organizations)/[^/]+/roles)/[A-Za-z0-9_.]+")
_MEMBER = re.compile(r"allUsers|allAuthenticatedUsers|[a-zA-Z]+:\S+")


def get_policy(store: Store, resource: str, requested_version: int = 0) -> JsonObject:
    """The policy of `resource` (its full name); one never set is empty.

    Without a request for version 3 conditions are left out: a role that has one is named by its hash.
    """
    found = store.row("SELECT generation, body FROM iam_policies WHERE resource = ?", resource)
    if found is None:
        return {"version": 1, "etag": _etag(0)}
    policy: JsonObject = {**json.loads(found["body"]), "etag": _etag(found["generation"])}
    if policy["version"] == 3 and requested_version < 3 and "bindings" in policy:
        policy |= {"version": 1, "bindings": [_unconditional(binding) for binding in policy["bindings"]]}
    return policy


def set_policy(store: Store, resource: str, policy: JsonObject) -> JsonObject:
    """Replace the policy of `resource`, as read-modify-write when the policy carries an etag.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a malformed binding, 409 ABORTED when the etag is not the current one; what
            a service's hook refuses.
    """
    if policy.get("etag") not in (None, "", get_policy(store, resource)["etag"]):
        raise CloudError(
            "ABORTED",
            "There were concurrent policy changes. "
            "Please retry the whole read-modify-write with exponential backoff.",
        )
    for binding in policy.get("bindings", []):
        role = binding.get("role", "")
        if not _ROLE.fullmatch(role):
            raise invalid_argument(f"Role {role} is not supported for this resource.")
        for member in binding.get("members", []):
            if not _MEMBER.fullmatch(member):
                raise invalid_argument(f"Invalid member: {member}.")
    if any("condition" in binding for binding in policy.get("bindings", [])) and policy.get("version") != 3:
        raise invalid_argument("The policy has conditional role bindings: its version must be 3.")
    before = {member for binding in bindings(store, resource) for member in binding.get("members", [])}
    named = (member for binding in policy.get("bindings", []) for member in binding.get("members", []))
    added = [member for member in dict.fromkeys(named) if member not in before]
    for hook in store.on_policy_set:
        hook(store, resource, policy, added)
    kept = {"version": 1, **{key: value for key, value in policy.items() if key != "etag"}}
    _write(store, resource, kept)
    return get_policy(store, resource, kept["version"])


def bindings(store: Store, resource: str) -> list[JsonObject]:
    """The bindings of a resource's own policy, with their conditions."""
    found = store.row("SELECT body FROM iam_policies WHERE resource = ?", resource)
    read: list[JsonObject] = json.loads(found["body"]).get("bindings", []) if found is not None else []
    return read


def permissions_held(call: Call, resource: str, prefix: str = "") -> JsonObject:
    """The answer to a TestIamPermissionsRequest: what the caller has of what it asks for.

    `prefix` is what the names of the resource's permissions begin with, if not every permission can be granted on it.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for what is no permission, or none on such a resource.
    """
    asked: list[str] = call.body.get("permissions", [])
    known = predefined.permissions()
    for permission in asked:
        if predefined.canonical(permission) not in known or not permission.startswith(prefix):
            raise invalid_argument(f"Permission {permission} is not valid for this resource.")
    has = [permission for permission in asked if call.may(predefined.canonical(permission), resource)]
    return {"permissions": has} if has else {}


def make_owner(store: Store, member: str, resource: str) -> None:
    """Give a new project to the caller that has made it."""
    if member:
        owner = {"role": "roles/owner", "members": [member]}
        _write(store, resource, {"version": 1, "bindings": [owner]})


def _write(store: Store, resource: str, policy: JsonObject) -> None:
    store.run(
        "INSERT INTO iam_policies VALUES (?, 1, ?) "
        "ON CONFLICT (resource) DO UPDATE SET generation = generation + 1, body = excluded.body",
        resource,
        json.dumps(policy),
    )


def _unconditional(binding: JsonObject) -> JsonObject:
    if "condition" not in binding:
        return binding
    text = json.dumps(binding["condition"], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _etag(generation: int) -> str:
    return b64encode(b"\x07" + generation.to_bytes(7)).decode()
