"""The resources that a listing of entries names, and whose logs they are."""

import re
from typing import Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import JsonObject, invalid_argument, not_found
from sandbox.cloud.core.store import Store

_MOST: Final = 100
_NAME: Final = re.compile(r"((?:projects|folders|organizations|billingAccounts)/[^/]+)(/.*)?")
_VIEW: Final = re.compile(r"/locations/global/buckets/_Required/views/_AllLogs")
"""The one view that has the audit logs of administrative writes."""


def resources(body: JsonObject) -> list[str]:
    """`projects/P`, `folders/1`, … in the order of the request.

    Raises:
        CloudError: 400 for none, too many, or a name that is none.
    """
    named = [*body.get("resourceNames", ()), *(f"projects/{each}" for each in body.get("projectIds", ()))]
    if not 0 < len(named) <= _MOST:
        raise invalid_argument(
            f"resource_names must have 1 to {_MOST} names of projects, folders, organizations or billing accounts.",
            "resource_names",
        )
    found = []
    for name in dict.fromkeys(named):
        match = _NAME.fullmatch(name)
        if match is None or (match[2] and not _VIEW.fullmatch(match[2])):
            raise invalid_argument(
                f"{name} is no project, folder, organization or billing account.", "resource_names"
            )
        found.append(match[1])
    return found


def container(store: Store, name: str) -> str:
    """The name under which the entries of a resource are kept: a project's has its id.

    Raises:
        CloudError: 404 for a project that does not exist.
    """
    kind, _, identifier = name.partition("/")
    if kind != "projects":
        return name
    project = projects.find(store, identifier)
    if project is None:
        raise not_found(f"Project does not exist: {identifier}")
    return f"projects/{project.project_id}"
