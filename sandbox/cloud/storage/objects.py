"""Objects and their generations: state and Google's rules for them."""

import hashlib
import json
import sqlite3
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sandbox.cloud.core.checksums import crc32c
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.storage import buckets
from sandbox.cloud.storage.errors import condition_not_met, invalid, no_object

#: What a caller sets about an object.
SETTABLE: Final = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
)
_LONGEST_NAME: Final = 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A generation of an object."""

    bucket: str
    name: str
    generation: int
    live: bool
    body: JsonObject
    """What Google shows of it, without links."""

    @property
    def tag(self) -> str:
        """Its ETag."""
        number = f"{self.generation}/{self.body['metageneration']}"
        return b64encode(number.encode()).decode()


def write(
    store: Store, now: datetime, bucket: JsonObject, name: str, settings: JsonObject, data: bytes
) -> Stored:
    """Write a new generation of an object, which is then the live one.

    The one before is kept if the bucket keeps versions.

    Raises:
        CloudError: 400 for a bad name or data of another checksum than the given one, 403 without billing.
    """
    if not name or len(name.encode()) > _LONGEST_NAME or name in (".", "..") or "\r" in name or "\n" in name:
        raise invalid(f"Invalid object name: '{name}'" if name else "Required parameter: name")
    buckets.require_billing(store, bucket["projectNumber"])
    checksums = {
        "md5Hash": b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "crc32c": b64encode(crc32c(data).to_bytes(4)).decode(),
    }
    for kind, value in checksums.items():
        if settings.get(kind, value) != value:
            label = "MD5 hash" if kind == "md5Hash" else "CRC32C"
            raise invalid(f'Provided {label} "{settings[kind]}" doesn\'t match calculated {label} "{value}".')
    # From the time, as Google's. No object has had it: not one that is gone, while the clock stands.
    generation = store.next_value("storage-generation", int(now.timestamp() * 1_000_000))
    _retire(store, now, bucket, name)
    time = rfc3339(now)
    key = bucket.get("encryption", {}).get("defaultKmsKeyName")
    body = {
        "kind": "storage#object",
        "id": f"{bucket['name']}/{name}/{generation}",
        "name": name,
        "bucket": bucket["name"],
        "generation": str(generation),
        "metageneration": "1",
        "storageClass": bucket["storageClass"],
        "size": str(len(data)),
        **checksums,
        "timeCreated": time,
        "updated": time,
        "timeStorageClassUpdated": time,
        "timeFinalized": time,
        **({"kmsKeyName": f"{key}/cryptoKeyVersions/1"} if key else {}),
        **{key: settings[key] for key in SETTABLE if settings.get(key)},
    }
    stored = Stored(bucket["name"], name, generation, live=True, body=body)
    store.run(
        "INSERT INTO objects VALUES (?, ?, ?, 1, ?, ?)",
        stored.bucket,
        name,
        generation,
        json.dumps(body),
        data,
    )
    return stored


def find(store: Store, bucket: str, name: str, generation: str | None = None) -> Stored | None:
    """A generation of an object, by default the live one."""
    row = (
        store.row("SELECT * FROM objects WHERE bucket = ? AND name = ? AND live = 1", bucket, name)
        if generation is None
        else store.row(
            "SELECT * FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
            bucket,
            name,
            int(generation),
        )
    )
    return None if row is None else _read(row)


def require(store: Store, bucket: str, name: str, generation: str | None = None) -> Stored:
    """A generation of an object, by default the live one.

    Raises:
        CloudError: 404, also for the bucket.
    """
    buckets.require(store, bucket)
    found = find(store, bucket, name, generation)
    if found is None:
        raise no_object(bucket, name)
    return found


def data(store: Store, stored: Stored) -> bytes:
    """The data of a generation."""
    row = store.row(
        "SELECT data FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
        stored.bucket,
        stored.name,
        stored.generation,
    )
    return bytes(row["data"]) if row else b""


def listed(store: Store, bucket: str, prefix: str, *, versions: bool) -> list[Stored]:
    """The objects whose names begin so, by name and generation; without `versions` the live ones."""
    rows = store.rows(
        "SELECT bucket, name, generation, live, body FROM objects "
        "WHERE bucket = ? AND substr(name, 1, ?) = ? AND live >= ? ORDER BY name, generation",
        bucket,
        len(prefix),
        prefix,
        0 if versions else 1,
    )
    return [_read(row) for row in rows]


def change(store: Store, now: datetime, stored: Stored, settings: JsonObject) -> Stored:
    """Give a generation other settings: all of them."""
    body = {
        **{key: value for key, value in stored.body.items() if key not in SETTABLE},
        "storageClass": stored.body["storageClass"],
        **{key: settings[key] for key in SETTABLE if settings.get(key)},
        "metageneration": str(int(stored.body["metageneration"]) + 1),
        "updated": rfc3339(now),
    }
    _save(store, stored, body, live=stored.live)
    return replace(stored, body=body)


def delete(store: Store, now: datetime, bucket: JsonObject, stored: Stored, *, for_good: bool) -> None:
    """Delete an object: its live generation, which is kept if the bucket keeps versions, or one `for_good`."""
    if not for_good:
        _retire(store, now, bucket, stored.name)
        return
    store.run(
        "DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?",
        stored.bucket,
        stored.name,
        stored.generation,
    )


def check_conditions(query: Mapping[str, str], found: Stored | None, prefix: str = "if") -> None:
    """Compare an object, which need not exist, with what the call expects.

    Args:
        query: the call's parameters.
        found: the object.
        prefix: what the conditions' names begin with; those on a source begin with `ifSource`.

    Raises:
        CloudError: 412.
    """
    generation = str(found.generation) if found else "0"
    metageneration = found.body["metageneration"] if found else "0"
    for name, current in (("Generation", generation), ("Metageneration", metageneration)):
        if query.get(f"{prefix}{name}Match", current) != current:
            raise condition_not_met()
        if query.get(f"{prefix}{name}NotMatch") == current:
            raise condition_not_met()


def _retire(store: Store, now: datetime, bucket: JsonObject, name: str) -> None:
    """Make room for another generation, or for none."""
    live = find(store, bucket["name"], name)
    if live is None:
        return
    if bucket.get("versioning", {}).get("enabled"):
        _save(store, live, {**live.body, "timeDeleted": rfc3339(now)}, live=False)
    else:
        store.run("DELETE FROM objects WHERE bucket = ? AND name = ? AND live = 1", bucket["name"], name)


def _save(store: Store, stored: Stored, body: JsonObject, *, live: bool) -> None:
    store.run(
        "UPDATE objects SET body = ?, live = ? WHERE bucket = ? AND name = ? AND generation = ?",
        json.dumps(body),
        live,
        stored.bucket,
        stored.name,
        stored.generation,
    )


def _read(row: sqlite3.Row) -> Stored:
    return Stored(row["bucket"], row["name"], row["generation"], bool(row["live"]), json.loads(row["body"]))
