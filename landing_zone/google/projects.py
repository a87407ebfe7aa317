"""Existence and identity of projects: most APIs answer 403 for a deleted project as for a forbidden one."""

from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google


def is_gone(google: Google, project: str) -> bool:
    """True if a project (id or number) is deleted, in deletion, or not visible. Raises as `Google.call`."""
    try:
        found = google.call("cloudresourcemanager", "GET", f"projects/{project}")
    except GoogleError as error:
        if error.code in (403, 404) and not error.has_reason("SERVICE_DISABLED"):
            return True
        raise
    return found.get("lifecycleState") != "ACTIVE"


def is_same(google: Google, one: str, other: str) -> bool:
    """True if a number and an id are those of one project. Raises as `Google.call`."""
    if one.isdecimal() == other.isdecimal():
        return one == other
    found = google.call("cloudresourcemanager", "GET", f"projects/{one}")
    return other in (found.get("projectId"), str(found.get("projectNumber")))
