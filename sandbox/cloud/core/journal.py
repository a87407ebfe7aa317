"""The requests that the local cloud received: for tests, and for people who want to see what a tool sends.

Responses are not kept (one has an API key's string), and credentials that clients send are blanked.
"""

from collections import deque

from sandbox.cloud.core.errors import JsonObject

#: Enough for a benchmark of 100 projects, and a bound on memory; so are the bytes of their bodies.
_CAPACITY = 50_000
_BYTES = 64 * 1024 * 1024


class Journal:
    """The requests of this process, oldest first, each with its number `n`."""

    def __init__(self) -> None:
        self._entries: deque[JsonObject] = deque()
        self._sizes: deque[int] = deque()
        self._size = 0
        self._count = 0

    def add(self, entry: JsonObject, size: int) -> None:
        """Record a request, of whose body so many bytes are kept; the oldest go if there are too many."""
        self._count += 1
        self._entries.append({"n": self._count, **entry})
        self._sizes.append(size)
        self._size += size
        while len(self._entries) > _CAPACITY or self._size > _BYTES:
            self._entries.popleft()
            self._size -= self._sizes.popleft()

    def after(self, number: int) -> list[JsonObject]:
        """The requests with a number above `number`."""
        skipped = max(0, number - (self._count - len(self._entries)))
        return [self._entries[index] for index in range(skipped, len(self._entries))]
