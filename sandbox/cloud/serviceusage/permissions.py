"""What Service Usage's methods need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied, precondition_failure
from sandbox.cloud.core.permissions import Need, Rule, anyone, needs, on_path, path_parts
from sandbox.cloud.core.service import Call

_SERVICES: Final = "serviceusage.services"
_METRICS: Final = f"{_SERVICES}.consumerQuotaMetrics"
_OVERRIDES: Final = f"{_METRICS}.limits.consumerOverrides"

PERMISSIONS: Final[Mapping[str, Rule]] = {
    "serviceusage.operations.get": anyone,
    **{
        f"{_SERVICES}.{method}": needs(f"serviceusage.services.{permission}", on_path())
        for method, permission in {
            "list": "list",
            "get": "get",
            "batchGet": "get",
            "enable": "enable",
            "batchEnable": "enable",
            "disable": "disable",
            "generateServiceIdentity": "enable",
        }.items()
    },
    **{
        method: needs("serviceusage.quotas.get", on_path())
        for method in (f"{_METRICS}.list", f"{_METRICS}.get", f"{_METRICS}.limits.get", f"{_OVERRIDES}.list")
    },
    **{
        method: needs("serviceusage.quotas.update", on_path())
        for method in (
            f"{_METRICS}.importConsumerOverrides",
            f"{_OVERRIDES}.create",
            f"{_OVERRIDES}.patch",
            f"{_OVERRIDES}.delete",
        )
    },
}


def denied(call: Call, need: Need) -> CloudError:
    """Service Usage's refusal, which names the service or the project."""
    verb = need.permission.rpartition(".")[2]
    parts = path_parts(call)
    named = [parts[3]] if len(parts) > 3 else call.body.get("serviceIds", [])
    if need.permission.startswith("serviceusage.quotas."):
        message = f"Permission denied to {verb} quota of service [{', '.join(named)}]"
    elif named:
        message = f"Permission denied to {verb} service [{', '.join(named)}]"
    else:
        message = f"Permission denied to {verb} services for consumer container [{need.resource}]"
    about = {"permission": need.permission, "resource": need.resource}
    subject = urlencode({"error_code": "110002", "service": "serviceusage.googleapis.com", **about})
    return permission_denied(
        message,
        [
            precondition_failure("googleapis.com", f"?{subject}"),
            error_info("AUTH_PERMISSION_DENIED", "serviceusage.googleapis.com", about),
        ],
    )
