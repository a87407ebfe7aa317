"""Log buckets with their views, and the settings of a resource's logs.

Every resource has two buckets from the start, `_Required` with its audit logs and `_Default` with all else, and every
bucket a view of all of it. Entries that callers write are kept for the days of `_Default`; nothing goes to others.
"""

import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import CloudError, JsonObject, failed_precondition, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.logging import filters, kept
from sandbox.cloud.logging.kept import everywhere, owner

handlers = Handlers()

DEFAULT: Final = "_Default"
REQUIRED: Final = "_Required"
_FROM_START: Final[dict[str, JsonObject]] = {
    DEFAULT: {"description": "Default bucket", "retentionDays": 30},
    REQUIRED: {"description": "Audit bucket", "retentionDays": 400, "locked": True},
}
_ALL_LOGS: Final = "_AllLogs"
_DEFAULT_VIEW: Final = {
    "description": "Excludes data access logs",
    "filter": 'NOT LOG_ID("cloudaudit.googleapis.com/data_access") AND '
    'NOT LOG_ID("externalaudit.googleapis.com/data_access")',
}
_LOCATION: Final = re.compile(r"global|us|eu|asia|[a-z]+-[a-z]+\d+")
_DAYS: Final = range(1, 3651)
_FIXED: Final = {("name",), ("createTime",), ("updateTime",), ("lifecycleState",)}
_SETTINGS: Final = "settings"


def retention_days(store: Store, container: str) -> int:
    """How long a resource keeps entries that are no audit logs."""
    return int(_bucket(store, container, "global", DEFAULT)["retentionDays"])


@handlers(*everywhere("locations.buckets", "list"))
def list_buckets(call: Call) -> JsonObject:
    """The buckets of a resource, of one location or of all (`-`)."""
    of, location = owner(call), call.ids[1]
    places = {f"global/{identifier}" for identifier in _FROM_START} | set(
        kept.listed(call.store, of, "buckets")
    )
    found = sorted(place for place in places if location in ("-", place.partition("/")[0]))
    page, more = paging.requested(call.query, 50, 1000).cut(found, str)
    return {"buckets": [_bucket(call.store, of, *place.split("/")) for place in page], **more}


@handlers(*everywhere("locations.buckets", "get"))
def get_bucket(call: Call) -> JsonObject:
    """A bucket."""
    return _bucket(call.store, owner(call), call.ids[1], call.ids[2])


@handlers(*everywhere("locations.buckets", "create"))
def create_bucket(call: Call) -> JsonObject:
    """Create a bucket."""
    of, location, identifier = owner(call), call.ids[1], call.query.get("bucketId", "")
    if not _LOCATION.fullmatch(location):
        raise invalid_argument(f"Location {location} is not supported.")
    kept.check_id(identifier, "buckets")
    kept.require_free(call.store, of, "buckets", f"{location}/{identifier}")
    bucket = {
        **call.body,
        "name": f"{of}/locations/{location}/buckets/{identifier}",
        "retentionDays": call.body.get("retentionDays") or 30,
        "lifecycleState": "ACTIVE",
    }
    _check(bucket)
    return kept.save(call.store, of, "buckets", f"{location}/{identifier}", kept.stamped(call, bucket))


@handlers(*everywhere("locations.buckets", "patch"))
def patch_bucket(call: Call) -> JsonObject:
    """Change a bucket; how long it keeps entries cannot be changed once it is locked."""
    of, location, identifier = owner(call), call.ids[1], call.ids[2]
    before = _active(call)
    if identifier == REQUIRED:
        raise invalid_argument(f"Bucket {REQUIRED} cannot be updated.")
    changed = masks.apply(_paths(call), before, call.body)
    _check(changed)
    if before.get("locked") and (
        not changed.get("locked") or changed["retentionDays"] != before["retentionDays"]
    ):
        raise failed_precondition(f"Bucket {identifier} is locked: its retention cannot be changed.")
    if before.get("analyticsEnabled") and not changed.get("analyticsEnabled"):
        raise failed_precondition("Log Analytics cannot be disabled once it is enabled.")
    changed = kept.stamped(call, changed, before)
    if identifier == DEFAULT:
        del changed["createTime"]
    return kept.save(call.store, of, "buckets", f"{location}/{identifier}", changed)


@handlers(*everywhere("locations.buckets", "delete"))
def delete_bucket(call: Call) -> JsonObject:
    """Mark a bucket for deletion; Google removes it seven days later."""
    bucket = _active(call)
    if call.ids[2] in _FROM_START:
        raise invalid_argument(f"Bucket {call.ids[2]} cannot be deleted.")
    _set_state(call, bucket, "DELETE_REQUESTED")
    return {}


@handlers(*everywhere("locations.buckets", "undelete"))
def undelete_bucket(call: Call) -> JsonObject:
    """Take back a deletion."""
    bucket = _bucket(call.store, owner(call), call.ids[1], call.ids[2])
    if bucket["lifecycleState"] != "DELETE_REQUESTED":
        raise failed_precondition(f"Bucket {call.ids[2]} is not marked for deletion.")
    _set_state(call, bucket, "ACTIVE")
    return {}


def _set_state(call: Call, bucket: JsonObject, state: str) -> None:
    changed = kept.stamped(call, {**bucket, "lifecycleState": state}, bucket)
    kept.save(call.store, owner(call), "buckets", f"{call.ids[1]}/{call.ids[2]}", changed)


def _bucket(store: Store, of: str, location: str, identifier: str) -> JsonObject:
    found = kept.find(store, of, "buckets", f"{location}/{identifier}")
    if found is None and location == "global" and identifier in _FROM_START:
        name = f"{of}/locations/global/buckets/{identifier}"
        return {"name": name, "lifecycleState": "ACTIVE", **_FROM_START[identifier]}
    if found is None:
        raise kept.missing("buckets", identifier)
    return found


def _active(call: Call) -> JsonObject:
    bucket = _bucket(call.store, owner(call), call.ids[1], call.ids[2])
    if bucket["lifecycleState"] != "ACTIVE":
        raise failed_precondition(f"Bucket {call.ids[2]} is marked for deletion.")
    return bucket


def _paths(call: Call) -> list[masks.Path]:
    paths = masks.parse(call.query.get("updateMask", ""), call.message)
    if not paths:
        raise invalid_argument("A non-empty update_mask is required.", "update_mask")
    if call.query["updateMask"] == "*":
        return [path for path in paths if path not in _FIXED]
    if fixed := _FIXED.intersection(paths):
        raise invalid_argument(f"The field {fixed.pop()[0]} cannot be updated.", "update_mask")
    return paths


def _check(bucket: JsonObject) -> None:
    days = bucket.get("retentionDays", 0)
    if days not in _DAYS:
        raise invalid_argument(
            f"Retention of {days} days is not valid: {_DAYS.start} to {_DAYS.stop - 1}.",
            "bucket.retention_days",
        )
    kept.check_description(bucket)


@handlers(*everywhere("locations.buckets.views", "list"))
def list_views(call: Call) -> JsonObject:
    """The views of a bucket."""
    of, bucket = owner(call), _active(call)
    prefix = f"{call.ids[1]}/{call.ids[2]}/"
    own = [key.removeprefix(prefix) for key in kept.listed(call.store, of, "views") if key.startswith(prefix)]
    found = sorted({*_views_from_start(call.ids[2]), *own})
    page, more = paging.requested(call.query, 50, 1000).cut(found, str)
    return {"views": [_view(call, of, bucket, identifier) for identifier in page], **more}


@handlers(*everywhere("locations.buckets.views", "get"))
def get_view(call: Call) -> JsonObject:
    """A view."""
    return _view(call, owner(call), _active(call), call.ids[3])


@handlers(*everywhere("locations.buckets.views", "create"))
def create_view(call: Call) -> JsonObject:
    """Create a view."""
    of, bucket, identifier = owner(call), _active(call), call.query.get("viewId", "")
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
    _own_view(call)
    kept.delete(call.store, owner(call), "views", "/".join(call.ids[1:]))
    return {}


def _views_from_start(bucket: str) -> dict[str, JsonObject]:
    return {_ALL_LOGS: {}} | ({DEFAULT: dict(_DEFAULT_VIEW)} if bucket == DEFAULT else {})


def _view(call: Call, of: str, bucket: JsonObject, identifier: str) -> JsonObject:
    from_start = _views_from_start(call.ids[2])
    if identifier in from_start:
        return {"name": f"{bucket['name']}/views/{identifier}", **from_start[identifier]}
    found = kept.find(call.store, of, "views", f"{call.ids[1]}/{call.ids[2]}/{identifier}")
    if found is None:
        raise kept.missing("views", identifier)
    return found


def _own_view(call: Call) -> JsonObject:
    bucket = _active(call)
    if call.ids[3] in _views_from_start(call.ids[2]):
        raise CloudError("INVALID_ARGUMENT", f"View {call.ids[3]} cannot be changed.")
    return _view(call, owner(call), bucket, call.ids[3])


@handlers(*(f"logging.{node}.getSettings" for node in kept.NODES))
def get_settings(call: Call) -> JsonObject:
    """The settings of a resource's logs."""
    return _settings(call)


@handlers("logging.folders.updateSettings", "logging.organizations.updateSettings")
def update_settings(call: Call) -> JsonObject:
    """Change the settings, which hold for the projects and folders that are created below from then on."""
    changes: JsonObject = {
        name: call.body[name] for name in ("storageLocation", "disableDefaultSink") if name in call.body
    }
    location = changes.get("storageLocation")
    if location and not _LOCATION.fullmatch(location):
        raise invalid_argument(f"Location {location} is not supported.", "settings.storage_location")
    of = owner(call)
    before = kept.find(call.store, of, _SETTINGS, "") or {}
    paths = masks.parse(call.query.get("updateMask", ""), call.message) or [(name,) for name in changes]
    kept.save(call.store, of, _SETTINGS, "", masks.apply(paths, before, changes))
    return _settings(call)


@handlers(*(f"logging.{node}.getCmekSettings" for node in kept.NODES))
def get_cmek_settings(call: Call) -> JsonObject:
    """No key of the caller's encrypts a resource's logs here."""
    return {"name": f"{owner(call)}/cmekSettings", "serviceAccountId": _key_account(call)}


def _settings(call: Call) -> JsonObject:
    of = owner(call)
    return {
        "name": f"{of}/settings",
        "kmsServiceAccountId": _key_account(call),
        "loggingServiceAccountId": agent(call.store, of),
        **(kept.find(call.store, of, _SETTINGS, "") or {}),
    }


def agent(store: Store, of: str) -> str:
    """The service account by which Cloud Logging writes for a resource."""
    return f"service-{_agent_id(store, of)}@gcp-sa-logging.iam.gserviceaccount.com"


def _key_account(call: Call) -> str:
    return (
        f"cmek-{_agent_id(call.store, owner(call)).replace('-', '')}@gcp-sa-logging.iam.gserviceaccount.com"
    )


def _agent_id(store: Store, of: str) -> str:
    node, _, identifier = of.partition("/")
    if node == "projects":
        return projects.require(store, identifier).number
    return f"{_AGENTS[node]}-{identifier.lower()}"


_AGENTS: Final = {"folders": "folder", "organizations": "org", "billingAccounts": "billing"}
