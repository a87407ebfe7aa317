"""Messages from their publication until they are acknowledged: at least once, in no order.

A row of the table is a message that one subscription still has to deliver, or to deliver again: not before `due`.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, unimplemented
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.times import micros, rfc3339, seconds
from sandbox.cloud.iam import grants
from sandbox.cloud.pubsub import disorder, filters, models, subscriptions

_ACK_ID: Final = re.compile(r"(\d{1,18})-(\d{1,9})")
_LARGEST: Final = 10_000_000
PUBLISH: Final = "pubsub.topics.publish"


def publish(store: Store, topic: str, messages: Sequence[JsonObject], now: datetime) -> list[str]:
    """Hand messages to every subscription of a topic; returns their ids.

    Raises:
        CloudError: 404 for a topic that is not there, 400 for no message, an empty one, or too much at once.
    """
    models.require_topic(store, topic)
    if not messages or any(not message.get("data") and not message.get("attributes") for message in messages):
        raise invalid_argument(
            "The message must contain either non-empty data or at least one attribute.", "messages"
        )
    chances = disorder.get(store)
    readers = [
        (each["name"], filters.parse(each.get("filter", ""))) for each in subscriptions.of_topic(store, topic)
    ]
    stamp, size = rfc3339(now), 0
    identifiers = [str(number) for number in store.next_values("pubsub-message", len(messages))]
    for identifier, message in zip(identifiers, messages, strict=True):
        body = json.dumps({**message, "messageId": identifier, "publishTime": stamp})
        size += len(body)
        if size > _LARGEST:
            raise invalid_argument(f"The request is above the limit of {_LARGEST} bytes.", "messages")
        for name, wants in readers:
            if wants(message.get("attributes", {})):
                for delay in chances.delays(store, name, identifier):
                    _insert(store, name, body, now, now + delay)
    return identifiers


def publish_as(store: Store, topic: str, messages: Sequence[JsonObject], now: datetime, member: str) -> bool:
    """Publish as one of Google's services or agents (`serviceAccount:…`) does.

    Args:
        store: the state.
        topic: the topic's name.
        messages: as `topics.publish` takes them: `data` in base64, `attributes`.
        now: the time.
        member: the publisher.

    Returns:
        False if there is no such topic, or the publisher lacks `pubsub.topics.publish` on it: nobody is notified then.
    """
    try:
        name = subscriptions.named_topic(store, topic)
        models.require_topic(store, name)
    except CloudError:
        return False
    if not grants.holds(store, member, PUBLISH, name):
        return False
    publish(store, name, messages, now)
    return True


def pull(store: Store, name: str, most: int, now: datetime) -> list[JsonObject]:
    """Messages that are due, the oldest first; each comes again if it is not acknowledged in time.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    subscription = subscriptions.require(store, name)
    forget_old(store, subscription, now)
    rows = store.rows(
        "SELECT * FROM pubsub_messages WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT ?",
        name,
        micros(now),
        most,
    )
    received = []
    for row in rows:
        if not bury(store, subscription, row, now):
            attempt = lease(store, subscription, row, now)
            counted = {"deliveryAttempt": attempt} if "deadLetterPolicy" in subscription else {}
            received.append(
                {"ackId": f"{row['id']}-{attempt}", "message": json.loads(row["body"]), **counted}
            )
    return received


def is_waiting(store: Store, name: str, now: datetime) -> bool:
    """True if a pull would bring something, or move it to the dead letters."""
    query = "SELECT 1 FROM pubsub_messages WHERE subscription = ? AND due <= ?"
    return store.row(query, name, micros(now)) is not None


def acknowledge(store: Store, name: str, ack_ids: Sequence[str]) -> None:
    """Forget messages.

    Raises:
        CloudError: 404 NOT_FOUND, 400 for what is no id.
    """
    subscriptions.require(store, name)
    for ack_id in ack_ids:
        number, _ = _parsed(ack_id)
        store.run("DELETE FROM pubsub_messages WHERE subscription = ? AND id = ?", name, number)


def modify_deadline(store: Store, name: str, ack_ids: Sequence[str], more: int, now: datetime) -> None:
    """Let messages come again so many seconds from now unless they are acknowledged before; 0 gives them back.

    Raises:
        CloudError: 404 NOT_FOUND, 400 for what is no id, or too long.
    """
    subscription = subscriptions.require(store, name)
    if not 0 <= more <= 600:
        raise invalid_argument(f"Invalid ack deadline given: {more}.", "ack_deadline_seconds")
    for ack_id in ack_ids:
        number, attempt = _parsed(ack_id)
        wait = timedelta(seconds=more) if more else backoff(subscription, attempt)
        if not more and "retryPolicy" not in subscription:
            wait = timedelta()
        store.run(
            "UPDATE pubsub_messages SET due = ? WHERE subscription = ? AND id = ? AND attempts = ?",
            micros(now + wait),
            name,
            number,
            attempt,
        )


def seek(store: Store, name: str, to: datetime, now: datetime) -> None:
    """Acknowledge what was published before a time, and let all that came since come again at once.

    Raises:
        CloudError: 404 NOT_FOUND, 501 for a subscription that is to keep what was acknowledged.
    """
    if subscriptions.require(store, name).get("retainAckedMessages"):
        raise unimplemented("a seek in a subscription with retainAckedMessages")
    store.run("DELETE FROM pubsub_messages WHERE subscription = ? AND published < ?", name, micros(to))
    store.run("UPDATE pubsub_messages SET due = min(due, ?) WHERE subscription = ?", micros(now), name)


def lease(store: Store, subscription: JsonObject, row: Row, now: datetime) -> int:
    """Count an attempt to deliver a message, which comes again after the deadline; returns the attempt's number."""
    attempt = int(row["attempts"]) + 1
    deadline = timedelta(seconds=subscription["ackDeadlineSeconds"])
    store.run(
        "UPDATE pubsub_messages SET attempts = ?, due = ? WHERE id = ?",
        attempt,
        micros(now + deadline),
        row["id"],
    )
    return attempt


def backoff(subscription: JsonObject, attempt: int) -> timedelta:
    """How long a message waits after so many attempts that failed."""
    policy = subscription.get("retryPolicy")
    # Without a policy of its own, a push endpoint that fails is asked ever less often.
    least, most = (0.1, 60.0) if policy is None else (
        seconds(policy["minimumBackoff"]),
        seconds(policy["maximumBackoff"]),
    )  # fmt: skip
    return timedelta(seconds=min(least * 2 ** min(attempt - 1, 30), most))


def bury(store: Store, subscription: JsonObject, row: Row, now: datetime) -> bool:
    """Move a message that was tried often enough to the topic of dead letters, if there is one.

    It stays if the service agent of Pub/Sub may not publish there, or not acknowledge it here.
    """
    policy = subscription.get("deadLetterPolicy")
    if policy is None or row["attempts"] < policy["maxDeliveryAttempts"]:
        return False
    name, topic = subscription["name"], policy["deadLetterTopic"]
    agent = f"serviceAccount:{models.service_agent(store, name.split('/')[1])}"
    if not grants.holds(store, agent, "pubsub.subscriptions.consume", name):
        return False
    message = json.loads(row["body"])
    source = {
        "CloudPubSubDeadLetterSourceDeliveryCount": str(row["attempts"]),
        "CloudPubSubDeadLetterSourceSubscription": name.rpartition("/")[2],
        "CloudPubSubDeadLetterSourceSubscriptionProject": name.split("/")[1],
        "CloudPubSubDeadLetterSourceTopicPublishTime": message["publishTime"],
    }
    letter = {
        **{key: message[key] for key in ("data", "orderingKey") if key in message},
        "attributes": {**message.get("attributes", {}), **source},
    }
    if not publish_as(store, topic, [letter], now, agent):
        return False
    store.run("DELETE FROM pubsub_messages WHERE id = ?", row["id"])
    return True


def forget_old(store: Store, subscription: JsonObject, now: datetime) -> None:
    """Forget the messages that are older than a subscription keeps them."""
    kept = timedelta(seconds=seconds(subscription["messageRetentionDuration"]))
    store.run(
        "DELETE FROM pubsub_messages WHERE subscription = ? AND published <= ?",
        subscription["name"],
        micros(now - kept),
    )


def set_back(store: Store, _: datetime, by: timedelta) -> None:
    """The clock is set back: what waits, or is leased, does so for as long as it would have."""
    micros_back = by // timedelta(microseconds=1)
    store.run("UPDATE pubsub_messages SET due = due - ?1, published = published - ?1", micros_back)


def _insert(store: Store, subscription: str, body: str, now: datetime, due: datetime) -> None:
    store.run(
        "INSERT INTO pubsub_messages (subscription, body, published, due, attempts) VALUES (?, ?, ?, ?, 0)",
        subscription,
        body,
        micros(now),
        micros(due),
    )


def _parsed(ack_id: str) -> tuple[int, int]:
    """The row and the attempt of an id."""
    found = _ACK_ID.fullmatch(ack_id)
    if found is None:
        raise invalid_argument(
            f"You have passed an invalid ack ID to the service (ack_id={ack_id[:100]}).", "ack_ids"
        )
    return int(found[1]), int(found[2])
