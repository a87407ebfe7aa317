"""Cloud Functions v2, method by method."""

from sandbox.cloud.cloudfunctions import models, operations, sources
from sandbox.cloud.cloudresourcemanager import locations
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, masks, paging
from sandbox.cloud.core.errors import JsonObject, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers

handlers = Handlers()
first_generation = Handlers()

_LOCATIONS = "cloudfunctions.projects.locations"
_FUNCTIONS = f"{_LOCATIONS}.functions"
_FIXED = {"name", "environment", "createTime"}


def _parent(call: Call) -> str:
    return models.parent(call.store, call.ids[0], call.ids[1])


def _function(call: Call) -> models.Function:
    return models.require(call.store, f"{_parent(call)}/functions/{call.ids[2]}")


@handlers(f"{_FUNCTIONS}.create")
def create(call: Call) -> JsonObject:
    """Begin to deploy a function."""
    return models.create(call.store, _parent(call), call.query.get("functionId", ""), call.body, call.now)


@handlers(f"{_FUNCTIONS}.get")
def get(call: Call) -> JsonObject:
    """A function."""
    return _function(call).as_json(call.store)


@handlers(f"{_FUNCTIONS}.list")
def list_(call: Call) -> JsonObject:
    """The functions of a location, or of all (`-`)."""
    if call.ids[1] == "-":
        above = f"projects/{projects.require_active(call.store, call.ids[0]).project_id}/locations/-"
    else:
        above = _parent(call)
    page, token = paging.requested(call.query, default=1000, maximum=1000).cut(
        models.of_parent(call.store, above), lambda function: function.name
    )
    return ({"functions": [each.as_json(call.store) for each in page]} if page else {}) | token


@handlers(f"{_FUNCTIONS}.patch")
def patch(call: Call) -> JsonObject:
    """Begin to deploy another revision, with what the mask names; without one, with what is given."""
    function = _function(call)
    mask = call.query.get("updateMask", "")
    paths = masks.parse(mask, call.message) if mask else masks.implied(call.body, call.message)
    paths = [path for path in paths if path[0] not in _FIXED]
    if not paths:
        raise invalid_argument("The update mask names nothing to change.", "update_mask")
    body = masks.apply(paths, function.body, call.body)
    return models.change(call.store, function, body, call.now)


@handlers(f"{_FUNCTIONS}.delete")
def delete(call: Call) -> JsonObject:
    """Begin to delete a function."""
    return models.begin_deletion(call.store, _function(call), call.now)


@handlers(f"{_FUNCTIONS}.generateUploadUrl")
def generate_upload_url(call: Call) -> JsonObject:
    """An address that takes the archive of a function."""
    number = projects.require(call.store, _parent(call).split("/")[1]).number
    return sources.begin_upload(call.store, number, call.ids[1])


@handlers(f"{_FUNCTIONS}.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    """Who may use and change a function; who may call it is in the policy of its Cloud Run service."""
    version = call.query.get("options.requestedPolicyVersion", 0)
    return iam.get_policy(call.store, _function(call).name, version)


@handlers(f"{_FUNCTIONS}.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    """Set who may use and change a function."""
    return iam.set_requested(call, _function(call).name)


@handlers(f"{_FUNCTIONS}.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    """What the caller may do with a function."""
    return iam.permissions_held(call, _function(call).name, "cloudfunctions.")


@handlers(f"{_LOCATIONS}.operations.get")
def get_operation(call: Call) -> JsonObject:
    """An operation."""
    return operations.require(call.store, f"{_parent(call)}/operations/{call.ids[2]}")


@handlers(f"{_LOCATIONS}.operations.list")
def list_operations(call: Call) -> JsonObject:
    """The operations of a location."""
    found = operations.of_parent(call.store, _parent(call))
    page, token = paging.requested(call.query, default=100, maximum=100).cut(
        found, lambda operation: str(operation["name"])
    )
    return ({"operations": page} if page else {}) | token


@first_generation(f"{_LOCATIONS}.list")
@handlers(f"{_LOCATIONS}.list")
def list_locations(call: Call) -> JsonObject:
    """Some locations, for the tools that ask."""
    return locations.listed(call)


@handlers(f"{_LOCATIONS}.runtimes.list")
def list_runtimes(call: Call) -> JsonObject:
    """The runtimes that functions can have here."""
    _parent(call)
    return {
        "runtimes": [
            {
                "name": f"python3{minor}",
                "displayName": f"Python 3.{minor}",
                "stage": "GA",
                "environment": "GEN_2",
            }
            for minor in range(10, 15)
        ]
    }


@first_generation(f"{_LOCATIONS}.functions.list")
def list_first_generation(call: Call) -> JsonObject:
    """No functions."""
    projects.require_active(call.store, call.ids[0])
    return {}


@first_generation(f"{_LOCATIONS}.functions.get")
def get_first_generation(call: Call) -> JsonObject:
    """404 for any function."""
    _parent(call)
    name = call.path["name"]
    raise not_found(
        f"Function {name.rpartition('/')[2]} in region {call.ids[1]} in project {call.ids[0]} does not exist"
    )
