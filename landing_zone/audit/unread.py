"""Data that the caller may not read: collected with its remedy, so that the rest can still be read."""

from collections.abc import Callable
from typing import TypeVar

from landing_zone.google.errors import GoogleError

_T = TypeVar("_T")
_O = TypeVar("_O")


class Unread(list[str]):
    """Lines, one for each read that Google refused."""

    def attempt(self, what: str, right: str, read: Callable[[], _T], otherwise: _O) -> _T | _O:
        """Return the result of `read`; if Google refuses, add a line and return `otherwise`.

        Args:
            what: name of the data, for the line.
            right: the required permission, and a role that has it.
            read: makes the calls.
            otherwise: value for unknown data.
        """
        try:
            return read()
        except GoogleError as error:
            self.note(what, right, error)
            return otherwise

    def note(self, what: str, right: str, error: GoogleError) -> None:
        """Add a line, with the missing role if one is missing."""
        reasons = {detail.get("reason") for detail in error.details}
        # Other reasons, such as SERVICE_DISABLED, are not about roles.
        lacking = error.code == 403 and reasons <= {None, "IAM_PERMISSION_DENIED"}
        text = f"{error}: grant the caller {right}" if lacking else error.with_remedy
        self.append(f"{what}: {text}")
