"""A resource as the engine sends it: its properties with the provider's defaults, and the project that it refers to.

Properties are the inputs at registration, and the outputs at the end. Values that only the update knows are UNKNOWN;
a reference to a project is then known by the resource that it comes from.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gemini_policies.values import at, plain
from landing_zone.policies.facts import UNKNOWN, Kind, Subject, Unknown
from landing_zone.policies.known_types import package_of

PROJECT: Final = "gcp:organizations/project:Project"
FOLDER: Final = "gcp:organizations/folder:Folder"


@dataclass(frozen=True)
class Resource:
    """One resource."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    comes_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Property -> URNs of the project resources that its value depends on."""
    default_project: str | Unknown | None = None
    """Project of its provider."""
    given: Mapping[str, Any] | None = None
    """Inputs, where the properties are outputs; None if unknown or the same."""
    folders_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Property -> URNs of the folder resources that its value depends on."""
    read: bool = False
    """True if the program reads it and does not create it."""
    projects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Id, number or URN of each project of the program -> its id and number, as far as known."""
    either: frozenset[str] = frozenset()
    """Properties that refer to one of several projects of the program; only the update will know to which."""
    package: str | None = None
    """Package of its provider; None for components and providers."""

    @classmethod
    def of(
        cls,
        found: Any,
        comes_from: Mapping[str, tuple[str, ...]] | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> "Resource":
        """Convert pulumi-policy's resource."""
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
            package=package_of(found.provider.resource_type) if found.provider else None,
        )

    def value(self, *path: str) -> Any:
        """The value at a path. None instead of UNKNOWN if a preview does not know it and the program did not set it."""
        value = at(self.props, *path)
        if value is UNKNOWN and self.given is not None and at(self.given, *path) is None:
            return None
        return value

    def text(self, name: str) -> str:
        """A property such as a display name, or the resource's name if it is not set or unknown."""
        value = at(self.props, name)
        return value if value and isinstance(value, str) else self.name

    def reference(self, *path: str) -> str | Unknown | None:
        """The project that a property refers to: an id, a number, or the URN of the project's resource."""
        value = self.value(*path)
        if value is UNKNOWN:
            comes_from = self.comes_from.get(path[0], ())
            return comes_from[0] if len(comes_from) == 1 else UNKNOWN
        return str(value).removeprefix("projects/") if value else self.default_project

    def folder(self, name: str) -> str | Unknown | None:
        """The folder or organization that a property refers to, by name or by the URN of the folder's resource."""
        value = self.value(name)
        if value is UNKNOWN:
            urns = self.folders_from.get(name, ())
            return urns[0] if len(urns) == 1 else UNKNOWN
        return str(value) if value else None

    def ids_of(self, reference: str | Unknown | None) -> tuple[frozenset[str], bool]:
        """Google's id and number of a project, as far as known; and whether its id is among them."""
        if not isinstance(reference, str):
            return frozenset(), reference is None
        found = self.projects.get(reference, frozenset() if reference.startswith("urn:") else {reference})
        return frozenset(found), any(not each.isdecimal() for each in found)

    def subject(
        self, kind: Kind, label: str, names: Iterable[str] = (), *, identified: bool = True
    ) -> Subject:
        """The subject of findings on the resource.

        Args:
            kind: of the subject.
            label: its name in messages.
            names: Google's names, by which an exception refers to it: no name of Pulumi's, no display name.
            identified: False if a name may be missing.
        """
        return Subject(kind, self.name, label, frozenset(names), identified=identified, urn=self.urn)


def certain(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Drop ambiguous project references from `comes_from`.

    If the id of a second project depends on a project, a value that depends on it may refer to either.
    """
    every = list(resources)
    shared = {urn for each in every if each.type == PROJECT for urn in each.comes_from.get("projectId", ())}
    for each in every:
        sure = {name: urns for name, urns in each.comes_from.items() if shared.isdisjoint(urns)}
        unsure = each.comes_from.keys() - sure.keys()
        yield replace(each, comes_from=sure, either=frozenset(unsure)) if unsure else each


def _with_defaults(kind: str, props: Mapping[str, Any], provider: Mapping[str, Any]) -> Mapping[str, Any]:
    """A project's properties, with its provider's default labels and deletion policy."""
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
    """A provider's property that is a mapping, which Pulumi's SDKs write as JSON."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
