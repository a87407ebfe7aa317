"""Cloud Run, method by method: the services behind functions, and who may call them."""

from sandbox.cloud.cloudfunctions import models
from sandbox.cloud.cloudfunctions.models import Function
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, paging
from sandbox.cloud.core.errors import JsonObject, not_found
from sandbox.cloud.core.service import Call, Handlers

v1 = Handlers()
v2 = Handlers()

_SERVICES = "run.projects.locations.services"


def _function(call: Call) -> Function:
    above = models.parent(call.store, call.ids[0], call.ids[1])
    name = f"{above}/services/{call.ids[2]}"
    found = models.by_service(call.store, name)
    if found is None:
        raise not_found(
            f"Resource '{call.ids[2]}' of kind 'SERVICE' in region '{call.ids[1]}' does not exist."
        )
    return found


def _shown(call: Call, function: Function) -> JsonObject:
    ready = function.serving > 0
    settings = function.settings
    variables = settings.get("environmentVariables", {})
    revision = f"{function.service}/revisions/{function.revision_name(function.serving)}" if ready else ""
    return {
        "name": function.service,
        "uid": function.revision_name(0),
        "generation": str(function.revision),
        "createTime": function.body["createTime"],
        "updateTime": function.body["updateTime"],
        "labels": {**function.body.get("labels", {}), "goog-managed-by": "cloudfunctions"},
        "ingress": "INGRESS_TRAFFIC_ALL",
        "launchStage": "GA",
        "template": {
            "serviceAccount": function.account,
            "timeout": f"{settings['timeoutSeconds']}s",
            "maxInstanceRequestConcurrency": settings["maxInstanceRequestConcurrency"],
            "scaling": {"maxInstanceCount": settings["maxInstanceCount"]},
            "containers": [
                {
                    "name": "worker",
                    "image": function.body["buildConfig"]["dockerRepository"],
                    "env": [{"name": name, "value": value} for name, value in sorted(variables.items())],
                }
            ],
        },
        "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}],
        "observedGeneration": str(function.revision),
        "terminalCondition": {
            "type": "Ready",
            "state": "CONDITION_SUCCEEDED" if ready else "CONDITION_FAILED",
        },
        **({"latestReadyRevision": revision, "latestCreatedRevision": revision} if ready else {}),
        **({"uri": function.url(call.store), "urls": [function.url(call.store)]} if ready else {}),
    }


@v2(f"{_SERVICES}.get")
def get(call: Call) -> JsonObject:
    """A service."""
    return _shown(call, _function(call))


@v2(f"{_SERVICES}.list")
def list_(call: Call) -> JsonObject:
    """The services of a location."""
    above = models.parent(call.store, call.ids[0], call.ids[1])
    page, token = paging.requested(call.query, default=100, maximum=100).cut(
        models.of_parent(call.store, above), lambda function: function.service
    )
    return ({"services": [_shown(call, each) for each in page]} if page else {}) | token


@v1(f"{_SERVICES}.get")
def get_v1(call: Call) -> JsonObject:
    """A service, as Knative shows it."""
    return _knative(call, _function(call))


@v1("run.namespaces.services.list")
def list_knative(call: Call) -> JsonObject:
    """The services of a project in the region that the host begins with (`us-central1-run.googleapis.com`), or all."""
    region = call.http.base.partition("://")[2].rpartition("-run.")[0] or "-"
    project = projects.require_active(call.store, call.ids[0]).project_id
    found = models.of_parent(call.store, f"projects/{project}/locations/{region}")
    items = [_knative(call, each) for each in found]
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "ServiceList",
        **({"items": items} if items else {}),
    }


def _knative(call: Call, function: Function) -> JsonObject:
    ready = function.serving > 0
    revision = function.revision_name(function.serving)
    latest = {"latestReadyRevisionName": revision, "latestCreatedRevisionName": revision} if ready else {}
    address = {"url": function.url(call.store), "address": {"url": function.url(call.store)}} if ready else {}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": function.service_id,
            "namespace": function.project,
            "generation": function.revision,
            "labels": {**function.body.get("labels", {}), "goog-managed-by": "cloudfunctions"},
        },
        "spec": {"template": {"spec": {"serviceAccountName": function.account}}},
        "status": {
            "observedGeneration": function.revision,
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            **latest,
            **address,
        },
    }


@v1(f"{_SERVICES}.getIamPolicy")
@v2(f"{_SERVICES}.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    """Who may call and change a service."""
    version = call.query.get("options.requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _function(call).service, version)


@v1(f"{_SERVICES}.setIamPolicy")
@v2(f"{_SERVICES}.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    """Set who may call and change a service."""
    return iam.set_requested(call, _function(call).service)


@v1(f"{_SERVICES}.testIamPermissions")
@v2(f"{_SERVICES}.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    """What the caller may do with a service."""
    return iam.permissions_held(call, _function(call).service, "run.")
