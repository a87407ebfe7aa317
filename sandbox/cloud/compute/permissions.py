"""What the methods of Compute Engine need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.compute.errors import ComputeError
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.messages import ONE
from sandbox.cloud.core.permissions import Need, Rule, needs
from sandbox.cloud.core.service import Call

_VERBS: Final[Mapping[str, Mapping[str, str]]] = {
    "compute.networks": {
        "list": "list",
        "get": "get",
        "insert": "create",
        "patch": "update",
        "delete": "delete",
    },
    "compute.firewalls": {"list": "list", "get": "get", "delete": "delete"},
    "compute.subnetworks": {"list": "list", "get": "get", "aggregatedList": "list"},
    "compute.routes": {"list": "list"},
    "compute.projects": {
        "get": "get",
        "getXpnHost": "get",
        "getXpnResources": "get",
        "setCommonInstanceMetadata": "setCommonInstanceMetadata",
        "setUsageExportBucket": "setUsageExportBucket",
    },
    "compute.regions": {"list": "list", "get": "get"},
    "compute.zones": {"list": "list", "get": "get"},
    "compute.globalOperations": {"get": "get", "wait": "get"},
}
"""The methods of a collection whose permission is one of the collection, on the project."""


def _project(call: Call) -> str:
    return f"projects/{call.path['project']}"


PERMISSIONS: Final[Mapping[str, Rule]] = {
    **{
        f"{collection}.{method}": needs(f"{collection}.{verb}", _project)
        for collection, verbs in _VERBS.items()
        for method, verb in verbs.items()
    },
    "compute.projects.enableXpnHost": needs("compute.organizations.enableXpnHost", _project),
    "compute.projects.disableXpnHost": needs("compute.organizations.disableXpnHost", _project),
    "compute.projects.listXpnHosts": needs("compute.projects.get", _project),
}


def denied(call: Call, need: Need) -> CloudError:
    """Compute Engine's refusal, which names the permission and the resource."""
    names = iter(call.ids)
    path = [next(names) if part == ONE else part for part in call.method.segments[2:]]
    # What is in the project is named by its path, which may end in a verb, such as `wait`.
    resource = "/".join(path[:5]) if len(call.path) > 1 else need.resource
    return ComputeError(403, "forbidden", f"Required '{need.permission}' permission for '{resource}'")
