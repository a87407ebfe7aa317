"""The states of a split: what of a stack's state goes into a new stack's, and what is left.

A new stack's state has the projects that move, with all below them, their shared budgets, and copies of what every
stack has one of: the stack itself, its environment, roster, exit and providers. Its URNs have the new stack's name.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from landing_zone.exported_state import name_of, owner_of, resources_of, type_of
from landing_zone.scaffolding.split_file import Shared

Resource = dict[str, Any]

_OURS: Final = "gemini-landing-zone:index:"
_STACK: Final = "pulumi:pulumi:Stack"
_NATIVE: Final = "pulumi:providers:gemini-landing-zone"
_ROSTER, _EXIT, _HOST = f"{_OURS}Roster", f"{_OURS}StackExit", f"{_OURS}NotificationHost"
_OF_EVERY_STACK: Final = (_STACK, f"{_OURS}Environment", _HOST, _ROSTER, _EXIT)
_NAMED_AS_STACK: Final = (*_OF_EVERY_STACK, _NATIVE)
_CHANNEL: Final = "gcp:monitoring/notificationChannel:NotificationChannel"
_TOPIC: Final = "gcp:pubsub/topic:Topic"
_PUBLISHER: Final = "gcp:pubsub/topicIAMMember:TopicIAMMember"
_CONSTRAINT: Final = "gcp:orgpolicy/customConstraint:CustomConstraint"
_DASHBOARD: Final = "gcp:monitoring/dashboard:Dashboard"
_BUDGET: Final = "gcp:billing/budget:Budget"


def projects_in(exported: Mapping[str, Any]) -> set[str]:
    """Names of the projects in a state, as in the stack file."""
    parents = _parents(exported)
    return {owner for urn in parents if (owner := owner_of(urn, parents))}


def channels_in(exported: Mapping[str, Any]) -> dict[str, str]:
    """Address → name of the channels through which budgets notify."""
    found = {}
    for each in resources_of(exported):
        if each["type"] == _CHANNEL and type_of(str(each.get("parent"))) == _HOST and not each.get("delete"):
            found[name_of(each["urn"]).partition("-budgets--")[2]] = str(each["outputs"]["name"])
    return found


def topics_in(exported: Mapping[str, Any]) -> list[str]:
    """The names of the topics of the environment."""
    return [
        str(each["inputs"]["name"])
        for each in resources_of(exported)
        if each["type"] == _TOPIC and type_of(str(each.get("parent"))) == _HOST
    ]


def constraint_in(exported: Mapping[str, Any]) -> str | None:
    """The name of the constraint against unrestricted keys."""
    ids = [str(each["id"]) for each in resources_of(exported) if each["type"] == _CONSTRAINT]
    return ids[0].rpartition("/")[2] if ids else None


def part_of(
    exported: Mapping[str, Any], stacks: tuple[str, str], projects: Sequence[str], budgets: Sequence[str]
) -> list[Resource]:
    """The resources of a new stack. `stacks`: names of the old and of the new one."""
    parents = _parents(exported)
    ours = _moved(exported, parents, projects, budgets)
    wanted = [
        each
        for each in resources_of(exported)
        if each["urn"] in ours or (each["type"] in _OF_EVERY_STACK and not owner_of(each["urn"], parents))
    ]
    urns = {each["urn"] for each in wanted} | {
        each.get("provider", "").rpartition("::")[0] for each in wanted
    }
    chosen = [each for each in resources_of(exported) if each["urn"] in urns]
    pruned = _pruned([_of(each, projects, budgets) for each in chosen])
    names = {each["urn"]: _renamed(each["urn"], *stacks) for each in pruned}
    return [_with_urns(each, names) for each in pruned]


def rest_of(
    exported: Mapping[str, Any], projects: Sequence[str], budgets: Sequence[str], shared: Shared
) -> list[Resource]:
    """The resources of the old stack without what moved, and without what belongs to no stack any more."""
    parents = _parents(exported)
    gone = _moved(exported, parents, projects, budgets) | set(_unowned(exported, shared))
    stay = [name for name in projects_in(exported) if name not in projects]
    kept = [each for each in resources_of(exported) if each["urn"] not in gone]
    return _pruned([_of(each, stay, None, without=budgets) for each in kept])


def with_worst_month(exported: Mapping[str, Any], amount: str, bound: str) -> list[Resource]:
    """The resources with the worst month of their projects, as the program computes it."""
    new = {"worstMonth": amount, "boundBy": bound}
    return [
        {**each, "inputs": each["inputs"] | new, "outputs": each["outputs"] | new}
        if each["type"] == _ROSTER
        else each
        for each in resources_of(exported)
    ]


def _parents(exported: Mapping[str, Any]) -> dict[str, str]:
    return {each["urn"]: str(each.get("parent") or "") for each in resources_of(exported)}


def _moved(
    exported: Mapping[str, Any],
    parents: Mapping[str, str],
    projects: Collection[str],
    budgets: Collection[str],
) -> set[str]:
    own = {f"shared-{name}" for name in budgets}
    return {
        each["urn"]
        for each in resources_of(exported)
        if owner_of(each["urn"], parents) in projects
        or (each["type"] == _BUDGET and name_of(each["urn"]) in own and not owner_of(each["urn"], parents))
    }


def _unowned(exported: Mapping[str, Any], shared: Shared) -> Iterator[str]:
    """The URNs of what belongs to no stack any more."""
    parents = _parents(exported)
    for each in resources_of(exported):
        urn, inputs = each["urn"], each.get("inputs") or {}
        if owner_of(urn, parents):
            continue
        of_host = type_of(parents[urn]) == _HOST if parents[urn] else False
        is_unowned = {
            _CHANNEL: of_host and name_of(urn).partition("-budgets--")[2] in shared.channels,
            _TOPIC: of_host and inputs.get("name") in shared.topics,
            _PUBLISHER: of_host and inputs.get("topic") in shared.topics,
            _CONSTRAINT: bool(shared.constraint),
            _DASHBOARD: shared.dashboard,
        }
        if is_unowned.get(each["type"]):
            yield urn


def _of(
    resource: Resource,
    projects: Collection[str],
    budgets: Collection[str] | None,
    without: Collection[str] = (),
) -> Resource:
    """A resource as of a stack with these projects and shared budgets alone; `budgets`: None for all but `without`."""

    def keeps(budget: str) -> bool:
        return budget not in without if budgets is None else budget in budgets

    def chosen(values: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(values)
        if resource["type"] == _ROSTER:
            found["projects"] = {name: each for name, each in values["projects"].items() if name in projects}
            found["sharedBudgets"] = {
                name: each for name, each in (values.get("sharedBudgets") or {}).items() if keeps(name)
            }
        elif resource["type"] == _EXIT:
            found["held"] = [each for each in values["held"] if each.rpartition(" ")[2] in projects]
        return found

    if resource["type"] == _STACK:
        outputs = {name: each for name, each in (resource.get("outputs") or {}).items() if name in projects}
        return {**resource, "outputs": outputs}
    if resource["type"] not in (_ROSTER, _EXIT):
        return resource
    found = {**resource, **{kind: chosen(resource.get(kind) or {}) for kind in ("inputs", "outputs")}}
    if resource["type"] == _EXIT:
        found["protect"] = bool(found["inputs"]["held"])
    return found


def _pruned(resources: list[Resource]) -> list[Resource]:
    """The resources without dependencies on others."""
    urns = {each["urn"] for each in resources}
    return [
        {
            **each,
            **_links(each, "dependencies", urns),
            **(
                {
                    "propertyDependencies": {
                        name: [urn for urn in found or () if urn in urns]
                        for name, found in each["propertyDependencies"].items()
                    }
                }
                if each.get("propertyDependencies")
                else {}
            ),
        }
        for each in resources
    ]


def _links(resource: Resource, name: str, urns: Collection[str]) -> Resource:
    return {name: [urn for urn in resource[name] if urn in urns]} if resource.get(name) else {}


def _renamed(urn: str, old: str, new: str) -> str:
    _, project, types, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    if type_of(urn) == _STACK:
        name = f"{project}-{new}"
    elif type_of(urn) in _NAMED_AS_STACK and name == old:
        name = new
    return f"urn:pulumi:{new}::{project}::{types}::{name}"


def _with_urns(value: Any, names: Mapping[str, str]) -> Any:
    """A value in which each URN of `names`, also with a provider's id after it, is the new one."""
    if isinstance(value, dict):
        return {key: _with_urns(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_urns(each, names) for each in value]
    if isinstance(value, str) and value.startswith("urn:pulumi:"):
        if value in names:
            return names[value]
        urn, _, id_ = value.rpartition("::")
        return f"{names[urn]}::{id_}" if urn in names else value
    return value
