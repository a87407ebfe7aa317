"""Custom constraints and policies: state, Google's rules, and what they forbid."""

import json
import re
from base64 import b64encode
from datetime import datetime
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
    precondition_failure,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE org_policies (
    parent TEXT NOT NULL, constraint_name TEXT NOT NULL, generation INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (parent, constraint_name)
) WITHOUT ROWID;
CREATE TABLE org_custom_constraints (
    organization TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (organization, name)
) WITHOUT ROWID;
"""
_CUSTOM: Final = re.compile(r"custom\.[A-Za-z0-9]{1,63}")
_RESOURCE_TYPE: Final = re.compile(r"[a-z0-9-]+\.googleapis\.com/[A-Za-z]+")
_METHODS: Final = (
    ["CREATE"],
    ["CREATE", "UPDATE"],
    ["DELETE"],
    ["CREATE", "DELETE"],
    ["CREATE", "UPDATE", "DELETE"],
)
#: What is evaluated of the Common Expression Language: whether fields are there, joined by `||` or by `&&`.
_TERM: Final = re.compile(r"(!?)has\(resource((?:\.[A-Za-z]\w*)+)\)")
_BOUND_KEYS: Final = "iam.managed.disableServiceAccountApiKeyCreation"
#: Some of Google's own constraints, which need no definition.
BUILT_IN: Final = frozenset(
    {
        "iam.disableServiceAccountKeyCreation",
        _BOUND_KEYS,
        "gcp.restrictServiceUsage",
        "gcp.resourceLocations",
    }
)
KEYS: Final = "apikeys.googleapis.com/Key"


def create_constraint(store: Store, now: datetime, organization: str, body: JsonObject) -> JsonObject:
    """Create a custom constraint.

    Raises:
        CloudError: 400 for a bad field, 409 when the organization has one of this name.
    """
    projects.require_parent(store, organization)
    name = body.get("name", "").rpartition("/")[2]
    _check_constraint(name, body)
    if store.row(
        "SELECT 1 FROM org_custom_constraints WHERE organization = ? AND name = ?", organization, name
    ):
        raise already_exists(f"Custom constraint {name} already exists in {organization}.")
    store.run("INSERT INTO org_custom_constraints VALUES (?, ?, ?)", organization, name, "{}")
    return save_constraint(store, now, organization, name, body)


def save_constraint(
    store: Store, now: datetime, organization: str, name: str, body: JsonObject
) -> JsonObject:
    """Store a constraint's fields. Raises as `create_constraint`, and 404 for one that is not there."""
    find_constraint(store, organization, name)
    _check_constraint(name, body)
    stored = {**body, "name": f"{organization}/customConstraints/{name}", "updateTime": rfc3339(now)}
    store.run(
        "UPDATE org_custom_constraints SET body = ? WHERE organization = ? AND name = ?",
        json.dumps(stored),
        organization,
        name,
    )
    return stored


def find_constraint(store: Store, organization: str, name: str) -> JsonObject:
    """A custom constraint.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row(
        "SELECT body FROM org_custom_constraints WHERE organization = ? AND name = ?", organization, name
    )
    if row is None:
        raise not_found(f"Custom constraint {organization}/customConstraints/{name} was not found.")
    found: JsonObject = json.loads(row["body"])
    return found


def constraints(store: Store, organization: str) -> list[JsonObject]:
    """The custom constraints of an organization, by name."""
    rows = store.rows(
        "SELECT body FROM org_custom_constraints WHERE organization = ? ORDER BY name", organization
    )
    return [json.loads(row["body"]) for row in rows]


def delete_constraint(store: Store, organization: str, name: str) -> None:
    """Delete a custom constraint; policies that name it enforce nothing any more. Raises as `find_constraint`."""
    find_constraint(store, organization, name)
    store.run("DELETE FROM org_custom_constraints WHERE organization = ? AND name = ?", organization, name)


def _check_constraint(name: str, body: JsonObject) -> None:
    if not _CUSTOM.fullmatch(name):
        raise invalid_argument(
            "Custom constraint names must be custom. followed by letters and digits, at most 70 characters.",
            "custom_constraint.name",
        )
    types = body.get("resourceTypes", [])
    if len(types) != 1 or not _RESOURCE_TYPE.fullmatch(types[0]):
        raise invalid_argument("Exactly one resource type is required.", "custom_constraint.resource_types")
    if sorted(body.get("methodTypes", [])) not in [sorted(methods) for methods in _METHODS]:
        raise invalid_argument(
            "Method types must be CREATE, or CREATE and UPDATE, with or without DELETE.",
            "custom_constraint.method_types",
        )
    if body.get("actionType") not in ("ALLOW", "DENY"):
        raise invalid_argument("The action type must be ALLOW or DENY.", "custom_constraint.action_type")
    if not 0 < len(body.get("condition", "")) <= 1000:
        raise invalid_argument(
            "A condition of at most 1000 characters is required.", "custom_constraint.condition"
        )


def create_policy(store: Store, now: datetime, parent: str, body: JsonObject) -> JsonObject:
    """Create a policy.

    Raises:
        CloudError: 400 for a constraint that is not there or a bad rule, 409 when the parent has one.
    """
    constraint = body.get("name", "").rpartition("/")[2]
    if store.row("SELECT 1 FROM org_policies WHERE parent = ? AND constraint_name = ?", parent, constraint):
        raise already_exists(f"Policy {parent}/policies/{constraint} already exists.")
    _check_policy(store, parent, constraint, body)
    store.run("INSERT INTO org_policies VALUES (?, ?, 0, '{}')", parent, constraint)
    return save_policy(store, now, parent, constraint, body)


def save_policy(store: Store, now: datetime, parent: str, constraint: str, body: JsonObject) -> JsonObject:
    """Store a policy. Raises as `create_policy`, and 404 for one that is not there."""
    find_policy(store, parent, constraint)
    _check_policy(store, parent, constraint, body)
    specs = {
        name: {**body[name], "updateTime": rfc3339(now)} for name in ("spec", "dryRunSpec") if name in body
    }
    store.run(
        "UPDATE org_policies SET generation = generation + 1, body = ? WHERE parent = ? AND constraint_name = ?",
        json.dumps(specs),
        parent,
        constraint,
    )
    return find_policy(store, parent, constraint)


def find_policy(store: Store, parent: str, constraint: str) -> JsonObject:
    """A policy.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT * FROM org_policies WHERE parent = ? AND constraint_name = ?", parent, constraint)
    if row is None:
        raise not_found(f"Policy {parent}/policies/{constraint} was not found.")
    etag = b64encode(f"{parent}/{constraint}/{row['generation']}".encode()).decode()
    specs = json.loads(row["body"])
    for spec in specs.values():
        spec["etag"] = etag
    return {"name": f"{parent}/policies/{constraint}", **specs, "etag": etag}


def policies(store: Store, parent: str) -> list[JsonObject]:
    """The policies of a parent itself, by constraint."""
    rows = store.rows(
        "SELECT constraint_name FROM org_policies WHERE parent = ? ORDER BY constraint_name", parent
    )
    return [find_policy(store, parent, row["constraint_name"]) for row in rows]


def delete_policy(store: Store, parent: str, constraint: str, etag: str) -> None:
    """Delete a policy.

    Raises:
        CloudError: 404 NOT_FOUND; 409 ABORTED for another etag.
    """
    if etag and etag != find_policy(store, parent, constraint)["etag"]:
        raise CloudError("ABORTED", "The etag does not match: the policy was changed in the meantime.")
    find_policy(store, parent, constraint)
    store.run("DELETE FROM org_policies WHERE parent = ? AND constraint_name = ?", parent, constraint)


def _check_policy(store: Store, parent: str, constraint: str, body: JsonObject) -> None:
    if constraint.startswith("custom."):
        if not _organization_has(store, parent, constraint):
            raise invalid_argument(
                f"Constraint {constraint} does not exist in the organization.", "policy.name"
            )
    elif constraint not in BUILT_IN:
        raise not_found(f"Requested entity was not found: constraints/{constraint}.")
    for name in ("spec", "dryRunSpec"):
        spec = body.get(name, {})
        if spec.get("reset") and spec.get("rules"):
            raise invalid_argument("A policy that resets has no rules.", f"policy.{name}.rules")
        for rule in spec.get("rules", []):
            kinds = [kind for kind in ("values", "allowAll", "denyAll", "enforce") if kind in rule]
            if len(kinds) != 1:
                raise invalid_argument(
                    "A rule has exactly one of values, allow_all, deny_all, enforce.", f"policy.{name}.rules"
                )
            if constraint.startswith("custom.") and kinds != ["enforce"]:
                raise invalid_argument("A custom constraint is enforced or not.", f"policy.{name}.rules")


def _organization_has(store: Store, parent: str, constraint: str) -> bool:
    organization = projects.ancestors(store, parent)[-1]
    return (
        store.row(
            "SELECT 1 FROM org_custom_constraints WHERE organization = ? AND name = ?",
            organization,
            constraint,
        )
        is not None
    )


def effective(store: Store, parent: str, constraint: str) -> JsonObject:
    """The policy that holds: the nearest one from the parent up."""
    for name in projects.ancestors(store, parent):
        row = store.row(
            "SELECT 1 FROM org_policies WHERE parent = ? AND constraint_name = ?", name, constraint
        )
        if row is not None:
            held = find_policy(store, name, constraint)
            return {**held, "name": f"{parent}/policies/{constraint}"}
    return {"name": f"{parent}/policies/{constraint}", "spec": {"rules": [{"enforce": False}]}}


def require_allowed(
    store: Store, project: str, resource_type: str, method: str, resource: JsonObject
) -> None:
    """Refuse a resource that an enforced custom constraint denies.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraints.
    """
    parent = f"projects/{project}"
    organization = projects.ancestors(store, parent)[-1]
    denying = [
        constraint["name"].rpartition("/")[2]
        for constraint in constraints(store, organization)
        if constraint["resourceTypes"] == [resource_type]
        and method in constraint["methodTypes"]
        and _is_enforced(effective(store, parent, constraint["name"].rpartition("/")[2]))
        and _holds(constraint["condition"], resource) == (constraint["actionType"] == "DENY")
    ]
    if denying:
        described = ", ".join(f'"customConstraints/{name}"' for name in denying)
        raise failed_precondition(f"Operation denied by custom org policies: [{described}].")


def require_bindable(store: Store, project: str, key: JsonObject) -> None:
    """Refuse a key that is bound to a service account where a managed constraint forbids that.

    Its parameter `allowedServices` lists the services to which such a key may be restricted.

    Raises:
        CloudError: 400 FAILED_PRECONDITION, naming the constraint.
    """
    if not key.get("serviceAccountEmail"):
        return
    rules = effective(store, f"projects/{project}", _BOUND_KEYS).get("spec", {}).get("rules", [])
    enforced = next((rule for rule in rules if rule.get("enforce") is True), None)
    if enforced is None:
        return
    services = {target.get("service") for target in key.get("restrictions", {}).get("apiTargets", [])}
    if not services or services - {*enforced.get("parameters", {}).get("allowedServices", [])}:
        constraint, resource = f"constraints/{_BOUND_KEYS}", f"projects/{project}/locations/global/keys"
        words = "Disables the creation of API keys that are bound to service accounts."
        raise failed_precondition(
            f'Operation denied by org policy on resource \'{resource}\': ["{constraint}": "{words}"].',
            [precondition_failure(constraint, resource, words)],
        )


def _is_enforced(policy: JsonObject) -> bool:
    return any(rule.get("enforce") is True for rule in policy.get("spec", {}).get("rules", []))


def _holds(condition: str, resource: JsonObject) -> bool:
    """True if a condition holds; conditions of a form that is not evaluated here never do."""
    for operator, join in (("||", any), ("&&", all)):
        parts = [_TERM.fullmatch(part.strip()) for part in condition.split(operator)]
        if all(parts):
            return join(_term(part[1], part[2], resource) for part in parts if part)
    return False


def _term(negated: str, path: str, resource: JsonObject) -> bool:
    value: Any = resource
    for name in path.strip(".").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return bool(value) != bool(negated)
