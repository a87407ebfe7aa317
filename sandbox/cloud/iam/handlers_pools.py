"""Workload identity pools and their providers, method by method. Changes are long-running operations."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks, operations, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.iam import pools

handlers = Handlers()

_POOLS = "iam.projects.locations.workloadIdentityPools"
_PROVIDERS = f"{_POOLS}.providers"
_PAGE = 1000


def _kind(call: Call) -> str:
    return "providers" if call.method.id.startswith(_PROVIDERS) else "workloadIdentityPools"


def _parent(call: Call) -> str:
    """The location of a pool, the pool of a provider: with the project's number, as Google has it."""
    number = projects.require_active(call.store, call.ids[0]).number
    if call.ids[1] != "global":
        raise invalid_argument(f"The location must be global, not {call.ids[1]}.")
    location = f"projects/{number}/locations/global"
    if _kind(call) != "providers":
        return location
    pool = f"{location}/workloadIdentityPools/{call.ids[2]}"
    return str(pools.require(call.store, call.now, pool)["name"])


def _found(call: Call) -> JsonObject:
    return pools.require(call.store, call.now, f"{_parent(call)}/{_kind(call)}/{call.ids[-1]}")


def _operation(call: Call, changed: JsonObject) -> JsonObject:
    kind = "Pool" if _kind(call) != "providers" else "PoolProvider"
    message = f"type.googleapis.com/google.iam.v1.WorkloadIdentity{kind}"
    return operations.start(
        call.store,
        f"{changed['name']}/operations/",
        response={"@type": message, **changed},
        metadata={"@type": f"{message}OperationMetadata"},
    )


@handlers(f"{_POOLS}.create", f"{_PROVIDERS}.create")
def create(call: Call) -> JsonObject:
    """Create a pool or a provider."""
    parent, kind = _parent(call), _kind(call)
    identifier = call.query.get("workloadIdentityPoolId") or call.query.get("workloadIdentityPoolProviderId")
    made = pools.create(call.store, call.now, parent, kind, identifier or "", call.body)
    return _operation(call, made)


@handlers(f"{_POOLS}.get", f"{_PROVIDERS}.get")
def get(call: Call) -> JsonObject:
    """A pool or provider; one that is deleted is there for 30 days."""
    return _found(call)


@handlers(f"{_POOLS}.list", f"{_PROVIDERS}.list")
def list_(call: Call) -> JsonObject:
    """The pools of a project, or the providers of a pool."""
    found = pools.below(call.store, call.now, _parent(call), deleted=call.query.get("showDeleted", False))
    page, token = paging.requested(call.query, 50, _PAGE).cut(found, lambda each: str(each["name"]))
    name = "workloadIdentityPoolProviders" if _kind(call) == "providers" else "workloadIdentityPools"
    return {**({name: page} if page else {}), **token}


@handlers(f"{_POOLS}.patch", f"{_PROVIDERS}.patch")
def patch(call: Call) -> JsonObject:
    """Change what the mask names."""
    current = _found(call)
    paths = masks.parse(call.query.get("updateMask", ""), call.message)
    if not paths or {path[0] for path in paths} & {"name", "state", "expireTime"}:
        raise invalid_argument("The update mask must name fields that can change.", "update_mask")
    changed = masks.apply(paths, current, call.body)
    return _operation(call, pools.change(call.store, current, changed, _kind(call)))


@handlers(f"{_POOLS}.delete", f"{_PROVIDERS}.delete")
def delete(call: Call) -> JsonObject:
    """Delete a pool or provider, for 30 days reversibly."""
    return _operation(call, pools.delete(call.store, call.now, _found(call), _kind(call)))


@handlers(f"{_POOLS}.undelete", f"{_PROVIDERS}.undelete")
def undelete(call: Call) -> JsonObject:
    """Bring a deleted pool or provider back."""
    return _operation(call, pools.undelete(call.store, _found(call), _kind(call)))


@handlers(f"{_POOLS}.listAttestationRules")
def attestation_rules(call: Call) -> JsonObject:
    """The attestation rules of a pool: none, since nothing here sets any; Terraform's provider asks."""
    _found(call)
    return {}


@handlers(f"{_POOLS}.operations.get", f"{_PROVIDERS}.operations.get")
def get_operation(call: Call) -> JsonObject:
    """The state of a change."""
    return operations.poll(call.store, call.path["name"])
