"""The requests that the Gemini API has answered, by credential and minute: also those that it refused."""

from datetime import datetime
from typing import Final

from sandbox.cloud.core.service import Answered
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.generativelanguage.access import credential, full_name
from sandbox.cloud.generativelanguage.usage import RETENTION

SCHEMA: Final = """
CREATE TABLE gemini_requests (
    project TEXT NOT NULL,
    minute INTEGER NOT NULL,
    credential TEXT NOT NULL,
    method TEXT NOT NULL,
    version TEXT NOT NULL,
    code INTEGER NOT NULL,
    last REAL NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (project, minute, credential, method, version, code)
) WITHOUT ROWID;
CREATE INDEX gemini_requests_of_minute ON gemini_requests (minute);
"""


def record(store: Store, answered: Answered) -> None:
    """Count a request; a minute is kept as long as Cloud Monitoring keeps it."""
    at = answered.now.timestamp()
    minute = int(at) // 60 * 60
    row = store.row(
        "INSERT INTO gemini_requests VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET "
        "last = max(last, excluded.last), requests = requests + 1 RETURNING requests",
        answered.consumer,
        minute,
        credential(store, answered.caller),
        full_name(answered.method),
        answered.method.segments[0],
        answered.code,
        at,
    )
    if row is not None and row["requests"] == 1:
        oldest = minute - int(RETENTION.total_seconds())
        store.run("DELETE FROM gemini_requests WHERE project = ? AND minute < ?", answered.consumer, oldest)


def rows_between(store: Store, project: str, after: datetime, until: datetime) -> list[Row]:
    """The rows of the minutes that have a moment after one and until another in them."""
    return store.rows(
        "SELECT * FROM gemini_requests WHERE project = ? AND minute > ? AND minute <= ? ORDER BY minute",
        project,
        after.timestamp() - 60,
        until.timestamp(),
    )
