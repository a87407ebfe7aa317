"""Organization Policy v2, method by method."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, paging
from sandbox.cloud.core.errors import CloudError, JsonObject
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import effective, models

handlers = Handlers()

_KINDS = ("projects", "folders", "organizations")
_CONSTRAINTS = "orgpolicy.organizations.customConstraints"


def _ids(method: str) -> tuple[str, ...]:
    return tuple(f"orgpolicy.{kind}.policies.{method}" for kind in _KINDS)


def _parent(call: Call) -> str:
    kind = next(iter(call.path.values())).partition("/")[0]
    return projects.parent_name(call.store, kind, call.ids[0])


@handlers(*_ids("create"))
def create_policy(call: Call) -> JsonObject:
    return models.create_policy(call.store, call.now, _parent(call), call.body)


@handlers(*_ids("get"))
def get_policy(call: Call) -> JsonObject:
    return models.find_policy(call.store, _parent(call), call.ids[1])


@handlers(*_ids("getEffectivePolicy"))
def get_effective_policy(call: Call) -> JsonObject:
    return effective.policy(call.store, _parent(call), call.ids[1])


@handlers(*_ids("list"))
def list_policies(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        models.policies(call.store, _parent(call)), lambda policy: str(policy["name"])
    )
    return ({"policies": page} if page else {}) | token


@handlers(*_ids("patch"))
def patch_policy(call: Call) -> JsonObject:
    parent, constraint = _parent(call), call.ids[1]
    current = models.find_policy(call.store, parent, constraint)
    if call.body.get("etag") not in (None, "", current["etag"]):
        raise CloudError("ABORTED", "The etag does not match: the policy was changed in the meantime.")
    # The request's own words for the policy's fields: `policy.spec`, as Google's documents and clients have them.
    mask = ",".join(
        part.strip().removeprefix("policy.") for part in call.query.get("updateMask", "").split(",")
    )
    names = {path[0] for path in masks.parse(mask, call.message)} if mask else {"spec", "dryRunSpec"}
    kept: JsonObject = {
        name: current[name] for name in ("spec", "dryRunSpec") if name in current and name not in names
    }
    given: JsonObject = {
        name: call.body[name] for name in ("spec", "dryRunSpec") if name in call.body and name in names
    }
    return models.save_policy(call.store, call.now, parent, constraint, {**kept, **given})


@handlers(*_ids("delete"))
def delete_policy(call: Call) -> JsonObject:
    models.delete_policy(call.store, _parent(call), call.ids[1], call.query.get("etag", ""))
    return {}


@handlers(*(f"orgpolicy.{kind}.constraints.list" for kind in _KINDS))
def list_known_constraints(call: Call) -> JsonObject:
    """Google's own constraints, as far as the local cloud has them."""
    parent = _parent(call)
    found = [models.described(parent, name) for name in sorted(models.BUILT_IN)]
    page, token = paging.requested(call.query, default=1000, maximum=1000).cut(
        found, lambda constraint: str(constraint["name"])
    )
    return {"constraints": page} | token


def _organization(call: Call) -> str:
    return f"organizations/{call.ids[0]}"


@handlers(f"{_CONSTRAINTS}.create")
def create_constraint(call: Call) -> JsonObject:
    return models.create_constraint(call.store, call.now, _organization(call), call.body)


@handlers(f"{_CONSTRAINTS}.get")
def get_constraint(call: Call) -> JsonObject:
    return models.find_constraint(call.store, _organization(call), call.ids[1])


@handlers(f"{_CONSTRAINTS}.list")
def list_constraints(call: Call) -> JsonObject:
    page, token = paging.requested(call.query, default=100, maximum=1000).cut(
        models.constraints(call.store, _organization(call)), lambda item: str(item["name"])
    )
    return ({"customConstraints": page} if page else {}) | token


@handlers(f"{_CONSTRAINTS}.patch")
def patch_constraint(call: Call) -> JsonObject:
    return models.save_constraint(call.store, call.now, _organization(call), call.ids[1], call.body)


@handlers(f"{_CONSTRAINTS}.delete")
def delete_constraint(call: Call) -> JsonObject:
    models.delete_constraint(call.store, _organization(call), call.ids[1])
    return {}
