"""What a project has at Compute Engine: its own settings, networks, subnetworks and firewall rules, as JSON."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute.errors import exists, no_resource
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store

SCHEMA: Final = """
CREATE TABLE compute_projects (project TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE compute_resources (
    project TEXT NOT NULL,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, kind, scope, name)
) WITHOUT ROWID;
"""
API: Final = "https://www.googleapis.com/compute/v1/"
"""What links begin with, whatever address the API is reached at."""
GLOBAL: Final = "global"
_PACIFIC_WINTER: Final = timezone(timedelta(hours=-8))
"""Compute Engine writes its times in Pacific time; without daylight saving here."""


def stamp(now: datetime) -> str:
    """A time as Compute Engine writes it: `2026-11-27T06:00:00.123-08:00`."""
    return now.astimezone(_PACIFIC_WINTER).isoformat(timespec="milliseconds")


def project_of(store: Store, id_or_number: str) -> Project:
    """The active project of a path.

    Raises:
        CloudError: 404 for one that is not there.
    """
    project = projects.find(store, id_or_number)
    if project is None or project.state != projects.ACTIVE:
        raise no_resource(f"projects/{id_or_number}")
    return project


def path_of(project: Project, scope: str, kind: str, name: str) -> str:
    """The path of a resource in messages and links: `projects/P/global/networks/N`."""
    return f"projects/{project.project_id}/{scope}/{kind}/{name}"


def new_id(store: Store) -> str:
    """The next id of a resource: 19 digits, as Google's."""
    return str(1_000_000_000_000_000_000 + store.next_value("compute") * 7_919_104_729_001 % 10**18)


def fingerprint(value: object) -> str:
    """Changes with what it is of: 8 bytes, in Base64."""
    return b64encode(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()[:8]).decode()


def find(store: Store, project: Project, scope: str, kind: str, name: str) -> JsonObject | None:
    """A resource by its name or its id."""
    for body in of_kind(store, project, kind, scope):
        if name in (body["name"], body["id"]):
            return body
    return None


def require(store: Store, project: Project, scope: str, kind: str, name: str) -> JsonObject:
    """A resource by its name or its id.

    Raises:
        CloudError: 404.
    """
    found = find(store, project, scope, kind, name)
    if found is None:
        raise no_resource(path_of(project, scope, kind, name))
    return found


def of_kind(store: Store, project: Project, kind: str, scope: str = "") -> Sequence[JsonObject]:
    """The resources of a kind, by name; without `scope`, those of all regions, by region."""
    rows = store.rows(
        "SELECT body FROM compute_resources WHERE project = ? AND kind = ? AND ? IN ('', scope) ORDER BY scope, name",
        project.number,
        kind,
        scope,
    )
    return [json.loads(row["body"]) for row in rows]


def add(
    store: Store, now: datetime, project: Project, scope: str, kind: str, settings: JsonObject
) -> JsonObject:
    """Create a resource; `settings` has its name.

    Raises:
        CloudError: 409 for a name in use.
    """
    path = path_of(project, scope, kind, settings["name"])
    if find(store, project, scope, kind, settings["name"]) is not None:
        raise exists(path)
    body = {
        "kind": f"compute#{kind.removesuffix('s')}",
        "id": new_id(store),
        "creationTimestamp": stamp(now),
        **settings,
        "selfLink": f"{API}{path}",
    }
    save(store, project, scope, kind, body)
    return body


def save(store: Store, project: Project, scope: str, kind: str, body: JsonObject) -> None:
    """Store a resource's fields."""
    store.run(
        "INSERT OR REPLACE INTO compute_resources VALUES (?, ?, ?, ?, ?)",
        project.number,
        scope,
        kind,
        body["name"],
        json.dumps(body),
    )


def remove(store: Store, project: Project, scope: str, kind: str, name: str) -> None:
    """Delete a resource."""
    store.run(
        "DELETE FROM compute_resources WHERE project = ? AND scope = ? AND kind = ? AND name = ?",
        project.number,
        scope,
        kind,
        name,
    )


def settings(store: Store, project: Project) -> JsonObject | None:
    """A project's own settings; None before the API is first enabled in it."""
    row = store.row("SELECT body FROM compute_projects WHERE project = ?", project.number)
    found: JsonObject | None = None if row is None else json.loads(row["body"])
    return found


def save_settings(store: Store, project: Project, body: JsonObject) -> None:
    """Store a project's own settings."""
    store.run("INSERT OR REPLACE INTO compute_projects VALUES (?, ?)", project.number, json.dumps(body))
