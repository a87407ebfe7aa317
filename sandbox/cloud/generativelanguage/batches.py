"""Batches of prompts: answered after ten minutes of the cloud's clock, for less, and against no limit of a minute.

A batch is worked out when it is made, and counts in the minute in which it will be done; cancelled before, it counts
nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Final

from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    failed_precondition,
    invalid_argument,
    not_found,
    unimplemented,
)
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Row
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.generativelanguage import answers, serving, usage
from sandbox.cloud.generativelanguage.handlers import asked_model
from sandbox.cloud.generativelanguage.published import Model

SCHEMA: Final = """
CREATE TABLE gemini_batches (
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    created REAL NOT NULL,
    runs REAL NOT NULL,
    done REAL NOT NULL,
    cancelled INTEGER NOT NULL,
    about TEXT NOT NULL,
    used TEXT NOT NULL,
    responses TEXT NOT NULL,
    PRIMARY KEY (project, id)
) WITHOUT ROWID;
"""
service = Handlers()

_WAITS: Final = timedelta(minutes=1)
_TAKES: Final = timedelta(minutes=10)
"""From its making; Google aims at a day, and most are sooner."""
_TYPE: Final = "type.googleapis.com/google.ai.generativelanguage.v1main"


@service("generativelanguage.BatchGenerateContent")
def create(call: Call) -> JsonObject:
    """Accept a batch."""
    model = asked_model(call, "batchGenerateContent")
    batch: JsonObject = call.body.get("batch", {})
    source: JsonObject = batch.get("inputConfig", {})
    if "fileName" in source:
        raise unimplemented("a batch from a file")
    requests = source.get("requests", {}).get("requests", [])
    if not requests:
        raise invalid_argument(
            "* BatchGenerateContentRequest.batch.input_config.requests: requests is not specified\n"
        )
    tier = serving.tier_of(call)
    done = call.now + _TAKES
    found = [_answered(call, model, request, done, tier) for request in requests]
    counted = _sum([used for _, used in found if used is not None])
    for used in counted:
        usage.add(call.store, call.consumer, done, used)
    oldest = (call.now - usage.RETENTION).timestamp()
    call.store.run("DELETE FROM gemini_batches WHERE project = ? AND done < ?", call.consumer, oldest)
    identifier = f"local{call.store.next_value('gemini_batch'):x}"
    call.store.run(
        "INSERT INTO gemini_batches VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)",
        *(call.consumer, identifier),
        *(call.now.timestamp(), (call.now + _WAITS).timestamp(), done.timestamp()),
        json.dumps({"model": f"models/{model.id}", "displayName": batch.get("displayName", identifier)}),
        json.dumps([asdict(used) for used in counted]),
        json.dumps([response for response, _ in found]),
    )
    return _shown(_row(call, identifier), call.now)


def _answered(
    call: Call, model: Model, request: JsonObject, done: datetime, tier: int
) -> tuple[JsonObject, usage.Used | None]:
    labels = {"metadata": request["metadata"]} if "metadata" in request else {}
    try:
        prompt = serving.prompt_of(call.store, call.consumer, done, model, request.get("request", {}))
        answered = answers.answer(prompt.body, prompt.model, prompt.wished, prompt.read)
    except CloudError as error:
        return {"error": serving.error_of(error), **labels}, None
    used = serving.used_of(prompt, answered, "BatchGenerateContent", tier, "batch")
    whole = serving.whole(prompt, answered, {"modelVersion": prompt.model.id})
    return {"response": whole, **labels}, used


def _sum(found: Sequence[usage.Used]) -> list[usage.Used]:
    """What counts in one row, together."""
    sums: dict[tuple[bool, str], usage.Used] = {}
    for used in found:
        known = sums.get((used.thinking, used.context))
        sums[used.thinking, used.context] = used if known is None else known.plus(used)
    return list(sums.values())


@service("generativelanguage.ListOperations")
def list_all(call: Call) -> JsonObject:
    """The batches of the project."""
    rows = call.store.rows("SELECT * FROM gemini_batches WHERE project = ? ORDER BY id", call.consumer)
    page, more = paging.requested(call.query, 50, 1000).cut(rows, lambda row: str(row["id"]))
    return {**({"operations": [_shown(row, call.now) for row in page]} if page else {}), **more}


@service("generativelanguage.GetOperation")
def get(call: Call) -> JsonObject:
    """A batch, with its answers once it is done."""
    return _shown(_row(call, call.ids[0]), call.now)


@service("generativelanguage.CancelOperation")
def cancel(call: Call) -> JsonObject:
    """Cancel a batch that is not done."""
    row = _row(call, call.ids[0])
    if row["cancelled"] or row["done"] <= call.now.timestamp():
        raise failed_precondition(f"Batch {row['id']} is done and cannot be cancelled.")
    done = datetime.fromtimestamp(row["done"], UTC)
    for used in json.loads(row["used"]):
        usage.add(call.store, call.consumer, done, usage.Used(**used).negative())
    call.store.run(
        "UPDATE gemini_batches SET cancelled = 1, done = ? WHERE project = ? AND id = ?",
        call.now.timestamp(),
        call.consumer,
        row["id"],
    )
    return {}


@service("generativelanguage.DeleteOperation")
def delete(call: Call) -> JsonObject:
    """Forget a batch; one that is not done goes on, and counts."""
    row = _row(call, call.ids[0])
    call.store.run("DELETE FROM gemini_batches WHERE project = ? AND id = ?", call.consumer, row["id"])
    return {}


def _row(call: Call, identifier: str) -> Row:
    row = call.store.row(
        "SELECT * FROM gemini_batches WHERE project = ? AND id = ?", call.consumer, identifier
    )
    if row is None:
        raise not_found(f"Batch batches/{identifier} was not found.")
    return row


def _state(row: Row, now: datetime) -> str:
    if row["cancelled"]:
        return "CANCELLED"
    if row["done"] <= now.timestamp():
        return "SUCCEEDED"
    return "RUNNING" if row["runs"] <= now.timestamp() else "PENDING"


def _shown(row: Row, now: datetime) -> JsonObject:
    name, state = f"batches/{row['id']}", _state(row, now)
    responses = json.loads(row["responses"])
    done = state in ("CANCELLED", "SUCCEEDED")
    changed = {"PENDING": row["created"], "RUNNING": row["runs"]}.get(state, row["done"])
    metadata: JsonObject = {
        "@type": f"{_TYPE}.GenerateContentBatch",
        **json.loads(row["about"]),
        "name": name,
        "createTime": _time(row["created"]),
        "updateTime": _time(changed),
        "state": f"BATCH_STATE_{state}",
        "batchStats": {"requestCount": str(len(responses))},
    }
    shown: JsonObject = {"name": name, "metadata": metadata}
    if done:
        metadata["endTime"] = _time(row["done"])
        shown["done"] = True
    if state == "SUCCEEDED":
        failed = sum("error" in response for response in responses)
        metadata["batchStats"] |= {"successfulRequestCount": str(len(responses) - failed)} | (
            {"failedRequestCount": str(failed)} if failed else {}
        )
        output = {"inlinedResponses": {"inlinedResponses": responses}}
        metadata["output"] = output
        shown["response"] = {"@type": f"{_TYPE}.GenerateContentBatchOutput", **output}
    elif state == "CANCELLED":
        shown["error"] = {"code": 1, "message": "The batch was cancelled."}
    return shown


def _time(moment: float) -> str:
    return rfc3339(datetime.fromtimestamp(moment, UTC))
