"""IAM v1's roles: Google's own, and those of organizations and projects."""

from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, paging, predefined
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.iam import custom_roles
from sandbox.cloud.iam.custom_roles import Role

handlers = Handlers()

_KINDS: Final = ("projects", "organizations")


def _ids(method: str) -> tuple[str, ...]:
    return tuple(f"iam.{kind}.roles.{method}" for kind in _KINDS)


def _parent(call: Call) -> str:
    """The name of what has the role: a project's by its id, as Google answers it."""
    if call.method.id.startswith("iam.projects."):
        return f"projects/{projects.require_active(call.store, call.ids[0]).project_id}"
    return projects.parent_name(call.store, "organizations", call.ids[0])


def _role(call: Call) -> Role:
    return custom_roles.require(call.store, f"{_parent(call)}/roles/{call.ids[1]}")


def _settings(body: JsonObject) -> JsonObject:
    return {name: body[name] for name in custom_roles.SETTABLE if body.get(name)}


@handlers(*_ids("create"))
def create(call: Call) -> JsonObject:
    """Create a custom role."""
    settings = _settings(call.body.get("role", {}))
    return custom_roles.create(call.store, _parent(call), call.body.get("roleId", ""), settings).as_json()


@handlers(*_ids("get"))
def get(call: Call) -> JsonObject:
    """A custom role, deleted or not."""
    return _role(call).as_json()


@handlers(*_ids("list"))
def list_(call: Call) -> JsonObject:
    """The custom roles of an organization or a project."""
    return _page(call, custom_roles.of_parent(call.store, _parent(call), deleted=_shows_deleted(call)))


@handlers(*_ids("patch"))
def patch(call: Call) -> JsonObject:
    """Change a custom role."""
    role, mask = _role(call), call.query.get("updateMask", "")
    if role.deleted:
        raise failed_precondition(f"You can't update the role {role.name}: it is deleted.")
    paths = masks.parse(mask, call.message) if mask else masks.implied(_settings(call.body), call.message)
    if refused := {path[0] for path in paths} - {*custom_roles.SETTABLE}:
        raise invalid_argument(f"{', '.join(sorted(refused))} of a role cannot be updated.", "update_mask")
    settings = masks.apply(paths, role.settings, call.body)
    return custom_roles.change(call.store, role, call.body.get("etag", ""), settings=settings).as_json()


@handlers(*_ids("delete"))
def delete(call: Call) -> JsonObject:
    """Delete a custom role: bindings keep it, and it grants nothing."""
    return custom_roles.delete(call.store, call.now, _role(call), call.query.get("etag", "")).as_json()


@handlers(*_ids("undelete"))
def undelete(call: Call) -> JsonObject:
    """Bring a deleted custom role back."""
    return custom_roles.undelete(call.store, call.now, _role(call), call.body.get("etag", "")).as_json()


@handlers("iam.roles.get")
def get_predefined(call: Call) -> JsonObject:
    """A predefined role."""
    role = predefined.roles().get(call.path["name"])
    if role is None:
        raise not_found(f"The role named {call.path['name']} was not found.")
    return {**role.as_json(), "includedPermissions": sorted(role.permissions)}


@handlers("iam.roles.list")
def list_predefined(call: Call) -> JsonObject:
    """Predefined roles, or the custom ones of a parent."""
    if parent := call.query.get("parent", ""):
        return _page(call, custom_roles.of_parent(call.store, parent, deleted=_shows_deleted(call)))
    page, token = paging.requested(call.query, default=300, maximum=1000).cut(
        sorted(predefined.roles().values(), key=lambda role: role.name), lambda role: role.name
    )
    full = call.query.get("view") == "FULL"
    shown = [
        {**role.as_json(), **({"includedPermissions": sorted(role.permissions)} if full else {})}
        for role in page
    ]
    return ({"roles": shown} if shown else {}) | token


def _shows_deleted(call: Call) -> bool:
    return bool(call.query.get("showDeleted"))


def _page(call: Call, roles: list[Role]) -> JsonObject:
    page, token = paging.requested(call.query, default=300, maximum=1000).cut(roles, lambda role: role.name)
    full = call.query.get("view") == "FULL"
    return ({"roles": [role.as_json(full=full) for role in page]} if page else {}) | token
