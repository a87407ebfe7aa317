"""Projects, folders and organizations, as the paths of Cloud Quotas name them."""

from sandbox.cloud.cloudresourcemanager import models as nodes
from sandbox.cloud.core.errors import invalid_argument, permission_denied
from sandbox.cloud.core.service import Call


def container(call: Call) -> str:
    """`projects/N`, `folders/N` or `organizations/N`.

    Raises:
        CloudError: 400 for a location that is not global, 403 for what is not there.
    """
    kind, identifier = next(iter(call.path.values())).split("/")[0], call.ids[0]
    if call.ids[1] != "global":
        raise invalid_argument(f"Location {call.ids[1]} is not supported; use global.")
    if kind == "projects":
        return f"projects/{nodes.require_active(call.store, identifier).number}"
    known = nodes.find_folder if kind == "folders" else nodes.find_organization
    if known(call.store, identifier) is None:
        raise permission_denied()
    return f"{kind}/{identifier}"
