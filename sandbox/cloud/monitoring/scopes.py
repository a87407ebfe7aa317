"""Metrics scopes: the projects whose metrics a project shows beside its own.

A scope is kept; the time series that a project lists are its own alone.
"""

from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import operations
from sandbox.cloud.core.errors import JsonObject, already_exists, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE metrics_scopes (
    scope TEXT NOT NULL, project TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (scope, project)
) WITHOUT ROWID;
"""
handlers = Handlers()

_SCOPES: Final = "monitoring.locations.global.metricsScopes"
_TYPE: Final = "type.googleapis.com/google.monitoring.metricsscope.v1"
_MOST: Final = 375
"""Projects that a scope has beside its own."""


@handlers(f"{_SCOPES}.get")
def get(call: Call) -> JsonObject:
    """The scope of a project, which has at least that project."""
    return _scope(call.store, projects.require_active(call.store, call.ids[0]))


@handlers(f"{_SCOPES}.listMetricsScopesByMonitoredProject")
def list_by_project(call: Call) -> JsonObject:
    """The scopes that show a project's metrics."""
    kind, _, project_id = call.query.get("monitoredResourceContainer", "").partition("/")
    if kind != "projects":
        raise invalid_argument(
            "monitored_resource_container must be projects/ID_OR_NUMBER.", "monitored_resource_container"
        )
    project = projects.require_active(call.store, project_id)
    rows = call.store.rows(
        "SELECT scope FROM metrics_scopes WHERE project = ? ORDER BY scope", project.number
    )
    found = [project, *(projects.require(call.store, row["scope"]) for row in rows)]
    return {"metricsScopes": [_scope(call.store, each) for each in found]}


@handlers(f"{_SCOPES}.projects.create")
def create(call: Call) -> JsonObject:
    """Add a project to a scope."""
    scope = projects.require_active(call.store, call.ids[0])
    monitored = projects.require_active(call.store, call.body.get("name", "").rpartition("/")[2])
    if monitored.number in _members(call.store, scope):
        raise already_exists(f"Project {monitored.project_id} is already monitored by {scope.project_id}.")
    if len(_members(call.store, scope)) > _MOST:
        raise invalid_argument(f"A metrics scope has at most {_MOST} projects beside its own.")
    call.store.run(
        "INSERT INTO metrics_scopes VALUES (?, ?, ?)", scope.number, monitored.number, rfc3339(call.now)
    )
    added = _monitored(scope, monitored.number, rfc3339(call.now))
    return _done(call, {"@type": f"{_TYPE}.MonitoredProject", **added})


@handlers(f"{_SCOPES}.projects.delete")
def delete(call: Call) -> JsonObject:
    """Take a project out of a scope, but not the scope's own."""
    scope = projects.require_active(call.store, call.ids[0])
    monitored = projects.require(call.store, call.ids[1])
    if monitored.number == scope.number:
        raise invalid_argument("A metrics scope always has its own project.")
    if monitored.number not in _members(call.store, scope):
        raise not_found(f"Project {monitored.project_id} is not monitored by {scope.project_id}.")
    call.store.run(
        "DELETE FROM metrics_scopes WHERE scope = ? AND project = ?", scope.number, monitored.number
    )
    return _done(call, {"@type": "type.googleapis.com/google.protobuf.Empty"})


@handlers("monitoring.operations.get")
def get_operation(call: Call) -> JsonObject:
    """An operation on a scope."""
    return shown(call, operations.poll(call.store, call.path["name"]))


def shown(_: Call, operation: JsonObject) -> JsonObject:
    """An operation on a scope, with its state."""
    return operations.with_state(operation, "RUNNING", "DONE")


def forget_project(store: Store, number: str) -> None:
    """A project that is deleted leaves the scopes that show it, and loses its own."""
    store.run("DELETE FROM metrics_scopes WHERE scope = ? OR project = ?", number, number)


def _members(store: Store, scope: projects.Project) -> dict[str, str]:
    """When each project came into a scope, by number; its own is the first."""
    rows = store.rows(
        "SELECT project, created FROM metrics_scopes WHERE scope = ? ORDER BY project", scope.number
    )
    return {scope.number: scope.created, **{row["project"]: row["created"] for row in rows}}


def _scope(store: Store, scope: projects.Project) -> JsonObject:
    members = _members(store, scope)
    return {
        "name": f"locations/global/metricsScopes/{scope.number}",
        "createTime": scope.created,
        "updateTime": max(members.values()),
        "monitoredProjects": [_monitored(scope, number, created) for number, created in members.items()],
    }


def _monitored(scope: projects.Project, number: str, created: str) -> JsonObject:
    return {
        "name": f"locations/global/metricsScopes/{scope.number}/projects/{number}",
        "createTime": created,
    }


def _done(call: Call, response: JsonObject) -> JsonObject:
    """The operation, done at once: Terraform's provider asks for it without a version, where Google has none."""
    now = rfc3339(call.now)
    metadata = {"@type": f"{_TYPE}.OperationMetadata", "state": "DONE", "createTime": now, "updateTime": now}
    return operations.start(call.store, "operations/ms.", response=response, metadata=metadata, at_once=True)
