"""One resource, as the engine says it: its properties with what its provider adds, and which project it names.

Properties are the inputs while it is registered, and the outputs once all are. In a preview, what the update will tell
is UNKNOWN; a reference to a project is then known by the resource that it comes from.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gemini_policies.values import at, plain
from landing_zone.policies.facts import UNKNOWN, Kind, Subject, Unknown

PROJECT: Final = "gcp:organizations/project:Project"


@dataclass(frozen=True)
class Resource:
    """One resource."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    comes_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Property -> URNs of the projects that it is made from."""
    default_project: str | Unknown | None = None
    """Its provider's."""
    given: Mapping[str, Any] | None = None
    """What the program gave it, where the properties are outputs; None if that is not known, or is the same."""

    @classmethod
    def of(
        cls,
        found: Any,
        comes_from: Mapping[str, tuple[str, ...]] | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> "Resource":
        """What pulumi-policy says of one."""
        provider = plain(found.provider.props) if found.provider else {}
        project = at(provider, "project")
        return cls(
            found.resource_type,
            found.name,
            found.urn,
            _with_defaults(found.resource_type, plain(found.props), provider),
            bool(found.opts.protect),
            comes_from or {},
            project if project is None or project is UNKNOWN else str(project),
            given,
        )

    def said(self, *path: str) -> Any:
        """What stands at a path. In a preview nothing is known of what Google will fill in: there, what was given."""
        value = at(self.props, *path)
        if value is UNKNOWN and self.given is not None and at(self.given, *path) is None:
            return None
        return value

    def text(self, name: str) -> str:
        """A property that is for people, or the resource's name if it has none that is known."""
        value = at(self.props, name)
        return value if value and isinstance(value, str) else self.name

    def reference(self, *path: str) -> str | Unknown | None:
        """Which project a property names: an id, a number, or the URN of the project's resource."""
        value = self.said(*path)
        if value is UNKNOWN:
            comes_from = self.comes_from.get(path[0], ())
            return comes_from[0] if len(comes_from) == 1 else UNKNOWN
        return str(value).removeprefix("projects/") if value else self.default_project

    def subject(self, kind: Kind, label: str, *names: Any) -> Subject:
        """What is told of it is about this one."""
        own = {self.name, self.urn, *(name for name in names if isinstance(name, str))}
        return Subject(kind, self.name, label, frozenset(own), urn=self.urn)


def certain(resources: Iterable[Resource]) -> Iterator[Resource]:
    """The resources, and of what they come from that alone which says which project they name.

    What is made from a project that another's id is made from as well may name either.
    """
    every = list(resources)
    shared = {urn for each in every if each.type == PROJECT for urn in each.comes_from.get("projectId", ())}
    for each in every:
        sure = {name: urns for name, urns in each.comes_from.items() if shared.isdisjoint(urns)}
        yield each if len(sure) == len(each.comes_from) else replace(each, comes_from=sure)


def _with_defaults(kind: str, props: Mapping[str, Any], provider: Mapping[str, Any]) -> Mapping[str, Any]:
    """A project's properties, with the labels and the deletion policy that its provider gives to all it makes."""
    if kind != PROJECT:
        return props
    found = dict(props)
    labels, own = _parsed(at(provider, "defaultLabels")), at(props, "labels")
    if labels:
        found["labels"] = UNKNOWN if UNKNOWN in (labels, own) else {**labels, **(own or {})}
    if not at(props, "deletionPolicy") and at(provider, "deletionPolicy"):
        found["deletionPolicy"] = at(provider, "deletionPolicy")
    return found


def _parsed(value: Any) -> Any:
    """A provider's property that is a mapping: Pulumi's SDKs write it as JSON."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
