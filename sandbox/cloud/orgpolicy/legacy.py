"""Resource Manager v1's methods on organization policies: the same policies in an older form.

Terraform's `google_project_organization_policy` and its kin ask them. A policy that v2 has made for a dry run alone is
none here, and rules with a condition are left out.
"""

from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import effective, models
from sandbox.cloud.orgpolicy.published import LISTS

handlers = Handlers()

_PREFIX: Final = "constraints/"
_KINDS: Final = ("projects", "folders", "organizations")
_TYPES: Final = ("listPolicy", "booleanPolicy", "restoreDefault")
_ALL: Final = {"ALLOW": {"allowAll": True}, "DENY": {"denyAll": True}}


def _ids(method: str) -> tuple[str, ...]:
    return tuple(f"cloudresourcemanager.{kind}.{method}" for kind in _KINDS)


def _parent(call: Call) -> str:
    return projects.parent_name(call.store, call.method.segments[1], call.ids[0])


def _constraint(text: str) -> str:
    if not text.startswith(_PREFIX):
        raise invalid_argument(f"Constraints are written {_PREFIX}NAME, not {text!r}.", "constraint")
    return text.removeprefix(_PREFIX)


@handlers(*_ids("setOrgPolicy"))
def set_policy(call: Call) -> JsonObject:
    """Create or replace a policy."""
    parent, given = _parent(call), call.body.get("policy", {})
    constraint = _constraint(given.get("constraint", ""))
    current = _found(call, parent, constraint)
    _require_etag(given.get("etag"), parent, constraint, current)
    kinds = [kind for kind in _TYPES if kind in given]
    own = "listPolicy" if constraint in LISTS else "booleanPolicy"
    if kinds not in ([own], ["restoreDefault"]):
        raise invalid_argument(f"A policy of {constraint} has either {own} or restoreDefault.", "policy")
    spec = _spec(given)
    kept = {"dryRunSpec": current["dryRunSpec"]} if current and "dryRunSpec" in current else {}
    if current is None:
        body = {"name": f"{parent}/policies/{constraint}", "spec": spec}
        return _view(models.create_policy(call.store, call.now, parent, body))
    return _view(models.save_policy(call.store, call.now, parent, constraint, {**kept, "spec": spec}))


@handlers(*_ids("getOrgPolicy"))
def get_policy(call: Call) -> JsonObject:
    """The policy of a resource itself; of a constraint without one, its name and the etag to set it with."""
    parent, constraint = _parent(call), _constraint(call.body.get("constraint", ""))
    models.require_constraint(call.store, parent, constraint)
    found = _found(call, parent, constraint)
    etag = found["etag"] if found else models.etag(parent, constraint, 0)
    unset = {"constraint": f"{_PREFIX}{constraint}", "etag": etag}
    return _view(found) if found and "spec" in found else unset


@handlers(*_ids("getEffectiveOrgPolicy"))
def get_effective_policy(call: Call) -> JsonObject:
    """The policy that holds on a resource."""
    parent, constraint = _parent(call), _constraint(call.body.get("constraint", ""))
    models.require_constraint(call.store, parent, constraint)
    return _view(effective.policy(call.store, parent, constraint))


@handlers(*_ids("listOrgPolicies"))
def list_policies(call: Call) -> JsonObject:
    """The policies of a resource itself."""
    found = [_view(each) for each in models.policies(call.store, _parent(call)) if "spec" in each]
    page, token = paging.requested(call.body, default=100, maximum=1000).cut(
        found, lambda policy: str(policy["constraint"])
    )
    return ({"policies": page} if page else {}) | token


@handlers(*_ids("listAvailableOrgPolicyConstraints"))
def list_constraints(call: Call) -> JsonObject:
    """Google's own constraints."""
    parent = _parent(call)
    found = [
        {**models.described(parent, name), "name": f"{_PREFIX}{name}"} for name in sorted(models.BUILT_IN)
    ]
    page, token = paging.requested(call.body, default=1000, maximum=1000).cut(
        found, lambda constraint: str(constraint["name"])
    )
    return {"constraints": page} | token


@handlers(*_ids("clearOrgPolicy"))
def clear_policy(call: Call) -> JsonObject:
    """Delete a policy, if there is one; what v2 has for a dry run stays."""
    parent, constraint = _parent(call), _constraint(call.body.get("constraint", ""))
    models.require_constraint(call.store, parent, constraint)
    current = _found(call, parent, constraint)
    _require_etag(call.body.get("etag"), parent, constraint, current)
    if current is None:
        return {}
    if "dryRunSpec" not in current:
        models.delete_policy(call.store, parent, constraint, "")
    elif "spec" in current:
        kept = {"dryRunSpec": current["dryRunSpec"]}
        models.save_policy(call.store, call.now, parent, constraint, kept)
    return {}


def _found(call: Call, parent: str, constraint: str) -> JsonObject | None:
    return next(
        (
            each
            for each in models.policies(call.store, parent)
            if each["name"] == f"{parent}/policies/{constraint}"
        ),
        None,
    )


def _require_etag(etag: str | None, parent: str, constraint: str, current: JsonObject | None) -> None:
    """Refuse a change of what has changed since it was read, with 409 ABORTED."""
    if etag and etag != (current["etag"] if current else models.etag(parent, constraint, 0)):
        raise CloudError("ABORTED", "The etag does not match: the policy was changed in the meantime.")


def _spec(given: JsonObject) -> JsonObject:
    """What v2 calls the specification of a policy."""
    if "restoreDefault" in given:
        return {"reset": True}
    if "booleanPolicy" in given:
        return {"rules": [{"enforce": bool(given["booleanPolicy"].get("enforced"))}]}
    policy = given["listPolicy"]
    values = {name: policy[name] for name in ("allowedValues", "deniedValues") if policy.get(name)}
    rule = _ALL.get(policy.get("allValues", ""), {})
    if bool(rule) == bool(values):
        raise invalid_argument("A list policy has either values or all_values.", "policy.list_policy")
    inherits = {"inheritFromParent": True} if policy.get("inheritFromParent") else {}
    return {**inherits, "rules": [rule or {"values": values}]}


def _view(policy: JsonObject) -> JsonObject:
    """A policy of v2 as v1 has it."""
    constraint = policy["name"].rpartition("/")[2]
    spec = policy["spec"]
    view = {
        "constraint": f"{_PREFIX}{constraint}",
        **{name: spec[name] for name in ("etag", "updateTime") if name in spec},
    }
    if spec.get("reset"):
        return {**view, "restoreDefault": {}}
    rules = [rule for rule in spec.get("rules", []) if "condition" not in rule]
    if constraint not in LISTS:
        enforced = any(rule.get("enforce") for rule in rules)
        return {**view, "booleanPolicy": {"enforced": True} if enforced else {}}
    inherits = {"inheritFromParent": True} if spec.get("inheritFromParent") else {}
    every = [word for word, rule in _ALL.items() if rule in rules]
    values: JsonObject = {"allValues": every[0]} if every else {}
    for rule in () if every else rules:
        for name, some in rule.get("values", {}).items():
            values[name] = [*values.get(name, []), *some]
    return {**view, "listPolicy": {**values, **inherits}}
