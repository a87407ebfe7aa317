"""Changes of an exported state: resources added that exist at Google, and those dropped whose project is gone."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from landing_zone.exported_state import project_of, resources_of
from landing_zone.operations.natural_names import OVERRIDE, PROJECT
from landing_zone.operations.planned import UNKNOWN_ID, Planned, before, in_order

Json = Mapping[str, Any]

_LINK: Final = "billingAccount"
_NAMES: Final[Mapping[str, Callable[[str], str]]] = {
    OVERRIDE: lambda found: found.rpartition("/")[2],
    "gcp:billing/budget:Budget": lambda found: found.rpartition("/")[2],
    "gcp:essentialcontacts/contact:Contact": str,
    "gcp:monitoring/alertPolicy:AlertPolicy": str,
    "gcp:monitoring/notificationChannel:NotificationChannel": str,
    "gcp:tags/tagBinding:TagBinding": lambda found: found.removeprefix("tagBindings/"),
}
"""Types that Google names, and that the official plugin reads by this name → the output `name`, of the id."""
_OF_ENGINE: Final = "__internal"
"""An input of a provider that its outputs do not have: the plugin would take it for a change."""
_LABELLED: Final = frozenset(
    {
        PROJECT,
        "gcp:cloudfunctionsv2/function:Function",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:pubsub/subscription:Subscription",
        "gcp:pubsub/topic:Topic",
        "gcp:storage/bucket:Bucket",
    }
)
"""Types to whose labels the gcp plugin adds its own; its output `pulumiLabels` has all that the stack answers for."""
_SCHEMA_VERSIONS: Final[Mapping[str, str]] = {
    PROJECT: "1",
    "gcp:billing/budget:Budget": "1",
    "gcp:kms/cryptoKey:CryptoKey": "1",
    "gcp:storage/bucket:Bucket": "4",
}
"""Types whose state the plugin would take for an older plugin's, and convert: with that of a budget, it crashes."""
_ATTRIBUTION: Final = {"goog-pulumi-provisioned": "true"}


def interrupted(exported: Json) -> list[Json]:
    """The operations that a killed run had begun, whose results the state does not have."""
    return list((exported.get("deployment") or {}).get("pending_operations") or [])


def project_ids(exported: Json) -> set[str]:
    """The ids of the projects in the state."""
    return {_id(each) for each in resources_of(exported) if each["type"] == PROJECT}


def _id(project: Json) -> str:
    return str(project.get("id", "")).removeprefix("projects/")


def without_projects(exported: Json, gone: Iterable[str]) -> Json:
    """The export without projects and all that is in them; `gone`: ids of the projects."""
    ids = set(gone)

    def is_gone(each: Json) -> bool:
        owner = _id(each) if each["type"] == PROJECT else project_of(each.get("inputs") or {})
        return bool(each.get("custom")) and owner in ids

    return _without(exported, is_gone)


def without_deleted_roles(exported: Json) -> Json:
    """The export without custom roles that were deleted, and that Google shows for another week.

    The plugin takes them for existing: it does not restore them, and fails when it deletes them once more. A role that
    is created again is restored.
    """
    return _without(
        exported,
        lambda each: (
            each["type"].endswith("/iAMCustomRole:IAMCustomRole")
            and bool((each.get("outputs") or {}).get("deleted"))
        ),
    )


def _without(exported: Json, is_gone: Callable[[Json], bool]) -> Json:
    """The export without some resources, and without the links to them."""
    resources = resources_of(exported)
    kept = [each for each in resources if not is_gone(each)]
    if len(kept) == len(resources):
        return exported
    # One that waits for its deletion has the URN of the one that replaced it.
    dropped = {each["urn"] for each in resources} - {each["urn"] for each in kept}
    linked = [_without_links(each, dropped) for each in kept]
    return {**exported, "deployment": {**exported["deployment"], "resources": linked}}


def repaired(exported: Json) -> Json:
    """The export without dependencies on resources that it does not have, with which the engine refuses a state.

    With `--continue-on-error`, the engine skips what depends on a failed resource, which keeps its old dependencies,
    and still deletes what has left the program, which may be one of them (with 3.259).
    """
    resources = resources_of(exported)
    urns = {each["urn"] for each in resources}
    missing = {
        urn for each in resources for urn in before(each) if urn not in urns and urn != each.get("parent")
    }
    if not missing:
        return exported
    kept = [_without_links(each, missing) for each in resources]
    return {**exported, "deployment": {**exported["deployment"], "resources": kept}}


def _without_links(resource: dict[str, Any], urns: set[str]) -> dict[str, Any]:
    """A resource without its dependencies on these."""
    kept = [urn for urn in resource.get("dependencies") or () if urn not in urns]
    properties = resource.get("propertyDependencies") or {}
    return {**resource, **_links(kept, properties, lambda urn: urn not in urns)}


def _links(urns: list[str], properties: Json, keeps: Callable[[str], bool]) -> dict[str, Any]:
    """The dependencies of a resource as the state has them; of those by property, the ones to keep."""
    by_property = {name: [urn for urn in others or () if keeps(urn)] for name, others in properties.items()}
    return {"dependencies": urns, "propertyDependencies": by_property}


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
            resources.append(_entry(each, present, _plugin_labels(exported, plan, each)))
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


def _plugin_labels(exported: Json, plan: Mapping[str, Planned], each: Planned) -> Json:
    """The labels that the plugin adds to a resource, by its provider's settings."""
    if each.type not in _LABELLED:
        return {}
    urn = each.entry.get("provider", "").rpartition("::")[0]
    inputs = next((other["inputs"] for other in resources_of(exported) if other["urn"] == urn), None)
    found = inputs or (plan[urn].inputs if urn in plan else {})
    attributed = found.get("addPulumiAttributionLabel") not in (False, "false")
    # The SDK writes a provider's mappings as JSON in a text.
    labels = json.loads(found.get("defaultLabels") or "{}")
    return {**labels, **(_ATTRIBUTION if attributed else {})}


def _entry(each: Planned, present: Mapping[str, str], labels: Json) -> dict[str, Any]:
    """A planned resource as the state has it; `labels`: those that the plugin adds."""
    entry = dict(each.entry)
    provider, _, provider_id = entry.get("provider", "").rpartition("::")
    if provider and provider_id == UNKNOWN_ID:
        entry["provider"] = f"{provider}::{present[provider]}"
    if not each.is_custom:
        return entry
    outputs = {name: value for name, value in each.inputs.items() if name != _OF_ENGINE}
    if each.type in _NAMES:
        outputs = {**outputs, "name": _NAMES[each.type](present[each.urn])}
    if each.type == PROJECT:
        # It may exist without its link, and the plugin's refresh does not notice that a link is missing.
        outputs = {name: value for name, value in outputs.items() if name != _LINK}
    if each.type in _LABELLED:
        # A refresh keeps of these what Google has, and adds none.
        outputs = {**outputs, "pulumiLabels": {**labels, **(each.inputs.get("labels") or {})}}
    if version := _SCHEMA_VERSIONS.get(each.type):
        outputs = {**outputs, "__meta": json.dumps({"schema_version": version})}
    return {**entry, "id": present[each.urn], "outputs": outputs}


def _linked(
    resource: dict[str, Any], plan: Mapping[str, Planned], present: Mapping[str, str]
) -> dict[str, Any]:
    """A resource with the dependencies that the plan gives it: on what is in the state, for the order of deletions."""
    each = plan.get(resource["urn"])
    if each is None or resource.get("delete"):
        return resource
    urns = _in_state(each.entry.get("dependencies") or (), plan, present)
    properties = each.entry.get("propertyDependencies") or {}
    return {**resource, **_links(urns, properties, present.__contains__)}


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
    """Each after what it depends on; what waits for its deletion comes last."""
    by_urn = {each["urn"]: each for each in resources if not each.get("delete")}
    waiting = [each for each in resources if each.get("delete")]
    return [*(by_urn[urn] for urn in in_order(by_urn)), *waiting]
