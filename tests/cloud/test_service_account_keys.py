"""Keys of service accounts, by Google's Python client; a private key is answered once and kept nowhere."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.crypt import RSASigner, RSAVerifier

from tests.cloud.googles_client import client, refusal
from tests.cloud.local_cloud import LocalCloud

SEED = "projects/sandbox-seed"
_NUMBERS = count()


@pytest.fixture(scope="module")
def keys(cloud: LocalCloud) -> Any:
    return client(cloud, "iam", "v1").projects().serviceAccounts().keys()


@pytest.fixture
def account(cloud: LocalCloud) -> str:
    body = {"accountId": f"has-keys-{next(_NUMBERS)}"}
    return str(cloud.call("iam", "POST", f"v1/{SEED}/serviceAccounts", body)["name"])


def _certificate(bits: int = 2048) -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mine")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=90))
    pem = builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return b64encode(pem).decode()


def test_a_key_lives_and_signs(cloud: LocalCloud, keys: Any, account: str) -> None:
    made = keys.create(name=account, body={}).execute()
    file = json.loads(b64decode(made.pop("privateKeyData")))
    assert made.pop("privateKeyType") == "TYPE_GOOGLE_CREDENTIALS_FILE"
    assert (made["keyType"], made["keyOrigin"]) == ("USER_MANAGED", "GOOGLE_PROVIDED")
    assert made["validBeforeTime"] == "9999-12-31T23:59:59Z"
    assert file["client_email"] == account.rpartition("/")[2]
    assert made["name"] == f"{account}/keys/{file['private_key_id']}"
    # Google's own library takes the file, and the certificate is of its key. It has no annotations.
    signer_of: Any = RSASigner
    verifier_of: Any = RSAVerifier
    signer = signer_of.from_service_account_info(file)
    shown = keys.get(name=made["name"], publicKeyType="TYPE_X509_PEM_FILE").execute()
    certificate = b64decode(shown.pop("publicKeyData"))
    assert verifier_of.from_string(certificate).verify(b"text", signer.sign(b"text"))
    raw = keys.get(name=made["name"], publicKeyType="TYPE_RAW_PUBLIC_KEY").execute()["publicKeyData"]
    assert b64decode(raw).startswith(b"-----BEGIN PUBLIC KEY-----")
    assert shown == made
    assert keys.list(name=account, keyTypes=["USER_MANAGED"]).execute() == {"keys": [made]}
    assert keys.list(name=account, keyTypes=["SYSTEM_MANAGED"]).execute() == {}
    keys.disable(name=made["name"], body={}).execute()
    disabled = keys.get(name=made["name"]).execute()
    assert disabled["disableReason"] == "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"
    keys.enable(name=made["name"], body={}).execute()
    assert keys.get(name=made["name"]).execute() == made
    secret = file["private_key"].splitlines()[5]
    shown_anywhere = json.dumps(
        [
            cloud.local("GET", "requests"),
            cloud.call("logging", "POST", "v2/entries:list", {"resourceNames": [SEED], "pageSize": 1000}),
        ]
    )
    assert "CreateServiceAccountKey" in shown_anywhere
    assert secret not in shown_anywhere
    for kept in cloud.folder.rglob("*"):
        assert not kept.is_file() or secret.encode() not in kept.read_bytes()
    keys.delete(name=made["name"]).execute()
    assert refusal(keys.get(name=made["name"])) == 404
    assert refusal(keys.delete(name=made["name"])) == 404


def test_the_public_half_of_a_key_is_uploaded(keys: Any, account: str) -> None:
    certificate = _certificate()
    made = keys.upload(name=account, body={"publicKeyData": certificate}).execute()
    assert (made["keyOrigin"], made["validBeforeTime"]) == ("USER_PROVIDED", "2026-04-01T00:00:00Z")
    assert "privateKeyData" not in made
    assert keys.get(name=made["name"]).execute() == made
    # The object identifier of RSA keys, of which another number is nobody's.
    rsa_key, unknown = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d010163")
    read = x509.load_pem_x509_certificate(b64decode(certificate)).public_bytes(serialization.Encoding.DER)
    changed = b64encode(read.replace(rsa_key, unknown)).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{changed}\n-----END CERTIFICATE-----\n"
    for other in (
        b64encode(b"no certificate").decode(),
        b64encode(pem.encode()).decode(),
        _certificate(3072),
        "abc",
        "_-8",
        "",
    ):
        assert refusal(keys.upload(name=account, body={"publicKeyData": other})) == 400


def test_an_account_has_ten_keys_and_loses_them_with_itself(
    cloud: LocalCloud, keys: Any, account: str
) -> None:
    certificates = f"{cloud.main}/oauth2/v1/certs"
    signing = requests.get(certificates, timeout=20).json()
    for _ in range(10):
        last = keys.create(name=account, body={"keyAlgorithm": "KEY_ALG_RSA_1024"}).execute()
    # Many keys of others change no certificate of the key that ID tokens are signed with.
    assert requests.get(certificates, timeout=20).json() == signing
    assert refusal(keys.create(name=account, body={})) == 400
    found = cloud.call("iam", "GET", f"v1/{account}")
    cloud.call("iam", "DELETE", f"v1/{account}")
    assert refusal(keys.get(name=last["name"])) == 404
    cloud.call("iam", "POST", f"v1/{SEED}/serviceAccounts/{found['uniqueId']}:undelete", {})
    assert len(keys.list(name=account).execute()["keys"]) == 10


def test_organization_policies_forbid_keys(cloud: LocalCloud, keys: Any, account: str) -> None:
    for constraint in ("iam.disableServiceAccountKeyCreation", "iam.disableServiceAccountKeyUpload"):
        policy = {"name": f"{SEED}/policies/{constraint}", "spec": {"rules": [{"enforce": True}]}}
        cloud.call("orgpolicy", "POST", f"v2/{SEED}/policies", policy)
    error = cloud.call("iam", "POST", f"v1/{account}/keys", {}, status=400)["error"]
    assert error["details"][0]["violations"][0]["type"] == "constraints/iam.disableServiceAccountKeyCreation"
    assert refusal(keys.upload(name=account, body={"publicKeyData": _certificate()})) == 400
