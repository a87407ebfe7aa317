"""Secret Manager v1, method by method; secrets of one location are at other addresses, and not served."""

from sandbox.cloud.cloudresourcemanager import locations
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, listing, masks, paging
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import enforcement as orgpolicy
from sandbox.cloud.secretmanager import models

handlers = Handlers()

_SECRETS = "secretmanager.projects.secrets"
_VERSIONS = f"{_SECRETS}.versions"
_LARGEST_PAGE = 25_000


def _parent(call: Call) -> str:
    """`projects/NUMBER`, as Google answers it."""
    return f"projects/{projects.require_active(call.store, call.ids[0]).number}"


def _secret(call: Call) -> str:
    return f"{_parent(call)}/secrets/{call.ids[1]}"


def _existing(call: Call) -> str:
    return str(models.require(call.store, _secret(call))["name"])


def _listed(call: Call, kind: str, found: list[JsonObject]) -> JsonObject:
    found = listing.selected(found, call.query.get("filter", ""), call.method, kind)
    page, token = paging.requested(call.query, _LARGEST_PAGE, _LARGEST_PAGE).cut(
        found, lambda item: models.sorting_key(str(item["name"]))
    )
    return {**({kind: page} if page else {}), **token, **({"totalSize": len(found)} if found else {})}


@handlers(f"{_SECRETS}.create")
def create(call: Call) -> JsonObject:
    parent, replication = _parent(call), call.body.get("replication", {})
    replicas = replication.get("userManaged", {}).get("replicas", [])
    for location in [replica.get("location", "") for replica in replicas] or ["global"]:
        orgpolicy.require_location(call.store, parent.removeprefix("projects/"), location, "a secret")
    return models.create(call.store, call.now, parent, call.query.get("secretId", ""), call.body)


@handlers(f"{_SECRETS}.get")
def get(call: Call) -> JsonObject:
    return models.require(call.store, _secret(call))


@handlers(f"{_SECRETS}.list")
def list_(call: Call) -> JsonObject:
    return _listed(call, "secrets", models.of_parent(call.store, _parent(call)))


@handlers(f"{_SECRETS}.patch")
def patch(call: Call) -> JsonObject:
    paths = masks.parse(call.query.get("updateMask", ""), call.message)
    return models.change(call.store, _secret(call), paths, call.body)


@handlers(f"{_SECRETS}.delete")
def delete(call: Call) -> JsonObject:
    models.delete(call.store, _secret(call), call.query.get("etag", ""))
    return {}


@handlers(f"{_SECRETS}.addVersion")
def add_version(call: Call) -> JsonObject:
    return models.add_version(call.store, call.now, _secret(call), call.body.get("payload", {}))


@handlers(f"{_VERSIONS}.list")
def list_versions(call: Call) -> JsonObject:
    return _listed(call, "versions", models.versions(call.store, _existing(call)))


@handlers(f"{_VERSIONS}.get")
def get_version(call: Call) -> JsonObject:
    return models.require_version(call.store, _secret(call), call.ids[2])


@handlers(f"{_VERSIONS}.access")
def access(call: Call) -> JsonObject:
    return models.access(call.store, _secret(call), call.ids[2])


@handlers(f"{_VERSIONS}.destroy", f"{_VERSIONS}.disable", f"{_VERSIONS}.enable")
def change_state(call: Call) -> JsonObject:
    etag = call.body.get("etag", "")
    return models.change_state(call.store, call.now, _secret(call), call.ids[2], call.method.verb, etag)


@handlers(f"{_SECRETS}.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    return iam.get_policy(call.store, _existing(call), call.query.get("options.requestedPolicyVersion", 0))


@handlers(f"{_SECRETS}.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    return iam.set_requested(call, _existing(call))


@handlers(f"{_SECRETS}.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    return iam.permissions_held(call, _existing(call), "secretmanager.")


@handlers("secretmanager.projects.locations.list")
def list_locations(call: Call) -> JsonObject:
    """Some locations, for the tools that ask."""
    return locations.listed(call)
