"""Subscriptions: state and Google's rules for them."""

import json
from typing import Final
from urllib.parse import urlsplit

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, masks
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.messages import Message
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import seconds
from sandbox.cloud.iam.acting import require_account
from sandbox.cloud.pubsub import filters
from sandbox.cloud.pubsub.models import missing, require_topic, taken, topic_name

_FIXED: Final = frozenset({"name", "topic", "filter", "enableMessageOrdering", "state"})
_UNSERVED: Final = (
    "bigqueryConfig",
    "cloudStorageConfig",
    "enableExactlyOnceDelivery",
    "enableMessageOrdering",
    "messageTransforms",
)
_MINUTE: Final = 60
_DAY: Final = 24 * 60 * _MINUTE
_DEFAULTS: Final[JsonObject] = {
    "pushConfig": {},
    "ackDeadlineSeconds": 10,
    "messageRetentionDuration": "604800s",
    "expirationPolicy": {"ttl": "2678400s"},
    "state": "ACTIVE",
}
_ATTEMPTS: Final = (5, 100)


def create(store: Store, name: str, body: JsonObject) -> JsonObject:
    """Create a subscription.

    Raises:
        CloudError: 409 ALREADY_EXISTS, 404 for a topic that is not there, 400 for a bad value.
    """
    if store.row("SELECT 1 FROM pubsub_subscriptions WHERE name = ?", name):
        raise taken(name)
    topic = named_topic(store, body.get("topic", ""))
    require_topic(store, topic)
    subscription = _complete(store, {**_DEFAULTS, **body, "name": name, "topic": topic})
    store.run(
        "INSERT INTO pubsub_subscriptions VALUES (?, ?, ?, ?, ?)",
        name,
        name.split("/")[1],
        topic,
        _pushes(subscription),
        json.dumps(subscription),
    )
    return subscription


def require(store: Store, name: str) -> JsonObject:
    """A subscription, with its topic as it is now.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body, topic FROM pubsub_subscriptions WHERE name = ?", name)
    if row is None:
        raise missing(name)
    return _read(row)


def of_project(store: Store, project: str) -> list[JsonObject]:
    """The subscriptions of a project, by name."""
    project_id = projects.require_active(store, project).project_id
    rows = store.rows(
        "SELECT body, topic FROM pubsub_subscriptions WHERE project = ? ORDER BY name", project_id
    )
    return [_read(row) for row in rows]


def of_topic(store: Store, topic: str) -> list[JsonObject]:
    """A topic's subscriptions, by name."""
    rows = store.rows("SELECT body, topic FROM pubsub_subscriptions WHERE topic = ? ORDER BY name", topic)
    return [_read(row) for row in rows]


def patch(store: Store, name: str, changes: JsonObject, mask: str, message: Message) -> JsonObject:
    """Change what the mask names.

    Raises:
        CloudError: 404 NOT_FOUND, 400 for a bad mask or value.
    """
    current = require(store, name)
    if not mask:
        raise invalid_argument("The update_mask in the UpdateSubscriptionRequest must be set.", "update_mask")
    paths = masks.parse(mask, message)
    if fixed := {path[0] for path in paths} & _FIXED:
        raise invalid_argument(f"The field {', '.join(sorted(fixed))} is immutable.", "update_mask")
    changed = masks.apply(paths, current, changes)
    return _save(store, _complete(store, {**_DEFAULTS, **changed}))


def set_push(store: Store, name: str, push: JsonObject) -> None:
    """Set where messages are pushed; an empty configuration makes the subscription wait for pulls.

    Raises:
        CloudError: 404 NOT_FOUND, 400 for a bad endpoint.
    """
    _save(store, _complete(store, {**require(store, name), "pushConfig": push}))


def delete(store: Store, name: str) -> None:
    """Delete a subscription and what it holds.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    require(store, name)
    store.run("DELETE FROM pubsub_subscriptions WHERE name = ?", name)
    store.run("DELETE FROM pubsub_messages WHERE subscription = ?", name)
    iam.forget(store, name)


def named_topic(store: Store, topic: str) -> str:
    """A topic's name as it is kept: with the project by its id.

    Raises:
        CloudError: 400 for what is no topic's name, 403 for a project that is not there.
    """
    parts = topic.split("/")
    if len(parts) != 4 or (parts[0], parts[2]) != ("projects", "topics"):
        raise invalid_argument(f"Invalid resource name given (name={topic}).", "topic")
    return topic_name(store, parts[1], parts[3])


def _read(row: Row) -> JsonObject:
    return {**json.loads(row["body"]), "topic": row["topic"]}


def _save(store: Store, subscription: JsonObject) -> JsonObject:
    store.run(
        "UPDATE pubsub_subscriptions SET body = ?, pushes = ? WHERE name = ?",
        json.dumps(subscription),
        _pushes(subscription),
        subscription["name"],
    )
    return subscription


def _pushes(subscription: JsonObject) -> bool:
    return bool(subscription["pushConfig"].get("pushEndpoint"))


def _complete(store: Store, subscription: JsonObject) -> JsonObject:
    """The subscription with what Google adds.

    Raises:
        CloudError: 400 for a bad value, 501 for what the local cloud does not serve.
    """
    for field in _UNSERVED:
        if subscription.get(field):
            raise unimplemented(f"the field {field} of a subscription")
    deadline = subscription["ackDeadlineSeconds"] or _DEFAULTS["ackDeadlineSeconds"]
    if not 10 <= deadline <= 600:
        raise invalid_argument(f"Invalid ack deadline given: {deadline}.", "ack_deadline_seconds")
    _require_between(
        subscription["messageRetentionDuration"], 10 * _MINUTE, 31 * _DAY, "message_retention_duration"
    )
    lifetime = subscription["expirationPolicy"].get("ttl")
    if lifetime:
        _require_between(lifetime, _DAY, 365 * 10 * _DAY, "expiration_policy.ttl")
    filters.parse(subscription.get("filter", ""))
    complete = {**subscription, "ackDeadlineSeconds": deadline}
    if "retryPolicy" in subscription:
        complete["retryPolicy"] = _retry_policy(subscription["retryPolicy"])
    if "deadLetterPolicy" in subscription:
        complete["deadLetterPolicy"] = _dead_letter_policy(store, subscription["deadLetterPolicy"])
    complete["pushConfig"] = _push_config(store, subscription["name"], subscription["pushConfig"])
    return complete


def _require_between(duration: str, least: int, most: int, field: str) -> None:
    if not least <= seconds(duration) <= most:
        raise invalid_argument(f"{field} must be from {least}s to {most}s, not {duration}.", field)


def _retry_policy(policy: JsonObject) -> JsonObject:
    complete = {"minimumBackoff": "10s", "maximumBackoff": "600s", **policy}
    for name in ("minimumBackoff", "maximumBackoff"):
        _require_between(complete[name], 0, 600, "retry_policy")
    if seconds(complete["minimumBackoff"]) > seconds(complete["maximumBackoff"]):
        raise invalid_argument("The minimum backoff is above the maximum backoff.", "retry_policy")
    return complete


def _dead_letter_policy(store: Store, policy: JsonObject) -> JsonObject:
    attempts = policy.get("maxDeliveryAttempts") or _ATTEMPTS[0]
    if not _ATTEMPTS[0] <= attempts <= _ATTEMPTS[1]:
        raise invalid_argument(
            "max_delivery_attempts must be from 5 to 100.", "dead_letter_policy.max_delivery_attempts"
        )
    topic = named_topic(store, policy.get("deadLetterTopic", ""))
    require_topic(store, topic)
    return {"deadLetterTopic": topic, "maxDeliveryAttempts": attempts}


def _push_config(store: Store, subscription: str, push: JsonObject) -> JsonObject:
    endpoint = push.get("pushEndpoint", "")
    if not endpoint:
        return {}
    address = urlsplit(endpoint)
    # Google pushes to https alone; the local cloud's own functions are at http.
    if address.scheme not in ("http", "https") or not address.hostname or address.fragment:
        raise _bad_endpoint(endpoint)
    email = push.get("oidcToken", {}).get("serviceAccountEmail", "")
    if "oidcToken" in push:
        require_account(store, email, subscription.split("/")[1], "push_config.oidc_token")
    return {"attributes": {"x-goog-version": "v1"}, **push} if "noWrapper" not in push else push


def _bad_endpoint(endpoint: str) -> CloudError:
    return invalid_argument(
        f"Invalid push endpoint given (endpoint={endpoint}). Refer to "
        "https://cloud.google.com/pubsub/docs/push for more information.",
        "push_config.push_endpoint",
    )
