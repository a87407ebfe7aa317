"""A project, with its billing link."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import NotWholeError, PluginError, ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Resource,
    Value,
    deletion_policy,
    flag,
    mapping,
    text,
)
from sandbox.standins.gcp_plugin.transfer import own_labels

#: What Google's Go clients add to each request.
GO_CLIENT = {"prettyPrint": "false"}

_LINK_PERMISSION = "billing.resourceAssociations.create"
_LINK_READS = 3
_LINK_WAIT_S = 3.0
_CREATOR = "roles/resourcemanager.projectCreator"
_ID = re.compile(
    r"(?:(?:[-a-z0-9]{1,63}\.)*[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?:)?(?:[0-9]{1,19}|[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)"
)
_NAME = re.compile(r"[A-Za-z0-9\-'\"\s!]{4,30}")


def _id_problem(value: Value) -> str | None:
    if _ID.fullmatch(value):
        return None
    rule = "must be 6 to 30 with lowercase letters, digits, hyphens and start with a letter"
    return f'"{value}" project_id {rule}. Trailing hyphens are prohibited.'


def _name_problem(value: Value) -> str | None:
    if _NAME.fullmatch(value):
        return None
    allowed = "numbers, hyphen, single-quote, double-quote, space, and exclamation point"
    return f'"{value}" name must be 4 to 30 characters with lowercase and uppercase letters, {allowed}.'


PROJECT = Resource(
    urn_type="gcp:organizations/project:Project",
    service="resourcemanager",
    title="Project",
    long_title="Project",
    fields={
        "projectId": text(required=True, replaces=True, check=_id_problem),
        "deletionPolicy": deletion_policy("PREVENT", ("PREVENT", "ABANDON", "DELETE")),
        "autoCreateNetwork": flag(default=True),
        "name": text(required=True, check=_name_problem),
        "orgId": text(),
        "folderId": text(),
        "number": text(output=True),
        "billingAccount": text(),
        "labels": mapping(),
        "pulumiLabels": mapping(output=True),
        "effectiveLabels": mapping(output=True),
        "tags": mapping(replaces=True),
    },
    id="projects/{projectId}",
    import_ids=("(?:.*/)?(?P<projectId>[^/]+)",),
    autonames=(
        Autoname(property="projectId", max_length=30, lower=True),
        Autoname(property="name", random=0),
    ),
    create=Call("POST", "projects"),
    read=Call("GET", "projects/{projectId}"),
    labels=True,
    schema_version="1",
    timeouts_min={"create": 10, "delete": 10, "read": 10, "update": 10},
)


class _ProjectLifecycle(Lifecycle):
    @override
    async def create(self, context: Context, plan: Properties) -> State:
        project_id, account = plan["projectId"], plan.get("billingAccount")
        if plan.get("autoCreateNetwork") is False:
            # The official plugin enables the Compute API to delete the network. There is none in a local cloud.
            raise ResourceError(
                "autoCreateNetwork=False needs the Compute API, which a local cloud does not have"
            )
        if account:
            await self._check_permission(context, account)
        body = {
            "projectId": project_id,
            "name": plan["name"],
            **_parent(plan),
            "labels": plan["effectiveLabels"],
        }
        try:
            operation = await _go(context, "POST", "projects", body)
        except GoogleError as error:
            hint = f"If you received a 403 error, make sure you have the `{_CREATOR}` permission"
            raise ResourceError(
                f"error creating project {project_id} ({plan['name']}): {error}. {hint}"
            ) from error
        await self._finished(context, plan, operation, "creating folder")
        if account:
            try:
                await _link(context, project_id, account)
            except PluginError as error:
                unlinked = {**plan, "billingAccount": ""}
                raise NotWholeError(str(error), self.id(plan), unlinked) from error
        return await self._read_back(context, plan)

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        project_id = properties["projectId"]
        try:
            project = await _go(context, "GET", f"projects/{project_id}")
        except GoogleError as error:
            if error.code == 404:
                return None
            if error.code == 403 and "caller does not have permission" in error.message:
                raise ResourceError(
                    f'the user does not have permission to access Project "{project_id}" or it may not exist'
                ) from error
            raise ResourceError(f'Error when reading or editing Project "{project_id}": {error}') from error
        if project["lifecycleState"] != "ACTIVE":
            return None
        read = {**properties, **_described(project, properties)}
        try:
            link = await _billing(context, "GET", project_id)
        except GoogleError as error:
            if not error.has_reason("accessNotConfigured"):
                raise ResourceError(
                    f'Error reading billing account for project "projects/{project_id}": {error}'
                ) from error
            link = {}
        # A link that has gone is not noticed, as the official plugin does not notice it.
        if link.get("billingAccountName"):
            read["billingAccount"] = link["billingAccountName"].removeprefix("billingAccounts/")
        if not read.get("deletionPolicy"):
            read["deletionPolicy"] = context.config.defaults.deletion_policy or "PREVENT"
        return State(self.id(read), {name: read.get(name) for name in self.resource.fields})

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        project_id = plan["projectId"]
        try:
            project = await _go(context, "GET", f"projects/{project_id}")
        except GoogleError as error:
            raise ResourceError(f'Error checking project "{project_id}": {error}') from error
        if "name" in changed:
            project = await _put(context, {**project, "name": plan["name"]}, plan)
        if changed & {"orgId", "folderId"}:
            project = await _put(context, {**project, **_parent(plan)}, plan)
        if "billingAccount" in changed:
            await _link(context, project_id, plan.get("billingAccount") or "")
        if "effectiveLabels" in changed:
            await _put(context, {**project, "labels": plan["effectiveLabels"]}, plan)
        return await self._read_back(context, plan)

    @override
    async def delete(self, context: Context, resource_id: str, state: Properties) -> None:
        if state.get("deletionPolicy") == "PREVENT":
            raise ResourceError("Cannot destroy project as deletion_policy is set to PREVENT.")
        await super().delete(context, resource_id, state)

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        project_id = state["projectId"]
        try:
            await _go(context, "DELETE", f"projects/{project_id}")
        except GoogleError as error:
            if error.code != 404:
                raise ResourceError(f"Error when reading or editing Project {project_id}: {error}") from error

    @override
    def identity(self, context: Context, resource_id: str) -> Properties | None:
        identity = super().identity(context, resource_id)
        # A number names the project as well, and would differ from the id at every preview.
        if identity is None or identity["projectId"].isdecimal():
            return None
        return {**identity, "autoCreateNetwork": True}

    async def _check_permission(self, context: Context, account: str) -> None:
        name = f"billingAccounts/{account}"
        body = {"permissions": [_LINK_PERMISSION]}
        try:
            answer = await context.google.send(
                "cloudbilling",
                "POST",
                f"{name}:testIamPermissions",
                query=GO_CLIENT,
                body=body,
                user_project=context.config.user_project(),
            )
        except GoogleError as error:
            raise ResourceError(
                f'failed pre-requisites: failed to check permissions on billing account "{name}": {error}'
            ) from error
        if _LINK_PERMISSION not in answer.get("permissions", []):
            raise ResourceError(f'failed pre-requisites: missing permission on "{name}": {_LINK_PERMISSION}')


async def get_project(context: Context, args: Mapping[str, Any]) -> dict[str, Any]:
    """The function getProject: a project that something else created, with all its labels."""
    project_id = str(args.get("projectId") or context.config.defaults.project or "").rpartition("/")[2]
    if not project_id:
        raise ResourceError(
            "no project value set. `project_id` must be set at the resource level, or a default"
        )
    state = await LIFECYCLE.read(context, {"projectId": project_id})
    if state is None:
        raise ResourceError(f"projects/{project_id} not found or not in ACTIVE state")
    found = {
        name: value for name, value in state.properties.items() if name not in ("autoCreateNetwork", "tags")
    }
    every = found["effectiveLabels"]
    return {
        **found,
        "id": state.id,
        "billingAccount": found["billingAccount"] or "",
        "labels": every,
        "pulumiLabels": every,
    }


async def _go(context: Context, method: str, path: str, body: Json | None = None) -> Json:
    return await context.google.send(
        "resourcemanager",
        method,
        path,
        query=GO_CLIENT,
        body=body,
        user_project=context.config.user_project(),
    )


async def _billing(context: Context, method: str, project_id: str, body: Json | None = None) -> Json:
    path = f"projects/{project_id}/billingInfo"
    return await context.google.send(
        "cloudbilling", method, path, query=GO_CLIENT, body=body, user_project=context.config.user_project()
    )


async def _put(context: Context, project: Json, plan: Properties) -> Json:
    try:
        return await _go(context, "PUT", f"projects/{plan['projectId']}", project)
    except GoogleError as error:
        raise ResourceError(f'Error updating project "{plan["name"]}": {error}') from error


async def _link(context: Context, project_id: str, account: str) -> None:
    """Link the project, or unlink it if `account` is empty, and see that it is so."""
    name = f"billingAccounts/{account}" if account else ""
    try:
        await _billing(context, "PUT", project_id, {"billingAccountName": name} if name else {})
    except GoogleError as error:
        raise ResourceError(
            f'Error setting billing account "{account}" for project "projects/{project_id}": {error}'
        ) from error
    found = ""
    for _ in range(_LINK_READS):
        try:
            found = (await _billing(context, "GET", project_id)).get("billingAccountName", "")
        except GoogleError as error:
            raise ResourceError(
                f'Error getting billing info for project "projects/{project_id}": {error}'
            ) from error
        if found == name:
            return
        await asyncio.sleep(_LINK_WAIT_S)
    raise ResourceError(
        "Timed out waiting for billing account to return correct value.  "
        f"Waiting for {account}, got {found.removeprefix('billingAccounts/')}."
    )


def _parent(plan: Properties) -> Json:
    if plan.get("orgId"):
        return {"parent": {"type": "organization", "id": plan["orgId"]}}
    if plan.get("folderId"):
        return {"parent": {"type": "folder", "id": plan["folderId"].removeprefix("folders/")}}
    return {}


def _described(project: Json, before: Properties) -> Properties:
    """Google's values of the project; `labels` and `pulumiLabels` keep only the labels that they had."""
    every = project.get("labels", {})
    parent = project.get("parent", {})
    kind = {"organization": "orgId", "folder": "folderId"}.get(parent.get("type", ""))
    parents = {name: parent["id"] if name == kind else "" for name in ("orgId", "folderId")} if kind else {}
    return {
        "name": project.get("name", ""),
        "number": str(project["projectNumber"]),
        "effectiveLabels": every,
        **own_labels(every, before),
        **parents,
    }


LIFECYCLE = _ProjectLifecycle(PROJECT)
