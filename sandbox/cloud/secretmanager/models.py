"""Secrets and their versions: state and Google's rules for them."""

import json
import re
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

from sandbox.cloud.core import iam, masks
from sandbox.cloud.core.checksums import crc32c
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE secrets (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE secret_versions (
    secret TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (secret, number)
) WITHOUT ROWID;
"""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_LARGEST: Final = 64 * 1024
_FIXED: Final = frozenset({"name", "replication", "createTime"})
_STATES: Final = {"enable": "ENABLED", "disable": "DISABLED", "destroy": "DESTROYED"}


def sorting_key(name: str) -> str:
    """The sort key of a listing: versions by number, the newest first; secrets by name."""
    last = name.rpartition("/")[2]
    return f"{10**12 - int(last):012}" if "/versions/" in name else name


def create(store: Store, now: datetime, parent: str, identifier: str, body: JsonObject) -> JsonObject:
    """Create a secret, without a version.

    Raises:
        CloudError: 400 for a bad id, or neither or both kinds of replication; 409 for one that exists.
    """
    if not _ID.fullmatch(identifier):
        raise invalid_argument(
            f"The provided Secret ID [{identifier}] does not match the expected format [[a-zA-Z_0-9]+].",
            "secret_id",
        )
    replication = body.get("replication", {})
    if len(replication.keys() & {"automatic", "userManaged"}) != 1:
        raise invalid_argument("The replication policy must be automatic or user-managed.", "replication")
    name = f"{parent}/secrets/{identifier}"
    if store.row("SELECT 1 FROM secrets WHERE name = ?", name):
        raise already_exists(f"Secret [{name}] already exists.")
    secret = {**body, "name": name, "createTime": rfc3339(now), "etag": _etag(store)}
    store.run("INSERT INTO secrets VALUES (?, ?)", name, json.dumps(secret))
    return secret


def require(store: Store, name: str) -> JsonObject:
    """A secret.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body FROM secrets WHERE name = ?", name)
    if row is None:
        raise not_found(f"Secret [{name}] not found.")
    secret: JsonObject = json.loads(row["body"])
    return secret


def of_parent(store: Store, parent: str) -> list[JsonObject]:
    """The secrets of a project, by name."""
    rows = store.rows("SELECT body FROM secrets WHERE name GLOB ? ORDER BY name", f"{parent}/secrets/*")
    return [json.loads(row["body"]) for row in rows]


def change(store: Store, name: str, paths: list[masks.Path], changes: JsonObject) -> JsonObject:
    """Change the fields of a secret that a mask names.

    Raises:
        CloudError: 404; 400 without a mask, for a field that cannot be changed, or another etag than the current one.
    """
    secret = require(store, name)
    if not paths:
        raise invalid_argument("The update mask must name at least one field.", "update_mask")
    if fixed := {path[0] for path in paths} & _FIXED:
        raise invalid_argument(f"The field {', '.join(sorted(fixed))} cannot be changed.", "update_mask")
    _check_etag(secret, changes.get("etag", ""))
    changed = {**masks.apply(paths, secret, changes), "etag": _etag(store)}
    store.run("UPDATE secrets SET body = ? WHERE name = ?", json.dumps(changed), name)
    return changed


def delete(store: Store, name: str, etag: str) -> None:
    """Delete a secret with its versions and its policy.

    Raises:
        CloudError: 404; 400 for another etag than the current one.
    """
    _check_etag(require(store, name), etag)
    _forget(store, name)


def add_version(store: Store, now: datetime, name: str, payload: JsonObject) -> JsonObject:
    """Add a version, which is enabled and the latest.

    Raises:
        CloudError: 404; 400 for no data, more than 64 KiB, or data of another checksum than the given one.
    """
    require(store, name)
    data = b64decode(payload.get("data", "").replace("-", "+").replace("_", "/"))
    if not data:
        raise invalid_argument("Secret Payload cannot be empty.")
    if len(data) > _LARGEST:
        raise invalid_argument(f"The payload has {len(data)} bytes, and at most {_LARGEST} are allowed.")
    checksum = payload.get("dataCrc32c")
    if checksum is not None and int(checksum) != crc32c(data):
        raise invalid_argument("The checksum of the payload does not match its data.", "payload.data_crc32c")
    row = store.row("SELECT max(number) AS last FROM secret_versions WHERE secret = ?", name)
    number = ((row["last"] if row else None) or 0) + 1
    version = {
        "name": f"{name}/versions/{number}",
        "createTime": rfc3339(now),
        "state": "ENABLED",
        "replicationStatus": {"automatic": {}},
        "etag": _etag(store),
        **({"clientSpecifiedPayloadChecksum": True} if checksum is not None else {}),
    }
    store.run(
        "INSERT INTO secret_versions VALUES (?, ?, ?, ?)",
        name,
        number,
        b64encode(data).decode(),
        json.dumps(version),
    )
    return version


def versions(store: Store, name: str) -> list[JsonObject]:
    """The versions of a secret, the newest first, without their data."""
    rows = store.rows("SELECT body FROM secret_versions WHERE secret = ? ORDER BY number DESC", name)
    return [json.loads(row["body"]) for row in rows]


def require_version(store: Store, name: str, version: str) -> JsonObject:
    """A version by its number or `latest`, without its data.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    body: JsonObject = json.loads(_version(store, name, version)[1])
    return body


def access(store: Store, name: str, version: str) -> JsonObject:
    """A version's data with its checksum.

    Raises:
        CloudError: 404; 400 FAILED_PRECONDITION for one that is disabled or destroyed.
    """
    data, text = _version(store, name, version)
    body = json.loads(text)
    if body["state"] != "ENABLED":
        raise failed_precondition(f"Secret Version [{body['name']}] is in {body['state']} state.")
    return {"name": body["name"], "payload": {"data": data, "dataCrc32c": str(crc32c(b64decode(data)))}}


def change_state(store: Store, now: datetime, name: str, version: str, verb: str, etag: str) -> JsonObject:
    """Enable, disable or destroy a version; one that is destroyed has no data any more.

    Raises:
        CloudError: 404; 400 for another etag, or a version that is destroyed.
    """
    data, text = _version(store, name, version)
    body = json.loads(text)
    _check_etag(body, etag)
    if body["state"] == "DESTROYED":
        raise failed_precondition(f"Secret Version [{body['name']}] is already destroyed.")
    changed = {**body, "state": _STATES[verb], "etag": _etag(store)}
    if verb == "destroy":
        data, changed["destroyTime"] = "", rfc3339(now)
    store.run(
        "UPDATE secret_versions SET data = ?, body = ? WHERE secret = ? AND number = ?",
        data,
        json.dumps(changed),
        name,
        int(body["name"].rpartition("/")[2]),
    )
    return changed


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its secrets."""
    for secret in of_parent(store, f"projects/{number}"):
        _forget(store, secret["name"])


def _forget(store: Store, name: str) -> None:
    store.run("DELETE FROM secrets WHERE name = ?", name)
    store.run("DELETE FROM secret_versions WHERE secret = ?", name)
    iam.forget(store, name)


def _version(store: Store, name: str, version: str) -> tuple[str, str]:
    """A version's data and its body."""
    require(store, name)
    if version == "latest":
        row = store.row(
            "SELECT data, body FROM secret_versions WHERE secret = ? ORDER BY number DESC LIMIT 1", name
        )
        if row is None:
            raise not_found(f"Secret [{name}] not found or has no versions.")
    else:
        row = store.row(
            "SELECT data, body FROM secret_versions WHERE secret = ? AND CAST(number AS TEXT) = ?",
            name,
            version,
        )
        if row is None:
            raise not_found(f"Secret Version [{name}/versions/{version}] not found.")
    return row["data"], row["body"]


def _check_etag(item: JsonObject, etag: str) -> None:
    if etag and etag != item["etag"]:
        raise CloudError("FAILED_PRECONDITION", f"The etag of [{item['name']}] is not the given one.")


def _etag(store: Store) -> str:
    return f'"{store.next_value("secret-etag"):012x}"'
