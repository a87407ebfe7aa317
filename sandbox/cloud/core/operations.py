"""Long-running operations.

The change itself is made in the request that starts it; only the operation's result takes time: it is done
after `Store.settle_polls` reads of it (0: at once). No clock and no thread, so a test knows what it will see.
Those that take time by the clock are `sandbox.cloud.pending`'s: for them, a handler runs at the end.
"""

import json
from typing import TypeVar

from sandbox.cloud.core.errors import CloudError, JsonObject, not_found
from sandbox.cloud.core.store import Store

OutcomeT = TypeVar("OutcomeT")


def start(
    store: Store,
    prefix: str,
    *,
    response: JsonObject | None = None,
    metadata: JsonObject | None = None,
    error: CloudError | None = None,
    at_once: bool = False,
) -> JsonObject:
    """Record an operation and return it, not yet done unless operations settle at once.

    Args:
        store: the state.
        prefix: what the service's operation names begin with (`operations/cp.`).
        response: the result with its `@type`; for google.protobuf.Empty, `{"@type": …Empty}`.
        metadata: the service's metadata with its `@type`.
        error: the failure that the operation ends with, in place of a response.
        at_once: it is done from the start, however long others take.
    """
    polls = 0 if at_once else store.settle_polls
    body: JsonObject = {"name": _name(store, prefix)}
    if metadata is not None:
        body["metadata"] = metadata
    done = {**body, "done": True}
    if error is not None:
        done["error"] = _status(error)
    else:
        done["response"] = response or {}
    store.run("INSERT INTO operations VALUES (?, ?, ?)", body["name"], polls, json.dumps(done))
    return done if polls == 0 else body


def with_state(operation: JsonObject, running: str, failed: str) -> JsonObject:
    """An operation whose metadata has a state, as it is now: what is kept is the state that it ends well with."""
    if "metadata" not in operation or "response" in operation:
        return operation
    state = failed if "error" in operation else running
    return {**operation, "metadata": {**operation["metadata"], "state": state}}


def begin(store: Store, tried: JsonObject) -> JsonObject:
    """Record an operation that is not done until `end`, in place of one that was undone; returns it."""
    name = _name(store, tried["name"].rstrip("0123456789"))
    begun = {"name": name, **({"metadata": tried["metadata"]} if "metadata" in tried else {})}
    store.run("INSERT INTO operations VALUES (?, 0, ?)", name, json.dumps(begun))
    return begun


def end(store: Store, name: str, answer: object) -> None:
    """Give an operation the outcome of the one that was made for it at its end, which nobody has seen."""
    made = name_of(store, answer)
    store.run(
        "UPDATE operations SET body = (SELECT json_set(body, '$.name', ?1) FROM operations WHERE name = ?2) "
        "WHERE name = ?1",
        name,
        made,
    )
    store.run("DELETE FROM operations WHERE name = ?", made)


def end_failed(store: Store, name: str, error: CloudError) -> None:
    """End an operation in an error."""
    body = json.loads(store.value("SELECT body FROM operations WHERE name = ?", name))
    body |= {"done": True, "error": _status(error)}
    store.run("UPDATE operations SET body = ? WHERE name = ?", json.dumps(body), name)


def name_of(store: Store, answer: object) -> str | None:
    """The name of the operation that an answer is; None if it is none of these."""
    name = answer.get("name") if isinstance(answer, dict) else None
    found = store.row("SELECT name FROM operations WHERE name = ?", name) if isinstance(name, str) else None
    return None if found is None else str(found["name"])


def outcome(store: Store, answer: OutcomeT) -> OutcomeT | JsonObject:
    """An answer; of an operation, what it is when it is done."""
    name = name_of(store, answer)
    if name is None:
        return answer
    done: JsonObject = json.loads(store.value("SELECT body FROM operations WHERE name = ?", name))
    return done


def failing(store: Store, name: str, error: CloudError) -> JsonObject:
    """Record an operation in place of one that was undone, which ends in an error. `name`: of the one undone."""
    return start(store, name.rstrip("0123456789"), error=error)


def poll(store: Store, name: str) -> JsonObject:
    """An operation by its full name; each call brings it nearer to being done.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    found = store.row(
        "UPDATE operations SET polls_left = max(polls_left - 1, 0) WHERE name = ? RETURNING polls_left, body",
        name,
    )
    if found is None:
        raise not_found(f"Operation {name} was not found.")
    body: JsonObject = json.loads(found["body"])
    if found["polls_left"] == 0:
        return body
    return {key: value for key, value in body.items() if key in ("name", "metadata")}


def _name(store: Store, prefix: str) -> str:
    return f"{prefix}{4_000_000_000_000_000_000 + store.next_value('operations') * 7_919}"


def _status(error: CloudError) -> JsonObject:
    return {"code": CODES.index(error.status), "message": error.message, "details": error.details}


#: google.rpc.Code, by number.
CODES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
