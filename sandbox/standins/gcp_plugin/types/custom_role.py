"""Custom roles of organizations and projects."""

import re
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.errors import ResourceError
from sandbox.standins.gcp_plugin.google import GoogleError, Json
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Field,
    Resource,
    Value,
    deletion_policy,
    flag,
    project,
    text,
    text_set,
)
from sandbox.standins.gcp_plugin.types.project import GO_CLIENT

_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_STAGES = ("ALPHA", "BETA", "GA", "DEPRECATED", "DISABLED", "EAP")


def _id_problem(value: Value) -> str | None:
    if _ID.fullmatch(value):
        return None
    return f'"{{name}}" ("{value}") doesn\'t match regexp "^[a-zA-Z0-9_\\\\.]{{3,64}}$"'


def _same_stage(old: Value, new: Value) -> bool:
    """Google leaves ALPHA out."""
    return old in ("", "ALPHA") and new in ("", "ALPHA")


def _described(answer: Value, _: Mapping[str, Value]) -> Value:
    """The values that the official plugin takes from the role's name."""
    kind, owner, _, role_id = answer["name"].split("/")
    return {**answer, "roleId": role_id, "orgId" if kind == "organizations" else "project": owner}


def _role(
    urn_type: str,
    title: str,
    owner: Mapping[str, Field],
    parent: str,
    imports: tuple[str, ...],
    separator: str,
) -> Resource:
    role = f"{parent}/roles/{{roleId}}"
    return Resource(
        urn_type=urn_type,
        service="iam",
        title=title,
        long_title="Custom Role",
        fields={
            "roleId": text(computed=True, replaces=True, check=_id_problem, sent=False),
            **owner,
            "title": text(required=True),
            "permissions": text_set(required=True, min_items=1, wire="includedPermissions"),
            "stage": text(default="GA", choices=_STAGES, same=_same_stage),
            "description": text(),
            "deleted": flag(output=True, sent=False),
            "name": text(output=True, sent=False),
            "deletionPolicy": deletion_policy(),
        },
        id=role,
        import_ids=imports,
        autonames=(Autoname(property="roleId", max_length=255, separator=separator),),
        create=Call("POST", f"{parent}/roles", GO_CLIENT),
        read=Call("GET", role, GO_CLIENT),
        update=Call("PATCH", role, GO_CLIENT),
        delete=Call("DELETE", role, GO_CLIENT),
        decode=_described,
        timeouts_min={},
    )


class _RoleLifecycle(Lifecycle):
    """A deleted role keeps its id for a week and is then brought back in place of being created."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        title = self.resource.title
        try:
            found = await self._call(context, self.resource.read, plan)
        except GoogleError as error:
            if error.code != 404:
                raise ResourceError(
                    f"Unable to verify whether {title} {self.id(plan)} already exists and must be undeleted: {error}"
                ) from error
            found = {}
        if found and not found.get("deleted"):
            raise ResourceError(f"Custom project role {self.id(plan)} already exists and must be imported")
        if found:
            await self.update(context, self.id(plan), plan, {"title"})
            return await self._read_back(context, plan)
        try:
            await self._call(
                context, self.resource.create, plan, {"roleId": plan["roleId"], "role": self._body(plan)}
            )
        except GoogleError as error:
            named = plan["title"] if "orgId" in plan else self.id(plan)
            raise ResourceError(f"Error creating the {title} {named}: {error}") from error
        return await self._read_back(context, plan)

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        if changed == {"deletionPolicy"}:
            return await self._read_back(context, plan)
        try:
            found = await self._call(context, self.resource.read, plan)
            if found.get("deleted"):
                undelete = Call("POST", f"{self.resource.read.path}:undelete", GO_CLIENT)
                await self._call(context, undelete, plan, {})
            changes = self.resource.update
            if changes and changed & {"title", "description", "stage", "permissions"}:
                await self._call(context, changes, plan, self._body(plan))
        except GoogleError as error:
            raise ResourceError(
                f"Error updating the {self.resource.title} {plan['title']}: {error}"
            ) from error
        return State(resource_id, {**plan, "deleted": False})

    @override
    async def remove(self, context: Context, state: Properties) -> None:
        if "orgId" in state:
            found = await self._call(context, self.resource.read, state)
            if found.get("deleted") and state.get("deleted"):
                return
        await super().remove(context, state)

    def _body(self, plan: Properties) -> Json:
        body: dict[str, Any] = {
            "title": plan["title"],
            "description": plan.get("description"),
            "stage": plan.get("stage"),
            "includedPermissions": sorted(plan["permissions"]),
        }
        return {name: value for name, value in body.items() if value}


LIFECYCLES = (
    _RoleLifecycle(
        _role(
            "gcp:organizations/iAMCustomRole:IAMCustomRole",
            "custom organization role",
            {"orgId": text(required=True, replaces=True, sent=False)},
            "organizations/{orgId}",
            ("organizations/(?P<orgId>[^/]+)/roles/(?P<roleId>[^/]+)",),
            "_",
        )
    ),
    _RoleLifecycle(
        _role(
            "gcp:projects/iAMCustomRole:IAMCustomRole",
            "custom project role",
            {"project": project()},
            "projects/{project}",
            (
                "projects/(?P<project>[^/]+)/roles/(?P<roleId>[^/]+)",
                "(?P<project>[^/]+)/(?P<roleId>[^/]+)",
                "(?P<roleId>[^/]+)",
            ),
            "-",
        )
    ),
)
