"""API Keys v2."""

from base64 import b64encode

from sandbox.cloud.apikeys import models
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, operations, paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import enforcement as orgpolicy

handlers = Handlers()

_SETTABLE = ("displayName", "annotations", "restrictions", "serviceAccountEmail")
_UPDATABLE = {"displayName", "annotations", "restrictions"}


def _number(call: Call) -> str:
    """The number of the project that the path names."""
    if call.ids[1] != "global":
        raise invalid_argument(f"Location {call.ids[1]} is not supported; use global.")
    return projects.require_active(call.store, call.ids[0]).number


def _key(key: models.Key, *, with_string: bool = False) -> JsonObject:
    return {
        "name": f"projects/{key.project}/locations/global/keys/{key.id}",
        "uid": key.uid,
        **key.settings,
        **({"keyString": key.key_string} if with_string else {}),
        "createTime": key.created,
        "updateTime": key.updated,
        **({"deleteTime": key.deleted} if key.deleted else {}),
        "etag": _etag(key),
    }


def _etag(key: models.Key) -> str:
    return f'W/"{b64encode(f"{key.uid}/{key.generation}".encode()).decode()}"'


def _operation(call: Call, key: models.Key, *, with_string: bool = False) -> JsonObject:
    response = {
        "@type": "type.googleapis.com/google.api.apikeys.v2.Key",
        **_key(key, with_string=with_string),
    }
    return operations.start(call.store, f"operations/akmf.p7-{key.project}-", response=response)


def _settings(body: JsonObject) -> JsonObject:
    return {name: body[name] for name in _SETTABLE if body.get(name)}


@handlers("apikeys.projects.locations.keys.create")
def create(call: Call) -> JsonObject:
    """Create a key."""
    project, settings = _number(call), _settings(call.body)
    orgpolicy.require_allowed(call.store, project, orgpolicy.KEYS, "CREATE", settings)
    orgpolicy.require_bindable(call.store, project, settings)
    key = models.create(call.store, call.now, project, call.query.get("keyId", ""), settings)
    return _operation(call, key, with_string=True)


@handlers("apikeys.projects.locations.keys.get")
def get(call: Call) -> JsonObject:
    """A key, without its string."""
    return _key(models.find(call.store, _number(call), call.ids[2]))


@handlers("apikeys.projects.locations.keys.getKeyString")
def get_key_string(call: Call) -> JsonObject:
    """A key's string."""
    return {"keyString": models.find(call.store, _number(call), call.ids[2]).key_string}


@handlers("apikeys.projects.locations.keys.list")
def list_keys(call: Call) -> JsonObject:
    """The keys of a project, without their strings."""
    found = models.of_project(call.store, _number(call), deleted=bool(call.query.get("showDeleted")))
    page, more = paging.requested(call.query, 50, 300).cut(found, lambda key: key.id)
    return {**({"keys": [_key(key) for key in page]} if page else {}), **more}


@handlers("apikeys.projects.locations.keys.patch")
def patch(call: Call) -> JsonObject:
    """Change a key's name, annotations or restrictions."""
    key = models.find(call.store, _number(call), call.ids[2])
    _check_etag(key, call.body.get("etag", ""))
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(_settings(call.body), call.message)
    named = {path[0] for path in paths}
    if mask != "*" and named - _UPDATABLE:
        raise invalid_argument(f"{', '.join(sorted(named - _UPDATABLE))} cannot be updated.", "update_mask")
    settings = masks.apply([path for path in paths if path[0] in _UPDATABLE], key.settings, call.body)
    settings = models.with_one_client(settings, paths)
    orgpolicy.require_allowed(call.store, key.project, orgpolicy.KEYS, "UPDATE", settings)
    return _operation(call, models.change(call.store, call.now, key, settings))


@handlers("apikeys.projects.locations.keys.delete")
def delete(call: Call) -> JsonObject:
    """Delete a key."""
    key = models.find(call.store, _number(call), call.ids[2])
    _check_etag(key, call.query.get("etag", ""))
    return _operation(call, models.delete(call.store, call.now, key))


@handlers("apikeys.projects.locations.keys.undelete")
def undelete(call: Call) -> JsonObject:
    """Bring a deleted key back."""
    return _operation(call, models.undelete(call.store, _number(call), call.ids[2]))


@handlers("apikeys.keys.lookupKey")
def lookup(call: Call) -> JsonObject:
    """Which project a key's string belongs to."""
    key = models.lookup(call.store, call.query.get("keyString", ""))
    return {
        "parent": f"projects/{key.project}/locations/global",
        "name": f"projects/{key.project}/locations/global/keys/{key.id}",
    }


@handlers("apikeys.operations.get")
def get_operation(call: Call) -> JsonObject:
    """A long-running operation of API Keys."""
    return operations.poll(call.store, call.path["name"])


def _check_etag(key: models.Key, etag: str) -> None:
    if etag and etag != _etag(key):
        raise CloudError("ABORTED", "The etag does not match the current etag of the key.")
