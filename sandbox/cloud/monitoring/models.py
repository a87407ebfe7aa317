"""Notification channels, alert policies and dashboards: their state."""

import json
from datetime import datetime

from sandbox.cloud.core.errors import JsonObject, already_exists, failed_precondition, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE monitoring (
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (project, kind, id)
) WITHOUT ROWID;
CREATE TABLE alert_watch (project TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
"""
CHANNELS = "notificationChannels"
POLICIES = "alertPolicies"
DASHBOARDS = "dashboards"
SNOOZES = "snoozes"
CHECKS = "uptimeCheckConfigs"


def listed(store: Store, project: str, kind: str) -> list[JsonObject]:
    """All of a kind in a project, by id, each with its `id`."""
    rows = store.rows(
        "SELECT id, body FROM monitoring WHERE project = ? AND kind = ? ORDER BY id", project, kind
    )
    return [{"id": row["id"], **json.loads(row["body"])} for row in rows]


def find(store: Store, project: str, kind: str, identifier: str) -> JsonObject:
    """One of a kind, as it was saved.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row(
        "SELECT body FROM monitoring WHERE project = ? AND kind = ? AND id = ?", project, kind, identifier
    )
    if row is None:
        raise not_found(f"{kind}/{identifier} was not found.")
    body: JsonObject = json.loads(row["body"])
    return body


def save(store: Store, project: str, kind: str, identifier: str, body: JsonObject) -> None:
    """Create or replace one of a kind."""
    store.run(
        "INSERT OR REPLACE INTO monitoring VALUES (?, ?, ?, ?)", project, kind, identifier, json.dumps(body)
    )
    _look_at(store, project, kind)


def require_free(store: Store, project: str, kind: str, identifier: str) -> None:
    """Check that an id that a caller has chosen is not taken.

    Raises:
        CloudError: 409 ALREADY_EXISTS.
    """
    if store.row(
        "SELECT 1 FROM monitoring WHERE project = ? AND kind = ? AND id = ?", project, kind, identifier
    ):
        raise already_exists(f"{kind}/{identifier} already exists.")


def new_id(store: Store) -> str:
    """An id as Google gives them: digits."""
    return str(1_000_000_000_000_000_000 + store.next_value("monitoring") * 104_729)


def delete(store: Store, project: str, kind: str, identifier: str) -> None:
    """Delete one of a kind.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    find(store, project, kind, identifier)
    store.run("DELETE FROM monitoring WHERE project = ? AND kind = ? AND id = ?", project, kind, identifier)
    _look_at(store, project, kind)


def _look_at(store: Store, project: str, kind: str) -> None:
    """Have a project's alert policies evaluated at once: one of them has changed, or whether it is snoozed."""
    if kind in (POLICIES, SNOOZES):
        store.run("INSERT OR REPLACE INTO alert_watch VALUES (?, 0)", project)


def release_channel(store: Store, project: str, name: str, *, force: bool) -> None:
    """Before a channel goes: take it out of the policies that name it, when forced.

    Raises:
        CloudError: 400 FAILED_PRECONDITION when a policy names it and force is not given.
    """
    for policy in listed(store, project, POLICIES):
        channels = policy.get("notificationChannels", [])
        if name not in channels:
            continue
        if not force:
            raise failed_precondition(
                f"Cannot delete notification channel {name}: it is used by the alerting policy {policy['name']}."
            )
        identifier = policy.pop("id")
        policy["notificationChannels"] = [channel for channel in channels if channel != name]
        save(store, project, POLICIES, identifier, policy)


def stamp(now: datetime) -> JsonObject:
    """A MutationRecord."""
    return {"mutateTime": rfc3339(now), "mutatedBy": "local@example.com"}
