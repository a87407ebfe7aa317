"""What Cloud Functions' methods need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.permissions import Need, Rule, anyone, every, needs, on_path, refusal
from sandbox.cloud.core.service import Call
from sandbox.cloud.iam.acting import acts_as

_LOCATIONS: Final = "cloudfunctions.projects.locations"
_FUNCTIONS: Final = f"{_LOCATIONS}.functions"
_PROJECT: Final = on_path()
_EACH: Final = on_path(3)


def _runs_as(call: Call) -> str:
    return str(call.body.get("serviceConfig", {}).get("serviceAccountEmail", ""))


def _is_built_by(call: Call) -> str:
    return str(call.body.get("buildConfig", {}).get("serviceAccount", "")).rpartition("/")[2]


_ACTS: Final = (acts_as(_runs_as), acts_as(_is_built_by))

PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_FUNCTIONS}.create": every(needs("cloudfunctions.functions.create", _PROJECT), *_ACTS),
    f"{_FUNCTIONS}.patch": every(needs("cloudfunctions.functions.update", _EACH), *_ACTS),
    f"{_FUNCTIONS}.list": needs("cloudfunctions.functions.list", _PROJECT),
    f"{_FUNCTIONS}.generateUploadUrl": needs("cloudfunctions.functions.sourceCodeSet", _PROJECT),
    **{
        f"{_FUNCTIONS}.{method}": needs(f"cloudfunctions.functions.{method}", _EACH)
        for method in ("get", "delete", "getIamPolicy", "setIamPolicy")
    },
    f"{_FUNCTIONS}.testIamPermissions": anyone,
    f"{_LOCATIONS}.operations.get": needs("cloudfunctions.operations.get", _PROJECT),
    f"{_LOCATIONS}.operations.list": needs("cloudfunctions.operations.list", _PROJECT),
    f"{_LOCATIONS}.list": needs("cloudfunctions.locations.list", _PROJECT),
    f"{_LOCATIONS}.runtimes.list": anyone,
}


def denied(call: Call, need: Need) -> CloudError:
    """Cloud Functions' refusal, which names permission and resource."""
    text = "Permission '{permission}' denied on resource '{resource}' (or resource may not exist)."
    return refusal(call, need, "cloudfunctions.googleapis.com", text)
