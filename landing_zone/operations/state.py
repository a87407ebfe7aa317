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


def with_found(exported: Json, plan: Iterable[Planned], ids: Mapping[str, str]) -> dict[str, Any]:
    """The export with the planned resources that exist; `ids`: URN → id at Google.

    Their parents and providers are added with them. A resource whose replacement exists waits for its deletion.
    """
    resources = resources_of(exported)
    chosen = {each.urn: each for each in plan}
    wanted = _with_ancestors(chosen, ids)
    present = {each["urn"]: str(each.get("id", "")) for each in resources if not each.get("delete")}
    for urn in ids:
        if urn in chosen and chosen[urn].replaces:
            present.pop(urn, None)
            resources = [{**each, "delete": True} if each["urn"] == urn else each for each in resources]
    for each in chosen.values():
        if each.urn in wanted and each.urn not in present:
            made = str(uuid4()) if each.is_provider else ids.get(each.urn, "")
            resources.append(_entry(each, made, present))
            present[each.urn] = made
    return {**exported, "deployment": {**exported["deployment"], "resources": resources}}


def _with_ancestors(chosen: Mapping[str, Planned], ids: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    queue = [urn for urn in ids if urn in chosen]
    while queue:
        urn = queue.pop()
        if urn in found or urn not in chosen:
            continue
        found.add(urn)
        # Of its dependencies only those that exist themselves: a parent and a provider exist in the state alone.
        queue += [
            other for other in before(chosen[urn].entry) if other in chosen and _is_of_state(chosen[other])
        ]
    return found


def _is_of_state(each: Planned) -> bool:
    return not each.is_custom or each.is_provider


def _entry(each: Planned, made: str, present: Mapping[str, str]) -> dict[str, Any]:
    entry = dict(each.entry)
    provider, _, provider_id = entry.get("provider", "").rpartition("::")
    if provider and provider_id == UNKNOWN_ID:
        entry["provider"] = f"{provider}::{present[provider]}"
    if "dependencies" in entry:
        entry["dependencies"] = [urn for urn in entry["dependencies"] if urn in present]
    if "propertyDependencies" in entry:
        entry["propertyDependencies"] = {
            name: [urn for urn in urns or () if urn in present]
            for name, urns in entry["propertyDependencies"].items()
        }
    if not each.is_custom:
        return entry
    outputs = each.inputs
    if each.type == OVERRIDE:
        # The plugin reads it by this output.
        outputs = {**outputs, "name": made.rpartition("/")[2]}
    if each.type == PROJECT:
        # It may exist without its link, and the plugin's refresh does not notice that a link is missing.
        outputs = {name: value for name, value in outputs.items() if name != _LINK}
    return {**entry, "id": made, "outputs": outputs}
