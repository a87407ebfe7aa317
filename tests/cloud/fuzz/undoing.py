"""A store in which a call leaves nothing behind, so that each request of many meets the same state."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.cloud.core.store import Store

#: What a refused call may write: that it came.
_BOOKS: Final = frozenset({"audit_entries", "gemini_counts", "gemini_requests"})


class UndoingStore(Store):
    """The state; what is written within `undone` is undone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._inside = False

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo at the end what calls have written."""
        self._db.execute("BEGIN")
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            self._db.execute("ROLLBACK")
            self.memo.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if not self._inside:
            with super().transaction():
                yield
            return
        self._db.execute("SAVEPOINT call")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO call")
            raise
        finally:
            self._db.execute("RELEASE call")

    @property
    def writes(self) -> int:
        """How many rows have been written so far, also by what was undone."""
        return self._db.total_changes

    def digest(self) -> str:
        """The whole of the state, but for the books."""
        found = hashlib.sha256()
        tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        for [table] in tables:
            if table not in _BOOKS:
                found.update(table.encode())
                for row in self._db.execute(f"SELECT * FROM {table}"):  # noqa: S608 the table's own name
                    found.update(repr(tuple(row)).encode())
        return found.hexdigest()
