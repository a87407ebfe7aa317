"""A Cloud Run function (second generation), as far as one of an archive in a bucket needs it."""

from collections.abc import Mapping

from sandbox.standins.gcp_plugin.google import Json
from sandbox.standins.gcp_plugin.lifecycle import Lifecycle
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    block,
    blocks,
    deletion_policy,
    flag,
    integer,
    label_fields,
    last_segment,
    mapping,
    project,
    text,
    texts,
)

_FUNCTIONS = "projects/{project}/locations/{location}/functions"
_FUNCTION = f"{_FUNCTIONS}/{{name}}"
_INGRESS = ("ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB", "")
_EGRESS = ("VPC_CONNECTOR_EGRESS_SETTINGS_UNSPECIFIED", "PRIVATE_RANGES_ONLY", "ALL_TRAFFIC", "")
_DIRECT_EGRESS = ("VPC_EGRESS_ALL_TRAFFIC", "VPC_EGRESS_PRIVATE_RANGES_ONLY", "")
_RETRIED = ("RETRY_POLICY_UNSPECIFIED", "RETRY_POLICY_DO_NOT_RETRY", "RETRY_POLICY_RETRY", "")
_ADDED = "LOG_EXECUTION_ID"
"""A variable that Google sets in every function."""


def _named(body: Json, plan: Mapping[str, Value]) -> Json:
    """A creation says the name; the path of an update does."""
    return {
        **body,
        "name": f"projects/{plan['project']}/locations/{plan['location']}/functions/{plan['name']}",
    }


def _decoded(answer: Json, kept: Mapping[str, Value]) -> Json:
    """The source as the program has it: Google answers with a copy of it in a bucket of its own."""
    own, copied = _storage_source(kept), _storage_source(answer)
    if not own or not copied:
        return answer
    source = {"storageSource": {**copied, **{name: value for name, value in own.items() if value}}}
    return {**answer, "buildConfig": {**answer["buildConfig"], "source": source}}


def _storage_source(properties: Mapping[str, Value]) -> Json:
    source = ((properties.get("buildConfig") or {}).get("source") or {}).get("storageSource")
    return source if isinstance(source, dict) else {}


def _as_it_is(policy: Value) -> Value:
    """An object without content is one here, too."""
    return policy


def _settled(state: Mapping[str, Value] | None, plan: Properties) -> Properties:
    """A variable that Google has set is no difference."""
    before = ((state or {}).get("serviceConfig") or {}).get("environmentVariables") or {}
    config = plan.get("serviceConfig")
    variables = config.get("environmentVariables") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(variables, dict) or _ADDED not in before:
        return plan
    kept = {_ADDED: before[_ADDED], **variables}
    return {**plan, "serviceConfig": {**config, "environmentVariables": kept}}


FUNCTION = Resource(
    urn_type="gcp:cloudfunctionsv2/function:Function",
    service="cloudfunctions2",
    title="function",
    long_title="Cloudfunctions2function",
    fields={
        "name": text(required=True, replaces=True, sent=False, from_wire=last_segment),
        "location": text(required=True, replaces=True, sent=False, read=False),
        "description": text(),
        "buildConfig": block(
            {
                "automaticUpdatePolicy": block({}, computed=True, always_sent=True, from_wire=_as_it_is),
                "build": text(output=True),
                "dockerRepository": text(computed=True),
                "entryPoint": text(),
                "environmentVariables": mapping(computed=True),
                "onDeployUpdatePolicy": block({"runtimeVersion": text(output=True)}, always_sent=True),
                "runtime": text(),
                "serviceAccount": text(computed=True),
                "source": block(
                    {
                        "repoSource": block(
                            {
                                "branchName": text(),
                                "commitSha": text(),
                                "dir": text(),
                                "invertRegex": flag(),
                                "projectId": text(replaces=True),
                                "repoName": text(),
                                "tagName": text(),
                            }
                        ),
                        "storageSource": block(
                            {"bucket": text(), "generation": integer(computed=True), "object": text()}
                        ),
                    }
                ),
                "workerPool": text(),
            }
        ),
        "serviceConfig": block(
            {
                "allTrafficOnLatestRevision": flag(default=True),
                "availableCpu": text(computed=True),
                "availableMemory": text(computed=True),
                "binaryAuthorizationPolicy": text(),
                "directVpcEgress": text(computed=True, choices=_DIRECT_EGRESS),
                "directVpcNetworkInterfaces": blocks(
                    {"network": text(), "subnetwork": text(), "tags": texts()},
                    wire="directVpcNetworkInterface",
                ),
                "environmentVariables": mapping(computed=True),
                "gcfUri": text(output=True),
                "ingressSettings": text(default="ALLOW_ALL", choices=_INGRESS),
                "maxInstanceCount": integer(computed=True),
                "maxInstanceRequestConcurrency": integer(computed=True),
                "minInstanceCount": integer(),
                "secretEnvironmentVariables": blocks(
                    {
                        "key": text(required=True),
                        "projectId": text(required=True),
                        "secret": text(required=True),
                        "version": text(required=True),
                    }
                ),
                "secretVolumes": blocks(
                    {
                        "mountPath": text(required=True),
                        "projectId": text(required=True),
                        "secret": text(required=True),
                        "versions": blocks({"path": text(required=True), "version": text(required=True)}),
                    }
                ),
                "service": text(output=True),
                "serviceAccountEmail": text(computed=True),
                "timeoutSeconds": integer(computed=True),
                "uri": text(output=True),
                "vpcConnector": text(),
                "vpcConnectorEgressSettings": text(choices=_EGRESS),
            }
        ),
        "eventTrigger": block(
            {
                "eventFilters": blocks(
                    {"attribute": text(required=True), "operator": text(), "value": text(required=True)}
                ),
                "eventType": text(required=True),
                "pubsubTopic": text(computed=True),
                "retryPolicy": text(choices=_RETRIED),
                "serviceAccountEmail": text(computed=True),
                "trigger": text(output=True),
                "triggerRegion": text(computed=True),
            }
        ),
        "kmsKeyName": text(),
        **label_fields(),
        "environment": text(output=True, sent=False),
        "state": text(output=True, sent=False),
        "updateTime": text(output=True, sent=False),
        "url": text(output=True, sent=False),
        "project": project(),
        "deletionPolicy": deletion_policy(),
    },
    id=_FUNCTION,
    import_ids=(
        "projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/functions/(?P<name>[^/]+)",
        "(?P<project>[^/]+)/(?P<location>[^/]+)/(?P<name>[^/]+)",
        "(?P<location>[^/]+)/(?P<name>[^/]+)",
    ),
    autonames=(Autoname(property="name"),),
    create=Call("POST", _FUNCTIONS, {"functionId": "{name}"}),
    read=Call("GET", _FUNCTION),
    update=Call("PATCH", _FUNCTION),
    delete=Call("DELETE", _FUNCTION),
    masked=True,
    operations=True,
    labels=True,
    encode_creation=_named,
    decode=_decoded,
    settled=_settled,
    timeouts_min={"create": 60, "delete": 60, "update": 60},
)

LIFECYCLE = Lifecycle(FUNCTION)
