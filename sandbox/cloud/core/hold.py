"""A point in a client's run at which it can be killed: after so many writes, the next one is never answered."""

from dataclasses import dataclass
from typing import Final

from starlette.types import Receive

_READS_BY_POST: Final = (
    ":testIamPermissions",
    ":getIamPolicy",
    ":getAncestry",
    ":search",
    ":batchGet",
    "entries:list",
)


def is_write(method: str, path: str) -> bool:
    """True for a call that may change something; some reads are made by POST."""
    return method != "GET" and not path.partition("?")[0].endswith(_READS_BY_POST)


@dataclass(slots=True)
class Hold:
    """Answers `writes` more calls that change something, and then none."""

    writes: int
    carried_out: bool
    """True if the first call that is held back still changes something, without an answer to the client."""
    reached: bool = False

    def holds(self) -> bool:
        """Count a write; returns True if it is held back."""
        if self.writes:
            self.writes -= 1
            return False
        return True


async def gone(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
