"""Whether a project is still there: most APIs answer 403 for one that is gone as for one that is forbidden."""

from landing_zone.google.errors import GoogleError
from landing_zone.google.rest import Google


def is_gone(google: Google, project: str) -> bool:
    """Whether a project (id or number) is deleted, in deletion, or not to be seen at all. Raises as `Google.call`."""
    try:
        found = google.call("cloudresourcemanager", "GET", f"projects/{project}")
    except GoogleError as error:
        if error.code in (403, 404) and not error.has_reason("SERVICE_DISABLED"):
            return True
        raise
    return found.get("lifecycleState") != "ACTIVE"


def is_same(google: Google, one: str, other: str) -> bool:
    """Whether two names, one a number and one an id, are one project's. Raises as `Google.call`."""
    if one.isdecimal() == other.isdecimal():
        return one == other
    found = google.call("cloudresourcemanager", "GET", f"projects/{one}")
    return other in (found.get("projectId"), str(found.get("projectNumber")))
