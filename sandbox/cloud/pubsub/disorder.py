"""What Pub/Sub may do to messages and seldom does: deliver them late, in another order, and more than once.

Set at `PUT /_local/pubsub`. What happens to a message depends on the seed of the run, on it and on the subscription.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from sandbox.cloud.core import chance, local_state
from sandbox.cloud.core.messages import camel_case, snake_case
from sandbox.cloud.core.store import Store

_KEY: Final = "pubsub"
_MOST_COPIES: Final = 10


@dataclass(frozen=True, slots=True)
class Disorder:
    """What happens to messages that are published from now on.

    Attributes:
        duplicates: the share of messages that are delivered once more; more than once, each with this chance.
        delay_seconds: how late a message is at most.
        reorder: the share of messages that come later than those behind them.
        reorder_seconds: how much later at most.
    """

    duplicates: float = 0.0
    delay_seconds: float = 0.0
    reorder: float = 0.0
    reorder_seconds: float = 60.0

    def as_json(self) -> dict[str, float]:
        """As the control surface shows them."""
        return {camel_case(name): value for name, value in asdict(self).items()}

    def delays(self, store: Store, subscription: str, message: str) -> list[timedelta]:
        """After which times a message is to be delivered to a subscription: at least one."""
        if not (self.duplicates or self.delay_seconds or self.reorder):
            return [timedelta()]
        copies = 1
        while (
            copies < _MOST_COPIES
            and chance.share(store, "copy", subscription, message, copies) < self.duplicates
        ):
            copies += 1
        return [self._delay(store, subscription, message, copy) for copy in range(copies)]

    def _delay(self, store: Store, subscription: str, message: str, copy: int) -> timedelta:
        about = (subscription, message, copy)
        late = self.delay_seconds * chance.share(store, "late", *about)
        if chance.share(store, "reordered", *about) < self.reorder:
            late += self.reorder_seconds * chance.share(store, "later", *about)
        return timedelta(seconds=late)


def get(store: Store) -> Disorder:
    """What was set last."""
    shown = local_state.get(store, _KEY, {})
    return Disorder(**{snake_case(name): value for name, value in shown.items()})


def put(store: Store, body: dict[str, Any]) -> dict[str, Any]:
    """Set it; `{}` ends it.

    Raises:
        ValueError: an unknown name, or a value that cannot be.
    """
    known = Disorder().as_json()
    if body.keys() - known.keys():
        raise ValueError(f"the body is an object with any of {', '.join(sorted(known))}")
    shown = {**known, **body}
    for name, value in shown.items():
        most = 1 if name in ("duplicates", "reorder") else 10**6
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise ValueError(f"{name} must be a number from 0 to {most}")
    local_state.put(store, _KEY, shown)
    return shown
