"""Custom constraints and policies: state and Google's rules for them."""

import json
import re
from base64 import b64encode
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.orgpolicy.published import LISTS, SWITCHES

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
BOUND_KEYS: Final = "iam.managed.disableServiceAccountApiKeyCreation"
MEMBERS: Final = "iam.managed.allowedPolicyMembers"
DOMAINS: Final = "iam.allowedPolicyMemberDomains"
SERVICES: Final = ("gcp.restrictServiceUsage", "serviceuser.services")
LOCATIONS: Final = "gcp.resourceLocations"
CONTACTS: Final = "essentialcontacts.allowedContactDomains"
MANAGED_CONTACTS: Final = "essentialcontacts.managed.allowedContactDomains"
ACCOUNTS: Final = "iam.disableServiceAccountCreation"
NO_DEFAULT_NETWORK: Final = "compute.skipDefaultNetworkCreation"
BUILT_IN: Final = SWITCHES | LISTS
"""Google's own constraints, which need no definition."""


def described(parent: str, constraint: str) -> JsonObject:
    """One of Google's own constraints, as a listing of a project, folder or organization has it."""
    kind: JsonObject = {"listConstraint": {}} if constraint in LISTS else {"booleanConstraint": {}}
    return {"name": f"{parent}/constraints/{constraint}", "constraintDefault": "ALLOW", **kind}


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
    current = etag(parent, constraint, row["generation"])
    specs = json.loads(row["body"])
    for spec in specs.values():
        spec["etag"] = current
    return {"name": f"{parent}/policies/{constraint}", **specs, "etag": current}


def etag(parent: str, constraint: str, generation: int) -> str:
    """The etag of a policy that was saved so many times."""
    return b64encode(f"{parent}/{constraint}/{generation}".encode()).decode()


def spec(store: Store, parent: str, constraint: str) -> JsonObject | None:
    """What a parent's own policy says; None without one, or with one for a dry run alone."""
    row = store.row(
        "SELECT body FROM org_policies WHERE parent = ? AND constraint_name = ?", parent, constraint
    )
    found: JsonObject | None = json.loads(row["body"]).get("spec") if row is not None else None
    return found


def policies(store: Store, parent: str) -> list[JsonObject]:
    """The policies of a parent itself, by constraint."""
    rows = store.rows(
        "SELECT constraint_name FROM org_policies WHERE parent = ? ORDER BY constraint_name", parent
    )
    return [find_policy(store, parent, row["constraint_name"]) for row in rows]


def delete_policy(store: Store, parent: str, constraint: str, expected: str) -> None:
    """Delete a policy.

    Raises:
        CloudError: 404 NOT_FOUND; 409 ABORTED for another etag.
    """
    if expected and expected != find_policy(store, parent, constraint)["etag"]:
        raise CloudError("ABORTED", "The etag does not match: the policy was changed in the meantime.")
    find_policy(store, parent, constraint)
    store.run("DELETE FROM org_policies WHERE parent = ? AND constraint_name = ?", parent, constraint)


def _check_policy(store: Store, parent: str, constraint: str, body: JsonObject) -> None:
    require_constraint(store, parent, constraint)
    for name in ("spec", "dryRunSpec"):
        _check_spec(constraint, body.get(name, {}), f"policy.{name}")


def require_constraint(store: Store, parent: str, constraint: str) -> None:
    """Check that there is a constraint.

    Raises:
        CloudError: 404 NOT_FOUND; 400 for a custom one that the organization has not.
    """
    if constraint.startswith("custom."):
        if not _organization_has(store, parent, constraint):
            raise invalid_argument(
                f"Constraint {constraint} does not exist in the organization.", "policy.name"
            )
    elif constraint not in BUILT_IN:
        raise not_found(f"Requested entity was not found: constraints/{constraint}.")


def _check_spec(constraint: str, spec: JsonObject, field: str) -> None:
    rules = spec.get("rules", [])
    if spec.get("reset") and (rules or spec.get("inheritFromParent")):
        raise invalid_argument("A policy that resets has no rules and inherits none.", f"{field}.rules")
    for rule in rules:
        kinds = [kind for kind in ("values", "allowAll", "denyAll", "enforce") if kind in rule]
        if len(kinds) != 1:
            raise invalid_argument(
                "A rule has exactly one of values, allow_all, deny_all, enforce.", f"{field}.rules"
            )
        if (constraint in LISTS) == (kinds == ["enforce"]):
            words = "takes values, allow_all or deny_all" if constraint in LISTS else "is enforced or not"
            raise invalid_argument(f"Constraint {constraint} {words}.", f"{field}.rules")
        if "parameters" in rule and ".managed." not in constraint:
            raise invalid_argument(f"Constraint {constraint} has no parameters.", f"{field}.rules")
    if constraint in LISTS:
        return
    if spec.get("inheritFromParent"):
        raise invalid_argument("Only policies of list constraints inherit.", f"{field}.inherit_from_parent")
    if rules and sum("condition" not in rule for rule in rules) != 1:
        raise invalid_argument("There is exactly one rule without a condition.", f"{field}.rules")


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
