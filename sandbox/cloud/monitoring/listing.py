"""What the methods of Cloud Monitoring's resources have in common."""

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import paging
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.service import Call


def project_of(call: Call) -> projects.Project:
    """The active project of the path. Raises as `projects.require_active`."""
    return projects.require_active(call.store, call.ids[0])


def page(call: Call, kind: str, found: list[JsonObject]) -> JsonObject:
    """The page of a listing that a call asks for; each resource has its `id`, which is not shown."""
    cut, more = paging.requested(call.query, 1000, 1000).cut(found, lambda item: str(item["id"]))
    items = [{name: value for name, value in item.items() if name != "id"} for item in cut]
    return {**({kind: items} if items else {}), **more}
