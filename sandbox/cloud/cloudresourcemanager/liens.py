"""Resource Manager's liens, the same in v1 and v3: what keeps a project from being deleted."""

import json
from typing import Final

from sandbox.cloud.cloudresourcemanager import models
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE liens (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
"""
handlers = Handlers()

_DELETION: Final = "resourcemanager.projects.delete"
_MAX_TEXT: Final = 200


def require_none(store: Store, project: Project) -> None:
    """Check that nothing keeps a project from being deleted.

    Raises:
        CloudError: 400 FAILED_PRECONDITION.
    """
    for lien in _of_project(store, project.number):
        raise failed_precondition(
            f"A lien to prevent deletion was placed on the project by [{lien.get('origin', '')}]. Remove the lien to "
            "allow deletion."
        )


@handlers("cloudresourcemanager.liens.create")
def create(call: Call) -> JsonObject:
    project = _project(call.store, call.body.get("parent", ""))
    restrictions = call.body.get("restrictions", [])
    if not restrictions or set(restrictions) - {_DELETION}:
        raise invalid_argument(f"A lien restricts {_DELETION}.", "restrictions")
    for name in ("origin", "reason"):
        if len(call.body.get(name, "")) > _MAX_TEXT:
            raise invalid_argument(f"{name} must be at most {_MAX_TEXT} characters.", name)
    body = {
        "name": f"liens/p{project.number}-l{call.store.next_value('lien') * 2_654_435_761 % 2**32:08x}",
        "parent": f"projects/{project.number}",
        "restrictions": restrictions,
        **{name: call.body[name] for name in ("reason", "origin") if call.body.get(name)},
        "createTime": rfc3339(call.now),
    }
    call.store.run("INSERT INTO liens VALUES (?, ?, ?)", body["name"], project.number, json.dumps(body))
    return body


@handlers("cloudresourcemanager.liens.get")
def get(call: Call) -> JsonObject:
    row = call.store.row("SELECT body FROM liens WHERE name = ?", call.path["name"])
    if row is None:
        raise not_found()
    found: JsonObject = json.loads(row["body"])
    return found


@handlers("cloudresourcemanager.liens.list")
def list_(call: Call) -> JsonObject:
    found = _of_project(call.store, _project(call.store, call.query.get("parent", "")).number)
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        found, lambda lien: str(lien["name"])
    )
    return ({"liens": page} if page else {}) | token


@handlers("cloudresourcemanager.liens.delete")
def delete(call: Call) -> JsonObject:
    if not call.store.run("DELETE FROM liens WHERE name = ?", call.path["name"]):
        raise not_found()
    return {}


def _project(store: Store, parent: str) -> Project:
    kind, _, identifier = parent.partition("/")
    if kind != "projects" or not identifier:
        raise invalid_argument(f"Invalid parent: {parent}. Write projects/NUMBER.", "parent")
    return models.require_active(store, identifier)


def _of_project(store: Store, number: str) -> list[JsonObject]:
    rows = store.rows("SELECT body FROM liens WHERE project = ? ORDER BY name", number)
    return [json.loads(row["body"]) for row in rows]
