"""The requests that the local cloud received: for tests, and for people who want to see what a tool sends.

Responses are not kept (one has an API key's string), and credentials that clients send are blanked.
"""

from collections import deque
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sandbox.cloud.core.errors import JsonObject

_SECRET_PARAMETERS = frozenset({"key", "$key", "keyString", "key_string", "access_token", "oauth_token"})
_SECRET_FIELDS = frozenset({"keyString", "key_string", "auth_token", "password", "payload", "service_key"})
_BLANK = "REDACTED"
#: Enough for a benchmark of 100 projects, and a bound on memory.
_CAPACITY = 50_000


class Journal:
    """The requests of this process, oldest first, each with its number `n`."""

    def __init__(self) -> None:
        self._entries: deque[JsonObject] = deque(maxlen=_CAPACITY)
        self._count = 0

    def add(self, entry: JsonObject) -> None:
        """Record a request."""
        self._count += 1
        self._entries.append({"n": self._count, **entry})

    def after(self, number: int) -> list[JsonObject]:
        """The requests with a number above `number`."""
        skipped = max(0, number - (self._count - len(self._entries)))
        return [self._entries[index] for index in range(skipped, len(self._entries))]


def path_and_query(raw_path: str, query: str) -> str:
    """The request's target without the credentials in it."""
    if not query:
        return raw_path
    if any(name in query for name in _SECRET_PARAMETERS):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, _BLANK if name in _SECRET_PARAMETERS else value) for name, value in pairs])
    return f"{raw_path}?{query}"


def without_secrets(value: Any) -> Any:
    """A request's body without the credentials in it."""
    if isinstance(value, dict):
        return {
            name: _BLANK if name in _SECRET_FIELDS else without_secrets(item) for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value
