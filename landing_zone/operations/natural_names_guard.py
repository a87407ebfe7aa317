"""Natural names of what a spend guard is made of: its function, its schedule, its subscriptions, its objects."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from landing_zone.exported_state import project_of
from landing_zone.names import STACK_LABEL
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import LookUp, NotOursError, World, chosen


def _labelled(service: str, template: str, what: str) -> LookUp:
    """A resource of a chosen name, which has the stack's label if the stack created it."""

    def find(world: World, each: Planned) -> str | None:
        path = template.format_map(each.inputs)
        found = world.get(service, path, project_of(each.inputs))
        if found and (found.get("labels") or {}).get(STACK_LABEL) != world.label_of(each.inputs):
            raise NotOursError(
                f"the {what} {path} exists, and this stack did not create it: delete it, or give the stack another name"
            )
        return path if found else None

    return find


def _object(world: World, each: Planned) -> str | None:
    """An object; its bucket is the stack's, or another's, as the look-up of the bucket says."""
    bucket, name = each.inputs["bucket"], each.inputs["name"]
    found = world.get("storage", f"b/{quote(bucket)}/o/{quote(name, safe='')}")
    return f"{bucket}-{name}" if found else None


LOOK_UPS: Final[Mapping[str, tuple[tuple[str, ...], LookUp]]] = {
    "gcp:cloudfunctionsv2/function:Function": (
        ("project", "location", "name"),
        _labelled("cloudfunctions", "projects/{project}/locations/{location}/functions/{name}", "function"),
    ),
    "gcp:cloudscheduler/job:Job": (
        ("project", "region", "name"),
        chosen("cloudscheduler", "projects/{project}/locations/{region}/jobs/{name}"),
    ),
    "gcp:pubsub/subscription:Subscription": (
        ("project", "name"),
        _labelled("pubsub", "projects/{project}/subscriptions/{name}", "subscription"),
    ),
    # Nobody can read back the content that an update compares.
    "gcp:storage/bucketObject:BucketObject": (("bucket", "name", "content"), _object),
}
MEMBERS: Final = frozenset(
    {
        "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    }
)
"""Types whose creation changes nothing where the policy has the member already."""
