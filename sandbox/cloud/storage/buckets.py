"""Buckets: state and Google's rules for them."""

import json
import re
from base64 import b64encode
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from typing import Any, Final

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import iam
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.storage.errors import StorageError, invalid, no_bucket

#: What the caller cannot set: kept from the bucket that is there, or computed.
COMPUTED: Final = frozenset(
    {"etag", "generation", "id", "kind", "location", "locationType", "metageneration", "name", "owner"}
    | {"projectNumber", "selfLink", "timeCreated", "updated"}
)
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){1,220}[a-z0-9]")
_MULTI_REGIONS: Final = frozenset({"US", "EU", "ASIA"})
_DUAL_REGIONS: Final = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})
_CLASSES: Final = frozenset(
    {"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"}
    | {"MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"}
)
_PREVENTION: Final = ("inherited", "enforced")
_WEEK: Final = 7 * 24 * 60 * 60


def policy_name(bucket: JsonObject) -> str:
    """The name of a bucket with its project, which its policy is kept under."""
    return f"projects/{bucket['projectNumber']}/buckets/{bucket['name']}"


def create(store: Store, now: datetime, project: Project, body: JsonObject) -> JsonObject:
    """Create a bucket.

    Raises:
        CloudError: 400 for a bad name or value, 403 for a project without billing, 409 for a name in use.
    """
    name = body.get("name", "")
    _check_name(name)
    require_billing(store, project.number)
    row = store.row("SELECT 1 FROM buckets WHERE name = ?", name)
    if row is not None:
        raise StorageError(
            409,
            "conflict",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
    location = body.get("location", "US").upper()
    time = rfc3339(now)
    bucket: JsonObject = {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": project.number,
        "generation": str(int(now.timestamp() * 1_000_000)),
        "metageneration": "1",
        "location": location,
        "locationType": _location_type(location),
        "storageClass": "STANDARD",
        "timeCreated": time,
        "updated": time,
        "softDeletePolicy": {"retentionDurationSeconds": str(_WEEK)},
        **_settable(body),
    }
    if bucket["locationType"] != "region":
        bucket.setdefault("rpo", "DEFAULT")
    return _save(store, now, bucket, {})


def require(store: Store, name: str) -> JsonObject:
    """A bucket.

    Raises:
        CloudError: 404.
    """
    row = store.row("SELECT body FROM buckets WHERE name = ?", name)
    if row is None:
        raise no_bucket()
    bucket: JsonObject = json.loads(row["body"])
    return bucket


def of_project(store: Store, number: str, prefix: str) -> list[JsonObject]:
    """The buckets of a project whose names begin so, by name."""
    rows = store.rows("SELECT name, body FROM buckets WHERE project = ? ORDER BY name", number)
    return [json.loads(row["body"]) for row in rows if row["name"].startswith(prefix)]


def change(store: Store, now: datetime, current: JsonObject, settings: JsonObject) -> JsonObject:
    """Give a bucket other settings: all of them, without those that only the service sets.

    Raises:
        CloudError: 400 for a bad value; 403 for a locked retention policy, or uniform access that is not undone.
    """
    changed = {
        **{key: value for key, value in current.items() if key in COMPUTED or key == "storageClass"},
        **_settable(settings),
        "metageneration": str(int(current["metageneration"]) + 1),
        "updated": rfc3339(now),
    }
    held = current.get("retentionPolicy", {})
    wanted = changed.get("retentionPolicy", {})
    shorter = int(wanted.get("retentionPeriod", 0)) < int(held.get("retentionPeriod", 0))
    if held.get("isLocked") and shorter:
        raise StorageError(
            403,
            "forbidden",
            f"Cannot reduce retention duration of a locked Retention Policy for bucket '{current['name']}'.",
        )
    return _save(store, now, changed, current)


def lock_retention(store: Store, now: datetime, bucket: JsonObject) -> JsonObject:
    """Lock a bucket's retention policy, for good.

    Raises:
        CloudError: 400 without one.
    """
    if "retentionPolicy" not in bucket:
        raise invalid(f"Bucket '{bucket['name']}' has no retention policy to lock.")
    locked = {**bucket["retentionPolicy"], "isLocked": True}
    return change(store, now, bucket, {**bucket, "retentionPolicy": locked})


def delete(store: Store, name: str) -> None:
    """Delete a bucket that has no objects, not even old versions.

    Raises:
        CloudError: 409 for one that has.
    """
    if store.row("SELECT 1 FROM objects WHERE bucket = ?", name):
        raise StorageError(409, "conflict", "The bucket you tried to delete is not empty.")
    forget(store, name)


def forget(store: Store, name: str) -> None:
    """Remove a bucket with its objects and its policy."""
    iam.forget(store, policy_name(require(store, name)))
    store.run("DELETE FROM buckets WHERE name = ?", name)
    store.run("DELETE FROM objects WHERE bucket = ?", name)
    store.run("DELETE FROM uploads WHERE bucket = ?", name)


def require_billing(store: Store, project: str) -> None:
    """Refuse what costs money in a project without an open billing account.

    Raises:
        CloudError: 403.
    """
    account = billing.account_of(store, project)
    if account is None or not account.open:
        state = "closed" if account else "absent"
        raise StorageError(
            403,
            "accountDisabled",
            f"The billing account for the owning project is disabled in state {state}",
        )


def patched(current: JsonObject, call: Call) -> JsonObject:
    """The settings after a PATCH: what its body has, as it was checked, without what is null there."""
    return merged(current, _with_nulls(call.body, json.loads(call.http.content or b"{}")))


def _with_nulls(checked: JsonObject, raw: JsonObject) -> JsonObject:
    inner = {
        name: _with_nulls(checked.get(name, {}), value) if isinstance(value, dict) else None
        for name, value in raw.items()
        if value is None or isinstance(value, dict)
    }
    return {**checked, **inner}


def merged(current: JsonObject, patch: Any) -> JsonObject:
    """A JSON merge patch (RFC 7396): what is null goes, objects are merged, all else is replaced."""
    result = dict(current)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            here = result.get(name)
            result[name] = merged(here if isinstance(here, dict) else {}, value)
        else:
            result[name] = value
    return result


def _settable(body: JsonObject) -> JsonObject:
    return {
        key: value
        for key, value in body.items()
        if key not in COMPUTED and value not in ({}, [], "") and key not in ("acl", "defaultObjectAcl")
    }


def _save(store: Store, now: datetime, bucket: JsonObject, before: JsonObject) -> JsonObject:
    if bucket["storageClass"] not in _CLASSES:
        raise invalid(f"Invalid storage class: {bucket['storageClass']}")
    bucket["iamConfiguration"] = _access(now, bucket, before)
    policy = {"retentionDurationSeconds": "0", **bucket.get("softDeletePolicy", {})}
    if policy["retentionDurationSeconds"] != "0":
        policy.setdefault("effectiveTime", rfc3339(now))
    bucket["softDeletePolicy"] = policy
    if "retentionPolicy" in bucket:
        bucket["retentionPolicy"] = {"effectiveTime": rfc3339(now), **bucket["retentionPolicy"]}
    metageneration = int(bucket["metageneration"])
    bucket["etag"] = b64encode(b"\x08" + bytes([metageneration % 128])).decode()
    store.run(
        "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)",
        bucket["name"],
        bucket["projectNumber"],
        json.dumps(bucket),
    )
    return bucket


def _access(now: datetime, bucket: JsonObject, before: JsonObject) -> JsonObject:
    """`iamConfiguration` as Google shows it: uniform access also by its old name, with the time when it gets final."""
    given = bucket.get("iamConfiguration", {})
    held = before.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    wanted = given.get("uniformBucketLevelAccess", given.get("bucketPolicyOnly", {}))
    uniform: JsonObject = {"enabled": bool(wanted.get("enabled"))}
    if uniform["enabled"]:
        uniform["lockedTime"] = held.get("lockedTime") or rfc3339(now + timedelta(days=90))
    elif held.get("enabled") and held["lockedTime"] <= rfc3339(now):
        raise invalid(f"Cannot disable uniform bucket-level access for '{bucket['name']}': it is locked.")
    prevention = given.get("publicAccessPrevention", "inherited")
    prevention = "inherited" if prevention == "unspecified" else prevention
    if prevention not in _PREVENTION:
        raise invalid(f"Invalid value for publicAccessPrevention: {prevention}")
    return {
        "bucketPolicyOnly": uniform,
        "uniformBucketLevelAccess": uniform,
        "publicAccessPrevention": prevention,
    }


def _check_name(name: str) -> None:
    parts_fit = all(len(part) <= 63 for part in name.split("."))
    long = 222 if "." in name else 63
    if not _NAME.fullmatch(name) or len(name) > long or not parts_fit or _is_reserved(name):
        raise invalid(f"Invalid bucket name: '{name}'")


def _is_reserved(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return name.startswith("goog") or "google" in name
    return True


def _location_type(location: str) -> str:
    if location in _MULTI_REGIONS:
        return "multi-region"
    if location in _DUAL_REGIONS:
        return "dual-region"
    if not re.fullmatch(r"[A-Z]+-[A-Z]+[0-9]{1,2}", location):
        raise invalid("The specified location constraint is not valid.")
    return "region"
