"""What the methods of Cloud KMS need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Need, Rule, anyone, needs, on_path, path_parts, refusal
from sandbox.cloud.core.service import Call

_RINGS: Final = "cloudkms.projects.locations.keyRings"
_KEYS: Final = f"{_RINGS}.cryptoKeys"
_VERSIONS: Final = f"{_KEYS}.cryptoKeyVersions"
_RING: Final = on_path(3)
_KEY: Final = on_path(4)


def _used(call: Call) -> str:
    """The key to encrypt with; the path may go on to a version."""
    return "/".join("/".join(path_parts(call)).split("/")[:8])


PERMISSIONS: Final[Mapping[str, Rule]] = {
    "cloudkms.projects.locations.list": needs("cloudkms.locations.list", on_path()),
    f"{_RINGS}.create": needs("cloudkms.keyRings.create", on_path()),
    f"{_RINGS}.list": needs("cloudkms.keyRings.list", on_path()),
    **{
        f"{_RINGS}.{verb}": needs(f"cloudkms.keyRings.{verb}", _RING)
        for verb in ("get", "getIamPolicy", "setIamPolicy")
    },
    f"{_RINGS}.testIamPermissions": anyone,
    f"{_KEYS}.create": needs("cloudkms.cryptoKeys.create", _RING),
    f"{_KEYS}.list": needs("cloudkms.cryptoKeys.list", _RING),
    f"{_KEYS}.patch": needs("cloudkms.cryptoKeys.update", _KEY),
    f"{_KEYS}.updatePrimaryVersion": needs("cloudkms.cryptoKeys.update", _KEY),
    **{
        f"{_KEYS}.{verb}": needs(f"cloudkms.cryptoKeys.{verb}", _KEY)
        for verb in ("get", "getIamPolicy", "setIamPolicy")
    },
    f"{_KEYS}.testIamPermissions": anyone,
    f"{_KEYS}.encrypt": needs("cloudkms.cryptoKeyVersions.useToEncrypt", _used),
    f"{_KEYS}.decrypt": needs("cloudkms.cryptoKeyVersions.useToDecrypt", _used),
    f"{_VERSIONS}.patch": needs("cloudkms.cryptoKeyVersions.update", _KEY),
    **{
        f"{_VERSIONS}.{verb}": needs(f"cloudkms.cryptoKeyVersions.{verb}", _KEY)
        for verb in ("create", "destroy", "get", "list", "restore")
    },
}


def denied(call: Call, need: Need) -> CloudError:
    """Cloud KMS's refusal, which names permission and resource."""
    text = "Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    return refusal(call, need, "cloudkms.googleapis.com", text)
