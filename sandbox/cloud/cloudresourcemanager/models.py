"""Organizations, folders and projects: state and Google's rules for it.

Other services ask `require_active` for the project that a request names.
"""

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.cloud.core import purges
from sandbox.cloud.core.errors import (
    CloudError,
    already_exists,
    error_info,
    failed_precondition,
    invalid_argument,
    permission_denied,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    directory_customer_id TEXT NOT NULL,
    created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE folders (
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    display_name TEXT NOT NULL,
    state TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE projects (
    number TEXT PRIMARY KEY,
    project_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    parent TEXT NOT NULL,
    state TEXT NOT NULL,
    labels TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted TEXT NOT NULL,
    generation INTEGER NOT NULL
) WITHOUT ROWID;
"""

ACTIVE = "ACTIVE"
DELETE_REQUESTED = "DELETE_REQUESTED"
PURGED = "PURGED"
"""Of the row of a project that is no more: its id is never given out again."""
PROJECTS = "projects"
"""What `core.purges` calls projects in deletion, by number."""

_PROJECT_ID = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_OLD_PROJECT_ID = re.compile(
    r"(?![0-9]+$)(?:(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}:)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NAME = re.compile(r"[A-Za-z0-9'\"! -]*")
_FOLDER_NAME = re.compile(r"[^\W_](?:[\w -]{1,28}[^\W_])")
_FORBIDDEN_WORDS = ("google", "ssl")
_MAX_LABELS = 64


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `parent` is `folders/N`, `organizations/N` or "". Times are RFC 3339, `deleted` "" until then."""

    number: str
    project_id: str
    name: str
    parent: str
    state: str
    labels: dict[str, str]
    created: str
    updated: str
    deleted: str
    generation: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; `parent` is `folders/N` or `organizations/N`."""

    id: str
    parent: str
    display_name: str
    state: str
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization."""

    id: str
    display_name: str
    directory_customer_id: str
    created: str


def _project(row: sqlite3.Row) -> Project:
    values = dict(row)
    return Project(**{**values, "labels": json.loads(values["labels"])})


def find(store: Store, id_or_number: str) -> Project | None:
    """The project of an id or a number, in whatever state, until it is deleted for good."""
    found = _ever(store, id_or_number)
    return found if found is None or found.state != PURGED else None


def _ever(store: Store, id_or_number: str) -> Project | None:
    column = "number" if id_or_number.isdecimal() else "project_id"
    row = store.row(f"SELECT * FROM projects WHERE {column} = ?", id_or_number)  # noqa: S608 - one of two names
    return _project(row) if row is not None else None


def require(store: Store, id_or_number: str) -> Project:
    """The project of an id or a number, in whatever state.

    Raises:
        CloudError: 403 PERMISSION_DENIED; Google does not reveal if it exists.
    """
    project = find(store, id_or_number)
    if project is None:
        raise permission_denied()
    return project


def require_active(store: Store, id_or_number: str) -> Project:
    """The project of an id or a number, when it is not in deletion.

    Raises:
        CloudError: 403 PERMISSION_DENIED for an unknown project and for one in deletion.
    """
    project = require(store, id_or_number)
    if project.state != ACTIVE:
        raise permission_denied()
    return project


def require_user_project(store: Store, id_or_number: str) -> Project:
    """The project that an `x-goog-user-project` header bills the call to.

    Raises:
        CloudError: 403 PERMISSION_DENIED, reason USER_PROJECT_DENIED.
    """
    project = find(store, id_or_number)
    if project is None or project.state != ACTIVE:
        raise user_project_denied(id_or_number)
    return project


def user_project_denied(id_or_number: str) -> CloudError:
    """403 PERMISSION_DENIED: the caller may not let calls count against a project."""
    return permission_denied(
        f"Caller does not have required permission to use project {id_or_number}. Grant the caller the "
        "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use "
        "permission.",
        [error_info("USER_PROJECT_DENIED", "googleapis.com", {"consumer": f"projects/{id_or_number}"})],
    )


def all_projects(store: Store, parent: str | None = None) -> list[Project]:
    """Every project that is not deleted for good, by number; with `parent`, those directly below it."""
    rows = (
        store.rows("SELECT * FROM projects ORDER BY number")
        if parent is None
        else store.rows("SELECT * FROM projects WHERE parent = ? ORDER BY number", parent)
    )
    return [_project(row) for row in rows if row["state"] != PURGED]


def numbers_below(store: Store, nodes: frozenset[str]) -> frozenset[str]:
    """The numbers of the projects that have one of some folders and organizations above them, also of those that are no
    more."""
    rows = store.rows("SELECT number, parent FROM projects")
    below = {
        parent: not nodes.isdisjoint(ancestors(store, parent)) for parent in {row["parent"] for row in rows}
    }
    return frozenset(row["number"] for row in rows if below[row["parent"]])


def create_project(
    store: Store, now: datetime, project_id: str, name: str, parent: str, labels: dict[str, str]
) -> Project:
    """Create a project, and call the hooks of the services.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a bad id, name or label, 403 for a parent that is not there, 409 for an
            id that was ever used.
    """
    _check_project_id(project_id)
    return _created(store, now, project_id, name or project_id, parent, labels)


def create_old_project(store: Store, now: datetime, project_id: str, parent: str) -> Project:
    """A project of the time when Google gave out other IDs: domain-scoped, short, long, with words reserved since.

    Raises:
        CloudError: as `create_project`, but for an ID that never was one.
    """
    if not _OLD_PROJECT_ID.fullmatch(project_id):
        raise _issue("project_id", "project_id contains invalid characters")
    return _created(store, now, project_id, "Old project", parent, {})


def _created(
    store: Store, now: datetime, project_id: str, name: str, parent: str, labels: dict[str, str]
) -> Project:
    check_name(name)
    check_labels(labels)
    if parent:
        require_parent(store, parent)
    if _ever(store, project_id) is not None:
        raise already_exists()
    # Twelve digits, spread so that two neighbours are not mistaken for one another.
    number = str(100_000_000_000 + store.next_value("project") * 104_729 % 900_000_000_000)
    stamp = rfc3339(now)
    project = Project(number, project_id, name, parent, ACTIVE, labels, stamp, stamp, "", 1)
    _save(store, project)
    for hook in store.on_project_created:
        hook(store, number)
    return project


def change_project(store: Store, now: datetime, project: Project, **changes: Any) -> Project:
    """Change `name`, `labels` or `parent` of a project.

    Raises:
        CloudError: 400 for a bad name or label or a project in deletion, 403 for a parent that is not there.
    """
    if project.state != ACTIVE:
        raise failed_precondition("Project is not active.")
    if "name" in changes:
        check_name(changes["name"])
    if "labels" in changes:
        check_labels(changes["labels"])
    if changes.get("parent", project.parent) != project.parent:
        require_parent(store, changes["parent"])
    return _changed(store, now, project, changes)


def delete_project(store: Store, now: datetime, project: Project) -> Project:
    """Put a project into deletion: it stays readable for 30 days, its parts do not.

    Raises:
        CloudError: 400 FAILED_PRECONDITION when it already is.
    """
    if project.state != ACTIVE:
        raise failed_precondition("Cannot delete an inactive project.")
    for hook in store.on_project_deleted:
        hook(store, project.number)
    purges.plan(store, PROJECTS, project.number, now + purges.KEPT)
    return _changed(store, now, project, {"state": DELETE_REQUESTED, "deleted": rfc3339(now)})


def undelete_project(store: Store, now: datetime, project: Project) -> Project:
    """Bring a project back from deletion; its billing link stays removed, as at Google.

    Raises:
        CloudError: 400 FAILED_PRECONDITION when it is not in deletion; 403 when what it was in is.
    """
    if project.state != DELETE_REQUESTED:
        raise failed_precondition("Cannot undelete a project that is not in deletion.")
    if project.parent:
        require_parent(store, project.parent)
    purges.cancel(store, PROJECTS, project.number)
    return _changed(store, now, project, {"state": ACTIVE, "deleted": ""})


def purge_project(store: Store, number: str) -> None:
    """Delete a project for good, whose id stays taken."""
    store.run("UPDATE projects SET state = ? WHERE number = ?", PURGED, number)


def forget_deleted(store: Store) -> list[str]:
    """Free the ids of deleted projects, which Google never does: a sandbox is made again under the same names."""
    rows = store.rows(
        "DELETE FROM projects WHERE state IN (?, ?) RETURNING number, project_id", DELETE_REQUESTED, PURGED
    )
    for row in rows:
        purges.cancel(store, PROJECTS, row["number"])
    return sorted(row["project_id"] for row in rows)


def _changed(store: Store, now: datetime, project: Project, changes: dict[str, Any]) -> Project:
    values = {name: getattr(project, name) for name in Project.__slots__}
    changed = Project(**{**values, **changes, "updated": rfc3339(now), "generation": project.generation + 1})
    _save(store, changed)
    return changed


def _save(store: Store, project: Project) -> None:
    values = [getattr(project, name) for name in Project.__slots__]
    values[Project.__slots__.index("labels")] = json.dumps(project.labels)
    store.run(
        "INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET "
        "name = excluded.name, parent = excluded.parent, state = excluded.state, labels = excluded.labels, "
        "updated = excluded.updated, deleted = excluded.deleted, generation = excluded.generation",
        *values,
    )


def find_folder(store: Store, folder_id: str) -> Folder | None:
    """The folder of an id."""
    row = store.row("SELECT * FROM folders WHERE id = ?", folder_id)
    return Folder(**dict(row)) if row is not None else None


def all_folders(store: Store) -> list[Folder]:
    """Every folder, by id."""
    return [Folder(**dict(row)) for row in store.rows("SELECT * FROM folders ORDER BY id")]


def create_folder(store: Store, now: datetime, parent: str, display_name: str, folder_id: str = "") -> Folder:
    """Create a folder; without `folder_id` it gets the next number.

    Raises:
        CloudError: 400 for a bad name or one that a sibling has, 403 for a parent that is not there.
    """
    require_parent(store, parent)
    check_folder_name(store, parent, display_name)
    number = folder_id or str(300_000_000_000 + store.next_value("folder") * 7_919)
    stamp = rfc3339(now)
    folder = Folder(number, parent, display_name, ACTIVE, stamp, stamp)
    store.run(
        "INSERT INTO folders VALUES (?, ?, ?, ?, ?, ?)", *(getattr(folder, name) for name in Folder.__slots__)
    )
    return folder


def check_folder_name(store: Store, parent: str, display_name: str) -> None:
    """Google's rules for a folder's name: its form, and that it is the only one in its parent.

    Raises:
        CloudError: 400.
    """
    if not _FOLDER_NAME.fullmatch(display_name):
        raise _issue(
            "display_name", "folder display name must be 3 to 30 letters, digits, spaces, hyphens, _"
        )
    for sibling in all_folders(store):
        if sibling.parent == parent and sibling.display_name == display_name and sibling.state == ACTIVE:
            raise failed_precondition(
                f"Folder reservation failed for parent [{parent}], folder [] due to constraint: "
                f"The folder operation violates display name uniqueness within the parent."
            )


def find_organization(store: Store, organization_id: str) -> Organization | None:
    """The organization of an id."""
    row = store.row("SELECT * FROM organizations WHERE id = ?", organization_id)
    return Organization(**dict(row)) if row is not None else None


def all_organizations(store: Store) -> list[Organization]:
    """Every organization, by id."""
    return [Organization(**dict(row)) for row in store.rows("SELECT * FROM organizations ORDER BY id")]


def require_parent(store: Store, parent: str) -> None:
    """Check that `parent` names an active folder or an organization that is there.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for another form, 403 PERMISSION_DENIED for one that is not there.
    """
    kind, _, number = parent.partition("/")
    lookups: dict[str, Callable[[Store, str], Folder | Organization | None]] = {
        "folders": find_folder,
        "organizations": find_organization,
    }
    if kind not in lookups or not number.isdecimal():
        raise _issue("parent", f"invalid parent: {parent}")
    found = lookups[kind](store, number)
    if found is None or (isinstance(found, Folder) and found.state != ACTIVE):
        raise permission_denied()


def parent_name(store: Store, kind: str, identifier: str) -> str:
    """The name of a project, folder or organization that is there, a project's by its number, as Google answers it.

    Raises:
        CloudError: 403 PERMISSION_DENIED for one that is not there, or a project or folder in deletion.
    """
    if kind == "projects":
        return f"projects/{require_active(store, identifier).number}"
    name = f"{kind}/{identifier}"
    require_parent(store, name)
    return name


def ancestors(store: Store, name: str) -> list[str]:
    """The resource, by the name given, and what is above it, from itself up: `folders/N`…, `organizations/N`.

    Raises:
        CloudError: 403 PERMISSION_DENIED for an unknown project.
    """
    names = []
    while name:
        names.append(name)
        kind, _, identifier = name.partition("/")
        above: Project | Folder | None = None
        if kind == "projects":
            above = require(store, identifier)
        elif kind == "folders":
            above = find_folder(store, identifier)
        name = above.parent if above is not None else ""
    return names


def _issue(field: str, issue: str) -> CloudError:
    return invalid_argument(f"field [{field}] has issue [{issue}]", field, issue)


def _check_project_id(project_id: str) -> None:
    if not 6 <= len(project_id) <= 30:
        raise _issue("project_id", "project_id must be 6 to 30 characters long")
    if not _PROJECT_ID.fullmatch(project_id):
        raise _issue("project_id", "project_id contains invalid characters")
    if any(word in project_id for word in _FORBIDDEN_WORDS):
        raise _issue("project_id", "project_id contains a forbidden word")


def check_name(name: str) -> None:
    """Google's rule for a project's name: 4 to 30 letters, digits, hyphens, quotes, spaces, exclamation points."""
    if not 4 <= len(name) <= 30:
        raise _issue("display_name", "project display name must be 4 to 30 characters long")
    if not _NAME.fullmatch(name):
        raise _issue("display_name", "project display name contains invalid characters")


def check_labels(labels: dict[str, str]) -> None:
    """Google's rules for labels: lower case letters, digits, `_` and `-`; keys of 1 to 63, values of 0 to 63."""
    if len(labels) > _MAX_LABELS:
        raise _issue("labels", f"more than {_MAX_LABELS} labels")
    for key, value in labels.items():
        if not 1 <= len(key) <= 63 or not key[0].isalpha() or not _label_characters(key):
            raise _issue("labels", f"label key [{key}] does not conform to the requirements")
        if len(value) > 63 or not _label_characters(value):
            raise _issue("labels", f"label value [{value}] does not conform to the requirements")


def _label_characters(text: str) -> bool:
    return all(
        char in "-_" or ((char.isalpha() or char.isdecimal()) and char == char.lower()) for char in text
    )
