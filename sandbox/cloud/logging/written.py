"""Entries that callers write, and the deletion of their logs. They are kept for the days of the bucket `_Default`."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2s
from typing import Final
from urllib.parse import quote, unquote

from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import micros, rfc3339
from sandbox.cloud.logging import log_metrics
from sandbox.cloud.logging.buckets import retention_days
from sandbox.cloud.logging.kept import everywhere, owner
from sandbox.cloud.logging.names import container

handlers = Handlers()

SCHEMA: Final = """
CREATE TABLE written_entries (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    container TEXT NOT NULL,
    log TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX written_entries_by_container ON written_entries (container, at);
"""
_NAME: Final = re.compile(r"((?:projects|folders|organizations|billingAccounts)/[^/]+)/logs/([^/]{1,511})")
_ID: Final = re.compile(r"[A-Za-z0-9/_.-]+")
_LONGEST: Final = 256 * 1024
_MOST: Final = 1000
_PAYLOADS: Final = ("textPayload", "jsonPayload", "protoPayload")
_OLDEST: Final = timedelta(days=30)
_NEWEST: Final = timedelta(days=1)
_EVERY: Final = 512


def containers(body: JsonObject) -> list[str]:
    """The resources to whose logs a request writes.

    Raises:
        CloudError: 400 for a log that has no valid name.
    """
    return list(dict.fromkeys(_split(_log_name(body, each))[0] for each in body.get("entries", [])))


@handlers("logging.entries.write")
def write(call: Call) -> JsonObject:
    """Write entries: all of them, or none."""
    body = call.body
    entries = body.get("entries", [])
    if not entries:
        raise invalid_argument("There are no entries to write.", "entries")
    if len(entries) > _MOST:
        raise invalid_argument(f"A request can have at most {_MOST} entries.", "entries")
    made = [(*_split(_log_name(body, each)), _entry(call, each, index)) for index, each in enumerate(entries)]
    if body.get("dryRun"):
        return {}
    for name, log, entry in made:
        of = container(call.store, name)
        entry["logName"] = f"{of}/logs/{log}"
        at = _moment(entry["timestamp"])
        # Numbers below those of audit entries, which count up from 1.
        sequence = -call.store.next_value("written_entries")
        entry.setdefault("insertId", blake2s(str(sequence).encode(), digest_size=7).hexdigest())
        call.store.run(
            "INSERT INTO written_entries VALUES (?, ?, ?, ?, ?)",
            sequence,
            micros(at),
            of,
            log,
            json.dumps(entry),
        )
        log_metrics.count(call.store, of, at, partial(list, [entry]))
        if sequence % _EVERY == 0:
            oldest = micros(call.now - timedelta(days=retention_days(call.store, of)))
            call.store.run("DELETE FROM written_entries WHERE container = ? AND at < ?", of, oldest)
    return {}


@handlers(*everywhere("logs", "delete"))
def delete_log(call: Call) -> JsonObject:
    """Delete a log's entries; audit logs cannot be deleted."""
    of, log = owner(call), quote(call.ids[-1], safe="")
    if unquote(log).startswith("cloudaudit.googleapis.com/"):
        raise invalid_argument("Audit logs cannot be deleted.")
    if not call.store.run("DELETE FROM written_entries WHERE container = ? AND log = ?", of, log):
        raise CloudError("NOT_FOUND", f"Log {unquote(log)} does not exist")
    return {}


def logs(store: Store, of: str, now: datetime) -> list[str]:
    """The full names of a resource's logs that have entries."""
    rows = store.rows(
        "SELECT DISTINCT log FROM written_entries WHERE container = ? AND at >= ?",
        of,
        micros(now - timedelta(days=retention_days(store, of))),
    )
    return [f"{of}/logs/{row['log']}" for row in rows]


def _log_name(body: JsonObject, entry: JsonObject) -> str:
    return str(entry.get("logName") or body.get("logName", ""))


def _split(name: str) -> tuple[str, str]:
    """The resource and the encoded log id of a log's name."""
    match = _NAME.fullmatch(name)
    if match is None or not _ID.fullmatch(unquote(match[2])):
        raise invalid_argument(f"{name!r} is no name of a log.", "log_name")
    return match[1], quote(unquote(match[2]), safe="")


def _entry(call: Call, entry: JsonObject, index: int) -> JsonObject:
    body, field = call.body, f"entries[{index}]"
    resource = entry.get("resource") or body.get("resource", {})
    if not resource.get("type"):
        raise invalid_argument("A monitored resource with a type is required.", f"{field}.resource")
    if len(json.dumps(entry)) > _LONGEST:
        raise invalid_argument(f"The log entry is larger than {_LONGEST} bytes.", field)
    if sum(name in entry for name in _PAYLOADS) > 1:
        raise invalid_argument("An entry has one payload.", field)
    now = rfc3339(call.now)
    made = {
        **entry,
        "resource": resource,
        "timestamp": entry.get("timestamp", now),
        "severity": entry.get("severity", "DEFAULT"),
        "labels": {**body.get("labels", {}), **entry.get("labels", {})},
        "receiveTimestamp": now,
    }
    if not call.now - _OLDEST <= _moment(made["timestamp"]) <= call.now + _NEWEST:
        raise invalid_argument("The timestamp is too far in the past or in the future.", f"{field}.timestamp")
    if not made["labels"]:
        del made["labels"]
    return made


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
