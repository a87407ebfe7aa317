"""What several projects share, read once: the budgets of a billing account, the channels that budgets mail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeVar

from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google, Json
from landing_zone.names import STACK_LABEL

_T = TypeVar("_T")
_MANY: Final = "1000"


@dataclass
class Shared:
    """Reads what projects share; safe to use from several threads."""

    google: Google
    label: str
    """The value of the label on what the stack creates."""
    environment: Mapping[str, Any]
    """The values of the stack file, without the namespace."""
    _found: dict[str, Any] = field(default_factory=dict)
    _locks: dict[str, Lock] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def budgets(self, account: str, project: str, number: str) -> list[Json]:
        """The budgets and caps of an account that count a project by name. Raises GoogleError.

        Who may not list those of the account may list those of one project alone, without those of several.
        """
        path = f"billingAccounts/{account}/budgets"
        every = self._once(path, lambda: self._listed_or_refused(path))
        names = {f"projects/{project}", f"projects/{number}"}
        if isinstance(every, GoogleError):
            query = {"scope": f"projects/{project}"}
            every = list(self.google.list_all("billingbudgets", path, "budgets", query=query))
        return [each for each in every if names & {*each.get("budgetFilter", {}).get("projects", [])}]

    def host_channels(self) -> dict[str, str] | None:
        """Address → the stack's channel in notificationProject; None without that project. Raises GoogleError."""
        host = self.environment.get("notificationProject")
        if not isinstance(host, str):
            return None
        path = f"v3/projects/{host}/notificationChannels"
        listed = self._once(
            path,
            lambda: list(self.google.list_all("monitoring", path, "notificationChannels", project=host)),
        )
        return {
            each.get("labels", {}).get("email_address", ""): each["name"]
            for each in listed
            if each.get("type") == "email"
            and each.get("displayName") == each.get("labels", {}).get("email_address")
            and (each.get("userLabels") or {}).get(STACK_LABEL) == self.label
        }

    def _listed_or_refused(self, path: str) -> list[Json] | GoogleError:
        try:
            return list(self.google.list_all("billingbudgets", path, "budgets", query={"pageSize": _MANY}))
        except NoAnswerError:
            raise
        except GoogleError as error:
            if error.code != 403:
                raise
            return error

    def _once(self, key: str, read: Callable[[], _T]) -> _T:
        """What was read under a key; one thread reads it, and others wait for that."""
        with self._lock:
            own = self._locks.setdefault(key, Lock())
        with own:
            if key not in self._found:
                self._found[key] = read()
            found: _T = self._found[key]
            return found
