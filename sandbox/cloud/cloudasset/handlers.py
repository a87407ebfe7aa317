"""Cloud Asset Inventory v1: searches of resources and of IAM policies, and the list of assets."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final

from sandbox.cloud.cloudasset import inventory, queries
from sandbox.cloud.cloudasset.inventory import Asset
from sandbox.cloud.cloudresourcemanager import models as nodes
from sandbox.cloud.core import iam, masks, predefined
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    invalid_argument,
    permission_denied,
    unimplemented,
)
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.iam import custom_roles

handlers = Handlers()

_RESOURCE_FIELDS: Final = frozenset(
    {
        *(
            "name",
            "assetType",
            "project",
            "folders",
            "organization",
            "displayName",
            "description",
            "location",
        ),
        *("labels", "state", "createTime", "updateTime", "parentFullResourceName", "parentAssetType"),
        "additionalAttributes",
    }
)
_POLICY_FIELDS: Final = frozenset(
    {"resource", "assetType", "project", "folders", "organization", "policy", "roles", "memberTypes"}
)
_RESOURCE_ORDERS: Final = _RESOURCE_FIELDS - {"folders", "organization", "labels", "additionalAttributes"}
_POLICY_ORDERS: Final = frozenset({"resource", "assetType", "project"})
_SCOPE: Final = re.compile(r"(projects|folders|organizations)/[^/]+")
_CONTENTS: Final = ("CONTENT_TYPE_UNSPECIFIED", "RESOURCE", "IAM_POLICY")


@handlers("cloudasset.searchAllResources")
def search_resources(call: Call) -> JsonObject:
    """The resources of a scope that a query holds for."""
    matches = queries.parse(call.query.get("query", ""), _RESOURCE_FIELDS)
    is_wanted = _types(call)
    mask = call.query.get("readMask", "")
    message = call.method.response().fields["results"].message
    assert message is not None  # noqa: S101 a list of messages
    names = {path[0] for path in masks.parse(mask, message())} if mask else None
    found = [
        result
        for asset in inventory.assets(call.store, _scope(call))
        if is_wanted(asset.type) and matches(result := _resource(call.store, asset))
    ]
    page, more = _page(call, _ordered(call, found, "name", _RESOURCE_ORDERS))
    shown = [{name: each[name] for name in each if names is None or name in names} for each in page]
    return ({"results": shown} if shown else {}) | more


@handlers("cloudasset.searchAllIamPolicies")
def search_policies(call: Call) -> JsonObject:
    """The IAM policies of a scope, with the bindings that a query holds for."""
    text = call.query.get("query", "")
    # A dot in a field's name is a map's key elsewhere: `policy.role.permissions` is a field of its own here.
    by_permission = "policy.role.permissions" in text
    matches = queries.parse(
        text.replace("policy.role.permissions", "permissions"), _POLICY_FIELDS | {"permissions"}
    )
    is_wanted = _types(call)
    found = []
    for asset in inventory.assets(call.store, _scope(call)):
        if not is_wanted(asset.type):
            continue
        where = {"resource": asset.name, "assetType": asset.type, **_place(asset)}
        bindings = [
            binding
            for binding in _bindings(call.store, asset)
            if matches({**where, **_searched(call.store, binding, by_permission)})
        ]
        if bindings:
            found.append({**where, "policy": {"bindings": bindings}})
    page, more = _page(call, _ordered(call, found, "resource", _POLICY_ORDERS))
    return ({"results": page} if page else {}) | more


@handlers("cloudasset.assets.list")
def list_assets(call: Call) -> JsonObject:
    """The assets of a parent: their names, with the resources or the policies if asked for."""
    content = call.query.get("contentType", _CONTENTS[0])
    if content not in _CONTENTS:
        raise unimplemented(f"assets' content {content}")
    if call.query.get("readTime"):
        raise unimplemented("assets of the past")
    is_wanted = _types(call)
    assets = sorted(
        (asset for asset in inventory.assets(call.store, _scope(call)) if is_wanted(asset.type)),
        key=lambda asset: (asset.name, asset.type),
    )
    shown = [each for asset in assets if (each := _listed(call, asset, content))]
    page, more = _page(call, shown, most=1000)
    return {"readTime": rfc3339(call.now), **({"assets": page} if page else {}), **more}


def _scope(call: Call) -> str:
    """The project (by number), folder or organization that the path names."""
    scope = "/".join(call.ids[:2])
    if not _SCOPE.fullmatch(scope):
        raise invalid_argument(f"{scope} is no project, folder or organization.", "scope")
    kind, _, identifier = scope.partition("/")
    if kind == "projects":
        return f"projects/{nodes.require(call.store, identifier).number}"
    known = nodes.find_folder if kind == "folders" else nodes.find_organization
    if known(call.store, identifier) is None:
        raise permission_denied()
    return scope


def _types(call: Call) -> Callable[[str], bool]:
    """Whether an asset type is asked for: by name, or by a regular expression."""
    asked = call.query.get("assetTypes", [])
    wanted: set[str] = set()
    for text in asked:
        try:
            found = {each for each in inventory.TYPES if re.fullmatch(text, each)}
        except re.error:
            found = set()
        if not found:
            raise invalid_argument(f"Asset type {text!r} is not supported.", "asset_types")
        wanted |= found
    return lambda kind: not asked or kind in wanted


def _place(asset: Asset) -> JsonObject:
    """The project, the folders and the organization that an asset is in."""
    by_kind: dict[str, list[str]] = {}
    for name in asset.ancestors:
        by_kind.setdefault(name.partition("/")[0], []).append(name)
    return {
        **({"project": by_kind["projects"][0]} if "projects" in by_kind else {}),
        **({"folders": by_kind["folders"]} if "folders" in by_kind else {}),
        **({"organization": by_kind["organizations"][0]} if "organizations" in by_kind else {}),
    }


def _resource(store: Store, asset: Asset) -> JsonObject:
    own = asset.type == inventory.node_type(asset.ancestors[0])
    parent = asset.ancestors[1:2] if own else asset.ancestors[:1]
    above = (
        {
            "parentFullResourceName": inventory.full_name(store, parent[0]),
            "parentAssetType": inventory.node_type(parent[0]),
        }
        if parent
        else {}
    )
    fields = {name: value for name, value in asset.fields.items() if value not in ("", {}, None)}
    return {"name": asset.name, "assetType": asset.type, **_place(asset), **fields, **above}


def _bindings(store: Store, asset: Asset) -> Iterable[JsonObject]:
    if not asset.policy:
        return
    kind, _, rest = asset.policy.partition("/")
    names = [asset.policy]
    if kind == "projects" and "/" in rest:
        # What is in a project has its policy under the project's id, or its number.
        project = nodes.require(store, rest.partition("/")[0])
        inner = rest.partition("/")[2]
        names = [f"projects/{each}/{inner}" for each in (project.project_id, project.number)]
    for name in names:
        yield from iam.bindings(store, name)


def _searched(store: Store, binding: JsonObject, by_permission: bool) -> JsonObject:
    members = binding.get("members", [])
    role = binding.get("role", "")
    permissions: Sequence[str] = ()
    if by_permission:
        known = predefined.roles().get(role)
        permissions = sorted(known.permissions if known else custom_roles.permissions(store, role))
    return {
        "policy": [role, *members, *map(str, binding.get("condition", {}).values())],
        "roles": [role],
        "memberTypes": [member.partition(":")[0] for member in members],
        **({"permissions": permissions} if by_permission else {}),
    }


def _listed(call: Call, asset: Asset, content: str) -> JsonObject:
    shown: JsonObject = {
        "name": asset.name,
        "assetType": asset.type,
        "ancestors": list(asset.ancestors),
        "updateTime": asset.fields.get("updateTime") or asset.fields.get("createTime") or rfc3339(call.now),
    }
    if content == "IAM_POLICY":
        bindings = list(_bindings(call.store, asset))
        return {**shown, "iamPolicy": {"bindings": bindings}} if bindings else {}
    if content == "RESOURCE":
        parent = _resource(call.store, asset).get("parentFullResourceName")
        service, _, kind = asset.type.partition("/")
        resource = {
            "discoveryName": kind,
            **({"parent": parent} if parent else {}),
            "data": asset.data,
            "location": asset.fields.get("location", ""),
        }
        return {**shown, "resource": {"version": _VERSIONS.get(service, "v1"), **resource}}
    return shown


_VERSIONS: Final = {
    "apikeys.googleapis.com": "v2",
    "cloudresourcemanager.googleapis.com": "v3",
    "logging.googleapis.com": "v2",
    "monitoring.googleapis.com": "v3",
}


def _ordered(call: Call, found: list[JsonObject], first: str, known: frozenset[str]) -> list[JsonObject]:
    """The results as `orderBy` wants them; those that it leaves equal, and all without it, by name and type."""
    found.sort(key=lambda each: (str(each[first]), str(each["assetType"])))
    for part in reversed([each for each in call.query.get("orderBy", "").split(",") if each.strip()]):
        name, *direction = part.split()
        if name not in known or [each.upper() for each in direction] not in ([], ["ASC"], ["DESC"]):
            raise invalid_argument(f"Results cannot be ordered by {part.strip()!r}.", "order_by")
        descending = [each.upper() for each in direction] == ["DESC"]
        found.sort(key=lambda each: str(each.get(name, "")), reverse=descending)
    return found


def _page(call: Call, found: Sequence[Any], most: int = 500) -> tuple[list[Any], JsonObject]:
    size = call.query.get("pageSize", 0)
    size = min(size if size > 0 else 100, most)
    begin = 0
    if token := call.query.get("pageToken", ""):
        try:
            begin = int(urlsafe_b64decode(token.encode()))
        except (Base64Error, ValueError):
            raise CloudError("INVALID_ARGUMENT", "The page token is not valid.") from None
    page = list(islice(found, begin, begin + size))
    end = begin + size
    return page, {"nextPageToken": urlsafe_b64encode(str(end).encode()).decode()} if end < len(found) else {}
