"""API keys: state and Google's rules for them."""

import ipaddress
import json
import re
import secrets
import sqlite3
import string
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sandbox.cloud.core import masks, purges
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
from sandbox.cloud.iam import models as iam
from sandbox.cloud.serviceusage.catalogue import TITLES

SCHEMA = """
CREATE TABLE api_keys (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    key_string TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
"""
KEYS = "apiKeys"
"""What `core.purges` calls deleted keys."""
_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_CLIENTS: Final = frozenset(
    {"androidKeyRestrictions", "browserKeyRestrictions", "iosKeyRestrictions", "serverKeyRestrictions"}
)
_FINGERPRINT = re.compile(r"([0-9A-Fa-f]{2}:){19}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{40}")
_KEY_ALPHABET = string.ascii_letters + string.digits + "-_"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. `settings` holds what callers set: displayName, annotations, restrictions, serviceAccountEmail."""

    project: str
    id: str
    uid: str
    key_string: str
    settings: JsonObject
    created: str
    updated: str
    deleted: str
    generation: int


def create(store: Store, now: datetime, project: str, identifier: str, settings: JsonObject) -> Key:
    """Create a key; without an id its uid is one.

    Raises:
        CloudError: 400 for a bad id or setting, 409 for an id in use, also by a key deleted in the last 30 days.
    """
    uid = _uuid(store)
    if identifier and not _ID.fullmatch(identifier):
        raise invalid_argument(
            "The key id must be 1 to 63 lowercase letters, digits or hyphens, a letter first.", "key_id"
        )
    if (
        store.row("SELECT 1 FROM api_keys WHERE project = ? AND id = ?", project, identifier or uid)
        is not None
    ):
        raise already_exists()
    _check(settings)
    account = settings.get("serviceAccountEmail", "")
    if account and iam.by_email(store, account) is None:
        raise invalid_argument(f"Service account {account} does not exist.", "key.service_account_email")
    stamp = rfc3339(now)
    key_string = _key_string("AQ.Ab", 48) if account else _key_string("AIzaSy", 33)
    key = Key(project, identifier or uid, uid, key_string, _normalized(settings), stamp, stamp, "", 1)
    _save(store, key)
    return key


def find(store: Store, project: str, identifier: str) -> Key:
    """A key that is not deleted, by id or uid.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    key = _find(store, project, identifier)
    if key.deleted:
        raise not_found()
    return key


def of_project(store: Store, project: str, *, deleted: bool) -> list[Key]:
    """The keys of a project (by number), by id; with `deleted`, also those."""
    rows = store.rows("SELECT * FROM api_keys WHERE project = ? ORDER BY id", project)
    return [key for key in map(_read, rows) if deleted or not key.deleted]


def lookup(store: Store, key_string: str) -> Key:
    """The key of a string.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT * FROM api_keys WHERE key_string = ? AND deleted = ''", key_string)
    if row is None:
        raise not_found()
    return _read(row)


def uid_of(store: Store, key_string: str) -> str:
    """The uid of the key of a string; "" if there is none."""
    row = store.row("SELECT uid FROM api_keys WHERE key_string = ? AND deleted = ''", key_string)
    return row["uid"] if row is not None else ""


def change(store: Store, now: datetime, key: Key, settings: JsonObject) -> Key:
    """Replace what callers set.

    Raises:
        CloudError: 400 for a bad setting, or another service account: that is another key.
    """
    if settings.get("serviceAccountEmail", "") != key.settings.get("serviceAccountEmail", ""):
        raise invalid_argument("The service account of a key cannot be changed.", "key.service_account_email")
    _check(settings)
    changed = replace(
        key, settings=_normalized(settings), updated=rfc3339(now), generation=key.generation + 1
    )
    _save(store, changed)
    return changed


def delete(store: Store, now: datetime, key: Key) -> Key:
    """Put a key into deletion: it opens nothing, and for 30 days it can be brought back, and its id is taken."""
    purges.plan(store, KEYS, f"{key.project}/{key.id}", now + purges.KEPT)
    changed = replace(key, deleted=rfc3339(now), generation=key.generation + 1)
    _save(store, changed)
    return changed


def undelete(store: Store, project: str, identifier: str) -> Key:
    """Bring a deleted key back.

    Raises:
        CloudError: 404, or 400 when it is not deleted.
    """
    key = _find(store, project, identifier)
    if not key.deleted:
        raise failed_precondition("The key is not deleted.")
    purges.cancel(store, KEYS, f"{project}/{key.id}")
    changed = replace(key, deleted="", generation=key.generation + 1)
    _save(store, changed)
    return changed


def purge(store: Store, name: str) -> None:
    """Delete a key for good: `PROJECT/ID`."""
    store.run("DELETE FROM api_keys WHERE project = ? AND id = ?", *name.split("/"))


def _find(store: Store, project: str, identifier: str) -> Key:
    row = store.row(
        "SELECT * FROM api_keys WHERE project = ? AND (id = ? OR uid = ?)", project, identifier, identifier
    )
    if row is None:
        raise not_found()
    return _read(row)


def _save(store: Store, key: Key) -> None:
    store.run(
        "INSERT OR REPLACE INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(json.dumps(key.settings) if name == "settings" else getattr(key, name) for name in Key.__slots__),
    )


def _read(row: sqlite3.Row) -> Key:
    values = dict(row)
    return Key(**{**values, "settings": json.loads(values["settings"])})


def _key_string(start: str, random: int) -> str:
    """A string of Google's form: `AQ.` of a key bound to a service account, `AIza` of a standard one."""
    return start + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(random))


def _uuid(store: Store) -> str:
    number = store.next_value("api_key")
    return f"{number * 2_654_435_761 % 2**32:08x}-5f3c-4d2a-9b1e-{number:012x}"


def _check(settings: JsonObject) -> None:
    if len(settings.get("displayName", "")) > 63:
        raise invalid_argument("The display name must be at most 63 characters.", "key.display_name")
    restrictions = settings.get("restrictions", {})
    for target in restrictions.get("apiTargets", []):
        if target.get("service") not in TITLES:
            raise _restriction("api_targets", f"Service {target.get('service', '')!r} was not found.")
    for address in restrictions.get("serverKeyRestrictions", {}).get("allowedIps", []):
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise _restriction("server_key_restrictions", f"{address!r} is not an IP address.") from None
    for referrer in restrictions.get("browserKeyRestrictions", {}).get("allowedReferrers", []):
        if not referrer or " " in referrer:
            raise _restriction("browser_key_restrictions", f"{referrer!r} is not a referrer.")
    for app in _android_apps(settings):
        if not _FINGERPRINT.fullmatch(app.get("sha1Fingerprint", "")):
            raise _restriction("android_key_restrictions", f"{app.get('sha1Fingerprint')!r} is not a SHA1.")
    if len(restrictions.keys() & _CLIENTS) > 1:
        raise _restriction("client_restrictions", "Only one kind of client restriction can be set.")


def with_one_client(settings: JsonObject, paths: list[masks.Path]) -> JsonObject:
    """Settings after a change of `paths`: a client restriction of another kind takes the former's place."""
    changed = {path[1] for path in paths if path[0] == "restrictions" and len(path) > 1} & _CLIENTS
    restrictions = settings.get("restrictions", {})
    if not changed & restrictions.keys():
        return settings
    kept = {name: value for name, value in restrictions.items() if name not in _CLIENTS - changed}
    return {**settings, "restrictions": kept}


def _normalized(settings: JsonObject) -> JsonObject:
    """With fingerprints in Google's output format: capitals, no colons."""
    apps = [
        {**app, "sha1Fingerprint": app["sha1Fingerprint"].replace(":", "").upper()}
        for app in _android_apps(settings)
    ]
    if not apps:
        return settings
    restrictions = {**settings["restrictions"], "androidKeyRestrictions": {"allowedApplications": apps}}
    return {**settings, "restrictions": restrictions}


def _android_apps(settings: JsonObject) -> list[JsonObject]:
    restrictions = settings.get("restrictions", {}).get("androidKeyRestrictions", {})
    apps: list[JsonObject] = restrictions.get("allowedApplications", [])
    return apps


def _restriction(field: str, text: str) -> CloudError:
    return invalid_argument(text, f"key.restrictions.{field}")
