"""A Pub/Sub topic, and one member of one role on it."""

from collections.abc import Mapping
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
    flag,
    label_fields,
    last_segment,
    mapping,
    project,
    same_name,
    text,
    texts,
)
from sandbox.standins.gcp_plugin.types.iam_member import IMPORTED, MEMBER_FIELDS, MemberLifecycle
from sandbox.standins.gcp_plugin.types.pubsub import MESSAGE_TRANSFORMS, PubSubLifecycle

_SEVERITIES = ("SEVERITY_UNSPECIFIED", "DISABLED", "DEBUG", "INFO", "WARNING", "ERROR", "")
_INGESTION = {
    "awsKinesis": block(
        {
            "awsRoleArn": text(required=True),
            "consumerArn": text(required=True),
            "gcpServiceAccount": text(required=True),
            "streamArn": text(required=True),
        }
    ),
    "awsMsk": block(
        {
            "awsRoleArn": text(required=True),
            "clusterArn": text(required=True),
            "gcpServiceAccount": text(required=True),
            "topic": text(required=True),
        }
    ),
    "azureEventHubs": block(
        {
            "clientId": text(),
            "eventHub": text(),
            "gcpServiceAccount": text(),
            "namespace": text(),
            "resourceGroup": text(),
            "subscriptionId": text(),
            "tenantId": text(),
        }
    ),
    "cloudStorage": block(
        {
            "avroFormat": block({}, always_sent=True),
            "bucket": text(required=True),
            "matchGlob": text(),
            "minimumObjectCreateTime": text(),
            "pubsubAvroFormat": block({}, always_sent=True),
            "textFormat": block({"delimiter": text(default="\n")}),
        }
    ),
    "confluentCloud": block(
        {
            "bootstrapServer": text(required=True),
            "clusterId": text(),
            "gcpServiceAccount": text(required=True),
            "identityPoolId": text(required=True),
            "topic": text(required=True),
        }
    ),
    "platformLogsSettings": block({"severity": text(default="SEVERITY_UNSPECIFIED", choices=_SEVERITIES)}),
}
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
        "messageStoragePolicy": block(
            {"allowedPersistenceRegions": texts(required=True), "enforceInTransit": flag()}, computed=True
        ),
        "messageRetentionDuration": text(),
        "ingestionDataSourceSettings": block(_INGESTION),
        "messageTransforms": MESSAGE_TRANSFORMS,
        "schemaSettings": block(
            {
                "encoding": text(choices=("ENCODING_UNSPECIFIED", "JSON", "BINARY", "")),
                "firstRevisionId": text(),
                "lastRevisionId": text(),
                "schema": text(required=True),
            }
        ),
        "tags": mapping(replaces=True, read=False),
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
    placed_late=True,
)


class _MemberLifecycle(MemberLifecycle):
    """A member of a topic's policy."""

    @override
    def id(self, properties: Mapping[str, Value]) -> str:
        return super().id({**properties, "topic": last_segment(properties["topic"])})

    @override
    def described(self, properties: Properties) -> str:
        return f'pubsub topic "{self._path(properties)}"'

    def _path(self, properties: Properties) -> str:
        return f"projects/{properties['project']}/topics/{last_segment(properties['topic'])}"

    @override
    def shown(self, properties: Properties) -> tuple[Properties, Properties]:
        return properties, {**properties, "topic": self._path(properties)}

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
