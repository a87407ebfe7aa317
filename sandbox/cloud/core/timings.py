"""Times on request: operations, effects and reads that take long, as they do at Google, by the local cloud's clock."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sandbox.cloud.core import chance
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.service import Service
from sandbox.cloud.core.snapshots import Snapshots
from sandbox.cloud.core.store import Store

if TYPE_CHECKING:  # pydantic takes an eighth of a start, and few have times
    from sandbox.cloud.core.time_fields import Time


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a call's parts take."""

    operation: timedelta | None = None
    """None: an operation that the call starts takes no time."""
    effect: timedelta = timedelta()
    """`timedelta.max`: never."""
    stale: timedelta = timedelta()


AT_ONCE: Final = Timing()


def read(entries: list[JsonObject], services: Collection[Service]) -> "list[Time]":
    """Times as JSON has them; `services`: those of the local cloud.

    Raises:
        ValueError: an entry has an unknown key, a value that cannot be, or names no method.
    """
    from sandbox.cloud.core import time_fields

    return time_fields.read(entries, services)


@dataclass
class Timings:
    """The times that are set, and what reads need of the past for them."""

    store: Store
    _set: "list[Time]" = field(default_factory=list)
    _drawn: int = 0

    def __post_init__(self) -> None:
        self.snapshots = Snapshots(self.store)

    def replace(self, times: "list[Time]") -> None:
        """Set the times, in place of those before."""
        self._set, self._drawn = times, 0
        ages = [self._most(each.stale_seconds) for each in times if each.stale_seconds is not None]
        self.snapshots.remember(timedelta(seconds=max(ages, default=0)))

    @property
    def shown(self) -> list[JsonObject]:
        """The times as JSON has them."""
        return [each.as_json() for each in self._set]

    def of(self, method: Method, path: str, query: str, body: bytes) -> Timing:
        """How long a call's parts take: of each kind, the first that is for it."""
        if not self._set or method.id.endswith("operations.get"):
            return AT_ONCE
        found: dict[str, timedelta] = {}
        for each in self._set:
            if each.matches(method, path, query, body):
                kind, value = each.kind
                if kind not in found:
                    found[kind] = self._drawn_from(value)
        return Timing(
            found.get("operation_seconds"),
            found.get("effect_seconds", timedelta()),
            found.get("stale_seconds", timedelta()),
        )

    @staticmethod
    def _most(value: Any) -> float:
        return float(value[1] if isinstance(value, list) else value)

    def _drawn_from(self, value: Any) -> timedelta:
        if value == "never":
            return timedelta.max
        if not isinstance(value, list):
            return timedelta(seconds=value)
        self._drawn += 1
        least, most = value
        return timedelta(seconds=least + (most - least) * chance.share(self.store, "time", self._drawn))
