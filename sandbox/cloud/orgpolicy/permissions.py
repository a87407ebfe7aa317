"""What the methods of Organization Policy need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, error_info, permission_denied
from sandbox.cloud.core.permissions import Need, Rule, needs, on_path
from sandbox.cloud.core.service import Call

_POLICIES: Final = {
    "create": "policies.create",
    "get": "policy.get",
    "getEffectivePolicy": "policy.get",
    "list": "policies.list",
    "patch": "policies.update",
    "delete": "policies.delete",
}
_CONSTRAINTS: Final = {
    "create": "create",
    "get": "get",
    "list": "list",
    "patch": "update",
    "delete": "delete",
}

PERMISSIONS: Final[Mapping[str, Rule]] = {
    **{
        f"orgpolicy.{kind}.constraints.list": needs("orgpolicy.constraints.list", on_path())
        for kind in ("projects", "folders", "organizations")
    },
    **{
        f"orgpolicy.{kind}.policies.{method}": needs(f"orgpolicy.{permission}", on_path())
        for kind in ("projects", "folders", "organizations")
        for method, permission in _POLICIES.items()
    },
    **{
        f"orgpolicy.organizations.customConstraints.{method}": needs(
            f"orgpolicy.customConstraints.{verb}", on_path()
        )
        for method, verb in _CONSTRAINTS.items()
    },
}


def denied(_call: Call, need: Need) -> CloudError:
    """The refusal of Organization Policy, which names permission and resource."""
    resource = f"//cloudresourcemanager.googleapis.com/{need.resource}"
    about = {"permission": need.permission, "resource": need.resource}
    return permission_denied(
        f"Permission '{need.permission}' denied on resource '{resource}' (or it may not exist).",
        [error_info("IAM_PERMISSION_DENIED", "orgpolicy.googleapis.com", about)],
    )
