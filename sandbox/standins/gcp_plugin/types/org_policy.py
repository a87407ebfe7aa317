"""An organization's own constraints, and the policies that enforce constraints."""

import json
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from sandbox.standins.gcp_plugin.empties import filled_in
from sandbox.standins.gcp_plugin.lifecycle import Context, Lifecycle, State
from sandbox.standins.gcp_plugin.plan import Properties
from sandbox.standins.gcp_plugin.schema import (
    Autoname,
    Call,
    Field,
    Resource,
    Value,
    block,
    blocks,
    flag,
    is_unknown,
    kept_deletion_policy,
    last_segment,
    text,
    texts,
)

#: What Go reads as true or false.
_GO_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def _boolean(value: Value) -> Value:
    """Terraform has these as text, so that one that is not set is not false."""
    return _GO_BOOLEANS.get(value)


def _word(value: Value) -> Value:
    return "" if value is None else str(value).upper()


def _same_policy(old: Value, new: Value) -> bool:
    return bool(last_segment(old) == last_segment(new))


def _flag_text() -> Field:
    return text(to_wire=_boolean, from_wire=_word, always_sent=True)


_RULE: Mapping[str, Field] = {
    "allowAll": _flag_text(),
    "denyAll": _flag_text(),
    "enforce": _flag_text(),
    "parameters": text(),
    "condition": block({"description": text(), "expression": text(), "location": text(), "title": text()}),
    "values": block({"allowedValues": texts(), "deniedValues": texts()}),
}
_SPEC: dict[str, Field] = {
    "inheritFromParent": flag(always_sent=True),
    "reset": flag(always_sent=True),
    "rules": blocks(_RULE),
    "etag": text(output=True),
    "updateTime": text(output=True),
}


def _policy_name(body: Value, plan: Any) -> Value:
    """A creation sends the name as the program wrote it."""
    return {**body, "name": plan["name"]}


def _settled(state: Mapping[str, Value] | None, plan: Properties) -> Properties:
    """Rules that go from the end of a list are no difference, nor is their order."""
    for name in ("spec", "dryRunSpec"):
        before, after = (state or {}).get(name), plan.get(name)
        if isinstance(before, dict) and isinstance(after, dict) and not is_unknown(after):
            old, new = ([_meaning(rule) for rule in each.get("rules") or []] for each in (before, after))
            if set(old) == {*new, *old[len(new) :]}:
                plan = {**plan, name: {**after, "rules": before.get("rules")}}
    return plan


def _meaning(rule: Value) -> str:
    """What a rule says, without what is empty in it."""
    return json.dumps(filled_in({"rule": block(_RULE)}, {"rule": rule}), sort_keys=True)


POLICY = Resource(
    urn_type="gcp:orgpolicy/policy:Policy",
    service="orgpolicy",
    title="Policy",
    long_title="OrgPolicyPolicy",
    fields={
        "spec": block(_SPEC, masks=("policy.spec",)),
        "dryRunSpec": block(_SPEC, masks=("policy.dryRunSpec",)),
        "etag": text(output=True, sent=False),
        "name": text(computed=True, replaces=True, sent=False, same=_same_policy, from_wire=last_segment),
        "parent": text(required=True, replaces=True, sent=False, read=False),
        "deletionPolicy": kept_deletion_policy(),
    },
    id="{parent}/policies/{name}",
    import_ids=("(?P<parent>.+)/policies/(?P<name>[^/]+)",),
    autonames=(Autoname(property="name"),),
    create=Call("POST", "{parent}/policies"),
    read=Call("GET", "{parent}/policies/{name}"),
    update=Call("PATCH", "{parent}/policies/{name}"),
    delete=Call("DELETE", "{parent}/policies/{name}"),
    masked=True,
    encode_creation=_policy_name,
    settled=_settled,
)


class _PolicyLifecycle(Lifecycle):
    """A program may write the name in full; paths and ids have its last part."""

    @override
    async def read(self, context: Context, properties: Properties) -> State | None:
        return await super().read(context, _short(properties))

    @override
    async def update(self, context: Context, resource_id: str, plan: Properties, changed: set[str]) -> State:
        return await super().update(context, resource_id, _short(plan), changed)


def _short(properties: Properties) -> Properties:
    return {**properties, "name": last_segment(properties["name"])}


POLICY_LIFECYCLE = _PolicyLifecycle(POLICY)


def _constraint_name(body: Value, plan: Any) -> Value:
    return {**body, "name": f"{plan['parent']}/customConstraints/{plan['name']}"}


CUSTOM_CONSTRAINT = Resource(
    urn_type="gcp:orgpolicy/customConstraint:CustomConstraint",
    service="orgpolicy",
    title="CustomConstraint",
    long_title="OrgPolicyCustomConstraint",
    fields={
        "displayName": text(),
        "description": text(),
        "condition": text(required=True),
        "actionType": text(required=True, choices=("ALLOW", "DENY")),
        "methodTypes": texts(required=True, min_items=1),
        "resourceTypes": texts(required=True, replaces=True, min_items=1),
        "name": text(computed=True, replaces=True, sent=False, from_wire=last_segment),
        "updateTime": text(output=True, sent=False),
        "parent": text(required=True, replaces=True, sent=False, read=False),
        "deletionPolicy": kept_deletion_policy(),
    },
    id="{parent}/customConstraints/{name}",
    import_ids=("(?P<parent>.+)/customConstraints/(?P<name>[^/]+)",),
    autonames=(Autoname(property="name"),),
    create=Call("POST", "{parent}/customConstraints"),
    read=Call("GET", "{parent}/customConstraints/{name}"),
    update=Call("PATCH", "{parent}/customConstraints/{name}"),
    delete=Call("DELETE", "{parent}/customConstraints/{name}"),
    encode_creation=_constraint_name,
)
