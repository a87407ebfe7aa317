"""Names by which audit logs know the resources of a stack, and the project whose log has their changes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from landing_zone import exported_state

Json = Mapping[str, Any]


def _inputs(resource: Json) -> Json:
    return resource.get("inputs") or {}


def _outputs(resource: Json) -> Json:
    return resource.get("outputs") or {}


def _granted(name: str) -> list[str]:
    return [f"{name}:setIamPolicy"]


def _topic(resource: Json) -> str:
    topic = str(_inputs(resource).get("topic", ""))
    return topic if topic.startswith("projects/") else f"projects/{project_of(resource)}/topics/{topic}"


def _run_service(resource: Json) -> str:
    inputs = _inputs(resource)
    return (
        f"projects/{inputs.get('project')}/locations/{inputs.get('location')}/services/{inputs.get('name')}"
    )


def _account(resource: Json) -> list[str]:
    # The logs of IAM name an account by its number.
    number = _outputs(resource).get("uniqueId")
    return [str(resource.get("id", "")), f"projects/{project_of(resource)}/serviceAccounts/{number}"]


_NAMES: Final[Mapping[str, Callable[[Json], list[str]]]] = {
    "gcp:projects/service:Service": lambda each: [
        f"projects/{project_of(each)}/services/{_inputs(each).get('service')}"
    ],
    "gcp:serviceaccount/account:Account": _account,
    "gcp:projects/iAMMember:IAMMember": lambda each: _granted(f"projects/{project_of(each)}"),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": lambda each: _granted(_topic(each)),
    "gcp:storage/bucketIAMMember:BucketIAMMember": lambda each: _granted(
        f"projects/_/buckets/{_inputs(each).get('bucket')}"
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": lambda each: _granted(_run_service(each)),
    "gcp:storage/bucket:Bucket": lambda each: [f"projects/_/buckets/{each.get('id')}"],
    "gcp:storage/bucketObject:BucketObject": lambda each: [
        f"projects/_/buckets/{_inputs(each).get('bucket')}/objects/{_inputs(each).get('name')}"
    ],
}
"""Type → names; the id in the state is that of every other type."""


def names_of(resource: Json) -> list[str]:
    """The names at Google of a resource of the state."""
    found = _NAMES.get(resource["type"])
    return found(resource) if found else [str(resource.get("id", ""))]


def project_of(resource: Json) -> str:
    """The id of the project that a resource is, or is in; empty if its properties have none."""
    return exported_state.project_of(_inputs(resource)) or str(_outputs(resource).get("project") or "")
