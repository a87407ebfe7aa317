"""What Cloud Scheduler's methods need, and how it refuses a caller without it."""

from collections.abc import Mapping
from typing import Final

from sandbox.cloud.core.errors import CloudError, permission_denied
from sandbox.cloud.core.permissions import Need, Rule, every, needs, on_path
from sandbox.cloud.core.service import Call
from sandbox.cloud.iam.acting import acts_as

_JOBS: Final = "cloudscheduler.projects.locations.jobs"


def _calls_as(call: Call) -> str:
    """The service account whose token a job is to send."""
    target = call.body.get("httpTarget", {})
    return str(target.get("oidcToken", {}).get("serviceAccountEmail", ""))


_CALLS_AS: Final = acts_as(_calls_as)
_HERE: Final = on_path()

PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_JOBS}.create": every(needs("cloudscheduler.jobs.create", _HERE), _CALLS_AS),
    f"{_JOBS}.patch": every(needs("cloudscheduler.jobs.update", _HERE), _CALLS_AS),
    **{
        f"{_JOBS}.{method}": needs(f"cloudscheduler.jobs.{permission}", _HERE)
        for method, permission in {
            "get": "get",
            "list": "list",
            "delete": "delete",
            "pause": "pause",
            "resume": "enable",
            "run": "run",
        }.items()
    },
    "cloudscheduler.projects.locations.list": needs("cloudscheduler.locations.list", _HERE),
}


def denied(call: Call, need: Need) -> CloudError:
    """Cloud Scheduler's refusal, which names permission and resource."""
    resource = next(iter(call.path.values()), need.resource)
    return permission_denied(
        f'The principal (user or service account) lacks IAM permission "{need.permission}" for the resource '
        f'"{resource}" (or the resource may not exist).'
    )
