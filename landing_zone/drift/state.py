"""A stack's exported state, as drift reads it: what is in which project, and when Pulumi wrote it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from landing_zone.exported_state import name_of, owner_of, resources_of, time_of

Json = Mapping[str, Any]

OURS: Final = "gemini-landing-zone:index:"
PROJECT: Final = "gcp:organizations/project:Project"
GUARD: Final = f"{OURS}Guard"
_PREFIX_OF_PROVIDERS: Final = "pulumi:"


@dataclass(frozen=True)
class State:
    """An export of a stack."""

    exported: Json

    @cached_property
    def resources(self) -> dict[str, Json]:
        """By URN; without those that were replaced and wait for their deletion."""
        return {each["urn"]: each for each in resources_of(self.exported) if not each.get("delete")}

    @cached_property
    def _parents(self) -> dict[str, str]:
        return {urn: each.get("parent", "") for urn, each in self.resources.items()}

    @property
    def at_google(self) -> list[Json]:
        """What exists at Google, of any provider."""
        return [
            each
            for each in self.resources.values()
            if each.get("custom") and not each["type"].startswith(_PREFIX_OF_PROVIDERS)
        ]

    @property
    def pending(self) -> set[str]:
        """URNs of what a run had begun to change, and had not ended, when it wrote the state last."""
        deployment = self.exported.get("deployment") or {}
        return {each["resource"]["urn"] for each in deployment.get("pending_operations") or ()}

    @property
    def written(self) -> datetime | None:
        """When the state was written last."""
        manifest = (self.exported.get("deployment") or {}).get("manifest") or {}
        return time_of(manifest, "time")

    def project(self, urn: str) -> str:
        """The name, in the stack file, of the project that a resource is in; empty if it is in none."""
        return owner_of(urn, self._parents)

    def of_guard(self, urn: str) -> bool:
        """True if a resource is part of the guard's own machinery, which all guarded projects share."""
        while urn := self._parents.get(urn, ""):
            if self.resources.get(urn, {}).get("type") == GUARD:
                return True
        return False

    def of_type(self, *types: str) -> Iterator[Json]:
        """The resources of some types."""
        return (each for each in self.resources.values() if each["type"] in types)

    def find(self, kind: str, project: str) -> Json | None:
        """The only resource of a type in a project; None without one."""
        found = (each for each in self.of_type(kind) if self.project(each["urn"]) == project)
        return next(found, None)

    def by_id(self, kind: str, resource_id: str) -> Json | None:
        """The resource of a type with an id."""
        return next((each for each in self.of_type(kind) if each.get("id") == resource_id), None)

    def title(self, urn: str) -> str:
        """A resource's name in the program, without that of its project."""
        project, name = self.project(urn), name_of(urn)
        return (name.removeprefix(project).lstrip("-") if project else name) or name


def written_at(resource: Json | None) -> datetime | None:
    """When Pulumi wrote a resource last."""
    return (time_of(resource, "modified") or time_of(resource, "created")) if resource else None
