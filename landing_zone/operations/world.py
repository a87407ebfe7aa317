"""Google, as one look at a plan sees it: what the look-ups of natural names read it by."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from landing_zone.exported_state import project_of
from landing_zone.google.errors import GoogleError
from landing_zone.google.projects import is_gone
from landing_zone.google.rest import Google, Json
from landing_zone.names import STACK_LABEL, stack_label
from landing_zone.operations.planned import Planned

_T = TypeVar("_T")

Values: TypeAlias = Mapping[str, Any]


class NotOursError(Exception):
    """What has the natural name was not created by the stack; the message has the remedy."""


class NotKnownError(Exception):
    """The name depends on a resource that the state does not have yet."""


@dataclass
class World:
    """Google, as one look at a plan sees it: what was found, and listings that several resources share."""

    google: Google
    pulumi_project: str
    stack: str
    missing: set[str] = field(default_factory=set)
    """Ids of projects that do not exist: nothing can be in them."""
    taken: set[str] = field(default_factory=set)
    """Ids of resources that the state has, or that were found for another resource."""
    _listings: dict[str, list[Json]] = field(default_factory=dict)
    _reading: dict[str, Lock] = field(default_factory=dict)
    """One listing is read by one thread, and several listings side by side."""
    _lock: Lock = field(default_factory=Lock)

    def label_of(self, inputs: Values) -> str:
        """The value of STACK_LABEL that a resource with these inputs is created with; of those without, the stack's."""
        for labels in (inputs.get("userLabels"), inputs.get("labels")):
            if isinstance(labels, Mapping) and STACK_LABEL in labels:
                return str(labels[STACK_LABEL])
        return stack_label(self.pulumi_project, self.stack)

    def get(self, service: str, path: str, project: str | None = None) -> Json | None:
        """A resource; None if there is none. `project`: the one that it is in. Raises GoogleError."""
        return self.unless_missing(project, lambda: self.google.call(service, "GET", path, project=project))

    def list_all(
        self,
        service: str,
        path: str,
        items: str,
        *,
        project: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> list[Json]:
        """A listing, read once; empty where nothing can be. Raises GoogleError."""
        key = json.dumps([service, path, sorted((query or {}).items())])
        with self._lock:
            own = self._reading.setdefault(key, Lock())
        with own:
            if key not in self._listings:
                listing = self.unless_missing(
                    project,
                    lambda: list(self.google.list_all(service, path, items, query=query, project=project)),
                )
                self._listings[key] = listing or []
            return self._listings[key]

    def unless_missing(self, project: str | None, read: Callable[[], _T]) -> _T | None:
        """What is read; None if nothing is there. `project`: the one that it is in. Raises GoogleError.

        A missing permission does not say that nothing is there: taken for that, it would end in a second of everything.
        """
        try:
            return read()
        except GoogleError as error:
            if error.code == 404 or error.has_reason("SERVICE_DISABLED"):
                return None
            # Most APIs answer 403 in a project that does not exist.
            if error.code == 403 and project and is_gone(self.google, project):
                return None
            raise

    def first_free(self, ids: Iterator[str]) -> str | None:
        """The first that no other resource has; it is taken from then on."""
        with self._lock:
            for each in ids:
                if each not in self.taken:
                    self.taken.add(each)
                    return each
        return None


LookUp: TypeAlias = Callable[[World, Planned], str | None]


def chosen(service: str, template: str) -> LookUp:
    """A resource whose id follows from its inputs, and is its path."""

    def find(world: World, each: Planned) -> str | None:
        path = template.format_map(each.inputs)
        return path if world.get(service, quote(path, safe="/@:"), project_of(each.inputs)) else None

    return find
