"""The views of log buckets; every bucket has one of all of it from the start. They hide nothing."""

from typing import Final

from sandbox.cloud.core import iam, masks, paging
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.logging import filters, kept
from sandbox.cloud.logging.buckets import ALL_LOGS, DEFAULT, active
from sandbox.cloud.logging.kept import everywhere, owner

handlers = Handlers()

_DEFAULT_VIEW: Final = {
    "description": "Excludes data access logs",
    "filter": 'NOT LOG_ID("cloudaudit.googleapis.com/data_access") AND '
    'NOT LOG_ID("externalaudit.googleapis.com/data_access")',
}
_WITH_POLICIES: Final = ("projects", "folders", "organizations")


@handlers(*everywhere("locations.buckets.views", "list"))
def list_views(call: Call) -> JsonObject:
    """The views of a bucket."""
    of, bucket = owner(call), active(call)
    prefix = f"{call.ids[1]}/{call.ids[2]}/"
    own = [key.removeprefix(prefix) for key in kept.listed(call.store, of, "views") if key.startswith(prefix)]
    found = sorted({*_views_from_start(call.ids[2]), *own})
    page, more = paging.requested(call.query, 50, 1000).cut(found, str)
    return {"views": [_view(call, of, bucket, identifier) for identifier in page], **more}


@handlers(*everywhere("locations.buckets.views", "get"))
def get_view(call: Call) -> JsonObject:
    """A view."""
    return _view(call, owner(call), active(call), call.ids[3])


@handlers(*everywhere("locations.buckets.views", "create"))
def create_view(call: Call) -> JsonObject:
    """Create a view."""
    of, bucket, identifier = owner(call), active(call), call.query.get("viewId", "")
    kept.check_id(identifier, "views")
    key = f"{call.ids[1]}/{call.ids[2]}/{identifier}"
    kept.require_free(call.store, of, "views", key)
    filters.parse(call.body.get("filter", ""))
    view = {**call.body, "name": f"{bucket['name']}/views/{identifier}"}
    return kept.save(call.store, of, "views", key, kept.stamped(call, view))


@handlers(*everywhere("locations.buckets.views", "patch"))
def patch_view(call: Call) -> JsonObject:
    """Change a view, but none of those that are there from the start."""
    of, before = owner(call), _own_view(call)
    mask = call.query.get("updateMask") or "filter"
    changed = masks.apply(masks.parse(mask, call.message), before, {**call.body, "name": before["name"]})
    filters.parse(changed.get("filter", ""))
    return kept.save(call.store, of, "views", "/".join(call.ids[1:]), kept.stamped(call, changed, before))


@handlers(*everywhere("locations.buckets.views", "delete"))
def delete_view(call: Call) -> JsonObject:
    """Delete a view, but none of those that are there from the start."""
    iam.forget(call.store, _own_view(call)["name"])
    kept.delete(call.store, owner(call), "views", "/".join(call.ids[1:]))
    return {}


def _views_from_start(bucket: str) -> dict[str, JsonObject]:
    return {ALL_LOGS: {}} | ({DEFAULT: dict(_DEFAULT_VIEW)} if bucket == DEFAULT else {})


def _view(call: Call, of: str, bucket: JsonObject, identifier: str) -> JsonObject:
    from_start = _views_from_start(call.ids[2])
    if identifier in from_start:
        return {"name": f"{bucket['name']}/views/{identifier}", **from_start[identifier]}
    found = kept.find(call.store, of, "views", f"{call.ids[1]}/{call.ids[2]}/{identifier}")
    if found is None:
        raise kept.missing("views", identifier)
    return found


def _own_view(call: Call) -> JsonObject:
    bucket = active(call)
    if call.ids[3] in _views_from_start(call.ids[2]):
        raise CloudError("INVALID_ARGUMENT", f"View {call.ids[3]} cannot be changed.")
    return _view(call, owner(call), bucket, call.ids[3])


def _policies(verb: str) -> tuple[str, ...]:
    return tuple(f"logging.{node}.locations.buckets.views.{verb}" for node in _WITH_POLICIES)


def _resource(call: Call) -> str:
    """The name of a view for its IAM policy."""
    return str(_view(call, owner(call), active(call), call.ids[3])["name"])


@handlers(*_policies("getIamPolicy"))
def get_iam_policy(call: Call) -> JsonObject:
    """Who may read a view."""
    version = call.body.get("options", {}).get("requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _resource(call), version)


@handlers(*_policies("setIamPolicy"))
def set_iam_policy(call: Call) -> JsonObject:
    """Set who may read a view."""
    return iam.set_requested(call, _resource(call))


@handlers(*_policies("testIamPermissions"))
def test_iam_permissions(call: Call) -> JsonObject:
    """What the caller may do with a view."""
    return iam.permissions_held(call, _resource(call), "logging.")
