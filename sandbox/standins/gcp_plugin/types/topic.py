"""A Pub/Sub topic, and one member of one role on it."""

from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Call,
    Resource,
    Value,
    block,
    deletion_policy,
    last_segment,
    mapping,
    project,
    same_name,
    text,
    texts,
)
from sandbox.standins.gcp_plugin.types.iam_member import MEMBER_FIELDS, MemberLifecycle

_TOPIC = "projects/{project}/topics/{name}"

_UPDATING = "__updating"
"""Marks the plan of an update, whose body contains the topic; the body of a creation is the topic."""


def _wrapped(body: Value, plan: Any) -> Value:
    return {"topic": body} if plan.get(_UPDATING) else body


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
        "labels": mapping(sent=False, read=False),
        "pulumiLabels": mapping(output=True, sent=False, read=False),
        "effectiveLabels": mapping(output=True, wire="labels"),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_TOPIC,
    import_ids=(
        "projects/(?P<project>[^/]+)/topics/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<name>[^/]+)",
        "(?P<name>[^/]+)",
    ),
    create=Call("PUT", _TOPIC),
    read=Call("GET", _TOPIC),
    update=Call("PATCH", _TOPIC),
    delete=Call("DELETE", _TOPIC),
    masked=True,
    labels=True,
    encode=_wrapped,
)


class _TopicLifecycle(Lifecycle):
    """A refresh sees what became of the program's own labels."""

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        return await super().update(context, resource_id, {**plan, _UPDATING: True}, changed)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        state = await super().read(context, {name: v for name, v in properties.items() if name != _UPDATING})
        if state is None:
            return None
        every = state.properties.get("effectiveLabels") or {}
        ours = {
            name: None
            if properties.get(name) is None
            else {label: every[label] for label in properties[name] if label in every}
            for name in ("labels", "pulumiLabels")
        }
        return State(state.id, {**state.properties, **ours})


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
    import_ids=(r"projects/(?P<project>[^/]+)/topics/(?P<topic>[^/ ]+) (?P<role>\S+) (?P<member>\S+)",),
    create=Call("POST", "projects/{project}/topics/{topic}:setIamPolicy"),
    read=Call("GET", "projects/{project}/topics/{topic}:getIamPolicy"),
)


class _MemberLifecycle(MemberLifecycle):
    """A member of a topic's policy."""

    kind = "pubsub topic"

    @override
    def path(self, properties: Properties) -> str:
        return f"projects/{properties['project']}/topics/{last_segment(properties['topic'])}"

    @override
    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        known = {**properties, "topic": last_segment(properties["topic"])}
        return known, {**properties, "topic": self.path(properties)}

    @override
    async def policy(self, context: Context, properties: Properties) -> Json:
        return await context.google.send(
            "pubsub",
            "GET",
            f"{self.path(properties)}:getIamPolicy",
            user_project=context.config.user_project(properties.get("project")),
        )

    @override
    async def set_policy(self, context: Context, properties: Properties, policy: Json) -> None:
        await context.google.send(
            "pubsub",
            "POST",
            f"{self.path(properties)}:setIamPolicy",
            body={"policy": policy},
            user_project=context.config.user_project(properties.get("project")),
        )


TOPIC_LIFECYCLE = _TopicLifecycle(TOPIC)
MEMBER_LIFECYCLE = _MemberLifecycle(MEMBER)
