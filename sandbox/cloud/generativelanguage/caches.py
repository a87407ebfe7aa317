"""Explicit caches: what they hold, until when, and what keeping it counts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.cloud.core.errors import CloudError, JsonObject, permission_denied
from sandbox.cloud.core.store import Row, Store

if TYPE_CHECKING:  # usage has the storage of caches in it
    from sandbox.cloud.generativelanguage.usage import Tokens

SCHEMA: Final = """
CREATE TABLE gemini_caches (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    tier INTEGER NOT NULL,
    total INTEGER NOT NULL,
    tokens TEXT NOT NULL,
    body TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache.

    Attributes:
        id: the last part of its name.
        model: the API's id of the model that it is for.
        tokens: what it holds, by modality.
        body: what its maker has set, besides the contents.
        created: seconds since 1970, as the others.
        updated: when its end was changed last.
        expires: when it ends, or ended; deleting ends it.
    """

    id: str
    model: str
    tokens: "Tokens"
    body: JsonObject
    created: float
    updated: float
    expires: float


def add(store: Store, project: str, cache: Cache, tier: int) -> None:
    """Keep a new cache of a project in a tier."""
    store.run(
        "INSERT INTO gemini_caches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(project, cache.id, cache.model, tier, sum(cache.tokens.values()), json.dumps(cache.tokens)),
        *(json.dumps(cache.body), cache.created, cache.updated, cache.expires),
    )


def forget_before(store: Store, project: str, moment: datetime) -> None:
    """Forget the caches of a project that ended before."""
    store.run("DELETE FROM gemini_caches WHERE project = ? AND expires < ?", project, moment.timestamp())


def find(store: Store, project: str, identifier: str, now: datetime) -> Cache:
    """A cache that has not ended.

    Raises:
        CloudError: 403, which is also what Google says of one that is not there.
    """
    row = store.row("SELECT * FROM gemini_caches WHERE project = ? AND id = ?", project, identifier)
    if row is None or row["expires"] <= now.timestamp():
        raise _absent()
    return _read(row)


def of_project(store: Store, project: str, now: datetime) -> list[Cache]:
    """The caches of a project that have not ended, by id."""
    rows = store.rows(
        "SELECT * FROM gemini_caches WHERE project = ? AND expires > ? ORDER BY id", project, now.timestamp()
    )
    return [_read(row) for row in rows]


def end_at(store: Store, project: str, cache: Cache, expires: float, now: datetime) -> None:
    """Change when a cache ends."""
    store.run(
        "UPDATE gemini_caches SET expires = ?, updated = ? WHERE project = ? AND id = ?",
        expires,
        now.timestamp(),
        project,
        cache.id,
    )


def kept(store: Store, project: str, after: datetime, until: datetime) -> Iterator[tuple[int, str, int, int]]:
    """Minute, model, tier and token seconds of every minute from `after` to `until` in which a cache was there."""
    first, last = int(after.timestamp()) // 60 * 60, int(until.timestamp())
    for row in store.rows(
        "SELECT model, tier, total, created, expires FROM gemini_caches "
        "WHERE project = ? AND created < ? AND expires > ?",
        project,
        last,
        first,
    ):
        begin, end = row["created"], row["expires"]
        for minute in range(max(first, int(begin) // 60 * 60), last, 60):
            if minute >= end:
                break
            # Differences of one growing number, so that the minutes add up to the whole.
            added = _so_far(row, minute + 60) - _so_far(row, minute)
            yield minute, row["model"], row["tier"], added


def first_minute(store: Store, since: datetime) -> datetime | None:
    """The first minute that begins at `since` or later in which a cache was there."""
    begin = -(-int(since.timestamp()) // 60) * 60
    created = store.value("SELECT min(created) FROM gemini_caches WHERE expires > ?", begin)
    return datetime.fromtimestamp(max(begin, int(created) // 60 * 60), UTC) if created is not None else None


def keepers(store: Store, after: datetime, until: datetime) -> set[str]:
    """The numbers of the projects that had a cache."""
    rows = store.rows(
        "SELECT DISTINCT project FROM gemini_caches WHERE created < ? AND expires > ?",
        until.timestamp(),
        after.timestamp(),
    )
    return {row["project"] for row in rows}


def _so_far(row: Row, moment: float) -> int:
    seconds = min(moment, row["expires"]) - row["created"]
    return int(row["total"] * max(seconds, 0))


def _read(row: Row) -> Cache:
    return Cache(
        row["id"],
        row["model"],
        json.loads(row["tokens"]),
        json.loads(row["body"]),
        row["created"],
        row["updated"],
        row["expires"],
    )


def _absent() -> CloudError:
    return permission_denied("CachedContent not found (or permission denied)")
