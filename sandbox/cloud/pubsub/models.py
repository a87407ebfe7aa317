"""Topics: state and Google's rules for them; names and tables of all that Pub/Sub has."""

import json
import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam
from sandbox.cloud.core.errors import CloudError, JsonObject, already_exists, invalid_argument, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import seconds
from sandbox.cloud.serviceusage import identities

SCHEMA = """
CREATE TABLE pubsub_topics (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pubsub_subscriptions (
    name TEXT PRIMARY KEY, project TEXT NOT NULL, topic TEXT NOT NULL, pushes INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE pubsub_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    body TEXT NOT NULL,
    published INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL
);
CREATE INDEX pubsub_messages_due ON pubsub_messages (subscription, due);
CREATE INDEX pubsub_messages_age ON pubsub_messages (subscription, published);
"""
_ID: Final = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")
#: How long a topic may keep messages.
_RETENTION_S: Final = (600, 31 * 24 * 60 * 60)
#: What a deleted topic's subscriptions are left with.
DELETED_TOPIC: Final = "_deleted-topic_"


def topic_name(store: Store, project: str, topic_id: str) -> str:
    """A topic's name, with the project by its id, as Google answers it.

    Raises:
        CloudError: 403 for a project that is not there, 400 for what is no topic's id.
    """
    return _name(store, project, "topics", topic_id)


def subscription_name(store: Store, project: str, subscription_id: str) -> str:
    """A subscription's name. Raises as `topic_name`."""
    return _name(store, project, "subscriptions", subscription_id)


def _name(store: Store, project: str, kind: str, identifier: str) -> str:
    found = projects.require_active(store, project)
    if not _ID.fullmatch(identifier):
        raise invalid_argument(
            f"Invalid [{kind}] name: (name=projects/{project}/{kind}/{identifier}). Refer to "
            "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more information."
        )
    return f"projects/{found.project_id}/{kind}/{identifier}"


def create_topic(store: Store, name: str, body: JsonObject) -> JsonObject:
    """Create a topic.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a bad retention, 409 ALREADY_EXISTS.
    """
    _check_retention(body)
    if store.row("SELECT 1 FROM pubsub_topics WHERE name = ?", name):
        raise taken(name)
    topic = {**body, "name": name}
    store.run("INSERT INTO pubsub_topics VALUES (?, ?, ?)", name, name.split("/")[1], json.dumps(topic))
    return topic


def _check_retention(topic: JsonObject) -> None:
    kept = topic.get("messageRetentionDuration")
    if kept and not _RETENTION_S[0] <= seconds(kept) <= _RETENTION_S[1]:
        raise invalid_argument(
            f"message_retention_duration must be from 10 minutes to 31 days, not {kept}.",
            "topic.message_retention_duration",
        )


def require_topic(store: Store, name: str) -> JsonObject:
    """A topic.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body FROM pubsub_topics WHERE name = ?", name)
    if row is None:
        raise missing(name)
    topic: JsonObject = json.loads(row["body"])
    return topic


def save_topic(store: Store, topic: JsonObject) -> JsonObject:
    """Store a changed topic.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a bad retention.
    """
    _check_retention(topic)
    store.run("UPDATE pubsub_topics SET body = ? WHERE name = ?", json.dumps(topic), topic["name"])
    return topic


def topics(store: Store, project: str) -> list[JsonObject]:
    """The topics of a project, by name."""
    project_id = projects.require_active(store, project).project_id
    rows = store.rows("SELECT body FROM pubsub_topics WHERE project = ? ORDER BY name", project_id)
    return [json.loads(row["body"]) for row in rows]


def delete_topic(store: Store, name: str) -> None:
    """Delete a topic; its subscriptions stay, without one.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    require_topic(store, name)
    store.run("DELETE FROM pubsub_topics WHERE name = ?", name)
    store.run("UPDATE pubsub_subscriptions SET topic = ? WHERE topic = ?", DELETED_TOPIC, name)
    iam.forget(store, name)


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its topics and subscriptions."""
    project = projects.find(store, number)
    if project is None:
        return
    store.run(
        "DELETE FROM pubsub_messages WHERE subscription IN "
        "(SELECT name FROM pubsub_subscriptions WHERE project = ?)",
        project.project_id,
    )
    for table in ("pubsub_topics", "pubsub_subscriptions"):
        store.run(f"DELETE FROM {table} WHERE project = ?", project.project_id)  # noqa: S608 two known names


def service_agent(store: Store, project: str) -> str:
    """The account by which Pub/Sub itself acts for a project."""
    return identities.address(identities.PUBSUB, projects.require(store, project).number)


def missing(name: str) -> CloudError:
    """404 for a topic or a subscription."""
    return not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")


def taken(name: str) -> CloudError:
    """409 for a topic or a subscription."""
    return already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
