"""Log buckets, and the settings of a resource's logs.

Every resource has two buckets from the start, `_Required` with its audit logs and `_Default` with all else. Entries
that callers write are kept for the days of `_Default`; nothing goes to others.
"""

import re
from datetime import timedelta
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, masks, operations, paging, purges
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.logging import kept
from sandbox.cloud.logging.kept import everywhere, owner

handlers = Handlers()

BUCKETS: Final = "logBuckets"
"""What `core.purges` calls deleted buckets, by name."""
_UNTIL_GONE: Final = timedelta(days=7)
DEFAULT: Final = "_Default"
REQUIRED: Final = "_Required"
ALL_LOGS: Final = "_AllLogs"
"""The view that every bucket has."""
_FROM_START: Final[dict[str, JsonObject]] = {
    DEFAULT: {"description": "Default bucket", "retentionDays": 30},
    REQUIRED: {"description": "Audit bucket", "retentionDays": 400, "locked": True},
}
LOCATION: Final = re.compile(r"global|us|eu|asia|[a-z]+-[a-z]+\d+")
_DAYS: Final = range(1, 3651)
_TYPE: Final = "type.googleapis.com/google.logging.v2"
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
    if not LOCATION.fullmatch(location):
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


@handlers(*everywhere("locations.buckets", "createAsync"))
def create_bucket_later(call: Call) -> JsonObject:
    """Create a bucket by an operation, as Google does for those with Log Analytics or a key."""
    return _operation(call, "Create", create_bucket(call))


@handlers(*everywhere("locations.buckets", "updateAsync"))
def patch_bucket_later(call: Call) -> JsonObject:
    """Change a bucket by an operation."""
    return _operation(call, "Update", patch_bucket(call))


def _operation(call: Call, act: str, bucket: JsonObject) -> JsonObject:
    begun = operations.start(
        call.store,
        f"{owner(call)}/locations/{call.ids[1]}/operations/",
        response={"@type": f"{_TYPE}.LogBucket", **bucket},
        metadata={
            "@type": f"{_TYPE}.BucketMetadata",
            "startTime": rfc3339(call.now),
            "state": "OPERATION_STATE_SUCCEEDED",
            f"{act.lower()}BucketRequest": {},
        },
    )
    return shown(call, begun)


def shown(_: Call, operation: JsonObject) -> JsonObject:
    """An operation on a bucket, with its state."""
    return operations.with_state(operation, "OPERATION_STATE_RUNNING", "OPERATION_STATE_FAILED")


@handlers(*everywhere("locations.operations", "get"))
def get_operation(call: Call) -> JsonObject:
    """An operation on a bucket."""
    return shown(call, operations.poll(call.store, call.path["name"]))


@handlers(*everywhere("locations.buckets", "patch"))
def patch_bucket(call: Call) -> JsonObject:
    """Change a bucket; how long it keeps entries cannot be changed once it is locked."""
    of, location, identifier = owner(call), call.ids[1], call.ids[2]
    before = active(call)
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
    """Mark a bucket for deletion; it is gone seven days later."""
    bucket = active(call)
    if call.ids[2] in _FROM_START:
        raise invalid_argument(f"Bucket {call.ids[2]} cannot be deleted.")
    _set_state(call, bucket, "DELETE_REQUESTED")
    purges.plan(call.store, BUCKETS, bucket["name"], call.now + _UNTIL_GONE)
    return {}


@handlers(*everywhere("locations.buckets", "undelete"))
def undelete_bucket(call: Call) -> JsonObject:
    """Take back a deletion."""
    bucket = _bucket(call.store, owner(call), call.ids[1], call.ids[2])
    if bucket["lifecycleState"] != "DELETE_REQUESTED":
        raise failed_precondition(f"Bucket {call.ids[2]} is not marked for deletion.")
    _set_state(call, bucket, "ACTIVE")
    purges.cancel(call.store, BUCKETS, bucket["name"])
    return {}


def purge(store: Store, name: str) -> None:
    """Delete a bucket for good, with its views; not one that has been made since, in a project of the same id."""
    of, _, place = name.partition("/locations/")
    identifier = place.replace("/buckets/", "/")
    bucket = kept.find(store, of, "buckets", identifier)
    if bucket is None or bucket["lifecycleState"] != "DELETE_REQUESTED":
        return
    kept.delete(store, of, "buckets", identifier)
    iam.forget(store, f"{name}/views/{ALL_LOGS}")
    for view in kept.listed(store, of, "views"):
        if view.startswith(f"{identifier}/"):
            kept.delete(store, of, "views", view)
            iam.forget(store, f"{name}/views/{view.removeprefix(f'{identifier}/')}")


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


def active(call: Call) -> JsonObject:
    """The bucket of the path.

    Raises:
        CloudError: 404; 400 FAILED_PRECONDITION for one that is marked for deletion.
    """
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
    if location and not LOCATION.fullmatch(location):
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
