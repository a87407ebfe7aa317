"""An enabled API of a project."""

from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.batching import joined
from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json, Retries, retried
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Call,
    Resource,
    Value,
    deletion_policy,
    flag,
    last_segment,
    project,
    text,
)
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

#: The most that Service Usage enables in one request.
_MOST_AT_ONCE = 20
_NOT_NAMED = ("bigquery-json.googleapis.com",)
_LISTING = {
    "fields": "services/name,nextPageToken",
    "filter": "state:ENABLED",
    "pageSize": "200",
    **GO_CLIENT,
}


def _problem(value: Value) -> str | None:
    if value in _NOT_NAMED:
        return f"expected {{name}} to not match any of [{' '.join(_NOT_NAMED)}], got {value}"
    return None if "." in value else f"expected {value} to be a domain like serviceusage.googleapis.com"


def _same_project(old: Value, new: Value) -> bool:
    return bool(last_segment(old) == last_segment(new))


SERVICE = Resource(
    urn_type="gcp:projects/service:Service",
    service="serviceusage",
    title="Project Service",
    long_title="Project Service",
    fields={
        "service": text(required=True, replaces=True, check=_problem),
        "project": project(same=_same_project),
        "disableDependentServices": flag(),
        "disableOnDestroy": flag(),
        "checkIfServiceHasUsageOnDestroy": flag(),
        "deletionPolicy": deletion_policy(),
    },
    id="{project}/{service}",
    import_ids=("(?P<project>[^/]+)/(?P<service>[^/]+)",),
    create=Call("POST", "projects/{project}/services/{service}:enable"),
    read=Call("GET", "projects/{project}/services"),
    refused_by_id=True,
    timeouts_min={"create": 20, "delete": 20, "read": 10, "update": 20},
)


class _ServiceLifecycle(Lifecycle):
    @override
    async def create(self, context: Context, plan: Properties) -> State:
        project_id = last_segment(plan["project"])
        plan = {**plan, "project": project_id}
        try:
            enabled = await _enabled(context, project_id)
            if plan["service"] not in enabled:
                await _enable(context, project_id, plan["service"])
        except GoogleError as error:
            raise ResourceError(
                "Error when reading or editing Project Service : "
                f"Failed to list enabled services for project {project_id}: {error}"
            ) from error
        if plan["service"] in enabled:
            return State(self.id(plan), plan)
        return await self._read_back(context, plan)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        project_id = last_segment(properties["project"])
        try:
            # A deleted project still lists its services.
            found = await context.google.send(
                "resourcemanager",
                "GET",
                f"projects/{project_id}",
                query=GO_CLIENT,
                user_project=context.config.user_project(project_id),
            )
            if found["lifecycleState"] == "DELETE_REQUESTED":
                return None
            enabled = await _enabled(context, project_id)
        except GoogleError as error:
            if error.code == 404:
                return None
            raise ResourceError(
                f"Error when reading or editing Project Service {self.id(properties)}: {error}"
            ) from error
        if properties["service"] not in enabled:
            return None
        policy = properties.get("deletionPolicy") or context.config.defaults.deletion_policy or "DELETE"
        read = {name: properties.get(name) for name in SERVICE.fields}
        read |= {"project": project_id, "deletionPolicy": policy}
        return State(self.id(read), read)

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        # What can be updated is about the deletion; Google knows nothing of it.
        return State(resource_id, plan)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        if not state.get("disableOnDestroy"):
            return
        project_id, service = last_segment(state["project"]), state["service"]
        body: Json = {
            "checkIfServiceHasUsage": "CHECK" if state.get("checkIfServiceHasUsageOnDestroy") else "SKIP"
        }
        if state.get("disableDependentServices"):
            body |= {"disableDependentServices": True}
        try:
            operation = await _change(context, project_id, f"services/{service}:disable", body)
            await self._finished(context, state, operation, "api to disable")
        except GoogleError as error:
            if error.code == 404:
                return
            raise ResourceError(
                f'Error disabling service "{service}" for project "{project_id}": {error}'
            ) from error


async def _enabled(context: Context, project_id: str) -> set[str]:
    """The names of a project's enabled services; one listing serves all who ask at once."""

    async def listing(_: list[Any]) -> set[str]:
        return await _listed(context, project_id)

    enabled: set[str] = await joined(context, f"list/{project_id}", None, listing)
    return enabled


async def _listed(context: Context, project_id: str) -> set[str]:
    names: set[str] = set()
    query = dict(_LISTING)
    while True:
        page = await context.google.send(
            "serviceusage",
            "GET",
            f"projects/{project_id}/services",
            query=query,
            user_project=context.config.user_project(project_id),
        )
        names.update(last_segment(service["name"]) for service in page.get("services", []))
        if not page.get("nextPageToken"):
            return names
        query["pageToken"] = page["nextPageToken"]


async def _enable(context: Context, project_id: str, service: str) -> None:
    """Enable a service, together with others of the project that are to be enabled now; wait until it is listed."""
    asked_for = f'Enable Project Service "{service}" for project "{project_id}"'
    try:
        await joined(
            context, f"enable/{project_id}", service, lambda names: _enable_all(context, project_id, names)
        )
    except GoogleError as error:
        message = f"failed to enable services: failed on request preconditions: {error}"
        batched = f"Request `{asked_for}` returned error: " if context.config.batching else ""
        raise ResourceError(f"{batched}{message}") from error


async def _enable_all(context: Context, project_id: str, names: list[str]) -> None:
    for start in range(0, len(names), _MOST_AT_ONCE):
        some = names[start : start + _MOST_AT_ONCE]
        if len(some) == 1:
            operation = await _change(context, project_id, f"services/{some[0]}:enable", {})
        else:
            operation = await _change(context, project_id, "services:batchEnable", {"serviceIds": some})
        await context.google.operation(
            "serviceusage",
            operation,
            user_project=context.config.user_project(project_id),
        )

    async def listed() -> Json:
        missing = sorted(set(names) - await _listed(context, project_id))
        if missing:
            raise GoogleError(
                503, f"The service(s) {missing} are still being enabled for project {project_id}."
            )
        return {}

    await retried(listed, lambda error: error.code == 503, SERVICE.timeouts_min["create"] * 60)


async def _change(context: Context, project_id: str, path: str, body: Json) -> Json:
    return await context.google.send(
        "serviceusage",
        "POST",
        f"projects/{project_id}/{path}",
        query=GO_CLIENT,
        body=body,
        user_project=context.config.user_project(project_id),
        retries=Retries(preconditions=True),
    )


LIFECYCLE = _ServiceLifecycle(SERVICE)
