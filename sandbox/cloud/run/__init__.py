"""Cloud Run v1 and v2, as far as functions are services of it: reading them, and who may call them."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from sandbox.cloud.core import discovery
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Need, Rule, anyone, needs, on_path, refusal
from sandbox.cloud.core.service import Api, Call, Service
from sandbox.cloud.run import handlers

_SERVICES: Final = "run.projects.locations.services"
_PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_SERVICES}.list": needs("run.services.list", on_path()),
    "run.namespaces.services.list": needs("run.services.list", lambda call: f"projects/{call.ids[0]}"),
    f"{_SERVICES}.testIamPermissions": anyone,
    **{
        f"{_SERVICES}.{method}": needs(f"run.services.{method}", on_path(3))
        for method in ("get", "getIamPolicy", "setIamPolicy")
    },
}


def _denied(call: Call, need: Need) -> CloudError:
    text = "Permission '{permission}' denied on resource '{resource}' (or resource may not exist)."
    return refusal(call, need, "run.googleapis.com", text)


SERVICE = Service(
    name="run",
    apis=(
        Api(partial(discovery.methods, "run", "v2"), handlers.v2),
        Api(partial(discovery.methods, "run", "v1"), handlers.v1),
    ),
    permissions=_PERMISSIONS,
    denied=_denied,
)
