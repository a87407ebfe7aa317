"""A Pub/Sub topic, and one member of one role on it."""

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
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

_TOPIC = "projects/{project}/topics/{name}"
_ATTEMPTS = 10


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
        "role": text(required=True, replaces=True, sent=False, read=False),
        "member": text(required=True, replaces=True, sent=False, read=False),
        "condition": block(
            {
                "expression": text(required=True, replaces=True),
                "title": text(required=True, replaces=True),
                "description": text(replaces=True),
            },
            replaces=True,
            sent=False,
            read=False,
        ),
        "etag": text(output=True, sent=False),
        "project": project(),
    },
    id="projects/{project}/topics/{topic}/{role}/{member}",
    import_ids=(r"projects/(?P<project>[^/]+)/topics/(?P<topic>[^/ ]+) (?P<role>\S+) (?P<member>\S+)",),
    create=Call("POST", "projects/{project}/topics/{topic}:setIamPolicy"),
    read=Call("GET", "projects/{project}/topics/{topic}:getIamPolicy"),
)


class _MemberLifecycle(Lifecycle):
    """A member of the topic's policy, which is read, changed and written; repeated after a concurrent change."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        await self._changed(context, plan, lambda members: sorted({*members, plan["member"]}))
        state = await self.read(context, plan)
        if state is None:
            raise ResourceError(
                f"{plan['member']} is not in the policy of {plan['topic']} after it was added"
            )
        return state

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        try:
            policy = await self._policy(context, properties)
        except GoogleError as error:
            if error.code == 404:
                return None
            raise ResourceError(str(error)) from error
        if properties["member"] not in _members(policy, properties["role"]):
            return None
        known = {**properties, "topic": last_segment(properties["topic"])}
        shown = f"projects/{known['project']}/topics/{known['topic']}"
        return State(self.id(known), {**properties, "topic": shown, "etag": policy.get("etag", "")})

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        try:
            await self._changed(
                context, state, lambda members: [each for each in members if each != state["member"]]
            )
        except ResourceError as error:
            if "404" not in str(error):
                raise

    async def _policy(self, context: Context, properties: Properties) -> Json:
        return await context.google.send(
            "pubsub",
            "GET",
            f"{_path(properties)}:getIamPolicy",
            user_project=context.config.user_project(properties.get("project")),
        )

    async def _changed(
        self, context: Context, properties: Properties, change: Callable[[list[str]], list[str]]
    ) -> None:
        async with context.locks[f"iam/{_path(properties)}"]:
            for _ in range(_ATTEMPTS):
                try:
                    policy = await self._policy(context, properties)
                    role = properties["role"]
                    others = [entry for entry in policy.get("bindings", []) if entry["role"] != role]
                    members = change(_members(policy, role))
                    bindings = [*others, *([{"members": members, "role": role}] if members else [])]
                    kept = {"bindings": bindings} if bindings else {}
                    body = {"policy": {**kept, "etag": policy.get("etag", ""), "version": 3}}
                    await context.google.send(
                        "pubsub",
                        "POST",
                        f"{_path(properties)}:setIamPolicy",
                        body=body,
                        user_project=context.config.user_project(properties.get("project")),
                    )
                except GoogleError as error:
                    if error.code != 409:
                        raise ResourceError(f"Error applying IAM policy for pubsub topic: {error}") from error
                    await asyncio.sleep(0.05)
                else:
                    return
        raise ResourceError("Error applying IAM policy for pubsub topic: too many concurrent changes")


def _path(properties: Properties) -> str:
    return f"projects/{properties['project']}/topics/{last_segment(properties['topic'])}"


def _members(policy: Json, role: str) -> list[str]:
    return [
        member
        for entry in policy.get("bindings", [])
        if entry["role"] == role
        for member in entry.get("members", [])
    ]


TOPIC_LIFECYCLE = _TopicLifecycle(TOPIC)
MEMBER_LIFECYCLE = _MemberLifecycle(MEMBER)
