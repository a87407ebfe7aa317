"""The mails that Google would send: recorded, never sent. `GET /_local/mails` shows them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE mails (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, recipients TEXT NOT NULL, subject TEXT NOT NULL,
    why TEXT NOT NULL
);
"""


def send(store: Store, now: datetime, to: Iterable[str], subject: str, why: dict[str, Any]) -> None:
    """Record a mail; without anyone to get it there is none."""
    recipients = sorted(set(to))
    if recipients:
        store.run(
            "INSERT INTO mails (at, recipients, subject, why) VALUES (?, ?, ?, ?)",
            *(rfc3339(now), json.dumps(recipients), subject, json.dumps(why)),
        )


def all_mails(store: Store) -> list[dict[str, Any]]:
    """Every mail, oldest first: `to`, `subject`, `when`, `why`."""
    return [
        {
            "to": json.loads(row["recipients"]),
            "subject": row["subject"],
            "when": row["at"],
            "why": json.loads(row["why"]),
        }
        for row in store.rows("SELECT * FROM mails ORDER BY number")
    ]
