"""What Pub/Sub's methods need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, permission_denied
from sandbox.cloud.core.permissions import Need, Rule, anyone, every, in_body, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.iam.acting import acts_as

_TOPICS: Final = "pubsub.projects.topics"
_SUBSCRIPTIONS: Final = "pubsub.projects.subscriptions"
_EACH: Final = on_path(2)


def _pushes_as(call: Call) -> str:
    """The service account of the ID tokens that a call wants to be sent; "" for none."""
    body = call.body.get("subscription", call.body)
    return str(body.get("pushConfig", {}).get("oidcToken", {}).get("serviceAccountEmail", ""))


_PUSHES_AS: Final = acts_as(_pushes_as)

PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_TOPICS}.create": needs("pubsub.topics.create", on_path()),
    f"{_TOPICS}.list": needs("pubsub.topics.list", on_path()),
    f"{_TOPICS}.get": needs("pubsub.topics.get", _EACH),
    f"{_TOPICS}.patch": needs("pubsub.topics.update", _EACH),
    f"{_TOPICS}.delete": needs("pubsub.topics.delete", _EACH),
    f"{_TOPICS}.publish": needs("pubsub.topics.publish", _EACH),
    f"{_TOPICS}.subscriptions.list": needs("pubsub.topics.get", _EACH),
    f"{_TOPICS}.getIamPolicy": needs("pubsub.topics.getIamPolicy", _EACH),
    f"{_TOPICS}.setIamPolicy": needs("pubsub.topics.setIamPolicy", _EACH),
    f"{_TOPICS}.testIamPermissions": anyone,
    f"{_SUBSCRIPTIONS}.create": every(
        needs("pubsub.subscriptions.create", on_path()),
        needs("pubsub.topics.attachSubscription", in_body("topic")),
        _PUSHES_AS,
    ),
    f"{_SUBSCRIPTIONS}.patch": every(needs("pubsub.subscriptions.update", _EACH), _PUSHES_AS),
    f"{_SUBSCRIPTIONS}.modifyPushConfig": every(needs("pubsub.subscriptions.update", _EACH), _PUSHES_AS),
    f"{_SUBSCRIPTIONS}.list": needs("pubsub.subscriptions.list", on_path()),
    f"{_SUBSCRIPTIONS}.get": needs("pubsub.subscriptions.get", _EACH),
    f"{_SUBSCRIPTIONS}.delete": needs("pubsub.subscriptions.delete", _EACH),
    f"{_SUBSCRIPTIONS}.seek": needs("pubsub.subscriptions.consume", _EACH),
    f"{_SUBSCRIPTIONS}.pull": needs("pubsub.subscriptions.consume", _EACH),
    f"{_SUBSCRIPTIONS}.acknowledge": needs("pubsub.subscriptions.consume", _EACH),
    f"{_SUBSCRIPTIONS}.modifyAckDeadline": needs("pubsub.subscriptions.consume", _EACH),
    f"{_SUBSCRIPTIONS}.getIamPolicy": needs("pubsub.subscriptions.getIamPolicy", _EACH),
    f"{_SUBSCRIPTIONS}.setIamPolicy": needs("pubsub.subscriptions.setIamPolicy", _EACH),
    f"{_SUBSCRIPTIONS}.testIamPermissions": anyone,
}


def denied(_call: Call, _need: Need) -> CloudError:
    """Pub/Sub's refusal, which names nothing."""
    return permission_denied("User not authorized to perform this action.")
