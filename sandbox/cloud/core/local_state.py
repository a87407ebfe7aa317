"""Settings and state of the local cloud itself, which no API has: JSON values by name, kept in the store."""

import json
from typing import Any

from sandbox.cloud.core.store import Store


def get(store: Store, name: str, default: Any) -> Any:
    """A value; the default if it was never put."""
    row = store.row("SELECT value FROM local_state WHERE name = ?", name)
    return json.loads(row["value"]) if row is not None else default


def put(store: Store, name: str, value: Any) -> None:
    """Keep a value."""
    store.run("INSERT OR REPLACE INTO local_state VALUES (?, ?)", name, json.dumps(value))
