"""Changes of an exported state: resources added that exist at Google, and operations dropped that never ended."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from landing_zone.operations.natural_names import OVERRIDE, PROJECT
from landing_zone.operations.planned import UNKNOWN_ID, Planned, before

Json = Mapping[str, Any]

_LINK: Final = "billingAccount"


def resources_of(exported: Json) -> list[dict[str, Any]]:
    """The resources of `pulumi stack export`."""
    return list((exported.get("deployment") or {}).get("resources") or [])


def interrupted(exported: Json) -> list[Json]:
    """The operations that a killed run had begun, whose results the state does not have."""
    return list((exported.get("deployment") or {}).get("pending_operations") or [])


def without_interrupted(exported: Json) -> dict[str, Any]:
    """The export without these operations."""
    deployment = exported.get("deployment") or {}
    return {
        **exported,
        "deployment": {name: value for name, value in deployment.items() if name != "pending_operations"},
    }


def without_projects(exported: Json, gone: Iterable[str]) -> dict[str, Any]:
    """The export without projects and all that is in them; `gone`: ids of the projects."""
    ids = set(gone)
    kept: list[dict[str, Any]] = []
    dropped: set[str] = set()
    for each in resources_of(exported):
        # Sorted so that what depends on a resource comes after it.
        if each.get("custom") and _project_of(each) & ids:
            dropped.add(each["urn"])
        else:
            kept.append(_without_links(each, dropped))
    return {**exported, "deployment": {**exported["deployment"], "resources": kept}}


def _project_of(resource: Json) -> set[str]:
    """The project that a resource is, or is in, as its inputs and its id say."""
    inputs = resource.get("inputs") or {}
    texts = [inputs.get(name) for name in ("projectId", "project", "parent")]
    texts += [resource.get("id")] if resource["type"] == PROJECT else []
    return {text.removeprefix("projects/") for text in texts if isinstance(text, str)}


def _without_links(resource: dict[str, Any], urns: set[str]) -> dict[str, Any]:
    """A resource without its dependencies on these."""
    found = dict(resource)
    if "dependencies" in found:
        found["dependencies"] = [urn for urn in found["dependencies"] or () if urn not in urns]
    if "propertyDependencies" in found:
        found["propertyDependencies"] = {
            name: [urn for urn in others or () if urn not in urns]
            for name, others in (found["propertyDependencies"] or {}).items()
        }
    return found


def with_found(exported: Json, plan: Mapping[str, Planned], ids: Mapping[str, str]) -> dict[str, Any]:
    """The export with the planned resources that exist; `ids`: URN → id at Google.

    Their parents and providers are added with them. A resource whose replacement exists waits for its deletion.
    """
    resources = resources_of(exported)
    wanted = _with_ancestors(plan, ids)
    present = {each["urn"]: str(each.get("id", "")) for each in resources if not each.get("delete")}
    for urn in ids:
        if urn in plan and plan[urn].replaces:
            present.pop(urn, None)
            resources = [{**each, "delete": True} if each["urn"] == urn else each for each in resources]
    for each in plan.values():
        if each.urn in wanted and each.urn not in present:
            present[each.urn] = str(uuid4()) if each.is_provider else ids.get(each.urn, "")
            resources.append(_entry(each, present))
    linked = [_linked(each, plan, present) for each in resources]
    return {**exported, "deployment": {**exported["deployment"], "resources": _sorted(linked)}}


def _with_ancestors(plan: Mapping[str, Planned], ids: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    queue = [urn for urn in ids if urn in plan]
    while queue:
        urn = queue.pop()
        if urn in found or urn not in plan:
            continue
        found.add(urn)
        # Of its dependencies only those that exist themselves: a parent and a provider exist in the state alone.
        queue += [
            other
            for other in before(plan[urn].entry)
            if other in plan and (not plan[other].is_custom or plan[other].is_provider)
        ]
    return found


def _entry(each: Planned, present: Mapping[str, str]) -> dict[str, Any]:
    entry = dict(each.entry)
    provider, _, provider_id = entry.get("provider", "").rpartition("::")
    if provider and provider_id == UNKNOWN_ID:
        entry["provider"] = f"{provider}::{present[provider]}"
    if not each.is_custom:
        return entry
    outputs = each.inputs
    if each.type == OVERRIDE:
        # The plugin reads it by this output.
        outputs = {**outputs, "name": present[each.urn].rpartition("/")[2]}
    if each.type == PROJECT:
        # It may exist without its link, and the plugin's refresh does not notice that a link is missing.
        outputs = {name: value for name, value in outputs.items() if name != _LINK}
    return {**entry, "id": present[each.urn], "outputs": outputs}


def _linked(
    resource: dict[str, Any], plan: Mapping[str, Planned], present: Mapping[str, str]
) -> dict[str, Any]:
    """A resource with the dependencies that the plan gives it: on what is in the state, for the order of deletions."""
    each = plan.get(resource["urn"])
    if each is None or resource.get("delete"):
        return resource
    properties = each.entry.get("propertyDependencies") or {}
    return {
        **resource,
        "dependencies": _in_state(each.entry.get("dependencies") or (), plan, present),
        "propertyDependencies": {
            name: [urn for urn in urns or () if urn in present] for name, urns in properties.items()
        },
    }


def _in_state(urns: Iterable[str], plan: Mapping[str, Planned], present: Mapping[str, str]) -> list[str]:
    """The resources of the state among these; in place of another, those that it depends on in turn."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    queue = list(urns)
    while queue:
        urn = queue.pop()
        if urn in seen:
            continue
        seen.add(urn)
        if urn in present:
            found[urn] = None
        elif urn in plan:
            queue += plan[urn].entry.get("dependencies") or ()
    return sorted(found)


def _sorted(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each after what it depends on, as the engine requires; else in the order that they had."""
    by_urn = {each["urn"]: each for each in resources if not each.get("delete")}
    found: dict[str, dict[str, Any]] = {}

    def add(urn: str) -> None:
        if urn in by_urn and urn not in found:
            for other in before(by_urn[urn]):
                add(other)
            found[urn] = by_urn[urn]

    for urn in by_urn:
        add(urn)
    return [*found.values(), *(each for each in resources if each.get("delete"))]
