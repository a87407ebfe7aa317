"""Faults on request: calls that fail, end too soon or take long, as they do at Google on a bad day."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.cloud.core import chance
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.store import Store

if TYPE_CHECKING:  # pydantic is an eighth of the time that a local cloud takes to start, and few have faults
    from sandbox.cloud.core.fault_fields import Fault


@dataclass(slots=True)
class Met:
    """What a call meets."""

    wait_s: float = 0.0
    fault: "Fault | None" = None
    """The fault that is no wait; a call meets at most one."""

    @property
    def cut(self) -> str | None:
        """Where the connection ends, if it does."""
        return self.fault.cut if self.fault else None

    @property
    def operation_error(self) -> str:
        """The error that the call's operation ends in, if it does."""
        return self.fault.operation_error if self.fault else ""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Headers of the answer."""
        seconds = self.fault.retry_after_seconds if self.fault else None
        return () if seconds is None else ((b"retry-after", str(seconds).encode()),)


def read(entries: list[JsonObject], services: Collection[Service]) -> "list[Fault]":
    """Faults as JSON has them; `services`: those of the local cloud.

    Raises:
        ValueError: an entry has an unknown key, a value that cannot be, or names no method.
    """
    from sandbox.cloud.core import fault_fields

    return fault_fields.read(entries, services)


class Faults:
    """The faults that are waiting for their calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[Fault] = []
        self._drawn = 0

    def replace(self, faults: "list[Fault]") -> None:
        """Set the faults, in place of those before."""
        self._waiting, self._drawn = faults, 0

    @property
    def waiting(self) -> list[JsonObject]:
        """The faults that still wait for a call, as JSON has them."""
        return [each.model_dump(mode="json", by_alias=True, exclude_defaults=True) for each in self._waiting]

    def met(self, method: Method, path: str, query: str, body: bytes) -> Met:
        """What happens to a call: all waits, and the first of the other faults that are for it. Counts it."""
        found = Met()
        for fault in list(self._waiting):
            if not fault.matches(method, path, query, body):
                continue
            if found.fault and fault.latency_ms is None:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self._drawn += 1
            if fault.share < 1 and chance.share(self._store, "fault", self._drawn) >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
            if fault.latency_ms is None:
                found.fault = fault
            else:
                found.wait_s += self._wait_s(fault.latency_ms)
        return found

    def _wait_s(self, latency_ms: int | list[int]) -> float:
        if isinstance(latency_ms, int):
            return latency_ms / 1000
        least, most = latency_ms
        return (least + (most - least) * chance.share(self._store, "latency", self._drawn)) / 1000
