"""Topics, subscriptions and messages: state and Google's rules for them."""

import json
import re
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, JsonObject, already_exists, invalid_argument, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE pubsub_topics (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pubsub_subscriptions (
    name TEXT PRIMARY KEY, project TEXT NOT NULL, topic TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE pubsub_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL, body TEXT NOT NULL
);
"""
_ID: Final = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")
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
        CloudError: 409 ALREADY_EXISTS.
    """
    if store.row("SELECT 1 FROM pubsub_topics WHERE name = ?", name):
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    topic = {**body, "name": name}
    store.run("INSERT INTO pubsub_topics VALUES (?, ?, ?)", name, name.split("/")[1], json.dumps(topic))
    return topic


def require_topic(store: Store, name: str) -> JsonObject:
    """A topic.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body FROM pubsub_topics WHERE name = ?", name)
    if row is None:
        raise _missing(name)
    topic: JsonObject = json.loads(row["body"])
    return topic


def save_topic(store: Store, topic: JsonObject) -> JsonObject:
    """Store a changed topic."""
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
    store.run("DELETE FROM iam_policies WHERE resource = ?", name)


def publish(store: Store, name: str, messages: list[JsonObject], now: datetime) -> list[str]:
    """Hand messages to every subscription of a topic; returns their ids.

    Raises:
        CloudError: 404 for a topic that is not there, 400 for no message or an empty one.
    """
    require_topic(store, name)
    if not messages or any(not message.get("data") and not message.get("attributes") for message in messages):
        raise invalid_argument(
            "The message must contain either non-empty data or at least one attribute.", "messages"
        )
    subscribed = store.rows("SELECT name FROM pubsub_subscriptions WHERE topic = ?", name)
    identifiers = []
    for message in messages:
        identifier = str(store.next_value("pubsub-message"))
        body = json.dumps({**message, "messageId": identifier, "publishTime": rfc3339(now)})
        for row in subscribed:
            store.run("INSERT INTO pubsub_messages (subscription, body) VALUES (?, ?)", row["name"], body)
        identifiers.append(identifier)
    return identifiers


def create_subscription(store: Store, name: str, body: JsonObject) -> JsonObject:
    """Create a subscription.

    Raises:
        CloudError: 409 ALREADY_EXISTS, 404 for a topic that is not there.
    """
    if store.row("SELECT 1 FROM pubsub_subscriptions WHERE name = ?", name):
        raise already_exists(f"Resource already exists in the project (resource={name.rpartition('/')[2]}).")
    topic = body.get("topic", "")
    require_topic(store, topic)
    subscription = {
        "pushConfig": {},
        "ackDeadlineSeconds": 10,
        "messageRetentionDuration": "604800s",
        "state": "ACTIVE",
        **body,
        "name": name,
    }
    store.run(
        "INSERT INTO pubsub_subscriptions VALUES (?, ?, ?, ?)",
        name,
        name.split("/")[1],
        topic,
        json.dumps(subscription),
    )
    return subscription


def require_subscription(store: Store, name: str) -> JsonObject:
    """A subscription, with its topic as it is now.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body, topic FROM pubsub_subscriptions WHERE name = ?", name)
    if row is None:
        raise _missing(name)
    return {**json.loads(row["body"]), "topic": row["topic"]}


def subscriptions(store: Store, project: str) -> list[JsonObject]:
    """The subscriptions of a project, by name."""
    project_id = projects.require_active(store, project).project_id
    rows = store.rows("SELECT name FROM pubsub_subscriptions WHERE project = ? ORDER BY name", project_id)
    return [require_subscription(store, row["name"]) for row in rows]


def subscriptions_of(store: Store, topic: str) -> list[str]:
    """The names of a topic's subscriptions."""
    require_topic(store, topic)
    rows = store.rows("SELECT name FROM pubsub_subscriptions WHERE topic = ? ORDER BY name", topic)
    return [row["name"] for row in rows]


def delete_subscription(store: Store, name: str) -> None:
    """Delete a subscription and what it holds. Raises as `require_subscription`."""
    require_subscription(store, name)
    store.run("DELETE FROM pubsub_subscriptions WHERE name = ?", name)
    store.run("DELETE FROM pubsub_messages WHERE subscription = ?", name)


def pull(store: Store, name: str, most: int) -> list[JsonObject]:
    """The oldest messages that are not acknowledged; they stay until they are. Raises as `require_subscription`."""
    require_subscription(store, name)
    rows = store.rows("SELECT * FROM pubsub_messages WHERE subscription = ? ORDER BY id LIMIT ?", name, most)
    return [{"ackId": f"ack-{row['id']}", "message": json.loads(row["body"])} for row in rows]


def acknowledge(store: Store, name: str, ack_ids: list[str]) -> None:
    """Forget messages. Raises as `require_subscription`."""
    require_subscription(store, name)
    for ack_id in ack_ids:
        store.run(
            "DELETE FROM pubsub_messages WHERE subscription = ? AND id = ?", name, ack_id.removeprefix("ack-")
        )


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its topics and subscriptions."""
    project = projects.find(store, number)
    if project is not None:
        for table in ("pubsub_topics", "pubsub_subscriptions"):
            store.run(f"DELETE FROM {table} WHERE project = ?", project.project_id)  # noqa: S608 two known names


def _missing(name: str) -> CloudError:
    return not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
