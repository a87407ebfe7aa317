"""Push: what is due is sent to the endpoints of subscriptions, with an ID token if one is asked for."""

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.core.timeline import Delivery
from sandbox.cloud.core.times import from_micros, micros
from sandbox.cloud.pubsub import messages, subscriptions
from sandbox.cloud.reach import addressed

_ACKNOWLEDGED: Final = frozenset({102, 200, 201, 202, 204})
_MOST_AT_ONCE: Final = 100


def due(store: Store) -> datetime | None:
    """When the next message is to be pushed."""
    row = store.row(
        # One look into the index for each: a join would read all that waits in other subscriptions to be pulled.
        "SELECT min((SELECT min(due) FROM pubsub_messages WHERE subscription = each.name)) AS due "
        "FROM pubsub_subscriptions AS each WHERE pushes = 1"
    )
    return from_micros(row["due"]) if row is not None and row["due"] is not None else None


def work(store: Store, now: datetime) -> list[Delivery]:
    """Lease what is due to deliveries."""
    rows = store.rows(
        "SELECT pubsub_messages.* FROM pubsub_subscriptions AS each CROSS JOIN pubsub_messages "
        "ON subscription = each.name WHERE pushes = 1 AND due <= ? ORDER BY due, id LIMIT ?",
        micros(now),
        _MOST_AT_ONCE,
    )
    found: dict[str, JsonObject] = {}
    deliveries = []
    for row in rows:
        name = row["subscription"]
        if name not in found:
            found[name] = subscriptions.require(store, name)
            messages.forget_old(store, found[name], now)
        if store.row("SELECT 1 FROM pubsub_messages WHERE id = ?", row["id"]) is None:
            continue
        if messages.bury(store, found[name], row, now):
            continue
        delivery = _delivery(store, found[name], row, now)
        if delivery is not None:
            deliveries.append(delivery)
    return deliveries


def _delivery(store: Store, subscription: JsonObject, row: Row, now: datetime) -> Delivery | None:
    """The delivery of a message; None if there is nowhere to send it, which counts as an attempt that failed."""
    attempt = messages.lease(store, subscription, row, now)
    done = _settle(subscription["name"], row["id"], attempt)
    push = subscription["pushConfig"]
    sent = addressed(store, push["pushEndpoint"], push.get("oidcToken"), subscription["name"], now)
    if sent is None:
        done(store, now, None)
        return None
    url, own = sent
    headers, body = _request(subscription, json.loads(row["body"]), attempt)
    return Delivery(url, {**headers, **own}, body, float(subscription["ackDeadlineSeconds"]), done)


def _request(subscription: JsonObject, message: JsonObject, attempt: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery, as Google sends it."""
    headers = {"User-Agent": "CloudPubSub-Google", "From": "noreply@google.com", "Accept": "application/json"}
    bare = subscription["pushConfig"].get("noWrapper")
    if bare is not None:
        if bare.get("writeMetadata"):
            headers |= {
                "x-goog-pubsub-subscription-name": subscription["name"],
                "x-goog-pubsub-message-id": message["messageId"],
                "x-goog-pubsub-publish-time": message["publishTime"],
                **message.get("attributes", {}),
            }
        return headers, b64decode(message.get("data", ""))
    envelope: JsonObject = {
        "message": {
            **({"attributes": message["attributes"]} if message.get("attributes") else {}),
            "data": message.get("data", ""),
            "messageId": message["messageId"],
            "message_id": message["messageId"],
            "publishTime": message["publishTime"],
            "publish_time": message["publishTime"],
        },
        "subscription": subscription["name"],
    }
    if "deadLetterPolicy" in subscription:
        envelope["deliveryAttempt"] = attempt
    return {**headers, "Content-Type": "application/json"}, json.dumps(envelope).encode()


def _settle(name: str, number: int, attempt: int) -> Callable[[Store, datetime, int | None], None]:
    """What the answer to an attempt does to the message: it is forgotten, or comes again later."""

    def done(store: Store, now: datetime, status: int | None) -> None:
        if status in _ACKNOWLEDGED:
            store.run("DELETE FROM pubsub_messages WHERE id = ?", number)
            return
        row = store.row("SELECT body, topic FROM pubsub_subscriptions WHERE name = ?", name)
        if row is None:
            return
        wait = messages.backoff(json.loads(row["body"]), attempt)
        store.run(
            "UPDATE pubsub_messages SET due = ? WHERE id = ? AND attempts = ?",
            micros(now + max(wait, timedelta(milliseconds=1))),
            number,
            attempt,
        )

    return done
