"""IAM policies of any resource, and what a caller has on it."""

import hashlib
import json
from base64 import b64encode
from typing import Final

from sandbox.cloud.core import late, policies, predefined
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.late import When
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store

_DEFAULT_MASK: Final = "bindings,etag"
_PARTS: Final = frozenset({"bindings", "etag", "version", "auditConfigs"})
_VERSIONS: Final = (0, 1, 3)


def get_policy(store: Store, resource: str, requested_version: int = 0) -> JsonObject:
    """The policy of `resource` (its full name); one never set is empty.

    Without a request for version 3 conditions are left out: a role that has one is named by its hash.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a version that there is not.
    """
    if requested_version not in _VERSIONS:
        raise invalid_argument(
            f"Requested policy version must be 0, 1 or 3, not {requested_version}.",
            "options.requested_policy_version",
        )
    found = store.row("SELECT generation, body FROM iam_policies WHERE resource = ?", resource)
    if found is None:
        return {"version": 1, "etag": _etag(0)}
    policy: JsonObject = {**json.loads(found["body"]), "etag": _etag(found["generation"])}
    if policy["version"] == 3 and requested_version < 3 and "bindings" in policy:
        policy |= {"version": 1, "bindings": [_unconditional(binding) for binding in policy["bindings"]]}
    return policy


def set_policy(
    store: Store, resource: str, policy: JsonObject, mask: str = "", when: When | None = None
) -> JsonObject:
    """Replace the policy of `resource`, as read-modify-write when the policy carries an etag.

    `mask` names the parts that are replaced; without it these are the bindings, and audit configurations stay. `when`:
    when the bindings are in force, None for at once.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a malformed part, 409 ABORTED when the etag is not the current one; what
            a service's hook refuses.
    """
    parts = {
        part.strip() for part in (mask or _DEFAULT_MASK).replace("audit_configs", "auditConfigs").split(",")
    }
    if parts - _PARTS:
        raise invalid_argument(f"{', '.join(sorted(parts - _PARTS))} is no part of a policy.", "update_mask")
    current = get_policy(store, resource, 3)
    if policy.get("etag") not in (None, "", current["etag"]):
        raise CloudError(
            "ABORTED",
            "There were concurrent policy changes. "
            "Please retry the whole read-modify-write with exponential backoff.",
        )
    wanted: JsonObject = {"version": policy.get("version") or 1}
    if wanted["version"] not in _VERSIONS:
        raise invalid_argument(
            f"Policy version must be 0, 1 or 3, not {wanted['version']}.", "policy.version"
        )
    if "bindings" not in parts:
        wanted["version"] = current["version"]
    for part in ("bindings", "auditConfigs"):
        if found := (policy if part in parts else current).get(part):
            wanted[part] = found
    if "bindings" in parts and policy.get("etag") and wanted["version"] < 3 and _has_conditions(current):
        raise invalid_argument("The policy has conditional role bindings: its version must be 3.")
    policies.check(resource, wanted)
    before = {member for binding in bindings(store, resource) for member in binding.get("members", [])}
    named = (member for binding in wanted.get("bindings", []) for member in binding.get("members", []))
    added = [member for member in dict.fromkeys(named) if member not in before]
    for hook in store.on_policy_set:
        hook(store, resource, wanted, added)
    kept = {**wanted, "bindings": policies.merged(wanted["bindings"])} if "bindings" in wanted else wanted
    late.change(store, _subject(resource), "bindings", when, bindings(store, resource))
    _write(store, resource, kept)
    return get_policy(store, resource, kept["version"])


def set_requested(call: Call, resource: str) -> JsonObject:
    """Set the policy of a SetIamPolicyRequest. Raises as `set_policy`."""
    policy, mask = call.body.get("policy", {}), call.body.get("updateMask", "")
    return set_policy(call.store, resource, policy, mask, call.when)


def bindings(store: Store, resource: str) -> list[JsonObject]:
    """The bindings of a resource's own policy, with their conditions."""
    found = store.row("SELECT body FROM iam_policies WHERE resource = ?", resource)
    read: list[JsonObject] = json.loads(found["body"]).get("bindings", []) if found is not None else []
    return read


def bindings_in_force(store: Store, resource: str) -> list[JsonObject]:
    """The bindings by which a resource's own policy grants, which may be others than those that are set."""
    found = bindings(store, resource)
    if not store.has_late:
        return found
    kept: list[JsonObject] = late.in_force(store, _subject(resource), store.now(), {"bindings": found})[
        "bindings"
    ]
    return kept


def forget(store: Store, resource: str) -> None:
    """Forget the policy of what is gone: who makes another of the same name begins without."""
    store.run("DELETE FROM iam_policies WHERE resource = ?", resource)
    store.run("DELETE FROM late WHERE subject = ?", _subject(resource))


def _subject(resource: str) -> str:
    """What `core.late` calls the policy of a resource."""
    return f"policy/{resource}"


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


def _has_conditions(policy: JsonObject) -> bool:
    return any("condition" in binding for binding in policy.get("bindings", []))


def _unconditional(binding: JsonObject) -> JsonObject:
    if "condition" not in binding:
        return binding
    text = json.dumps(binding["condition"], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _etag(generation: int) -> str:
    return b64encode(b"\x07" + generation.to_bytes(7)).decode()
