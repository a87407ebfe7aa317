"""What the methods of Cloud Storage need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Need, Resource, Rule, anyone, every, in_query, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.storage import buckets, objects
from sandbox.cloud.storage.errors import StorageError
from sandbox.cloud.storage.methods import CANCEL, SESSION, UPLOAD, XML_GET

_BUCKET: Final = "storage.buckets"
_OBJECT: Final = "storage.objects"


def _named(place: int) -> Resource:
    """The bucket that the path's wildcard of this number names."""
    return lambda call: buckets.policy_name(buckets.require(call.store, call.ids[place]))


_HERE: Final = _named(0)


def _project(call: Call) -> str:
    return f"projects/{in_query('project')(call)}"


def _writes(bucket: int, name: int | None = None) -> Rule:
    """To create an object; one that is overwritten is deleted, too. Without `name` the upload has it."""

    def rule(call: Call) -> list[tuple[Need, ...]]:
        resource = _named(bucket)(call)
        written = call.ids[name] if name is not None else call.query.get("name", "")
        found = objects.find(call.store, call.ids[bucket], written)
        verbs = ("create", "delete") if found is not None else ("create",)
        return [tuple(Need(f"{_OBJECT}.{verb}", resource) for verb in verbs)]

    return rule


PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_BUCKET}.insert": needs(f"{_BUCKET}.create", _project),
    f"{_BUCKET}.list": needs(f"{_BUCKET}.list", _project),
    f"{_BUCKET}.update": needs(f"{_BUCKET}.update", _HERE),
    f"{_BUCKET}.patch": needs(f"{_BUCKET}.update", _HERE),
    f"{_BUCKET}.lockRetentionPolicy": needs(f"{_BUCKET}.update", _HERE),
    f"{_BUCKET}.getStorageLayout": needs(f"{_OBJECT}.list", _HERE),
    f"{_BUCKET}.testIamPermissions": anyone,
    **{
        f"{_BUCKET}.{verb}": needs(f"{_BUCKET}.{verb}", _HERE)
        for verb in ("delete", "get", "getIamPolicy", "setIamPolicy")
    },
    "storage.anywhereCaches.list": needs("storage.anywhereCaches.list", _HERE),
    "storage.managedFolders.list": needs("storage.managedFolders.list", _HERE),
    "storage.projects.serviceAccount.get": needs("resourcemanager.projects.get", on_path()),
    UPLOAD: _writes(0),
    # The id of a session is as good as a permission.
    SESSION: anyone,
    CANCEL: anyone,
    XML_GET: needs(f"{_OBJECT}.get", _HERE),
    f"{_OBJECT}.insert": anyone,
    f"{_OBJECT}.get": needs(f"{_OBJECT}.get", _HERE),
    f"{_OBJECT}.list": needs(f"{_OBJECT}.list", _HERE),
    f"{_OBJECT}.delete": needs(f"{_OBJECT}.delete", _HERE),
    f"{_OBJECT}.patch": needs(f"{_OBJECT}.update", _HERE),
    f"{_OBJECT}.update": needs(f"{_OBJECT}.update", _HERE),
    f"{_OBJECT}.compose": every(needs(f"{_OBJECT}.get", _HERE), _writes(0, 1)),
    **{
        f"{_OBJECT}.{verb}": every(needs(f"{_OBJECT}.get", _HERE), _writes(2, 3))
        for verb in ("copy", "rewrite")
    },
}


def denied(call: Call, need: Need) -> CloudError:
    """Cloud Storage's refusal, which names the caller and the permission."""
    kind = "object" if need.permission.startswith(_OBJECT) else "bucket"
    caller = call.member.partition(":")[2]
    return StorageError(
        403,
        "forbidden",
        f"{caller} does not have {need.permission} access to the Google Cloud Storage {kind}. "
        f"Permission '{need.permission}' denied on resource (or it may not exist).",
    )
