"""The state of the local cloud: one SQLite file, one connection, one transaction a request.

Write-ahead logging with synchronous=NORMAL: a process killed at any moment loses no answered request, and a request
that was not answered leaves nothing behind.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

_SCHEMA = """
CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE operations (
    name TEXT PRIMARY KEY,
    polls_left INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE iam_policies (
    resource TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE local_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE late (
    subject TEXT NOT NULL,
    part TEXT NOT NULL,
    until REAL NOT NULL,
    before TEXT NOT NULL,
    PRIMARY KEY (subject, part)
) WITHOUT ROWID;
CREATE TABLE pending (operation TEXT PRIMARY KEY, due REAL NOT NULL, call TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE purges (kind TEXT, name TEXT, due REAL NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE INDEX purges_due ON purges (due);
CREATE TABLE about (schema_digest TEXT NOT NULL);
"""

Row = sqlite3.Row

#: Called inside the transaction that creates or deletes a project, with the project's number.
ProjectHook = Callable[["Store", str], None]
#: Called before an IAM policy is set, with the resource's name, the policy, and the members that are new in it.
PolicyHook = Callable[["Store", str, dict[str, Any], list[str]], None]
#: Called inside the transaction that enables an API in a project: its time, the project's number and the API.
ServiceHook = Callable[["Store", datetime, str, str], None]
#: The name of the resource above one.
Parent = Callable[["Store", str], str]


class StoreUnusableError(Exception):
    """The file cannot serve as the state: in use by another server, or of another version."""


class Store:
    """The database, with the hooks that notify services of created and deleted projects, IAM policies and enabled APIs.

    `settle_polls` is how many times a long-running operation is polled until it is done; `enablement_polls` how many
    calls of an API are refused after it was enabled; `tier_lag_polls` how many listings of a newly linked project's
    quotas show the free tier's. `fixed_quotas` are the ids of quotas that cannot be changed, besides Google's own.
    `metrics_lag` is how late Cloud Monitoring has a call. `knows_callers` is False while every token is the operator's.
    `now` is the local cloud's clock.
    `address` is where the local cloud is reached at its main port; `functions_changed` wakes what runs functions,
    and `delivery_secret` shows them that the local cloud itself calls.
    `memo` has what was worked out from a version of something in the state; `has_late` is True if `core.late` may have
    something in force that is no longer what is set.
    """

    def __init__(self, path: Path) -> None:
        self.on_project_created: list[ProjectHook] = []
        self.on_project_deleted: list[ProjectHook] = []
        self.on_policy_set: list[PolicyHook] = []
        self.on_service_enabled: list[ServiceHook] = []
        self.parents: dict[str, Parent] = {}
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.address = ""
        self.delivery_secret = token_urlsafe(24)
        self.functions_changed: Callable[[], None] = lambda: None
        self.knows_callers = False
        self.memo: dict[tuple[Any, ...], Any] = {}
        self.has_late = False
        self.settle_polls = 1
        self.enablement_polls = 0
        self.tier_lag_polls = 0
        self.fixed_quotas: frozenset[str] = frozenset()
        self.metrics_lag = timedelta()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # It has keys in it. SQLite gives its other files the mode of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnusableError(f"{path} cannot be opened: {error}.") from None
        self._db.row_factory = sqlite3.Row

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def prepare(self, schemas: Iterable[str], fill: Callable[["Store"], None]) -> None:
        """Take the file; an empty one gets the tables and what `fill` writes, all or nothing.

        Raises:
            StoreUnusableError: the file is in use, no database of the local cloud's, or of another version.
        """
        schema = "\n".join([_SCHEMA, *schemas])
        try:
            # The exclusive lock keeps a second server out; the operating system drops it with the process.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._create_or_check(schema, fill)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname == "SQLITE_BUSY":
                raise StoreUnusableError(
                    f"{self._path} is in use: is another local cloud running on it?"
                ) from None
            if error.sqlite_errorname == "SQLITE_NOTADB":
                raise StoreUnusableError(f"{self._path} is not a database.") from None
            raise

    def _create_or_check(self, schema: str, fill: Callable[["Store"], None]) -> None:
        digest = hashlib.sha256(schema.encode()).hexdigest()
        if self.row("SELECT 1 FROM sqlite_master") is None:
            self._db.executescript(f"BEGIN EXCLUSIVE;\n{schema}\nINSERT INTO about VALUES ('{digest}');")
            fill(self)
            self._db.execute("COMMIT")
            return
        made_with = self.row("SELECT schema_digest FROM about")
        if made_with is None or made_with["schema_digest"] != digest:
            raise StoreUnusableError(
                f"{self._path} was made by another version of the local cloud: remove it to start afresh."
            )
        # Forces the exclusive lock now, so that a second server fails at its start and not at its first write.
        self._db.execute("BEGIN EXCLUSIVE")
        self._db.execute("COMMIT")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an exception undoes what was written inside."""
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside a transaction: an exception undoes what was written inside the attempt."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def copied(self) -> "Store":
        """The state as it is, in memory: what is written to the copy is lost with it.

        Not inside a transaction that has written.
        """
        copied = copy(self)
        copied.memo = {}
        copied._db = sqlite3.connect(":memory:", isolation_level=None)
        copied._db.row_factory = sqlite3.Row
        self._db.backup(copied._db)
        return copied

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row of a query; None without a row."""
        row = self.row(sql, *values)
        return row[0] if row is not None else None

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement; returns the number of rows it changed."""
        return self._db.execute(sql, values).rowcount

    def next_value(self, sequence: str, least: int = 1) -> int:
        """The next number of a sequence, from `least`; never given twice, not even after a restart."""
        return self.next_values(sequence, 1, least)[0]

    def next_values(self, sequence: str, count: int, least: int = 1) -> range:
        """The next numbers of a sequence."""
        last = self.value(
            "INSERT INTO sequences VALUES (?1, ?3 + ?2 - 1) "
            "ON CONFLICT (name) DO UPDATE SET value = max(value + ?2, excluded.value) RETURNING value",
            sequence,
            count,
            least,
        )
        return range(last - count + 1, last + 1)

    def close(self) -> None:
        """Close the file; the write-ahead log is merged into it."""
        self._db.close()
