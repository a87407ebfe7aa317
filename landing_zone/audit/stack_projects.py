"""Google Cloud projects that a stack of any program has something in, from the output of `pulumi stack export`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.exported_state import resources_of

_REFERENCES: Final = ("project", "projectId", "parent", "name", "id")
"""Properties with a project's id, or with a full resource name that begins with it."""
_NAMED: Final = re.compile(r"(?://[a-z.]+/)?projects/([^/]+)")
_ID: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,61}[a-z0-9]|[0-9]{6,}")
_PROJECT: Final = "gcp:organizations/project:Project"


@dataclass(frozen=True)
class StackProjects:
    """The projects of a stack."""

    pulumi_project: str
    """Name of the Pulumi project."""
    stack: str
    """Name of the stack, without its organization."""
    ids: tuple[str, ...]
    """Ids and numbers of projects, sorted; a project may be there by both."""
    protected: frozenset[str] = frozenset()
    """Ids and numbers of those that Pulumi's `protect` keeps from deletion."""


def projects_in(exported: Mapping[str, Any]) -> StackProjects:
    """The projects that the resources of an exported stack are, or are in."""
    resources = resources_of(exported)
    found = {each for resource in resources for each in _of(resource)}
    # urn:pulumi:STACK::PROJECT::TYPE::NAME
    urn = next((resource["urn"] for resource in resources), "urn:pulumi:::").split("::")
    protected = {
        str(value)
        for resource in resources
        if resource.get("type") == _PROJECT and resource.get("protect")
        for name in ("projectId", "number")
        if (value := (resource.get("outputs") or {}).get(name))
    }
    return StackProjects(urn[1], urn[0].rpartition(":")[2], tuple(sorted(found)), frozenset(protected))


def _of(resource: Mapping[str, Any]) -> Iterator[str]:
    kind = resource.get("type", "")
    if kind.startswith("pulumi:"):
        return
    properties = {
        **(resource.get("inputs") or {}),
        **(resource.get("outputs") or {}),
        "id": resource.get("id"),
    }
    for name in _REFERENCES:
        value = properties.get(name)
        if not isinstance(value, str):
            continue
        if named := _NAMED.match(value):
            yield named[1]
        elif (name == "project" or (name == "projectId" and kind == _PROJECT)) and _ID.fullmatch(value):
            yield value
