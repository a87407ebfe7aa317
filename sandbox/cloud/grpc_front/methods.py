"""The methods of gRPC, and the REST call that each is.

Source: the `google.api.http` annotations of google/pubsub/v1/pubsub.proto, google/iam/v1/iam_policy.proto and
google/monitoring/v3/{metric,alert,notification}_service.proto. What is not here is answered with UNIMPLEMENTED.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple

_EMPTY: Final = "google.protobuf.Empty"


class Rule(NamedTuple):
    """A method as REST has it.

    Attributes:
        verb: the HTTP method.
        path: with fields of the request in braces, each with all of a resource's name.
        body: the field that is the body; `*` for all that the path lacks, and empty for none: the rest is the query.
        request: the full name of the request's message.
        answer: the full name of the answer's message.
    """

    verb: str
    path: str
    body: str
    request: str
    answer: str


def _in(package: str, root: str, verb: str, path: str, body: str, request: str, answer: str = _EMPTY) -> Rule:
    """A method whose messages are of one package, but for an answer that is empty."""
    answer = answer if "." in answer else f"{package}.{answer}"
    return Rule(verb, f"{root}/{path}", body, f"{package}.{request}", answer)


_pubsub: Final = partial(_in, "google.pubsub.v1", "pubsub/v1")
_monitoring: Final = partial(_in, "google.monitoring.v3", "monitoring/v3")


def _policy(verb: str, method: str, body: str, request: str, answer: str) -> Rule:
    return _in("google.iam.v1", "pubsub/v1", verb, f"{{resource}}:{method}", body, request, answer)


STREAMING_PULL: Final = "StreamingPull"
SUBSCRIBER: Final = "google.pubsub.v1.Subscriber"
PULL: Final = _pubsub("POST", "{subscription}:pull", "*", "PullRequest", "PullResponse")
ACKNOWLEDGE: Final = _pubsub("POST", "{subscription}:acknowledge", "*", "AcknowledgeRequest")
MODIFY_DEADLINE: Final = _pubsub("POST", "{subscription}:modifyAckDeadline", "*", "ModifyAckDeadlineRequest")

METHODS: Final[Mapping[str, Mapping[str, Rule]]] = {
    "google.pubsub.v1.Publisher": {
        "CreateTopic": _pubsub("PUT", "{name}", "*", "Topic", "Topic"),
        "UpdateTopic": _pubsub("PATCH", "{topic.name}", "*", "UpdateTopicRequest", "Topic"),
        "Publish": _pubsub("POST", "{topic}:publish", "*", "PublishRequest", "PublishResponse"),
        "GetTopic": _pubsub("GET", "{topic}", "", "GetTopicRequest", "Topic"),
        "ListTopics": _pubsub("GET", "{project}/topics", "", "ListTopicsRequest", "ListTopicsResponse"),
        "ListTopicSubscriptions": _pubsub(
            "GET",
            "{topic}/subscriptions",
            "",
            "ListTopicSubscriptionsRequest",
            "ListTopicSubscriptionsResponse",
        ),
        "DeleteTopic": _pubsub("DELETE", "{topic}", "", "DeleteTopicRequest"),
    },
    SUBSCRIBER: {
        "CreateSubscription": _pubsub("PUT", "{name}", "*", "Subscription", "Subscription"),
        "GetSubscription": _pubsub("GET", "{subscription}", "", "GetSubscriptionRequest", "Subscription"),
        "UpdateSubscription": _pubsub(
            "PATCH", "{subscription.name}", "*", "UpdateSubscriptionRequest", "Subscription"
        ),
        "ListSubscriptions": _pubsub(
            "GET", "{project}/subscriptions", "", "ListSubscriptionsRequest", "ListSubscriptionsResponse"
        ),
        "DeleteSubscription": _pubsub("DELETE", "{subscription}", "", "DeleteSubscriptionRequest"),
        "ModifyPushConfig": _pubsub(
            "POST", "{subscription}:modifyPushConfig", "*", "ModifyPushConfigRequest"
        ),
        "Pull": PULL,
        "Acknowledge": ACKNOWLEDGE,
        "ModifyAckDeadline": MODIFY_DEADLINE,
    },
    "google.iam.v1.IAMPolicy": {
        "GetIamPolicy": _policy("GET", "getIamPolicy", "", "GetIamPolicyRequest", "Policy"),
        "SetIamPolicy": _policy("POST", "setIamPolicy", "*", "SetIamPolicyRequest", "Policy"),
        "TestIamPermissions": _policy(
            "POST",
            "testIamPermissions",
            "*",
            "TestIamPermissionsRequest",
            "TestIamPermissionsResponse",
        ),
    },
    "google.monitoring.v3.MetricService": {
        "ListTimeSeries": _monitoring(
            "GET", "{name}/timeSeries", "", "ListTimeSeriesRequest", "ListTimeSeriesResponse"
        ),
        "CreateTimeSeries": _monitoring("POST", "{name}/timeSeries", "*", "CreateTimeSeriesRequest"),
    },
    "google.monitoring.v3.AlertPolicyService": {
        "ListAlertPolicies": _monitoring(
            "GET", "{name}/alertPolicies", "", "ListAlertPoliciesRequest", "ListAlertPoliciesResponse"
        ),
        "GetAlertPolicy": _monitoring("GET", "{name}", "", "GetAlertPolicyRequest", "AlertPolicy"),
        "CreateAlertPolicy": _monitoring(
            "POST", "{name}/alertPolicies", "alert_policy", "CreateAlertPolicyRequest", "AlertPolicy"
        ),
        "UpdateAlertPolicy": _monitoring(
            "PATCH", "{alert_policy.name}", "alert_policy", "UpdateAlertPolicyRequest", "AlertPolicy"
        ),
        "DeleteAlertPolicy": _monitoring("DELETE", "{name}", "", "DeleteAlertPolicyRequest"),
    },
    "google.monitoring.v3.NotificationChannelService": {
        "ListNotificationChannels": _monitoring(
            "GET",
            "{name}/notificationChannels",
            "",
            "ListNotificationChannelsRequest",
            "ListNotificationChannelsResponse",
        ),
        "GetNotificationChannel": _monitoring(
            "GET", "{name}", "", "GetNotificationChannelRequest", "NotificationChannel"
        ),
        "CreateNotificationChannel": _monitoring(
            "POST",
            "{name}/notificationChannels",
            "notification_channel",
            "CreateNotificationChannelRequest",
            "NotificationChannel",
        ),
        "UpdateNotificationChannel": _monitoring(
            "PATCH",
            "{notification_channel.name}",
            "notification_channel",
            "UpdateNotificationChannelRequest",
            "NotificationChannel",
        ),
        "DeleteNotificationChannel": _monitoring("DELETE", "{name}", "", "DeleteNotificationChannelRequest"),
    },
}
