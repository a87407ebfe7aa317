"""Workload identity pools and their providers: state and Google's rules for them."""

import json
import re
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sandbox.cloud.core.errors import (
    JsonObject,
    already_exists,
    failed_precondition,
    invalid_argument,
    not_found,
)
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE workload_identity (name TEXT PRIMARY KEY, parent TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
"""
_ID: Final = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")
_ATTRIBUTE: Final = re.compile(r"google\.(subject|groups|display_name)|attribute\.[a-z0-9_]{1,100}")
_CLAIM: Final = re.compile(r"\b(assertion|attribute|google)\.")
_MOST_ATTRIBUTES: Final = 50
_LONGEST_EXPRESSION: Final = 4096
_KEPT: Final = timedelta(days=30)
#: Issuers that sign for every customer of theirs: without a condition, anybody's pipeline could come in.
_SHARED_ISSUERS: Final = frozenset({"token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io"})


def create(
    store: Store, now: datetime, parent: str, kind: str, identifier: str, body: JsonObject
) -> JsonObject:
    """Create a pool or a provider.

    Args:
        store: the state.
        now: the time.
        parent: the location, or the pool of a provider.
        kind: `workloadIdentityPools` or `providers`.
        identifier: its id.
        body: its settings.

    Raises:
        CloudError: 400 for a bad id or setting; 404 for the pool; 409 for an id in use, be it by a deleted one.
    """
    if not _ID.fullmatch(identifier):
        raise invalid_argument(
            f"The id '{identifier}' must be 4 to 32 lowercase letters, digits or hyphens, and not begin with gcp-."
        )
    name = f"{parent}/{kind}/{identifier}"
    if find(store, now, name) is not None:
        raise already_exists()
    made = {"name": name, **{key: value for key, value in body.items() if key != "name"}, "state": "ACTIVE"}
    _check(made, kind)
    _save(store, made, parent)
    return made


def find(store: Store, now: datetime, name: str) -> JsonObject | None:
    """A pool or provider, also a deleted one until it expires."""
    row = store.row("SELECT body FROM workload_identity WHERE name = ?", name)
    if row is None:
        return None
    found: JsonObject = json.loads(row["body"])
    if found.get("expireTime", "9999") <= rfc3339(now):
        store.run("DELETE FROM workload_identity WHERE name = ? OR parent = ?", name, name)
        return None
    return found


def require(store: Store, now: datetime, name: str) -> JsonObject:
    """A pool or provider, also a deleted one until it expires.

    Raises:
        CloudError: 404.
    """
    found = find(store, now, name)
    if found is None:
        raise not_found()
    return found


def below(store: Store, now: datetime, parent: str, *, deleted: bool) -> list[JsonObject]:
    """The pools of a location, or the providers of a pool, by name."""
    rows = store.rows("SELECT name FROM workload_identity WHERE parent = ? ORDER BY name", parent)
    found = [find(store, now, row["name"]) for row in rows]
    return [each for each in found if each and (deleted or each["state"] == "ACTIVE")]


def change(store: Store, current: JsonObject, changed: JsonObject, kind: str) -> JsonObject:
    """Give a pool or provider other settings.

    Raises:
        CloudError: 400 for a bad setting, or one that is deleted.
    """
    if current["state"] != "ACTIVE":
        raise failed_precondition(f"{current['name']} is deleted.")
    _check(changed, kind)
    _save(store, changed, _parent(current, kind))
    return changed


def delete(store: Store, now: datetime, current: JsonObject, kind: str) -> JsonObject:
    """Delete a pool or provider: for 30 days it can be brought back, and its id is taken.

    Raises:
        CloudError: 400 for one that is deleted.
    """
    if current["state"] != "ACTIVE":
        raise failed_precondition(f"{current['name']} is already deleted.")
    deleted = {**current, "state": "DELETED", "expireTime": rfc3339(now + _KEPT)}
    _save(store, deleted, _parent(current, kind))
    return deleted


def undelete(store: Store, current: JsonObject, kind: str) -> JsonObject:
    """Bring a deleted pool or provider back.

    Raises:
        CloudError: 400 for one that is not deleted.
    """
    if current["state"] != "DELETED":
        raise failed_precondition(f"{current['name']} is not deleted.")
    restored = {key: value for key, value in current.items() if key != "expireTime"} | {"state": "ACTIVE"}
    _save(store, restored, _parent(current, kind))
    return restored


def forget_project(store: Store, number: str) -> None:
    """A project in deletion loses its pools."""
    store.run("DELETE FROM workload_identity WHERE name GLOB ?", f"projects/{number}/*")


def _check(body: JsonObject, kind: str) -> None:
    for field, longest in (("displayName", 32), ("description", 256)):
        if len(body.get(field, "")) > longest:
            raise invalid_argument(f"{field} must be at most {longest} characters.", field)
    if kind != "providers":
        return
    sources = body.keys() & {"aws", "oidc", "saml", "x509"}
    if len(sources) != 1:
        raise invalid_argument("Exactly one of aws, oidc, saml and x509 must be set.")
    mapping = body.get("attributeMapping", {})
    if "aws" not in sources and not mapping.get("google.subject"):
        raise invalid_argument("The attribute mapping must have google.subject.", "attribute_mapping")
    custom = [name for name in mapping if name.startswith("attribute.")]
    bad = next((name for name in mapping if not _ATTRIBUTE.fullmatch(name)), None)
    if bad or len(custom) > _MOST_ATTRIBUTES:
        raise invalid_argument(f"The attribute {bad or custom[-1]} cannot be mapped.", "attribute_mapping")
    condition = body.get("attributeCondition", "")
    if len(condition) > _LONGEST_EXPRESSION:
        raise invalid_argument("The attribute condition is too long.", "attribute_condition")
    if "oidc" in sources:
        _check_oidc(body["oidc"], condition)


def _check_oidc(oidc: JsonObject, condition: str) -> None:
    issuer = urlsplit(oidc.get("issuerUri", ""))
    if issuer.scheme != "https" or not issuer.netloc:
        raise invalid_argument("The issuer URI must be an https URL.", "oidc.issuer_uri")
    if issuer.netloc in _SHARED_ISSUERS and not _CLAIM.search(condition):
        raise invalid_argument(
            "The attribute condition must reference one of the provider's claims. For more information, see "
            "https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions",
            "attribute_condition",
        )


def _parent(current: JsonObject, kind: str) -> str:
    return str(current["name"]).rpartition(f"/{kind}/")[0]


def _save(store: Store, body: JsonObject, parent: str) -> None:
    store.run(
        "INSERT OR REPLACE INTO workload_identity VALUES (?, ?, ?)", body["name"], parent, json.dumps(body)
    )
