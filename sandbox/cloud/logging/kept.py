"""What is configured for the logs of projects, folders, organizations and billing accounts: sinks, buckets and more."""

import json
import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, JsonObject, already_exists, invalid_argument, not_found
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.logging.names import container

SCHEMA: Final = """
CREATE TABLE log_configuration (
    container TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (container, kind, id)
) WITHOUT ROWID;
"""
NODES: Final = ("projects", "folders", "organizations", "billingAccounts")
"""What has logs of its own."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LONGEST_DESCRIPTION: Final = 8_000


def owner(call: Call) -> str:
    """The resource that the path begins with: `projects/ID`, `folders/1`, …"""
    return container(call.store, "/".join(next(iter(call.path.values())).split("/")[:2]))


def everywhere(collection: str, *verbs: str) -> tuple[str, ...]:
    """The ids of a collection's methods of all nodes: `logging.folders.sinks.get`."""
    return tuple(f"logging.{node}.{collection}.{verb}" for node in NODES for verb in verbs)


def listed(store: Store, container: str, kind: str) -> dict[str, JsonObject]:
    """All of a kind that a resource has, by id."""
    rows = store.rows(
        "SELECT id, body FROM log_configuration WHERE container = ? AND kind = ? ORDER BY id", container, kind
    )
    return {row["id"]: json.loads(row["body"]) for row in rows}


def find(store: Store, container: str, kind: str, identifier: str) -> JsonObject | None:
    """One of a kind."""
    row = store.row(
        "SELECT body FROM log_configuration WHERE container = ? AND kind = ? AND id = ?",
        container,
        kind,
        identifier,
    )
    found: JsonObject | None = json.loads(row["body"]) if row else None
    return found


def require(store: Store, container: str, kind: str, identifier: str) -> JsonObject:
    """One of a kind (`sinks`).

    Raises:
        CloudError: 404.
    """
    found = find(store, container, kind, identifier)
    if found is None:
        raise missing(kind, identifier)
    return found


def missing(kind: str, identifier: str) -> CloudError:
    """404: there is no such thing."""
    return not_found(f"{_WORDS[kind]} {identifier} does not exist")


def require_free(store: Store, container: str, kind: str, identifier: str) -> None:
    """Check that there is none with this id yet.

    Raises:
        CloudError: 409.
    """
    if find(store, container, kind, identifier) is not None:
        raise already_exists(f"{_WORDS[kind]} {identifier} already exists")


def save(store: Store, container: str, kind: str, identifier: str, body: JsonObject) -> JsonObject:
    """Create or replace one of a kind; returns it."""
    store.run(
        "INSERT OR REPLACE INTO log_configuration VALUES (?, ?, ?, ?)",
        container,
        kind,
        identifier,
        json.dumps(body),
    )
    return body


def delete(store: Store, container: str, kind: str, identifier: str) -> None:
    """Delete one of a kind.

    Raises:
        CloudError: 404.
    """
    require(store, container, kind, identifier)
    store.run(
        "DELETE FROM log_configuration WHERE container = ? AND kind = ? AND id = ?",
        container,
        kind,
        identifier,
    )


def forget_namesake(store: Store, number: str) -> None:
    """Forget what a project had whose id is given out once more."""
    project = projects.require(store, number)
    store.run("DELETE FROM log_configuration WHERE container = ?", f"projects/{project.project_id}")


def stamped(call: Call, body: JsonObject, before: JsonObject | None = None) -> JsonObject:
    """A thing with the times of its creation and its last change."""
    now = rfc3339(call.now)
    return {**body, "createTime": before.get("createTime", now) if before else now, "updateTime": now}


def check_id(identifier: str, kind: str) -> None:
    """The id of a sink, an exclusion, a bucket or a view.

    Raises:
        CloudError: 400.
    """
    if not _ID.fullmatch(identifier):
        raise invalid_argument(
            f"{_WORDS[kind]} identifier {identifier!r} is not valid: up to 100 letters, digits, underscores, hyphens "
            "and periods, the first a letter or a digit."
        )


def check_description(body: JsonObject) -> None:
    """Refuse a description that is too long, with 400."""
    if len(body.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_argument(
            f"The description has more than {_LONGEST_DESCRIPTION} characters.", "description"
        )


_WORDS: Final = {
    "sinks": "Sink",
    "exclusions": "Exclusion",
    "metrics": "Metric",
    "buckets": "Bucket",
    "views": "View",
    "logScopes": "Log scope",
    "savedQueries": "Saved query",
}
