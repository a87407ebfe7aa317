"""One project while it is read: what is known of it, and what was found so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from landing_zone.audit.unread import Unread
from landing_zone.google.errors import GoogleError, NoAnswerError
from landing_zone.google.rest import Google, Json

_T = TypeVar("_T")


@dataclass(frozen=True)
class Resource:
    """A resource at Google that the settings describe."""

    type: str
    """The last word of its type at Pulumi, such as `ApiKey`."""
    setting: str
    """Path of its setting in the project's entry, such as `keys.backend`; empty for the project itself."""
    id: str
    """As Pulumi's state has it."""


def read_or_note(lines: Unread, what: str, right: str, call: Callable[[], _T]) -> _T | None:
    """What a call reads; None with a line if Google refuses it. Raises NoAnswerError.

    `right`: the permission that it needs, and a role that has it.
    """
    try:
        return call()
    except NoAnswerError:
        raise
    except GoogleError as error:
        disabled = [each for each in error.details if each.get("reason") == "SERVICE_DISABLED"]
        if not disabled:
            lines.note(what, right, error)
            return None
        about = disabled[0].get("metadata", {})
        consumer = about.get("consumer", "").removeprefix("projects/")
        lines.append(f"{what}: {about.get('service', 'its API')} is not enabled in {consumer}")
        return None


@dataclass
class Draft:
    """The settings of one project, as far as they are read."""

    google: Google
    id: str
    number: str
    own: bool
    """True if its label says that the stack created it."""
    label: str
    """The value of the label on what the stack creates."""
    name: str = ""
    """In the stack file; empty until it is known."""
    environment: Mapping[str, object] = field(default_factory=dict)
    """The values of the stack file outside of its projects."""
    host_channels: Mapping[str, str] | None = None
    """Address → the stack's channel in notificationProject, through which budgets mail it; None without such."""
    key_uids: dict[str, str] = field(default_factory=dict)
    """Name of a key in the stack file → its uid."""
    keeps_guard: bool = False
    """True if a guard acts in the project and the stack file's defaults have one: that one holds for it."""
    mailed: int = 0
    """How many of the budget's channels are those of `alerts.email`."""
    budget_digits: str = ""
    """The budget's amount as the stack file had it, where an alert policy says it: as text, for `1200.50` is 1200.5."""
    settings: Json = field(default_factory=dict)
    left_out: Unread = field(default_factory=Unread)
    resources: list[Resource] = field(default_factory=list)

    @property
    def channels(self) -> Mapping[str, object]:
        """The channels of the stack file, by name."""
        found = self.environment.get("channels")
        return found if isinstance(found, Mapping) else {}

    def read(self, what: str, right: str, call: Callable[[], _T]) -> _T | None:
        """What a call reads, as `read_or_note`."""
        return read_or_note(self.left_out, f"{what}: not readable", right, call)

    def listed(
        self,
        what: str,
        right: str,
        service: str,
        path: str,
        items: str,
        query: Mapping[str, str | list[str]] | None = None,
    ) -> list[Json] | None:
        """A listing in the project, as `read`."""
        return self.read(
            what,
            right,
            lambda: list(self.google.list_all(service, path, items, query=query, project=self.id)),
        )

    def found(self, kind: str, setting: str, state_id: str) -> None:
        """Note a resource that the settings describe."""
        self.resources.append(Resource(kind, setting, state_id))
