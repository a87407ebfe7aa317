"""Custom roles of organizations and projects: state and Google's rules for them."""

import json
import re
import sqlite3
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.lineage import lineage
from sandbox.cloud.core import iam, predefined, purges
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.store import Store

SCHEMA = """
CREATE TABLE custom_roles (
    name TEXT PRIMARY KEY, generation INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
"""
SETTABLE: Final = ("title", "description", "includedPermissions", "stage")
_ID: Final = re.compile(r"[A-Za-z0-9_.]{3,64}")
_PERMISSION: Final = re.compile(r"[a-z][a-zA-Z0-9]*(\.[a-zA-Z0-9/]+){2,}")
ROLES: Final = "roles"
"""What `core.purges` calls deleted roles."""
_RESTORABLE: Final = timedelta(days=7)
_LONGEST: Final = {"title": 100, "description": 300}
_MOST_PERMISSIONS: Final = 3000
_NOT_IN_PROJECTS: Final = re.compile(
    r"resourcemanager\.(organizations|folders)\..*|resourcemanager\.projects\.(list|create|move)|billing\.(accounts|budgets)\..*"
)
"""What a project's own roles cannot have, as it is checked above projects."""


@dataclass(frozen=True, slots=True)
class Role:
    """A custom role; `name` is `organizations/N/roles/ID` or `projects/ID/roles/ID`."""

    name: str
    generation: int
    deleted: bool
    settings: JsonObject

    @property
    def etag(self) -> str:
        """Changes with every change."""
        return b64encode(b"\x07" + self.generation.to_bytes(7)).decode()

    def as_json(self, *, full: bool = True) -> JsonObject:
        """The role as IAM shows it; a basic view lacks the permissions."""
        return {
            "name": self.name,
            **{name: value for name, value in self.settings.items() if full or name != "includedPermissions"},
            **({"deleted": True} if self.deleted else {}),
            "etag": self.etag,
        }


def create(store: Store, parent: str, role_id: str, settings: JsonObject) -> Role:
    """Create a role.

    Raises:
        CloudError: 400 for a bad id, text or permission, 409 for an id in use.
    """
    if not _ID.fullmatch(role_id):
        raise invalid_argument(
            f"The role ID {role_id} must be 3 to 64 letters, digits, underscores and periods.", "role_id"
        )
    found = find(store, f"{parent}/roles/{role_id}")
    if found is not None and found.deleted:
        raise failed_precondition(
            f"You can't create a role with role_id ({role_id}) where there is an existing role with that role_id in a "
            "deleted state."
        )
    if found is not None:
        raise already_exists(f"A role named {role_id} in {parent} already exists.")
    role = Role(f"{parent}/roles/{role_id}", 1, deleted=False, settings=_checked(parent, settings))
    _save(store, role)
    return role


def find(store: Store, name: str) -> Role | None:
    """The role of a name, deleted or not."""
    row = store.row("SELECT * FROM custom_roles WHERE name = ?", name)
    return None if row is None else _read(row)


def require(store: Store, name: str) -> Role:
    """The role of a name, deleted or not.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    role = find(store, name)
    if role is None:
        raise not_found(f"The role named {name} was not found.")
    return role


def of_parent(store: Store, parent: str, *, deleted: bool) -> list[Role]:
    """The roles of an organization or a project itself, by name."""
    rows = store.rows(
        "SELECT * FROM custom_roles WHERE substr(name, 1, ?) = ? AND deleted <= ? ORDER BY name",
        len(parent) + len("/roles/"),
        f"{parent}/roles/",
        deleted,
    )
    return [_read(row) for row in rows]


def change(store: Store, role: Role, etag: str, **changes: Any) -> Role:
    """Change a role.

    Raises:
        CloudError: 400 for a bad text or permission, 409 ABORTED for another etag.
    """
    if etag not in ("", role.etag):
        raise CloudError(
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        )
    changed = replace(role, generation=role.generation + 1, **changes)
    changed = replace(changed, settings=_checked(role.name.partition("/roles/")[0], changed.settings))
    _save(store, changed)
    return changed


def delete(store: Store, now: datetime, role: Role, etag: str) -> Role:
    """Delete a role, which then grants nothing: for 7 days it can be brought back, and for 37 its id is taken.

    Raises:
        CloudError: 400 for one that is deleted, 409 ABORTED for another etag.
    """
    if role.deleted:
        raise failed_precondition(f"The role {role.name} is deleted already.")
    changed = change(store, role, etag, deleted=True)
    purges.plan(store, ROLES, role.name, now + _RESTORABLE + purges.KEPT)
    return changed


def undelete(store: Store, now: datetime, role: Role, etag: str) -> Role:
    """Bring a deleted role back.

    Raises:
        CloudError: 400 for one that is not deleted, or was for too long; 409 ABORTED for another etag.
    """
    if not role.deleted:
        raise failed_precondition(f"The role {role.name} is not deleted.")
    due = purges.due_of(store, ROLES, role.name)
    if due is not None and due - purges.KEPT <= now:
        raise failed_precondition(f"The role {role.name} is being deleted permanently.")
    purges.cancel(store, ROLES, role.name)
    return change(store, role, etag, deleted=False)


def purge(store: Store, name: str) -> None:
    """Delete a role for good."""
    store.run("DELETE FROM custom_roles WHERE name = ?", name)


def permissions(store: Store, name: str) -> frozenset[str]:
    """The permissions that a role grants: a deleted one grants none."""
    role = find(store, _by_project_id(store, name))
    if role is None or role.deleted or role.settings.get("stage") == "DISABLED":
        return frozenset()
    return frozenset(map(predefined.canonical, role.settings.get("includedPermissions", [])))


def require_known(store: Store, resource: str, policy: JsonObject, _added: list[str]) -> None:
    """Refuse a policy with a custom role that neither the resource nor anything above it has, or that newly gives a
    deleted one to somebody.

    Raises:
        CloudError: 400 INVALID_ARGUMENT, or FAILED_PRECONDITION for a deleted role.
    """
    above = {*lineage(store, resource)}
    for binding in policy.get("bindings", []):
        if binding.get("role", "").startswith("roles/"):
            continue
        role = find(store, _by_project_id(store, binding.get("role", "")))
        if role is None or _owner(store, role.name) not in above:
            raise invalid_argument(f"Role ({binding['role']}) does not exist in the resource's hierarchy.")
        if role.deleted:
            had = {
                member
                for each in iam.bindings(store, resource)
                if _by_project_id(store, each["role"]) == role.name
                for member in each.get("members", [])
            }
            if not had.issuperset(binding.get("members", [])):
                raise failed_precondition(f"You can't grant the role {role.name}: it is deleted.")


def is_of_projects(permission: str) -> bool:
    """True if a project's own roles can have a permission."""
    return _NOT_IN_PROJECTS.fullmatch(permission) is None


def _owner(store: Store, role: str) -> str:
    """The name under which what has a role has its IAM policy."""
    return next(lineage(store, role.partition("/roles/")[0]))


def _by_project_id(store: Store, name: str) -> str:
    kind, _, rest = name.partition("/")
    identifier, _, role = rest.partition("/")
    project = projects.find(store, identifier) if kind == "projects" else None
    return name if project is None else f"projects/{project.project_id}/{role}"


def _checked(parent: str, settings: JsonObject) -> JsonObject:
    for name, longest in _LONGEST.items():
        if len(settings.get(name, "")) > longest:
            raise invalid_argument(f"The {name} of a role has at most {longest} characters.", f"role.{name}")
    included = settings.get("includedPermissions", [])
    if len(included) > _MOST_PERMISSIONS:
        raise invalid_argument(f"A role has at most {_MOST_PERMISSIONS} permissions.")
    for permission in included:
        service = permission.partition(".")[0]
        here = (
            service in predefined.services()
        )  # what else Google has, and whether it can be in a role, is not known
        if (
            not _PERMISSION.fullmatch(permission)
            or (here and predefined.canonical(permission) not in predefined.permissions())
            or (parent.startswith("projects/") and not is_of_projects(permission))
        ):
            raise invalid_argument(f"Permission {permission} is not valid.")
    kept = {name: value for name, value in settings.items() if value}
    return {"stage": "ALPHA", **kept, **({"includedPermissions": sorted({*included})} if included else {})}


def _save(store: Store, role: Role) -> None:
    store.run(
        "INSERT OR REPLACE INTO custom_roles VALUES (?, ?, ?, ?)",
        role.name,
        role.generation,
        role.deleted,
        json.dumps(role.settings),
    )


def _read(row: sqlite3.Row) -> Role:
    return Role(row["name"], row["generation"], bool(row["deleted"]), json.loads(row["body"]))
