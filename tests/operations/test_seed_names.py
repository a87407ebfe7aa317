"""What a killed run made of a seed project is found again by its natural name."""

from collections.abc import Mapping
from typing import Any

import pytest

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from landing_zone.operations.natural_names import look_up
from landing_zone.operations.natural_names_seed import LOOK_UPS
from landing_zone.operations.planned import Planned
from landing_zone.operations.world import NotKnownError, NotOursError, World
from sandbox.cloud.endpoints import environment
from tests.workspace import Cloud

PROJECT = "sandbox-seed"
POOL = "projects/sandbox-seed/locations/global/workloadIdentityPools/ci-pool"
RING = "projects/sandbox-seed/locations/global/keyRings/state"
STORAGE = "/storage/storage/v1/b"

#: Type → its inputs and its id; in the order in which they are created, with the calls for that.
MADE: tuple[tuple[str, Mapping[str, str], str, str, Mapping[str, Any]], ...] = (
    (
        "gcp:storage/bucket:Bucket",
        {"name": "acme-state", "project": PROJECT},
        "acme-state",
        f"{STORAGE}?project={PROJECT}",
        {"name": "acme-state"},
    ),
    (
        "gcp:kms/keyRing:KeyRing",
        {"project": PROJECT, "location": "global", "name": "state"},
        RING,
        f"/cloudkms/v1/projects/{PROJECT}/locations/global/keyRings?keyRingId=state",
        {},
    ),
    (
        "gcp:kms/cryptoKey:CryptoKey",
        {"keyRing": RING, "name": "pulumi"},
        f"{RING}/cryptoKeys/pulumi",
        f"/cloudkms/v1/{RING}/cryptoKeys?cryptoKeyId=pulumi",
        {"purpose": "ENCRYPT_DECRYPT"},
    ),
    (
        "gcp:organizations/iAMCustomRole:IAMCustomRole",
        {"orgId": "123456789012", "roleId": "runner"},
        "organizations/123456789012/roles/runner",
        "/iam/v1/organizations/123456789012/roles",
        {"roleId": "runner", "role": {"title": "Runner"}},
    ),
    (
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        {"project": PROJECT, "roleId": "runner"},
        f"projects/{PROJECT}/roles/runner",
        f"/iam/v1/projects/{PROJECT}/roles",
        {"roleId": "runner", "role": {"title": "Runner"}},
    ),
    (
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
        {"project": PROJECT, "workloadIdentityPoolId": "ci-pool"},
        POOL,
        f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools?workloadIdentityPoolId=ci-pool",
        {},
    ),
    (
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        {
            "project": PROJECT,
            "workloadIdentityPoolId": "ci-pool",
            "workloadIdentityPoolProviderId": "gitlab",
        },
        f"{POOL}/providers/gitlab",
        f"/iam/v1/{POOL}/providers?workloadIdentityPoolProviderId=gitlab",
        {
            "attributeMapping": {"google.subject": "assertion.sub"},
            "oidc": {"issuerUri": "https://git.example.com"},
        },
    ),
)


def planned(type_: str, inputs: Mapping[str, str], unknown: frozenset[str] = frozenset()) -> Planned:
    return Planned(f"urn:pulumi:prod::seed::{type_}::x", type_, {"inputs": inputs}, unknown=unknown)


def test_each_type_is_found_once_it_is_there(cloud: Cloud) -> None:
    world = World(Google(GoogleConfig.read({}, environment(cloud.ready))), "seed", "prod")
    assert {type_ for type_, *_ in MADE} == LOOK_UPS.keys()
    for type_, inputs, id_, path, body in MADE:
        assert look_up(world, planned(type_, inputs)) is None, type_
        cloud.call("POST", path, body)
        assert look_up(world, planned(type_, inputs)) == id_, type_
    with pytest.raises(NotKnownError):
        look_up(world, planned(MADE[2][0], {"name": "pulumi"}, frozenset({"keyRing"})))

    # A bucket of another project is not the stack's.
    body = {"projectId": "acme-other", "parent": "folders/987654321098"}
    cloud.call("POST", "/cloudresourcemanager/v3/projects", body)
    with pytest.raises(NotOursError, match="acme-state exists in another project"):
        look_up(world, planned(MADE[0][0], {**MADE[0][1], "project": "acme-other"}))
    # A deleted role comes back by itself, a deleted pool does not.
    cloud.call("DELETE", f"/iam/v1/{MADE[4][2]}")
    assert look_up(world, planned(*MADE[4][:2])) is None
    cloud.call("DELETE", f"/iam/v1/{POOL}")
    with pytest.raises(NotOursError, match="undelete ci-pool --location=global --project=sandbox-seed"):
        look_up(world, planned(*MADE[5][:2]))


def test_a_key_in_a_project_that_does_not_exist_is_not_there(cloud: Cloud) -> None:
    # Google answers 403 there, as it does for a project of somebody else's.
    cloud.call("PUT", "/_local/identities", {"identities": {"eve": {"member": "user:eve@example.com"}}})
    variables = {**environment(cloud.ready), "GOOGLE_OAUTH_ACCESS_TOKEN": "eve"}
    world = World(Google(GoogleConfig.read({}, variables)), "bootstrap", "seed")
    inputs = {"keyRing": "projects/acme-nobody/locations/us/keyRings/gemini-lz", "name": "state"}
    assert look_up(world, planned("gcp:kms/cryptoKey:CryptoKey", inputs)) is None
