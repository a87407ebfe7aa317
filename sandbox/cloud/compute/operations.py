"""Compute Engine's own form of long-running operations, which are kept as those of all services are."""

from typing import Final

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.compute import models
from sandbox.cloud.compute.errors import no_resource
from sandbox.cloud.compute.models import API
from sandbox.cloud.core import operations
from sandbox.cloud.core.errors import HTTP_STATUS, CloudError, JsonObject
from sandbox.cloud.core.service import Call
from sandbox.cloud.logging.record import OPERATOR

_PREFIX: Final = "operation-"
_KIND: Final = "compute#operation"
_PHRASES: Final = {400: "BAD REQUEST", 403: "FORBIDDEN", 409: "CONFLICT", 503: "SERVICE UNAVAILABLE"}


def start(
    call: Call, project: Project, kind: str, target: JsonObject, error: CloudError | None = None
) -> JsonObject:
    """Record an operation on `target`, which has an id and a link of its own, and return it."""
    about = {
        "operationType": kind,
        "targetLink": target["selfLink"],
        "targetId": target["id"],
        "user": call.member.partition(":")[2] or OPERATOR,
        "insertTime": models.stamp(call.now),
        "project": project.project_id,
    }
    return shown(call, operations.start(call.store, _PREFIX, response={}, metadata=about, error=error))


def shown(call: Call, operation: JsonObject) -> JsonObject:
    """An operation of the local cloud as Compute Engine shows it; one that a fault has made knows no target."""
    about = dict(operation.get("metadata", {}))
    project = about.pop("project", "") or models.project_of(call.store, call.path["project"]).project_id
    done = bool(operation.get("done"))
    inserted = about.get("insertTime") or models.stamp(call.now)
    view = {
        "kind": _KIND,
        "id": operation["name"].removeprefix(_PREFIX),
        "name": operation["name"],
        **about,
        "status": "DONE" if done else "RUNNING",
        "progress": 100 if done else 0,
        "insertTime": inserted,
        "startTime": inserted,
        "selfLink": f"{API}projects/{project}/global/operations/{operation['name']}",
    }
    if done:
        view["endTime"] = models.stamp(call.now)
    if error := operation.get("error"):
        status = operations.CODES[error["code"]]
        reason = next((each["reason"] for each in error.get("details", []) if "reason" in each), status)
        code = HTTP_STATUS[status]
        view |= {
            "error": {"errors": [{"code": reason, "message": error["message"]}]},
            "httpErrorStatusCode": code,
            "httpErrorMessage": _PHRASES.get(code, status.replace("_", " ")),
        }
    return view


def poll(call: Call) -> JsonObject:
    """The operation of the path.

    Raises:
        CloudError: 404.
    """
    project = models.project_of(call.store, call.path["project"])
    name = call.path["operation"]
    path = f"projects/{project.project_id}/global/operations/{name}"
    if not name.startswith(_PREFIX):
        raise no_resource(path)
    try:
        found = operations.poll(call.store, name)
    except CloudError:
        raise no_resource(path) from None
    if found.get("metadata", {}).get("project", project.project_id) != project.project_id:
        raise no_resource(path)
    return shown(call, found)
