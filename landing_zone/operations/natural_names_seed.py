"""Natural names of what a seed project has: the bucket and the key of a state, roles, pools and members of policies."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from landing_zone.exported_state import project_of
from landing_zone.google.errors import GoogleError
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import LookUp, NotOursError, World, chosen


def _bucket(world: World, each: Planned) -> str | None:
    """The bucket; the names of all customers' buckets are one space."""
    name, project_id = each.inputs["name"], project_of(each.inputs)
    taken = f"the bucket {name} exists in another project, and the names of buckets are unique: write another name"
    try:
        found = world.get("storage", f"b/{quote(name)}")
    except GoogleError as error:
        if error.code == 403:
            raise NotOursError(taken) from error
        raise
    if found is None:
        return None
    project = world.get("cloudresourcemanager", f"projects/{project_id}", project_id) or {}
    if found.get("projectNumber") != project.get("projectNumber"):
        raise NotOursError(taken)
    return str(name)


def _role(parent: str) -> LookUp:
    """A custom role. The plugin brings a deleted one back by itself."""

    def find(world: World, each: Planned) -> str | None:
        path = f"{parent}/roles/{{roleId}}".format_map(each.inputs)
        found = world.get("iam", path, project_of(each.inputs))
        return path if found and not found.get("deleted") else None

    return find


def _federated(template: str, command: str) -> LookUp:
    """A pool or provider; a deleted one keeps its id."""

    def find(world: World, each: Planned) -> str | None:
        path = template.format_map(each.inputs)
        found = world.get("iam", path, project_of(each.inputs))
        if found and found.get("state") == "DELETED":
            raise NotOursError(
                f"{path} was deleted, and Google keeps its id for 30 days: take it back "
                f"({command.format_map(each.inputs)}), or write another id"
            )
        return path if found else None

    return find


_POOL: Final = "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
_POOLS: Final = "gcloud iam workload-identity-pools"
_IN: Final = "--location=global --project={project}"

LOOK_UPS: Final[Mapping[str, tuple[tuple[str, ...], LookUp]]] = {
    "gcp:storage/bucket:Bucket": (("name",), _bucket),
    "gcp:kms/keyRing:KeyRing": (
        ("project", "location", "name"),
        chosen("kms", "projects/{project}/locations/{location}/keyRings/{name}"),
    ),
    "gcp:kms/cryptoKey:CryptoKey": (("keyRing", "name"), chosen("kms", "{keyRing}/cryptoKeys/{name}")),
    "gcp:organizations/iAMCustomRole:IAMCustomRole": (("orgId", "roleId"), _role("organizations/{orgId}")),
    "gcp:projects/iAMCustomRole:IAMCustomRole": (("project", "roleId"), _role("projects/{project}")),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": (
        ("project", "workloadIdentityPoolId"),
        _federated(_POOL, f"{_POOLS} undelete {{workloadIdentityPoolId}} {_IN}"),
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": (
        ("project", "workloadIdentityPoolId", "workloadIdentityPoolProviderId"),
        _federated(
            f"{_POOL}/providers/{{workloadIdentityPoolProviderId}}",
            f"{_POOLS} providers undelete {{workloadIdentityPoolProviderId}} "
            f"--workload-identity-pool={{workloadIdentityPoolId}} {_IN}",
        ),
    ),
}
MEMBERS: Final = frozenset(
    {
        "gcp:billing/accountIamMember:AccountIamMember",
        "gcp:folder/iAMMember:IAMMember",
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "gcp:organizations/iAMMember:IAMMember",
        "gcp:projects/iAMMember:IAMMember",
        "gcp:serviceaccount/iAMMember:IAMMember",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
    }
)
"""Types whose creation changes nothing where the policy has the member already."""
