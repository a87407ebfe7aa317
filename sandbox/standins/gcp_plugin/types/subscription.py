"""A Pub/Sub subscription, as far as a pull or push subscription needs it, and one member of one role on it."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    block,
    deletion_policy,
    flag,
    integer,
    label_fields,
    last_segment,
    mapping,
    project,
    same_name,
    text,
)
from sandbox.standins.gcp_plugin.types.iam_member import IMPORTED, MEMBER_FIELDS, MemberLifecycle
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT
from sandbox.standins.gcp_plugin.types.pubsub import MESSAGE_TRANSFORMS, PubSubLifecycle

_SUBSCRIPTION = "projects/{project}/subscriptions/{name}"
_LONGEST_FILTER = 256


def _filter_problem(value: Value) -> str | None:
    if len(value) <= _LONGEST_FILTER:
        return None
    return f'"{{name}}" ("{value}") doesn\'t match regexp "^[\\\\s\\\\S]{{0,{_LONGEST_FILTER}}}$"'


def _same_duration(old: Value, new: Value) -> bool:
    """True if two durations in seconds, such as `3s` and `3.0s`, are of the same length."""
    try:
        return float(str(old).removesuffix("s")) == float(str(new).removesuffix("s"))
    except ValueError:
        return False


def _same_attributes(old: Value, new: Value) -> bool:
    """Google may leave the version of the format out."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return {**old, "x-goog-version": new.get("x-goog-version")} == new


def _expiration(value: Value) -> Value:
    """An empty policy says that the subscription never expires."""
    return None if value is None else {"ttl": value.get("ttl", "")}


def _wrapped(body: Json, _: Mapping[str, Any]) -> Json:
    """The body of a creation is the subscription; that of an update contains what of it can change alone."""
    fixed = {field.wire or name for name, field in SUBSCRIPTION.fields.items() if field.replaces}
    return {"subscription": {name: value for name, value in body.items() if name not in fixed}}


def _of_full_topic(body: Json, plan: Mapping[str, Any]) -> Json:
    topic = str(body.get("topic", ""))
    return {**body, "topic": topic if "/" in topic else f"projects/{plan['project']}/topics/{topic}"}


SUBSCRIPTION = Resource(
    urn_type="gcp:pubsub/subscription:Subscription",
    service="pubsub",
    title="Subscription",
    long_title="PubsubSubscription",
    fields={
        "name": text(required=True, replaces=True, sent=False, from_wire=last_segment),
        "topic": text(required=True, replaces=True, same=same_name),
        "pushConfig": block(
            {
                "attributes": mapping(same=_same_attributes),
                "noWrapper": block({"writeMetadata": flag(required=True, always_sent=True)}),
                "oidcToken": block({"audience": text(), "serviceAccountEmail": text(required=True)}),
                "pushEndpoint": text(required=True),
            }
        ),
        "bigqueryConfig": block(
            {
                "dropUnknownFields": flag(),
                "serviceAccountEmail": text(),
                "table": text(required=True),
                "useTableSchema": flag(),
                "useTopicSchema": flag(),
                "writeMetadata": flag(),
            }
        ),
        "cloudStorageConfig": block(
            {
                "avroConfig": block({"useTopicSchema": flag(), "writeMetadata": flag()}),
                "bucket": text(required=True),
                "filenameDatetimeFormat": text(),
                "filenamePrefix": text(),
                "filenameSuffix": text(),
                "maxBytes": integer(),
                "maxDuration": text(default="300s"),
                "maxMessages": integer(),
                "serviceAccountEmail": text(),
                "state": text(output=True),
                "textConfig": block({"state": text(output=True)}, computed=True),
            }
        ),
        "messageTransforms": MESSAGE_TRANSFORMS,
        "ackDeadlineSeconds": integer(computed=True),
        "messageRetentionDuration": text(default="604800s"),
        "retainAckedMessages": flag(),
        "expirationPolicy": block(
            {"ttl": text(required=True, same=_same_duration)},
            computed=True,
            always_sent=True,
            from_wire=_expiration,
        ),
        "filter": text(replaces=True, check=_filter_problem),
        "deadLetterPolicy": block(
            {"deadLetterTopic": text(), "maxDeliveryAttempts": integer()}, always_sent=True
        ),
        "retryPolicy": block(
            {
                "maximumBackoff": text(computed=True, same=_same_duration),
                "minimumBackoff": text(computed=True, same=_same_duration),
            },
            always_sent=True,
        ),
        "enableMessageOrdering": flag(replaces=True),
        "enableExactlyOnceDelivery": flag(),
        "tags": mapping(replaces=True, read=False),
        **label_fields(),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_SUBSCRIPTION,
    import_ids=(
        "projects/(?P<project>[^/]+)/subscriptions/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call("PUT", _SUBSCRIPTION),
    read=Call("GET", _SUBSCRIPTION),
    update=Call("PATCH", _SUBSCRIPTION),
    delete=Call("DELETE", _SUBSCRIPTION),
    masked=True,
    # So that the account that writes to BigQuery can be changed.
    always_masked=("bigqueryConfig",),
    labels=True,
    encode_creation=_of_full_topic,
    encode_update=_wrapped,
)


MEMBER = Resource(
    urn_type="gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    service="pubsub",
    title="subscription IAM member",
    long_title="pubsub subscription IAM member",
    fields={
        "subscription": text(required=True, replaces=True, same=same_name, sent=False, read=False),
        **MEMBER_FIELDS,
        "project": project(),
    },
    id="{path}/{role}/{member}",
    import_ids=(rf"(?P<subscription>projects/[^/]+/subscriptions/[^/ ]+) {IMPORTED}",),
    create=Call("POST", "{path}:setIamPolicy", GO_CLIENT),
    read=Call("GET", "{path}:getIamPolicy", GO_CLIENT),
    timeouts_min={},
    placed_late=True,
)


class _MemberLifecycle(MemberLifecycle):
    """A member of a subscription's policy. The state has the subscription's name as the program wrote it."""

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        return super().id({**properties, "path": self._path(properties)})

    @override
    def described(self, properties: Properties) -> str:
        return f'pubsub subscription "{self._path(properties)}"'

    def _path(self, properties: Mapping[str, Value]) -> str:
        name = str(properties["subscription"])
        return name if "/" in name else f"projects/{properties['project']}/subscriptions/{name}"

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        state = await super().create(context, _with_project(context, plan))
        return State(state.id, {**state.properties, "project": plan.get("project")})

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        # The provider's project is in no state.
        state = await super().read(context, _with_project(context, properties))
        return state and State(state.id, {**state.properties, "project": properties.get("project")})

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        await super().remove(context, _with_project(context, state))

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await self._call(context, MEMBER.read, {**properties, "path": self._path(properties)})

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        named = {**properties, "path": self._path(properties)}
        await self._call(context, MEMBER.create, named, {"policy": policy})


def _with_project(context: Context, properties: Properties) -> Properties:
    return {**properties, "project": properties.get("project") or context.config.defaults.project}


LIFECYCLE = PubSubLifecycle(SUBSCRIPTION)
MEMBER_LIFECYCLE = _MemberLifecycle(MEMBER)
