"""Operations that take time: what a call does is done when its operation is, and until then nobody sees any of it.

The call is checked when it comes, against the state and against what else is under way, and refused then; its changes
are made at the operation's end by the same handler. What stands in its way by then ends the operation in that error.
"""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from sandbox.cloud.core import late, operations
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.permissions import everything
from sandbox.cloud.core.service import Call, Handler, Media, Service
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.timeline import Delivery, Job
from sandbox.cloud.core.timings import Timing, Timings
from sandbox.cloud.iam import grants

_LOG: Final = logging.getLogger("sandbox.cloud")
#: What a handler needs of a call besides its method, the state and the time.
_PARTS: Final = ("path", "ids", "query", "body", "consumer", "member")


class _TriedError(Exception):
    """Undoes a call that was only tried."""

    def __init__(self, operation: JsonObject) -> None:
        self.operation = operation
        super().__init__()


class _CheckedError(Exception):
    """Undoes a call that was only to be checked."""


class Pending:
    """The operations under way."""

    def __init__(self, services: Sequence[Service], store: Store, timings: Timings) -> None:
        self._services = {service.name: service for service in services}
        self._store = store
        self.timings = timings
        self.job = Job(self._due, self._work, self._set_back)
        """Ends operations as the clock gets there."""

    def begin(self, service: Service, handler: Handler, call: Call, timing: Timing) -> JsonObject | Media:
        """Answer a call, in a transaction; an operation that it answers is under way for the time that it takes.

        Raises:
            CloudError: what the handler refuses, now or beside what is under way.
        """
        if call.query.get("validateOnly"):
            return self._validated(handler, call)
        if timing.operation is None:
            return handler(call)
        try:
            with self._store.attempt():
                answer = handler(call)
                if name := operations.name_of(self._store, answer):
                    raise _TriedError(operations.poll(self._store, name))
                return answer
        except _TriedError as tried:
            operation = tried.operation
        self._check_beside_others(handler, call)
        begun = operations.begin(self._store, operation)
        kept = {
            **{name: getattr(call, name) for name in _PARTS},
            "service": service.name,
            "method": call.method.id,
            "version": call.method.segments[0],
            "effectSeconds": None if call.effect == timedelta.max else call.effect.total_seconds(),
        }
        due = call.now + timing.operation
        values = (begun["name"], due.timestamp(), json.dumps(kept))
        self._store.run("INSERT INTO pending VALUES (?, ?, ?)", *values)
        return service.operations(call, begun)

    def _validated(self, handler: Handler, call: Call) -> JsonObject | Media:
        """The answer to a call that is only checked; an operation is done at once, as nobody can ask for it later."""
        answer: JsonObject | Media = {}
        try:
            with self._store.attempt():
                answer = operations.outcome(self._store, handler(call))
                raise _CheckedError
        except _CheckedError:
            return answer

    def _check_beside_others(self, handler: Handler, call: Call) -> None:
        others = self._store.rows("SELECT call FROM pending ORDER BY due, operation")
        if not others:
            return
        try:
            with self._store.attempt():
                for row in others:
                    other, its_handler = self._restored(json.loads(row["call"]), call.now)
                    try:
                        with self._store.attempt():
                            its_handler(other)
                    except CloudError:
                        continue  # that will be its operation's error
                handler(call)
                raise _TriedError({})
        except _TriedError:
            return

    def _restored(self, kept: JsonObject, now: datetime) -> tuple[Call, Handler]:
        """A call that was kept, and what serves it."""
        handlers = self._services[kept["service"]].handlers
        method, handler = next(
            (method, handler)
            for method, handler in handlers.items()
            if handler and (method.id, method.segments[0]) == (kept["method"], kept["version"])
        )
        effect_s, member = kept["effectSeconds"], kept["member"]
        parts: dict[str, Any] = {name: kept[name] for name in _PARTS} | {"ids": tuple(kept["ids"])}
        may = partial(grants.holds, self._store, member) if member else everything
        effect = timedelta.max if effect_s is None else timedelta(seconds=effect_s)
        return Call(method, store=self._store, now=now, may=may, effect=effect, **parts), handler

    @staticmethod
    def _due(store: Store) -> datetime | None:
        due = store.value("SELECT min(due) FROM pending")
        return None if due is None else datetime.fromtimestamp(due, UTC)

    def _work(self, store: Store, now: datetime) -> list[Delivery]:
        rows = store.rows("SELECT * FROM pending WHERE due <= ? ORDER BY due, operation", now.timestamp())
        self.timings.snapshots.keep(now)
        for row in rows:
            store.run("DELETE FROM pending WHERE operation = ?", row["operation"])
            try:
                call, handler = self._restored(json.loads(row["call"]), now)
                with store.attempt():
                    operations.end(store, row["operation"], handler(call))
            except CloudError as error:
                operations.end_failed(store, row["operation"], error)
            except Exception:
                _LOG.exception("%s failed", row["operation"])
                operations.end_failed(store, row["operation"], CloudError("INTERNAL"))
        return []

    @staticmethod
    def _set_back(store: Store, _now: datetime, by: timedelta) -> None:
        store.run("UPDATE pending SET due = due - ?", by.total_seconds())
        late.set_back(store, by.total_seconds())
