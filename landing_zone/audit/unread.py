"""What Google does not let the caller read: noted, with what to do, and the rest goes on."""

from collections.abc import Callable
from typing import TypeVar

from landing_zone.google.errors import GoogleError

_T = TypeVar("_T")
_O = TypeVar("_O")


class Unread(list[str]):
    """One line each of what could not be read."""

    def attempt(self, what: str, right: str, read: Callable[[], _T], otherwise: _O) -> _T | _O:
        """What `read` returns; if Google refuses, a line of it and `otherwise`.

        Args:
            what: what is read, in words.
            right: the permission that it takes, and a role that has it.
            read: makes the calls.
            otherwise: stands for what is not known.
        """
        try:
            return read()
        except GoogleError as error:
            self.note(what, right, error)
            return otherwise

    def note(self, what: str, right: str, error: GoogleError) -> None:
        """Add a line."""
        reasons = {detail.get("reason") for detail in error.details}
        # Other reasons, such as SERVICE_DISABLED, are no lack of a role.
        lacking = error.code == 403 and reasons <= {None, "IAM_PERMISSION_DENIED"}
        told = f"{error}: grant the caller {right}" if lacking else error.with_remedy
        self.append(f"{what}: {told}")
