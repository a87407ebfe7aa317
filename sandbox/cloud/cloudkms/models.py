"""Key rings, keys and their versions: state and Google's rules for them."""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Final

from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import masks
from sandbox.cloud.core.errors import (
    JsonObject,
    already_exists,
    error_info,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    unimplemented,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE kms_rings (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kms_keys (name TEXT PRIMARY KEY, ring TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kms_versions (
    key TEXT NOT NULL, number INTEGER NOT NULL, secret BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (key, number)
) WITHOUT ROWID;
"""
SYMMETRIC: Final = "ENCRYPT_DECRYPT"
_ALGORITHM: Final = "GOOGLE_SYMMETRIC_ENCRYPTION"
_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_LOCATION: Final = re.compile(r"global|us|eu|asia|europe|[a-z]+-[a-z]+\d{1,2}|[a-z]+\d")
_SHORTEST_ROTATION: Final = timedelta(days=1)
_LONGEST_ROTATION: Final = timedelta(hours=876_000)
_SHORTEST_DESTRUCTION: Final = timedelta(days=1)
_LONGEST_DESTRUCTION: Final = timedelta(days=120)
_UNTIL_DESTROYED: Final = "2592000s"
_IMMUTABLE: Final = frozenset({"purpose", "destroyScheduledDuration", "importOnly", "cryptoKeyBackend"})


def create_ring(store: Store, now: datetime, project: Project, location: str, identifier: str) -> JsonObject:
    """Create a key ring.

    Raises:
        CloudError: 400 for a bad id or location, 403 for a project without billing, 409 for an id in use.
    """
    _check_id(identifier, "key_ring_id")
    if not _LOCATION.fullmatch(location):
        raise invalid_argument(f"The location {location} is not one of Cloud KMS.", "parent")
    _require_billing(store, project)
    name = f"projects/{project.project_id}/locations/{location}/keyRings/{identifier}"
    if store.row("SELECT 1 FROM kms_rings WHERE name = ?", name):
        raise already_exists(f"KeyRing {name} already exists.")
    ring = {"name": name, "createTime": rfc3339(now)}
    store.run("INSERT INTO kms_rings VALUES (?, ?, ?)", name, project.number, json.dumps(ring))
    return ring


def require_ring(store: Store, name: str) -> JsonObject:
    """A key ring.

    Raises:
        CloudError: 404.
    """
    return _require(store, "kms_rings", "KeyRing", name)


def rings(store: Store, parent: str) -> list[JsonObject]:
    """The key rings of a project's location, by name."""
    rows = store.rows("SELECT body FROM kms_rings WHERE name GLOB ? ORDER BY name", f"{parent}/keyRings/*")
    return [json.loads(row["body"]) for row in rows]


def create_key(
    store: Store, now: datetime, ring: str, identifier: str, body: JsonObject, *, empty: bool
) -> JsonObject:
    """Create a key, with its first version unless it is to be `empty`.

    Raises:
        CloudError: 400 for a bad id, purpose or duration, 404 for the ring, 409 for an id in use.
    """
    require_ring(store, ring)
    _check_id(identifier, "crypto_key_id")
    if not body.get("purpose"):
        raise invalid_argument("The field crypto_key.purpose must be set.", "crypto_key.purpose")
    if body["purpose"] != SYMMETRIC:
        raise unimplemented(f"keys of the purpose {body['purpose']}")
    name = f"{ring}/cryptoKeys/{identifier}"
    if store.row("SELECT 1 FROM kms_keys WHERE name = ?", name):
        raise already_exists(f"CryptoKey {name} already exists.")
    key = {
        "name": name,
        "createTime": rfc3339(now),
        "destroyScheduledDuration": _UNTIL_DESTROYED,
        **body,
        "versionTemplate": {
            "protectionLevel": "SOFTWARE",
            "algorithm": _ALGORITHM,
            **body.get("versionTemplate", {}),
        },
    }
    _check_key(now, key)
    _save_key(store, key)
    if not empty:
        version = create_version(store, now, name)
        _save_key(store, {**key, "primary": version})
    return require_key(store, now, name)


def require_key(store: Store, now: datetime, name: str) -> JsonObject:
    """A key, with its primary version as it is now.

    Raises:
        CloudError: 404.
    """
    key = _require(store, "kms_keys", "CryptoKey", name)
    if "primary" in key:
        key["primary"] = require_version(store, now, key["primary"]["name"])
    return key


def keys(store: Store, now: datetime, ring: str) -> list[JsonObject]:
    """The keys of a ring, by name."""
    rows = store.rows("SELECT name FROM kms_keys WHERE ring = ? ORDER BY name", ring)
    return [require_key(store, now, row["name"]) for row in rows]


def change_key(
    store: Store, now: datetime, name: str, paths: Sequence[masks.Path], body: JsonObject
) -> JsonObject:
    """Change what an update mask names of a key.

    Raises:
        CloudError: 400 for no mask, or one that names what cannot change; 404.
    """
    current = require_key(store, now, name)
    named = {path[0] for path in paths}
    if not paths or named & _IMMUTABLE:
        field = ", ".join(sorted(named & _IMMUTABLE)) or "nothing"
        raise invalid_argument(f"The update mask names {field}, which cannot be updated.", "update_mask")
    changed = masks.apply(list(paths), current, body)
    _check_key(now, changed)
    _save_key(store, changed)
    return require_key(store, now, name)


def set_primary(store: Store, now: datetime, name: str, number: str) -> JsonObject:
    """Make another version the one that encrypts.

    Raises:
        CloudError: 400 for one that is not enabled, 404.
    """
    key = require_key(store, now, name)
    version = require_version(store, now, f"{name}/cryptoKeyVersions/{number}")
    _require_enabled(version)
    _save_key(store, {**key, "primary": version})
    return require_key(store, now, name)


def create_version(store: Store, now: datetime, key: str) -> JsonObject:
    """Add a version with key material of its own."""
    held = _require(store, "kms_keys", "CryptoKey", key)
    row = store.row("SELECT max(number) AS last FROM kms_versions WHERE key = ?", key)
    number = ((row["last"] if row else None) or 0) + 1
    version = {
        "name": f"{key}/cryptoKeyVersions/{number}",
        "state": "ENABLED",
        "createTime": rfc3339(now),
        "generateTime": rfc3339(now),
        **held["versionTemplate"],
    }
    store.run(
        "INSERT INTO kms_versions VALUES (?, ?, ?, ?)", key, number, token_bytes(32), json.dumps(version)
    )
    return version


def require_version(store: Store, now: datetime, name: str) -> JsonObject:
    """A version as it is now: one whose time has come is destroyed.

    Raises:
        CloudError: 404.
    """
    key, number = _numbered(name)
    row = store.row("SELECT body FROM kms_versions WHERE key = ? AND number = ?", key, number)
    if row is None:
        raise not_found(f"CryptoKeyVersion {name} not found.")
    version: JsonObject = json.loads(row["body"])
    if version["state"] == "DESTROY_SCHEDULED" and version["destroyTime"] <= rfc3339(now):
        version = {**version, "state": "DESTROYED", "destroyEventTime": version.pop("destroyTime")}
        _save_version(store, version)
        store.run("UPDATE kms_versions SET secret = ? WHERE key = ? AND number = ?", b"", key, number)
    return version


def versions(store: Store, now: datetime, key: str) -> list[JsonObject]:
    """The versions of a key, by number."""
    rows = store.rows("SELECT number FROM kms_versions WHERE key = ? ORDER BY number", key)
    return [require_version(store, now, f"{key}/cryptoKeyVersions/{row['number']}") for row in rows]


def change_version(store: Store, now: datetime, name: str, state: str) -> JsonObject:
    """Enable a version, disable it, schedule its destruction, or take it back from that.

    Raises:
        CloudError: 400 for a change that its state does not have; 404.
    """
    version = require_version(store, now, name)
    allowed = {
        "ENABLED": ("ENABLED", "DISABLED"),
        "DISABLED": ("ENABLED", "DISABLED", "DESTROY_SCHEDULED"),
        "DESTROY_SCHEDULED": ("ENABLED", "DISABLED"),
    }
    if version["state"] not in allowed.get(state, ()):
        raise failed_precondition(f"{name} cannot be made {state}: its state is {version['state']}.")
    changed = {key: value for key, value in version.items() if key != "destroyTime"} | {"state": state}
    if state == "DESTROY_SCHEDULED":
        key = _require(store, "kms_keys", "CryptoKey", _numbered(name)[0])
        changed["destroyTime"] = rfc3339(now + _duration(key, "destroyScheduledDuration"))
    _save_version(store, changed)
    return changed


def secret(store: Store, now: datetime, name: str) -> bytes:
    """The key material of a version.

    Raises:
        CloudError: 400 for one that is not enabled, 404.
    """
    _require_enabled(require_version(store, now, name))
    key, number = _numbered(name)
    row = store.row("SELECT secret FROM kms_versions WHERE key = ? AND number = ?", key, number)
    return bytes(row["secret"]) if row else b""


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its keys."""
    for row in store.rows("SELECT name FROM kms_rings WHERE project = ?", number):
        below = f"{row['name']}/*"
        store.run("DELETE FROM kms_versions WHERE key GLOB ?", below)
        store.run("DELETE FROM kms_keys WHERE name GLOB ?", below)
        store.run("DELETE FROM kms_rings WHERE name = ?", row["name"])
        store.run("DELETE FROM iam_policies WHERE resource = ? OR resource GLOB ?", row["name"], below)


def _check_id(identifier: str, field: str) -> None:
    if not _ID.fullmatch(identifier):
        raise invalid_argument(f"The id '{identifier}' does not match {_ID.pattern}.", field)


def _check_key(now: datetime, key: JsonObject) -> None:
    if key["versionTemplate"]["algorithm"] != _ALGORITHM:
        algorithm = key["versionTemplate"]["algorithm"]
        raise invalid_argument(
            f"The algorithm {algorithm} is not one of the purpose {SYMMETRIC}.",
            "crypto_key.version_template.algorithm",
        )
    if ("rotationPeriod" in key) != ("nextRotationTime" in key) and "rotationPeriod" in key:
        raise invalid_argument(
            "If rotation_period is set, next_rotation_time must also be set.", "crypto_key.next_rotation_time"
        )
    if "rotationPeriod" in key:
        period = _duration(key, "rotationPeriod")
        if not _SHORTEST_ROTATION <= period <= _LONGEST_ROTATION:
            raise invalid_argument(
                "The rotation period must be from 24 hours to 876,000 hours.", "crypto_key.rotation_period"
            )
        if key["nextRotationTime"] <= rfc3339(now):
            raise invalid_argument(
                "The next rotation time must be in the future.", "crypto_key.next_rotation_time"
            )
    if not _SHORTEST_DESTRUCTION <= _duration(key, "destroyScheduledDuration") <= _LONGEST_DESTRUCTION:
        raise invalid_argument(
            "The destroy scheduled duration must be from 24 hours to 120 days.",
            "crypto_key.destroy_scheduled_duration",
        )


def _duration(key: JsonObject, field: str) -> timedelta:
    return timedelta(seconds=float(key[field].removesuffix("s")))


def _require_enabled(version: JsonObject) -> None:
    if version["state"] != "ENABLED":
        raise failed_precondition(
            f"{version['name']} is not enabled, current state is: {version['state']}.",
            [error_info("KEY_VERSION_NOT_ENABLED", "cloudkms.googleapis.com", {})],
        )


def _require_billing(store: Store, project: Project) -> None:
    account = billing.account_of(store, project.number)
    if account is None or not account.open:
        raise permission_denied(
            f"This API method requires billing to be enabled. Please enable billing on project #{project.number} "
            f"by visiting https://console.developers.google.com/billing/enable?project={project.number} then retry.",
            [
                error_info(
                    "BILLING_DISABLED",
                    "googleapis.com",
                    {"service": "cloudkms.googleapis.com", "consumer": f"projects/{project.number}"},
                )
            ],
        )


def _require(store: Store, table: str, kind: str, name: str) -> JsonObject:
    row = store.row(f"SELECT body FROM {table} WHERE name = ?", name)  # noqa: S608 a table of this module
    if row is None:
        raise not_found(f"{kind} {name} not found.")
    found: JsonObject = json.loads(row["body"])
    return found


def _save_key(store: Store, key: JsonObject) -> None:
    ring = key["name"].rpartition("/cryptoKeys/")[0]
    store.run("INSERT OR REPLACE INTO kms_keys VALUES (?, ?, ?)", key["name"], ring, json.dumps(key))


def _save_version(store: Store, version: JsonObject) -> None:
    key, number = _numbered(version["name"])
    store.run(
        "UPDATE kms_versions SET body = ? WHERE key = ? AND number = ?", json.dumps(version), key, number
    )


def _numbered(name: str) -> tuple[str, int]:
    """A version's key and number; a number that is none matches no version."""
    key, _, number = name.rpartition("/cryptoKeyVersions/")
    return key, int(number) if number.isdecimal() and len(number) < 10 else 0


def encoded(data: bytes) -> str:
    """Bytes as an answer has them."""
    return b64encode(data).decode()
