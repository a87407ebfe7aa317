"""What Secret Manager's methods need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Need, Rule, anyone, needs, on_path, refusal
from sandbox.cloud.core.service import Call

_SECRETS: Final = "secretmanager.projects.secrets"
_EACH: Final = on_path(2)

PERMISSIONS: Final[Mapping[str, Rule]] = {
    "secretmanager.projects.locations.list": needs("secretmanager.locations.list", on_path()),
    f"{_SECRETS}.create": needs("secretmanager.secrets.create", on_path()),
    f"{_SECRETS}.list": needs("secretmanager.secrets.list", on_path()),
    f"{_SECRETS}.get": needs("secretmanager.secrets.get", _EACH),
    f"{_SECRETS}.patch": needs("secretmanager.secrets.update", _EACH),
    f"{_SECRETS}.delete": needs("secretmanager.secrets.delete", _EACH),
    f"{_SECRETS}.addVersion": needs("secretmanager.versions.add", _EACH),
    f"{_SECRETS}.getIamPolicy": needs("secretmanager.secrets.getIamPolicy", _EACH),
    f"{_SECRETS}.setIamPolicy": needs("secretmanager.secrets.setIamPolicy", _EACH),
    f"{_SECRETS}.testIamPermissions": anyone,
    **{
        f"{_SECRETS}.versions.{method}": needs(f"secretmanager.versions.{method}", _EACH)
        for method in ("access", "destroy", "disable", "enable", "get", "list")
    },
}


def denied(call: Call, need: Need) -> CloudError:
    """Secret Manager's refusal, which names permission and resource."""
    text = "Permission '{permission}' denied for resource '{resource}' (or it may not exist)."
    return refusal(call, need, "iam.googleapis.com", text)
