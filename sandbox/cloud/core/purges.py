"""What was deleted is there for a while, to be brought back; then the clock deletes it for good."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Delivery, Job

#: How long Google keeps projects, folders, keys and service accounts.
KEPT: Final = timedelta(days=30)

Purge = Callable[[Store, str], None]
"""Deletes for good what has a name."""


def plan(store: Store, kind: str, name: str, due: datetime) -> None:
    """Let what was deleted be deleted for good. `kind`: a key of a service's `purges`."""
    store.run("INSERT OR REPLACE INTO purges VALUES (?, ?, ?)", kind, name, due.timestamp())


def cancel(store: Store, kind: str, name: str) -> None:
    """Keep what was brought back."""
    store.run("DELETE FROM purges WHERE kind = ? AND name = ?", kind, name)


def due_of(store: Store, kind: str, name: str) -> datetime | None:
    """When something is deleted for good; None if it was not deleted."""
    due = store.value("SELECT due FROM purges WHERE kind = ? AND name = ?", kind, name)
    return None if due is None else datetime.fromtimestamp(due, UTC)


def job(purges: Mapping[str, Purge]) -> Job:
    """Deletes for good what is due. `purges`: kind → how."""

    def work(store: Store, now: datetime) -> list[Delivery]:
        for row in store.rows("SELECT kind, name FROM purges WHERE due <= ?", now.timestamp()):
            purges[row["kind"]](store, row["name"])
            cancel(store, row["kind"], row["name"])
        return []

    return Job(_next_due, work, _set_back)


def _next_due(store: Store) -> datetime | None:
    due = store.value("SELECT due FROM purges ORDER BY due LIMIT 1")
    return None if due is None else datetime.fromtimestamp(due, UTC)


def _set_back(store: Store, _now: datetime, by: timedelta) -> None:
    store.run("UPDATE purges SET due = due - ?", by.total_seconds())
