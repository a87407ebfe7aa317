"""What the methods of Cloud Logging need."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied
from sandbox.cloud.core.permissions import Need, Needs, Rule, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.logging.names import resources

_ENTRIES: Final = "logging.logEntries.list"
LOGS: Final = (
    "logging.logs.list",
    *(f"logging.{node}.logs.list" for node in ("projects", "folders", "organizations", "billingAccounts")),
)


def _on_all(call: Call) -> Sequence[Needs]:
    """The entries of each resource that the body names."""
    return [tuple(Need(_ENTRIES, name) for name in resources(call.body))]


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "logging.entries.list": _on_all,
    **{method: needs("logging.logs.list", on_path()) for method in LOGS},
}


def denied(_call: Call, need: Need) -> CloudError:
    """Cloud Logging's refusal, which names the permission."""
    return permission_denied(
        f"Permission '{need.permission}' denied on resource (or it may not exist).",
        [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": need.permission})],
    )
