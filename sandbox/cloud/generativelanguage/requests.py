"""The requests that the Gemini API has answered, by credential: also those that it refused."""

from datetime import datetime

from sandbox.cloud.core.service import Answered
from sandbox.cloud.core.store import Row, Store
from sandbox.cloud.generativelanguage.access import credential, full_name
from sandbox.cloud.generativelanguage.models import RETENTION

SCHEMA = """
CREATE TABLE gemini_requests (
    project TEXT NOT NULL,
    at REAL NOT NULL,
    number INTEGER NOT NULL,
    credential TEXT NOT NULL,
    method TEXT NOT NULL,
    version TEXT NOT NULL,
    code INTEGER NOT NULL,
    PRIMARY KEY (project, at, number)
) WITHOUT ROWID;
"""


def record(store: Store, answered: Answered) -> None:
    """Keep a request, as long as Cloud Monitoring does."""
    store.run(
        "DELETE FROM gemini_requests WHERE project = ? AND at < ?",
        answered.consumer,
        (answered.now - RETENTION).timestamp(),
    )
    store.run(
        "INSERT INTO gemini_requests VALUES (?, ?, ?, ?, ?, ?, ?)",
        answered.consumer,
        answered.now.timestamp(),
        store.next_value("gemini_request"),
        credential(store, answered.caller),
        full_name(answered.method),
        answered.method.segments[0],
        answered.code,
    )


def requests_between(store: Store, project: str, after: datetime, until: datetime) -> list[Row]:
    """The requests that were answered after a moment and until another: credential, method, version, code, at."""
    return store.rows(
        "SELECT credential, method, version, code, at FROM gemini_requests "
        "WHERE project = ? AND at > ? AND at <= ?",
        project,
        after.timestamp(),
        until.timestamp(),
    )
