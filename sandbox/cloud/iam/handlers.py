"""IAM v1, method by method."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.iam import models
from sandbox.cloud.orgpolicy import enforcement as orgpolicy

handlers = Handlers()

_METHODS = "iam.projects.serviceAccounts"
_SETTABLE = ("displayName", "description")
_PATHS = {"displayName": "displayName", "display_name": "displayName", "description": "description"}


def _settings(body: JsonObject) -> JsonObject:
    return {name: body[name] for name in _SETTABLE if body.get(name)}


def _account(call: Call) -> models.Account:
    return models.require(call.store, call.ids[0], call.ids[1])


@handlers(f"{_METHODS}.create")
def create(call: Call) -> JsonObject:
    """Create a service account."""
    project = projects.require_active(call.store, call.ids[0])
    orgpolicy.require_accounts(call.store, project.number)
    settings = _settings(call.body.get("serviceAccount", {}))
    return models.create(call.store, project, call.body.get("accountId", ""), settings).as_json()


@handlers(f"{_METHODS}.get")
def get(call: Call) -> JsonObject:
    """A service account, by address or unique id."""
    return _account(call).as_json()


@handlers(f"{_METHODS}.list")
def list_(call: Call) -> JsonObject:
    """The service accounts of a project."""
    project = projects.require_active(call.store, call.ids[0])
    found = models.of_project(call.store, project.project_id)
    page, token = paging.requested(call.query, default=20, maximum=100).cut(
        found, lambda account: account.email
    )
    return ({"accounts": [account.as_json() for account in page]} if page else {}) | token


@handlers(f"{_METHODS}.patch")
def patch(call: Call) -> JsonObject:
    """Change a service account's title or description; the mask is part of the body."""
    account = _account(call)
    mask = [path.strip() for path in call.body.get("updateMask", "").split(",") if path.strip()]
    if not mask or set(mask) - _PATHS.keys():
        raise invalid_argument(
            f"The update mask must name {' or '.join(_SETTABLE)}, not {', '.join(mask) or 'nothing'}.",
            "update_mask",
        )
    named = {_PATHS[path] for path in mask}
    kept = {name: value for name, value in account.settings.items() if name not in named}
    given = _settings(call.body.get("serviceAccount", {}))
    changed = {**kept, **{name: value for name, value in given.items() if name in named}}
    return models.change(call.store, account, settings=changed).as_json()


@handlers(f"{_METHODS}.disable")
def disable(call: Call) -> JsonObject:
    """Disable a service account: the keys that are bound to it stop."""
    models.change(call.store, _account(call), disabled=True)
    return {}


@handlers(f"{_METHODS}.enable")
def enable(call: Call) -> JsonObject:
    """Enable a service account."""
    models.change(call.store, _account(call), disabled=False)
    return {}


@handlers(f"{_METHODS}.delete")
def delete(call: Call) -> JsonObject:
    """Delete a service account; its address is free at once."""
    models.delete(call.store, call.now, _account(call))
    return {}


@handlers(f"{_METHODS}.undelete")
def undelete(call: Call) -> JsonObject:
    """Bring a deleted service account back, by its unique id."""
    return {"restoredAccount": models.undelete(call.store, call.ids[0], call.ids[1]).as_json()}


def _resource(call: Call) -> str:
    """The account's name for its IAM policy, which another account of the same address later does not have."""
    account = _account(call)
    return f"projects/{account.project}/serviceAccounts/{account.unique_id}"


@handlers(f"{_METHODS}.getIamPolicy")
def get_iam_policy(call: Call) -> JsonObject:
    """Who may use and change a service account."""
    version = call.query.get("options.requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _resource(call), version)


@handlers(f"{_METHODS}.setIamPolicy")
def set_iam_policy(call: Call) -> JsonObject:
    """Set who may use and change a service account."""
    return iam.set_requested(call, _resource(call))


@handlers(f"{_METHODS}.testIamPermissions")
def test_iam_permissions(call: Call) -> JsonObject:
    """What the caller may do with a service account."""
    # Those of the account itself, and of API keys that are bound to it.
    return iam.permissions_held(call, _resource(call), "iam.serviceAccount")
