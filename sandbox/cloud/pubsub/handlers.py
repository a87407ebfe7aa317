"""Pub/Sub v1, method by method."""

from datetime import datetime

from sandbox.cloud.core import iam, masks, paging
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, unimplemented
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.pubsub import messages, models, subscriptions

handlers = Handlers()

_TOPICS = "pubsub.projects.topics"
_SUBSCRIPTIONS = "pubsub.projects.subscriptions"
_FIXED = {"name", "kmsKeyName"}
_MOST_PULLED = 1000


def _topic(call: Call) -> str:
    return models.topic_name(call.store, call.ids[0], call.ids[1])


def _subscription(call: Call) -> str:
    return models.subscription_name(call.store, call.ids[0], call.ids[1])


@handlers(f"{_TOPICS}.create")
def create_topic(call: Call) -> JsonObject:
    return models.create_topic(call.store, _topic(call), call.body)


@handlers(f"{_TOPICS}.get")
def get_topic(call: Call) -> JsonObject:
    return models.require_topic(call.store, _topic(call))


@handlers(f"{_TOPICS}.list")
def list_topics(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        models.topics(call.store, call.ids[0]), lambda topic: str(topic["name"])
    )
    return ({"topics": page} if page else {}) | token


@handlers(f"{_TOPICS}.patch")
def patch_topic(call: Call) -> JsonObject:
    topic = models.require_topic(call.store, _topic(call))
    mask = call.body.get("updateMask", "")
    if not mask:
        raise invalid_argument("The update_mask in the UpdateTopicRequest must be set.", "update_mask")
    patch = {**call.body.get("topic", {})}
    field = call.message.fields["topic"].message
    if field is None:
        raise LookupError("UpdateTopicRequest.topic is no message")
    paths = masks.parse(mask, field())
    if fixed := {path[0] for path in paths} & _FIXED:
        raise invalid_argument(f"The field {', '.join(sorted(fixed))} is immutable.", "update_mask")
    return models.save_topic(call.store, masks.apply(paths, topic, patch))


@handlers(f"{_TOPICS}.delete")
def delete_topic(call: Call) -> JsonObject:
    models.delete_topic(call.store, _topic(call))
    return {}


@handlers(f"{_TOPICS}.publish")
def publish(call: Call) -> JsonObject:
    return {"messageIds": messages.publish(call.store, _topic(call), call.body.get("messages", []), call.now)}


@handlers(f"{_TOPICS}.subscriptions.list")
def list_subscriptions_of_topic(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        [str(each["name"]) for each in subscriptions.of_topic(call.store, _existing(call))], str
    )
    return ({"subscriptions": page} if page else {}) | token


@handlers(f"{_TOPICS}.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    return iam.get_policy(call.store, _existing(call), call.query.get("options.requestedPolicyVersion", 0))


@handlers(f"{_TOPICS}.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    return iam.set_requested(call, _existing(call))


@handlers(f"{_TOPICS}.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    return iam.permissions_held(call, _existing(call), "pubsub.topics.")


def _existing(call: Call) -> str:
    return str(models.require_topic(call.store, _topic(call))["name"])


@handlers(f"{_SUBSCRIPTIONS}.create")
def create_subscription(call: Call) -> JsonObject:
    return subscriptions.create(call.store, _subscription(call), call.body)


@handlers(f"{_SUBSCRIPTIONS}.get")
def get_subscription(call: Call) -> JsonObject:
    return subscriptions.require(call.store, _subscription(call))


@handlers(f"{_SUBSCRIPTIONS}.list")
def list_subscriptions(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        subscriptions.of_project(call.store, call.ids[0]), lambda each: str(each["name"])
    )
    return ({"subscriptions": page} if page else {}) | token


@handlers(f"{_SUBSCRIPTIONS}.patch")
def patch_subscription(call: Call) -> JsonObject:
    field = call.message.fields["subscription"].message
    if field is None:
        raise LookupError("UpdateSubscriptionRequest.subscription is no message")
    changes, mask = call.body.get("subscription", {}), call.body.get("updateMask", "")
    return subscriptions.patch(call.store, _subscription(call), changes, mask, field())


@handlers(f"{_SUBSCRIPTIONS}.delete")
def delete_subscription(call: Call) -> JsonObject:
    subscriptions.delete(call.store, _subscription(call))
    return {}


@handlers(f"{_SUBSCRIPTIONS}.modifyPushConfig")
def modify_push_config(call: Call) -> JsonObject:
    subscriptions.set_push(call.store, _subscription(call), call.body.get("pushConfig", {}))
    return {}


@handlers(f"{_SUBSCRIPTIONS}.pull")
def pull(call: Call) -> JsonObject:
    most = call.body.get("maxMessages", 0)
    if most < 1:
        raise invalid_argument("The value for max_messages is too small.", "max_messages")
    if subscriptions.require(call.store, _subscription(call))["pushConfig"].get("pushEndpoint"):
        raise failed_precondition("This method is not supported for this subscription type.")
    received = messages.pull(call.store, _subscription(call), min(most, _MOST_PULLED), call.now)
    return {"receivedMessages": received} if received else {}


@handlers(f"{_SUBSCRIPTIONS}.acknowledge")
def acknowledge(call: Call) -> JsonObject:
    messages.acknowledge(call.store, _subscription(call), call.body.get("ackIds", []))
    return {}


@handlers(f"{_SUBSCRIPTIONS}.modifyAckDeadline")
def modify_ack_deadline(call: Call) -> JsonObject:
    ack_ids, more = call.body.get("ackIds", []), call.body.get("ackDeadlineSeconds", 0)
    messages.modify_deadline(call.store, _subscription(call), ack_ids, more, call.now)
    return {}


@handlers(f"{_SUBSCRIPTIONS}.seek")
def seek(call: Call) -> JsonObject:
    if "time" not in call.body:
        raise unimplemented("a seek to a snapshot")
    messages.seek(call.store, _subscription(call), datetime.fromisoformat(call.body["time"]), call.now)
    return {}


@handlers(f"{_SUBSCRIPTIONS}.getIamPolicy")
def get_subscription_policy(call: Call) -> JsonObject:
    version = call.query.get("options.requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _existing_subscription(call), version)


@handlers(f"{_SUBSCRIPTIONS}.setIamPolicy")
def set_subscription_policy(call: Call) -> JsonObject:
    return iam.set_requested(call, _existing_subscription(call))


@handlers(f"{_SUBSCRIPTIONS}.testIamPermissions")
def test_subscription_permissions(call: Call) -> JsonObject:
    return iam.permissions_held(call, _existing_subscription(call), "pubsub.subscriptions.")


def _existing_subscription(call: Call) -> str:
    return str(subscriptions.require(call.store, _subscription(call))["name"])
