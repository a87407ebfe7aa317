"""An organization's own constraints, and the policies that enforce constraints."""

from typing import Any

from typing_extensions import override

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
    kept_deletion_policy,
    last_segment,
    text,
    texts,
)


def _boolean(value: Value) -> Value:
    """Terraform has these as text, so that one that is not set is not false."""
    return None if not value else str(value).upper() == "TRUE"


def _word(value: Value) -> Value:
    return None if value is None else str(value).upper()


def _same_word(old: Value, new: Value) -> bool:
    return str(old or "").upper() == str(new or "").upper()


def _same_policy(old: Value, new: Value) -> bool:
    return bool(last_segment(old) == last_segment(new))


def _flag_text() -> Field:
    return text(to_wire=_boolean, from_wire=_word, same=_same_word, always_sent=False)


_SPEC: dict[str, Field] = {
    "inheritFromParent": flag(always_sent=True),
    "reset": flag(always_sent=True),
    "rules": blocks(
        {
            "allowAll": _flag_text(),
            "denyAll": _flag_text(),
            "enforce": _flag_text(),
            "parameters": text(),
            "condition": block(
                {"description": text(), "expression": text(), "location": text(), "title": text()}
            ),
            "values": block({"allowedValues": texts(), "deniedValues": texts()}),
        }
    ),
    "etag": text(output=True, sent=False),
    "updateTime": text(output=True, sent=False),
}


def _policy_name(body: Value, plan: Any) -> Value:
    """The name in full, and the rule's flags that are not set as null: so the official plugin sends them."""
    encoded = {**body, "name": f"{plan['parent']}/policies/{last_segment(plan['name'])}"}
    for spec in ("spec", "dryRunSpec"):
        if spec in encoded:
            rules = [{"allowAll": None, "denyAll": None, **rule} for rule in encoded[spec].get("rules", [])]
            encoded[spec] = {**encoded[spec], **({"rules": rules} if rules else {})}
    return encoded


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
    encode=_policy_name,
)


class _PolicyLifecycle(Lifecycle):
    """A program may write the name in full; paths and ids have its last part."""

    @override
    async def create(self, context: Context, plan: Properties) -> State:
        return await super().create(context, _short(plan))

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
    encode=_constraint_name,
)
