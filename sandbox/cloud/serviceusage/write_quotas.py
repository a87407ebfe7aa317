"""Google's own quotas on the writes of a calling project: new projects, API keys and budgets. Enforced when asked."""

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager import seed
from sandbox.cloud.core.errors import CloudError, JsonObject, error_info, help_link
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.store import Store

_WRITES: Final = frozenset({"create", "update", "patch", "move", "delete", "undelete"})
_INCREASE: Final = "https://cloud.google.com/docs/quotas/help/request_increase"


@dataclass(frozen=True, slots=True)
class Quota:
    """The most writes of one kind that a calling project has in any window of time."""

    resources: str
    """The resources' methods begin with it, such as `cloudresourcemanager.projects.`."""
    metric: str
    title: str
    """The metric's name in messages."""
    limit: str
    per_minute: int
    """As Google publishes it."""
    writes: int
    """Writes in a window."""
    seconds: float
    """The window."""

    def counts(self, method: Method) -> bool:
        """True if a call of the method is such a write."""
        name = method.id.removeprefix(self.resources)
        return name in _WRITES

    def refusal(self, consumer: str, wait: float) -> CloudError:
        """429 RESOURCE_EXHAUSTED, for a project (by number) that may write again after some seconds."""
        service = f"{self.resources.partition('.')[0]}.googleapis.com"
        metadata = {
            "service": service,
            "consumer": f"projects/{consumer}",
            "quota_metric": f"{service}/{self.metric}",
            "quota_limit": self.limit,
            "quota_limit_value": str(self.per_minute),
            "quota_location": "global",
            "quota_unit": "1/min/{project}",
        }
        return CloudError(
            "RESOURCE_EXHAUSTED",
            f"Quota exceeded for quota metric '{self.title}' and limit '{self.title} per minute' of service "
            f"'{service}' for consumer 'project_number:{consumer}'.",
            [
                error_info("RATE_LIMIT_EXCEEDED", "googleapis.com", metadata),
                {
                    "@type": "type.googleapis.com/google.rpc.RetryInfo",
                    "retryDelay": f"{math.ceil(wait * 1000) / 1000:.3f}s",
                },
                help_link("Request a higher quota limit.", _INCREASE),
            ],
        )


GOOGLES: Final[Mapping[str, Quota]] = {
    "projects": Quota(
        "cloudresourcemanager.projects.",
        "project_write_requests",
        "Project write requests",
        "ProjectWriteRequestsPerMinutePerProject",
        60,
        10,
        10,
    ),
    "keys": Quota(
        "apikeys.projects.locations.keys.",
        "write_requests",
        "Write requests",
        "WriteRequestsPerMinutePerProject",
        120,
        120,
        60,
    ),
    "budgets": Quota(
        "billingbudgets.billingAccounts.budgets.",
        "write_requests",
        "Write requests",
        "WriteRequestsPerMinutePerProject",
        100,
        100,
        60,
    ),
}
"""The published values, by the name that the control surface has for them."""


class WriteQuotas:
    """Counts the writes of each calling project and refuses those above a quota."""

    def __init__(self, changes: JsonObject) -> None:
        """Start with Google's values, but for `changes`: name → `{"writes": 10, "seconds": 10}`.

        Raises:
            ValueError: an unknown name or key, or not a number above 0.
        """
        if not isinstance(changes, dict):
            raise ValueError("the body must be an object")
        self._quotas = dict(GOOGLES)
        for name, change in changes.items():
            if name not in GOOGLES:
                raise ValueError(f"unknown quota {name!r}; known: {', '.join(GOOGLES)}")
            self._quotas[name] = _changed(name, change)
        self._counted: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        """Name of a quota and calling project → the times of its writes, the oldest of the window first."""

    def refusal(self, store: Store, method: Method, user_project: str, now: datetime) -> CloudError | None:
        """Count a call; Google's refusal if it is a write above a quota, which is then not counted.

        `user_project`: the project that the caller lets the call count against, id or number; without one, all count
        against the seed project, as for a service account of it.
        """
        for name, quota in self._quotas.items():
            if quota.counts(method):
                caller = projects.require(store, user_project or seed.PROJECT_ID).number
                counted, time = self._counted[name, caller], now.timestamp()
                # The clock can be moved back, too.
                while counted and not time - quota.seconds < counted[0] <= time:
                    counted.popleft()
                if len(counted) >= quota.writes:
                    return quota.refusal(caller, counted[0] + quota.seconds - time)
                counted.append(time)
        return None


def _changed(name: str, change: JsonObject) -> Quota:
    if not isinstance(change, dict) or change.keys() != {"writes", "seconds"}:
        raise ValueError(f'{name} must be such as {{"writes": 10, "seconds": 10}}')
    writes, seconds = change["writes"], change["seconds"]
    if type(writes) is not int or type(seconds) not in (int, float) or writes < 1 or seconds <= 0:
        raise ValueError(f"writes of {name} must be a whole number, 1 or more, and seconds above 0")
    usual = GOOGLES[name]
    return Quota(
        usual.resources,
        usual.metric,
        usual.title,
        usual.limit,
        max(1, math.floor(writes * 60 / seconds)),
        writes,
        seconds,
    )
