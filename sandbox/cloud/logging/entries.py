"""Entries as Cloud Logging shows them: audit entries are made of the rows of their table, others are as written."""

import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Final
from urllib.parse import quote

from sandbox.cloud.core.errors import CloudError, JsonObject, bad_request, field_violation
from sandbox.cloud.core.secrets import without_secrets
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import from_micros, micros, rfc3339
from sandbox.cloud.logging.models import RETENTION

ACTIVITY: Final = "cloudaudit.googleapis.com/activity"
_BATCH: Final = 500
_OF_AUDIT: Final = (
    *("service", "method", "resource", "caller", "behind", "address", "agent"),
    *("code", "message", "permissions", "request", "response"),
)
"""Columns that audit entries alone have."""
_KINDS: Final = {"folders": "folder", "organizations": "organization", "billingAccounts": "billing_account"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listing asks for."""

    containers: Sequence[str]
    since: int
    """Microseconds since 1970, the first that counts; as are these:"""
    until: int
    holds: Callable[[JsonObject], bool]
    descending: bool
    size: int
    after: tuple[int, int] | None
    """Time and sequence number of the last entry of the page before."""


def log_name(container: str) -> str:
    """The full name of a container's audit log."""
    return f"{container}/logs/{quote(ACTIVITY, safe='')}"


def has_entries(store: Store, container: str, now: datetime) -> bool:
    """True if a container's audit log has entries."""
    return (
        store.row(
            "SELECT 1 FROM audit_entries WHERE container = ? AND at >= ?", container, micros(now - RETENTION)
        )
        is not None
    )


def page(store: Store, wanted: Wanted, now: datetime) -> tuple[list[JsonObject], str]:
    """A page of entries, and the token of the next one; "" for the last."""
    found: list[JsonObject] = []
    last = wanted.after
    for row in _rows(store, wanted, micros(now - RETENTION)):
        entry = json.loads(row["body"]) if row["body"] else audit_entry(store, row)
        if not wanted.holds(entry):
            continue
        if len(found) == wanted.size:
            return found, urlsafe_b64encode(json.dumps(last).encode()).decode() if last else ""
        found.append(without_secrets(entry))
        last = (row["at"], row["seq"])
    return found, ""


def after(token: str) -> tuple[int, int] | None:
    """Where the page before ended, from its token.

    Raises:
        CloudError: 400 for a token that was not given out.
    """
    if not token:
        return None
    try:
        at, sequence = json.loads(urlsafe_b64decode(token.encode()))
        return int(at), int(sequence)
    except (Base64Error, ValueError, TypeError):
        raise CloudError(
            "INVALID_ARGUMENT",
            "page_token doesn't match arguments from the request",
            [bad_request([field_violation("page_token", "The page token is not valid.")])],
        ) from None


def _rows(store: Store, wanted: Wanted, oldest: int) -> Iterator[sqlite3.Row]:
    """The rows in order, from the page's beginning."""
    marks = ", ".join("?" * len(wanted.containers))
    order, beyond = ("DESC", "<") if wanted.descending else ("ASC", ">")
    nothing = ", ".join("NULL" for _ in _OF_AUDIT)
    last = wanted.after
    while True:
        rest = f"AND (at, seq) {beyond} (?, ?)" if last else ""
        asked = (*wanted.containers, max(wanted.since, oldest), wanted.until, *(last or ()))
        where = f"WHERE container IN ({marks}) AND at BETWEEN ? AND ? {rest}"
        rows = store.rows(
            f"SELECT seq, at, container, '' AS body, {', '.join(_OF_AUDIT)} FROM audit_entries {where} "  # noqa: S608 - no value
            f"UNION ALL SELECT seq, at, container, body, {nothing} FROM written_entries {where} "
            f"ORDER BY at {order}, seq {order} LIMIT {_BATCH}",
            *asked,
            *asked,
        )
        yield from rows
        if len(rows) < _BATCH:
            return
        last = (rows[-1]["at"], rows[-1]["seq"])


def audit_entry(store: Store, row: sqlite3.Row) -> JsonObject:
    """The entry of a row."""
    at = rfc3339(from_micros(row["at"]))
    permissions = json.loads(row["permissions"])
    container, service, method = row["container"], f"{row['service']}.googleapis.com", row["method"]
    response = json.loads(row["response"])
    operation = _operation(response)
    if operation:
        response = _result(store, operation)
    return {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "status": {"code": row["code"], "message": row["message"]} if row["code"] else {},
            "authenticationInfo": _caller(row),
            "requestMetadata": {
                "callerIp": row["address"],
                **({"callerSuppliedUserAgent": row["agent"]} if row["agent"] else {}),
                "requestAttributes": {"time": at, "auth": {}},
                "destinationAttributes": {},
            },
            "serviceName": service,
            "methodName": method,
            **({"authorizationInfo": [_checked(*each) for each in permissions]} if permissions else {}),
            "resourceName": row["resource"],
            "request": json.loads(row["request"]),
            **({"response": response} if response else {}),
        },
        "insertId": blake2s(str(row["seq"]).encode(), digest_size=7).hexdigest()[:13],
        "resource": _monitored(container, service, method, row["resource"]),
        "timestamp": at,
        "severity": "ERROR" if row["code"] else "NOTICE",
        "logName": log_name(container),
        # Google has an entry each for the beginning and the end of an operation; here both are one.
        **(
            {"operation": {"id": operation, "producer": service, "first": True, "last": True}}
            if operation
            else {}
        ),
        "receiveTimestamp": at,
    }


def _operation(answer: JsonObject) -> str:
    """The name of the operation that an answer is; "" if it is none."""
    name = answer.get("name")
    return name if isinstance(name, str) and "operations/" in name else ""


def _result(store: Store, operation: str) -> JsonObject:
    """What an operation ends with."""
    row = store.row("SELECT body FROM operations WHERE name = ?", operation)
    response = json.loads(row["body"]).get("response", {}) if row else {}
    return dict(response)


def _checked(permission: str, resource: str, granted: bool) -> JsonObject:
    return {"resource": resource, "permission": permission, "granted": granted, "resourceAttributes": {}}


def _caller(row: sqlite3.Row) -> JsonObject:
    subject: str = row["caller"]
    chain: list[str] = json.loads(row["behind"]) if row["behind"] else []
    return {
        "principalEmail": subject.partition(":")[2],
        "principalSubject": subject,
        **(
            {
                "serviceAccountDelegationInfo": [
                    {
                        "principalSubject": each,
                        "firstPartyPrincipal": {"principalEmail": each.partition(":")[2]},
                    }
                    for each in chain
                ]
            }
            if chain
            else {}
        ),
    }


def _monitored(container: str, service: str, method: str, resource: str) -> JsonObject:
    """The monitored resource of an entry."""
    kind, _, identifier = container.partition("/")
    if kind != "projects":
        name = _KINDS[kind]
        return {"type": name, "labels": {f"{name}_id": identifier}}
    own = {"project_id": identifier}
    if service in ("cloudresourcemanager.googleapis.com", "cloudbilling.googleapis.com"):
        return {"type": "project", "labels": own}
    if service == "storage.googleapis.com":
        bucket = {"bucket_name": resource.rpartition("/")[2], "location": "", **own}
        return {"type": "gcs_bucket", "labels": bucket}
    if service == "iam.googleapis.com" and "/serviceAccounts/" in resource:
        return {"type": "service_account", "labels": {"unique_id": resource.rpartition("/")[2], **own}}
    return {"type": "audited_resource", "labels": {"service": service, "method": method, **own}}
