"""Operations on functions: they take as long as the deployment takes."""

import json
from datetime import datetime
from typing import Any, Final

from sandbox.cloud.core.errors import CloudError, JsonObject, not_found
from sandbox.cloud.core.operations import CODES
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA: Final = """
CREATE TABLE function_operations (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
_METADATA: Final = "type.googleapis.com/google.cloud.functions.v2.OperationMetadata"


def start(store: Store, now: datetime, function: str, verb: str) -> JsonObject:
    """Record an operation (`create`, `update`, `delete`) that is not done."""
    number = store.next_value("function-operation")
    location = function.rpartition("/functions/")[0]
    name = f"{location}/operations/operation-{int(now.timestamp() * 1000)}-{number:013x}-{number * 7919:08x}"
    operation: JsonObject = {
        "name": name,
        "metadata": {
            "@type": _METADATA,
            "createTime": rfc3339(now),
            "target": function,
            "verb": verb,
            "cancelRequested": False,
            "apiVersion": "v2",
            "operationType": f"{verb.upper()}_FUNCTION",
        },
        "done": False,
    }
    store.run("INSERT INTO function_operations VALUES (?, ?)", name, json.dumps(operation))
    return operation


def finish(
    store: Store,
    name: str,
    now: datetime,
    *,
    response: JsonObject | None = None,
    error: CloudError | None = None,
) -> None:
    """Write down what an operation ended with; nothing for one that is not there."""
    row = store.row("SELECT body FROM function_operations WHERE name = ?", name)
    if row is None:
        return
    operation: dict[str, Any] = json.loads(row["body"])
    operation["done"] = True
    operation["metadata"]["endTime"] = rfc3339(now)
    if error is not None:
        operation["error"] = {"code": CODES.index(error.status), "message": error.message}
    else:
        operation["response"] = response or {}
    store.run("UPDATE function_operations SET body = ? WHERE name = ?", json.dumps(operation), name)


def require(store: Store, name: str) -> JsonObject:
    """An operation.

    Raises:
        CloudError: 404.
    """
    row = store.row("SELECT body FROM function_operations WHERE name = ?", name)
    if row is None:
        raise not_found(f"Operation {name} was not found.")
    operation: JsonObject = json.loads(row["body"])
    return operation


def of_parent(store: Store, above: str) -> list[JsonObject]:
    """The operations of a location, by name."""
    rows = store.rows("SELECT body FROM function_operations ORDER BY name")
    found: list[JsonObject] = [json.loads(row["body"]) for row in rows]
    return [operation for operation in found if operation["name"].startswith(f"{above}/operations/")]
