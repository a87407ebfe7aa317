"""Callers with roles on a bucket, a KMS key and a pool."""

from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

ANN = "token-of-ann"
MEMBER = "user:ann@example.com"
BUCKET = "storage/v1/b/callers-1"
RING = "v1/projects/sandbox-seed/locations/global/keyRings"


@pytest.fixture(scope="module", autouse=True)
def _world(cloud: LocalCloud) -> None:
    cloud.local("PUT", "identities", {"identities": {ANN: {"member": MEMBER}}})
    access = {"uniformBucketLevelAccess": {"enabled": True}}
    body = {"name": "callers-1", "iamConfiguration": access}
    cloud.call("storage", "POST", "storage/v1/b?project=sandbox-seed", body)
    cloud.call("cloudkms", "POST", RING, {}, keyRingId="callers")
    key = {"purpose": "ENCRYPT_DECRYPT"}
    cloud.call("cloudkms", "POST", f"{RING}/callers/cryptoKeys", key, cryptoKeyId="one")


def upload(cloud: LocalCloud, name: str) -> int:
    return cloud.request(
        "storage",
        "POST",
        "upload/storage/v1/b/callers-1/o",
        params={"uploadType": "media", "name": name},
        data=b"x",
        headers={"Authorization": f"Bearer {ANN}"},
    ).status_code


def grant(cloud: LocalCloud, role: str, **condition: Any) -> None:
    policy = cloud.call("storage", "GET", f"{BUCKET}/iam", optionsRequestedPolicyVersion=3)
    kept = [each for each in policy["bindings"] if MEMBER not in each["members"]]
    wanted = {**policy, "version": 3, "bindings": [*kept, {"role": role, "members": [MEMBER], **condition}]}
    cloud.call("storage", "PUT", f"{BUCKET}/iam", wanted)


def test_a_role_on_a_bucket_opens_its_objects(cloud: LocalCloud) -> None:
    refused = cloud.call("storage", "GET", f"{BUCKET}/o", token=ANN, status=403)["error"]
    assert refused["message"] == (
        "ann@example.com does not have storage.objects.list access to the Google Cloud Storage object. "
        "Permission 'storage.objects.list' denied on resource (or it may not exist)."
    )
    assert upload(cloud, "a") == 403
    grant(cloud, "roles/storage.objectCreator")
    # Who may create may not overwrite.
    assert (upload(cloud, "a"), upload(cloud, "a")) == (200, 403)
    grant(cloud, "roles/storage.objectAdmin")
    assert upload(cloud, "a") == 200
    cloud.call("storage", "GET", f"{BUCKET}/o/a", token=ANN)
    cloud.call("storage", "PATCH", BUCKET, {}, token=ANN, status=403)
    grant(cloud, "roles/storage.objectAdmin", condition={"title": "never", "expression": "false"})
    cloud.call("storage", "GET", f"{BUCKET}/o/a", token=ANN, status=403)


def test_a_projects_owner_owns_its_buckets_by_their_own_policy(cloud: LocalCloud) -> None:
    project = "v3/projects/sandbox-seed"
    owner = {"bindings": [{"role": "roles/owner", "members": [MEMBER]}]}
    cloud.call("cloudresourcemanager", "POST", f"{project}:setIamPolicy", {"policy": owner})
    cloud.call("storage", "GET", f"{BUCKET}/o", token=ANN)
    cloud.call("cloudresourcemanager", "POST", f"{project}:setIamPolicy", {"policy": {}})
    cloud.call("storage", "GET", f"{BUCKET}/o", token=ANN, status=403)


def test_a_role_on_a_key_lets_encrypt_by_it(cloud: LocalCloud) -> None:
    key = f"{RING}/callers/cryptoKeys/one"
    refused = cloud.call("cloudkms", "POST", f"{key}:encrypt", {"plaintext": "aGk="}, token=ANN, status=403)[
        "error"
    ]
    assert refused["details"][0]["metadata"]["permission"] == "cloudkms.cryptoKeyVersions.useToEncrypt"
    user = {"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": [MEMBER]}
    cloud.call("cloudkms", "POST", f"{key}:setIamPolicy", {"policy": {"bindings": [user]}})
    cloud.call("cloudkms", "POST", f"{key}:encrypt", {"plaintext": "aGk="}, token=ANN)
    cloud.call("cloudkms", "GET", key, token=ANN, status=403)


def test_pools_take_a_role_on_the_project(cloud: LocalCloud) -> None:
    pools = "v1/projects/sandbox-seed/locations/global/workloadIdentityPools"
    error = cloud.call("iam", "GET", pools, token=ANN, project="sandbox-seed", status=403)["error"]
    assert error["status"] == "PERMISSION_DENIED"
    project = "v3/projects/sandbox-seed"
    roles = ("roles/iam.workloadIdentityPoolAdmin", "roles/serviceusage.serviceUsageConsumer")
    admin = {"bindings": [{"role": role, "members": [MEMBER]} for role in roles]}
    cloud.call("cloudresourcemanager", "POST", f"{project}:setIamPolicy", {"policy": admin})
    made: dict[str, Any] = {"token": ANN, "workloadIdentityPoolId": "callers"}
    cloud.call("iam", "POST", pools, {}, project="sandbox-seed", **made)
    cloud.call("iam", "GET", f"{pools}/callers", token=ANN, project="sandbox-seed")
