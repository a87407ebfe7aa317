"""A Pub/Sub topic, and one member of one role on it."""

from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    block,
    deletion_policy,
    label_fields,
    last_segment,
    project,
    same_name,
    text,
    texts,
)
from sandbox.standins.gcp_plugin.types.iam_member import IMPORTED, MEMBER_FIELDS, MemberLifecycle
from sandbox.standins.gcp_plugin.types.labelled import PubSubLifecycle

_TOPIC = "projects/{project}/topics/{name}"


def _wrapped(body: Value, _: Any) -> Value:
    """The body of a creation is the topic; that of an update contains it."""
    return {"topic": body}


TOPIC = Resource(
    urn_type="gcp:pubsub/topic:Topic",
    service="pubsub",
    title="Topic",
    long_title="PubsubTopic",
    fields={
        "kmsKeyName": text(),
        "messageStoragePolicy": block({"allowedPersistenceRegions": texts()}, computed=True),
        "messageRetentionDuration": text(),
        "name": text(computed=True, replaces=True, sent=False, same=same_name, from_wire=last_segment),
        **label_fields(),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_TOPIC,
    import_ids=(
        "projects/(?P<project>[^/]+)/topics/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call("PUT", _TOPIC),
    read=Call("GET", _TOPIC),
    update=Call("PATCH", _TOPIC),
    delete=Call("DELETE", _TOPIC),
    masked=True,
    labels=True,
    encode_update=_wrapped,
)


MEMBER = Resource(
    urn_type="gcp:pubsub/topicIAMMember:TopicIAMMember",
    service="pubsub",
    title="topic IAM member",
    long_title="pubsub topic IAM member",
    fields={
        "topic": text(required=True, replaces=True, same=same_name, sent=False, read=False),
        **MEMBER_FIELDS,
        "project": project(),
    },
    id="projects/{project}/topics/{topic}/{role}/{member}",
    import_ids=(rf"projects/(?P<project>[^/]+)/topics/(?P<topic>[^/ ]+) {IMPORTED}",),
    create=Call("POST", "projects/{project}/topics/{topic}:setIamPolicy"),
    read=Call("GET", "projects/{project}/topics/{topic}:getIamPolicy"),
)


class _MemberLifecycle(MemberLifecycle):
    """A member of a topic's policy."""

    @override
    def described(self, properties: Properties) -> str:
        return f'pubsub topic "{self._path(properties)}"'

    def _path(self, properties: Properties) -> str:
        return f"projects/{properties['project']}/topics/{last_segment(properties['topic'])}"

    @override
    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        known = {**properties, "topic": last_segment(properties["topic"])}
        return known, {**properties, "topic": self._path(properties)}

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await context.google.send(
            "pubsub",
            "GET",
            f"{self._path(properties)}:getIamPolicy",
            user_project=context.config.user_project(properties.get("project")),
        )

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        await context.google.send(
            "pubsub",
            "POST",
            f"{self._path(properties)}:setIamPolicy",
            body={"policy": policy},
            user_project=context.config.user_project(properties.get("project")),
        )


TOPIC_LIFECYCLE = PubSubLifecycle(TOPIC)
MEMBER_LIFECYCLE = _MemberLifecycle(MEMBER)
