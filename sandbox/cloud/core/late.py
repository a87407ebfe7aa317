"""What was set and is not in force yet: until then, what was in force before still is."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import NEVER


class When(NamedTuple):
    """When something is set, and from when on it is in force; `now` for at once."""

    now: datetime
    in_force: datetime


def load(store: Store) -> None:
    """Look, after a start, whether there is any of it."""
    store.has_late = store.row("SELECT 1 FROM late") is not None


def change(store: Store, subject: str, part: str, when: When | None, before: Any) -> None:
    """Keep what is in force before a change, until the change is.

    Args:
        store: the state.
        subject: what is changed, such as a project's overrides on a limit.
        part: which part of it.
        when: when it is changed, and when that is in force; None for at once.
        before: what was set for the part, as JSON; None for nothing.
    """
    if when is not None and when.in_force > when.now:
        before = in_force(store, subject, when.now, {part: before}).get(part)
        values = (subject, part, when.in_force.timestamp(), json.dumps(before))
        store.run("INSERT OR REPLACE INTO late VALUES (?, ?, ?, ?)", *values)
        store.has_late = True
    elif store.has_late:
        store.run("DELETE FROM late WHERE subject = ? AND part = ?", subject, part)


def in_force(store: Store, subject: str, now: datetime, found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of a subject as they are in force, of which `found` is what is set: part → value."""
    if not store.has_late:
        return found
    rows = store.rows(
        "SELECT part, before FROM late WHERE subject = ? AND until > ?", subject, now.timestamp()
    )
    kept = {row["part"]: json.loads(row["before"]) for row in rows}
    return {part: value for part, value in {**found, **kept}.items() if value is not None}


def set_back(store: Store, by_s: float) -> None:
    """Let what is to come be as far ahead as it was, with a clock that is set back; what never comes stays so."""
    store.run("UPDATE late SET until = until - ? WHERE until < ?", by_s, NEVER.timestamp())
