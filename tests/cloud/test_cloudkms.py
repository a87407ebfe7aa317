"""Cloud KMS: keys and their versions, encryption, rotation and destruction."""

from base64 import b64encode
from typing import Any

import pytest

from tests.cloud.local_cloud import LocalCloud

RINGS = "v1/projects/sandbox-seed/locations/europe-west4/keyRings"
KEY: dict[str, Any] = {"purpose": "ENCRYPT_DECRYPT"}
TEXT = b64encode(b"a passphrase").decode()


def ring(cloud: LocalCloud, name: str) -> str:
    cloud.call("cloudkms", "POST", RINGS, {}, keyRingId=name)
    return f"{RINGS}/{name}/cryptoKeys"


def test_a_key_encrypts_and_decrypts(cloud: LocalCloud) -> None:
    keys = ring(cloud, "state")
    made = cloud.call("cloudkms", "POST", keys, KEY, cryptoKeyId="pulumi")
    assert made["primary"]["state"] == "ENABLED"
    assert made["versionTemplate"]["algorithm"] == "GOOGLE_SYMMETRIC_ENCRYPTION"
    key = f"{keys}/pulumi"
    aad = {"additionalAuthenticatedData": b64encode(b"context").decode()}
    sealed = cloud.call("cloudkms", "POST", f"{key}:encrypt", {"plaintext": TEXT, **aad})
    assert sealed["name"].endswith("/cryptoKeyVersions/1")
    again = cloud.call("cloudkms", "POST", f"{key}:encrypt", {"plaintext": TEXT, **aad})
    assert again["ciphertext"] != sealed["ciphertext"]
    wanted = {"ciphertext": sealed["ciphertext"], **aad}
    assert cloud.call("cloudkms", "POST", f"{key}:decrypt", wanted)["plaintext"] == TEXT
    for spoiled in (
        {"ciphertext": sealed["ciphertext"]},
        {**wanted, "ciphertext": b64encode(b"spoiled").decode()},
    ):
        error = cloud.call("cloudkms", "POST", f"{key}:decrypt", spoiled, status=400)["error"]
        assert error["message"] == "Decryption failed: the ciphertext is invalid."
    # What was encrypted is not in the journal.
    assert TEXT not in str(cloud.local("GET", "requests"))

    # After a rotation the old version still decrypts.
    cloud.call("cloudkms", "POST", f"{key}/cryptoKeyVersions", {})
    cloud.call("cloudkms", "POST", f"{key}:updatePrimaryVersion", {"cryptoKeyVersionId": "2"})
    assert cloud.call("cloudkms", "POST", f"{key}:encrypt", {"plaintext": TEXT})["name"].endswith("/2")
    opened = cloud.call("cloudkms", "POST", f"{key}:decrypt", wanted)
    assert (opened["plaintext"], "usedPrimary" in opened) == (TEXT, False)

    first = f"{key}/cryptoKeyVersions/1"
    scheduled = cloud.call("cloudkms", "POST", f"{first}:destroy", {})
    assert (scheduled["state"], bool(scheduled["destroyTime"])) == ("DESTROY_SCHEDULED", True)
    cloud.call("cloudkms", "PATCH", first, {"state": "DISABLED"}, updateMask="state", status=400)
    cloud.call("cloudkms", "POST", f"{key}:decrypt", wanted, status=400)
    assert cloud.call("cloudkms", "POST", f"{first}:restore", {})["state"] == "DISABLED"
    body = {"state": "ENABLED"}
    assert cloud.call("cloudkms", "PATCH", first, body, updateMask="state")["state"] == "ENABLED"
    cloud.call("cloudkms", "POST", f"{key}:decrypt", wanted)
    cloud.call("cloudkms", "POST", f"{first}:destroy", {})
    cloud.local("PUT", "clock", {"seconds": 31 * 24 * 3600})
    assert cloud.call("cloudkms", "GET", first)["state"] == "DESTROYED"
    cloud.local("PUT", "clock", {"seconds": 0})
    cloud.call("cloudkms", "POST", f"{first}:restore", {}, status=400)
    listed = cloud.call("cloudkms", "GET", f"{key}/cryptoKeyVersions")["cryptoKeyVersions"]
    assert [version["state"] for version in listed] == ["DESTROYED", "ENABLED"]


def test_a_keys_settings_and_policy(cloud: LocalCloud) -> None:
    keys = ring(cloud, "settings")
    rotating = {**KEY, "rotationPeriod": "7776000s", "nextRotationTime": "2099-01-01T00:00:00Z"}
    cloud.call("cloudkms", "POST", keys, rotating, cryptoKeyId="one")
    body = {"rotationPeriod": "8640000s", "nextRotationTime": "2099-02-01T00:00:00Z", "labels": {"a": "b"}}
    mask = "rotationPeriod,nextRotationTime,labels"
    changed = cloud.call("cloudkms", "PATCH", f"{keys}/one", body, updateMask=mask)
    assert (changed["rotationPeriod"], changed["labels"]) == ("8640000s", {"a": "b"})
    stopped = cloud.call("cloudkms", "PATCH", f"{keys}/one", {}, updateMask="rotationPeriod,nextRotationTime")
    assert "rotationPeriod" not in stopped
    cloud.call("cloudkms", "PATCH", f"{keys}/one", KEY, updateMask="purpose", status=400)
    cloud.call("cloudkms", "POST", keys, KEY, cryptoKeyId="one", status=409)
    assert cloud.call("cloudkms", "GET", RINGS)["keyRings"]
    user = {"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": ["user:ann@example.com"]}
    cloud.call("cloudkms", "POST", f"{keys}/one:setIamPolicy", {"policy": {"bindings": [user]}})
    assert cloud.call("cloudkms", "GET", f"{keys}/one:getIamPolicy")["bindings"] == [user]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**KEY, "rotationPeriod": "7776000s"},
        {**KEY, "rotationPeriod": "60s", "nextRotationTime": "2099-01-01T00:00:00Z"},
        {**KEY, "rotationPeriod": "7776000s", "nextRotationTime": "2020-01-01T00:00:00Z"},
        {**KEY, "destroyScheduledDuration": "60s"},
        {**KEY, "versionTemplate": {"algorithm": "RSA_SIGN_PSS_2048_SHA256"}},
    ],
)
def test_a_bad_key_is_refused(cloud: LocalCloud, body: dict[str, Any]) -> None:
    if "keyRings" not in cloud.call("cloudkms", "GET", RINGS):
        ring(cloud, "bad")
    name = cloud.call("cloudkms", "GET", RINGS)["keyRings"][0]["name"]
    cloud.call("cloudkms", "POST", f"v1/{name}/cryptoKeys", body, cryptoKeyId="bad", status=400)


def test_a_project_without_billing_has_no_key_ring(cloud: LocalCloud) -> None:
    cloud.create_project("gem-no-keys")
    path = "v1/projects/gem-no-keys/locations/global/keyRings"
    error = cloud.call("cloudkms", "POST", path, {}, keyRingId="x", status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    enable = "v1/projects/gem-no-keys/services/cloudkms.googleapis.com:enable"
    cloud.call("serviceusage", "POST", enable, {})
    error = cloud.call("cloudkms", "POST", path, {}, keyRingId="x", status=403)["error"]
    assert error["details"][0]["reason"] == "BILLING_DISABLED"
