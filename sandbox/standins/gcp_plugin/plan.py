"""The planned properties of a resource, from its state and its inputs, and their difference from the state.

As in Terraform, from which the official plugin has it: what the program leaves out is cleared, unless the property is
computed, which keeps its value; a value that means the same as the old one leaves the old one in place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sandbox.standins.gcp_plugin.empties import ZERO
from sandbox.standins.gcp_plugin.schema import (
    UNKNOWN,
    Field,
    Kind,
    Resource,
    Value,
    is_empty,
    is_same_asset,
    is_unknown,
)

ATTRIBUTION_LABEL = {"goog-pulumi-provisioned": "true"}

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Defaults:
    """Values that the provider's configuration adds to every resource."""

    project: str | None = None
    region: str | None = None
    labels: Mapping[str, str] | None = None
    """The provider's labels, with the attribution label if it is on."""
    deletion_policy: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs."""

    path: str
    """`amount.specifiedAmount.units`, `thresholdRules[1]`."""
    kind: str
    """`ADD`, `DELETE` or `UPDATE`."""
    replaces: bool


def planned(
    resource: Resource, state: Properties | None, inputs: Properties, defaults: Defaults
) -> Properties:
    """The resource's properties after the change. Without a state (a creation), what Google will fill in is UNKNOWN."""
    old = state or {}
    creating = state is None
    plan = {
        name: _planned(field, old.get(name), inputs.get(name), creating)
        for name, field in resource.fields.items()
    }
    policy = resource.fields.get("deletionPolicy")
    if policy and policy.default and inputs.get("deletionPolicy") is None:
        plan["deletionPolicy"] = defaults.deletion_policy or policy.default
    if (
        "project" in plan
        and not resource.placed_late
        and is_empty(inputs.get("project"))
        and (creating or is_empty(old.get("project")))
    ):
        plan["project"] = defaults.project or plan["project"]
    if "region" in plan and inputs.get("region") is None:
        plan["region"] = old.get("region") or defaults.region
    if resource.labels:
        _merge_labels(plan, old, inputs, defaults)
    return resource.settled(state, plan) if resource.settled else plan


def changes(resource: Resource, state: Properties, plan: Properties) -> list[Change]:
    """The differences of the plan from the state; none if all that differs is null or empty."""
    if all(_is_equivalent(field, state.get(name), plan.get(name)) for name, field in resource.fields.items()):
        return []
    return [
        change
        for name, field in resource.fields.items()
        for change in _changes(field, name, state.get(name), plan.get(name), replaces=False)
    ]


def _planned(field: Field, old: Value, new: Value, creating: bool) -> Value:
    if new is None or field.output:
        return _left_out(field, old, creating)
    if field.kind is Kind.BLOCK and isinstance(new, dict):
        before = old if isinstance(old, dict) else {}
        if field.is_set:
            return _planned_set(field, before, new)
        # A block that is new has nothing of Google's in it yet, also in a resource that is not.
        return {
            name: _planned(part, before.get(name), new.get(name), creating or not before)
            for name, part in field.fields.items()
        }
    if field.item and field.item.kind is Kind.BLOCK and isinstance(new, list):
        items = old if isinstance(old, list) else []
        return [
            _planned(field.item, items[at] if at < len(items) else None, value, creating)
            for at, value in enumerate(new)
        ]
    if is_unknown(new):
        return UNKNOWN
    if field.kind is Kind.SET and isinstance(old, list) and sorted(old) == sorted(new):
        return old
    if field.same and field.same("" if creating else old or "", new):
        return old
    return field.normalized(new) if field.normalized else new


def _planned_set(field: Field, old: Properties, new: Properties) -> Properties:
    """The one item of a set: the old one, or another, in which texts and lists that are left out are empty."""
    plan = {name: _planned(part, None, new.get(name), creating=True) for name, part in field.fields.items()}
    known = {name: value for name, value in plan.items() if value != UNKNOWN}
    if old and all(_is_equivalent(field.fields[name], old.get(name), value) for name, value in known.items()):
        return old
    return {
        name: ZERO[field.fields[name].kind]
        if value is None and field.fields[name].kind in (Kind.TEXT, Kind.LIST)
        else value
        for name, value in plan.items()
    }


def _left_out(field: Field, old: Value, creating: bool) -> Value:
    if field.computed or field.output:
        return UNKNOWN if creating else old
    if field.default is not None:
        return field.default
    if old is None:
        return [] if field.item and field.item.kind is Kind.BLOCK else None
    if is_empty(old) or (field.same is not None and field.same(old, "")):
        return old
    # A list or map that was there becomes empty.
    return ZERO[field.kind] if field.kind in (Kind.LIST, Kind.SET, Kind.MAP) else None


def _merge_labels(plan: Properties, old: Properties, inputs: Properties, defaults: Defaults) -> None:
    own = inputs.get("labels") or {}
    if is_unknown(own):
        plan["pulumiLabels"] = plan["effectiveLabels"] = UNKNOWN
        return
    before = old.get("pulumiLabels") or {}
    managed = {**(defaults.labels or {}), **own}
    foreign = {
        name: value for name, value in (old.get("effectiveLabels") or {}).items() if name not in before
    }
    plan["pulumiLabels"] = managed
    plan["effectiveLabels"] = {**foreign, **managed}


def _is_equivalent(field: Field, old: Value, new: Value) -> bool:
    """True if the SDK sees no difference: null and empty are the same to it."""
    if field.write_only or (is_empty(old) and is_empty(new)) or is_same_asset(old, new):
        return True
    if field.kind is Kind.BLOCK and isinstance(old, dict) and isinstance(new, dict):
        return all(_is_equivalent(part, old.get(name), new.get(name)) for name, part in field.fields.items())
    if field.kind is Kind.LIST and field.item and isinstance(old, list) and isinstance(new, list):
        item = field.item
        return len(old) == len(new) and all(
            _is_equivalent(item, before, after) for before, after in zip(old, new, strict=True)
        )
    return bool(old == new)


def _changes(field: Field, path: str, old: Value, new: Value, *, replaces: bool) -> Iterator[Change]:
    """The differences in a resource that differs somewhere: there, null and empty are two things, but for lists."""
    replaces = replaces or field.replaces
    if field.item:
        old, new = (None if value == [] else value for value in (old, new))
    if field.write_only or (old is None and new is None) or is_same_asset(old, new):
        return
    if old is None or new is None:
        within = _replaces_within(field, old if new is None else new)
        yield Change(path, "ADD" if old is None else "DELETE", replaces or within)
    elif new == UNKNOWN:
        yield Change(path, "UPDATE", replaces)
    elif field.kind is Kind.BLOCK and isinstance(new, dict):
        for name, part in field.fields.items():
            yield from _changes(part, f"{path}.{name}", old.get(name), new.get(name), replaces=replaces)
    elif field.item and field.item.kind is Kind.BLOCK and isinstance(new, list):
        for at in range(max(len(old), len(new))):
            before, after = (items[at] if at < len(items) else None for items in (old, new))
            yield from _changes(field.item, f"{path}[{at}]", before, after, replaces=replaces)
    elif field.item and isinstance(new, list):
        for at, kind in _item_changes(field, old, new):
            yield Change(f"{path}[{at}]", kind, replaces)
    elif field.kind is Kind.MAP and isinstance(new, dict):
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield Change(_key_path(path, name), _kind(old.get(name), new.get(name)), replaces)
    elif old != new:
        yield Change(path, "UPDATE", replaces)


def _replaces_within(field: Field, value: Value) -> bool:
    """True if a part of a value that comes or goes replaces the resource."""
    if isinstance(value, list):
        return field.item is not None and any(_replaces_within(field.item, item) for item in value)
    if field.kind is not Kind.BLOCK or not isinstance(value, dict):
        return False
    return any(
        part.replaces or _replaces_within(part, value.get(name))
        for name, part in field.fields.items()
        if name in value
    )


def _item_changes(field: Field, old: list[Value], new: list[Value]) -> Iterator[tuple[int, str]]:
    """The places of the texts that went, by where they were, and of those that came, by where they are."""
    if field.kind is Kind.SET:
        went = {at for at, item in enumerate(old) if item not in new}
        came = {at for at, item in enumerate(new) if item not in old}
        yield from ((at, "DELETE") for at in sorted(went - came))
        yield from ((at, "UPDATE" if at in went else "ADD") for at in sorted(came))
        return
    for tag, begin, end, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        shared = min(end - begin, stop - start) if tag == "replace" else 0
        if tag != "equal":
            yield from ((begin + at, "UPDATE") for at in range(shared))
            yield from ((at, "DELETE") for at in range(begin + shared, end))
            yield from ((at, "ADD") for at in range(start + shared, stop))


def _key_path(path: str, name: str) -> str:
    """The path of a mapping's item."""
    return f'{path}["{name}"]' if re.search(r"\W", name) else f"{path}.{name}"


def _kind(old: Value, new: Value) -> str:
    return "ADD" if old is None else "DELETE" if new is None else "UPDATE"
