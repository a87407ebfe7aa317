"""Cloud KMS v1, method by method. Ciphertexts are this server's own form; Google's are as opaque."""

import re
from base64 import b64decode
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.cloud.cloudkms import models
from sandbox.cloud.cloudresourcemanager import locations
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import iam, masks, paging
from sandbox.cloud.core.checksums import crc32c
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.orgpolicy import enforcement as orgpolicy

handlers = Handlers()

_RINGS: Final = "cloudkms.projects.locations.keyRings"
_KEYS: Final = f"{_RINGS}.cryptoKeys"
_VERSIONS: Final = f"{_KEYS}.cryptoKeyVersions"
_PAGE: Final = 1000
_LARGEST_TEXT: Final = 64 * 1024
_NONCE: Final = 12
_NUMBER: Final = 4
"""Bytes of a ciphertext that name the version."""
_STATES: Final = {"destroy": "DESTROY_SCHEDULED", "restore": "DISABLED"}


def _location(call: Call) -> str:
    project = projects.require_active(call.store, call.ids[0])
    return f"projects/{project.project_id}/locations/{call.ids[1]}"


def _ring(call: Call) -> str:
    return f"{_location(call)}/keyRings/{call.ids[2]}"


def _key(call: Call) -> str:
    """The key of a path; a path to encrypt may go on to one of its versions."""
    return f"{_ring(call)}/cryptoKeys/{call.ids[3].partition('/')[0]}"


def _version(call: Call) -> str:
    return f"{_key(call)}/cryptoKeyVersions/{call.ids[4]}"


def _page(call: Call, kind: str, found: list[JsonObject]) -> JsonObject:
    if call.query.get("filter") or call.query.get("orderBy"):
        raise invalid_argument("The local cloud lists without filter and order.", "filter")

    def position(item: JsonObject) -> str:
        name, _, last = str(item["name"]).rpartition("/")
        return f"{name}/{last.zfill(10)}" if kind == "cryptoKeyVersions" else str(item["name"])

    page, token = paging.requested(call.query, 100, _PAGE).cut(found, position)
    return {**({kind: page} if page else {}), **token, "totalSize": len(found)}


@handlers(f"{_RINGS}.create")
def create_ring(call: Call) -> JsonObject:
    """Create a key ring, which cannot be deleted."""
    project = projects.require_active(call.store, call.ids[0])
    orgpolicy.require_location(call.store, project.number, call.ids[1], "a key ring")
    return models.create_ring(call.store, call.now, project, call.ids[1], call.query.get("keyRingId", ""))


@handlers(f"{_RINGS}.get")
def get_ring(call: Call) -> JsonObject:
    """A key ring."""
    return models.require_ring(call.store, _ring(call))


@handlers(f"{_RINGS}.list")
def list_rings(call: Call) -> JsonObject:
    """The key rings of a location."""
    return _page(call, "keyRings", models.rings(call.store, _location(call)))


@handlers(f"{_KEYS}.create")
def create_key(call: Call) -> JsonObject:
    """Create a key."""
    identifier = call.query.get("cryptoKeyId", "")
    empty = call.query.get("skipInitialVersionCreation", False)
    return models.create_key(call.store, call.now, _ring(call), identifier, call.body, empty=empty)


@handlers(f"{_KEYS}.get")
def get_key(call: Call) -> JsonObject:
    """A key."""
    return models.require_key(call.store, call.now, _key(call))


@handlers(f"{_KEYS}.list")
def list_keys(call: Call) -> JsonObject:
    """The keys of a ring."""
    models.require_ring(call.store, _ring(call))
    return _page(call, "cryptoKeys", models.keys(call.store, call.now, _ring(call)))


@handlers(f"{_KEYS}.patch")
def patch_key(call: Call) -> JsonObject:
    """Change a key's rotation, labels or template."""
    paths = masks.parse(call.query.get("updateMask", ""), call.message)
    return models.change_key(call.store, call.now, _key(call), paths, call.body)


@handlers(f"{_KEYS}.updatePrimaryVersion")
def set_primary(call: Call) -> JsonObject:
    """Choose the version that encrypts."""
    return models.set_primary(call.store, call.now, _key(call), call.body.get("cryptoKeyVersionId", ""))


@handlers(f"{_VERSIONS}.create")
def create_version(call: Call) -> JsonObject:
    """Add a version; the primary one stays."""
    return models.create_version(call.store, call.now, _key(call))


@handlers(f"{_VERSIONS}.get")
def get_version(call: Call) -> JsonObject:
    """A version."""
    return models.require_version(call.store, call.now, _version(call))


@handlers(f"{_VERSIONS}.list")
def list_versions(call: Call) -> JsonObject:
    """The versions of a key."""
    models.require_key(call.store, call.now, _key(call))
    return _page(call, "cryptoKeyVersions", models.versions(call.store, call.now, _key(call)))


@handlers(f"{_VERSIONS}.patch")
def patch_version(call: Call) -> JsonObject:
    """Enable or disable a version; one whose destruction is scheduled has to be restored first."""
    state = call.body.get("state", "")
    if call.query.get("updateMask") != "state" or state not in ("ENABLED", "DISABLED"):
        raise invalid_argument("Only the state can be updated, to ENABLED or DISABLED.", "update_mask")
    version = models.require_version(call.store, call.now, _version(call))
    if version["state"] not in ("ENABLED", "DISABLED"):
        raise failed_precondition(f"{version['name']} cannot be updated: its state is {version['state']}.")
    return models.change_version(call.store, call.now, version["name"], state)


@handlers(f"{_VERSIONS}.destroy", f"{_VERSIONS}.restore")
def destroy_or_restore(call: Call) -> JsonObject:
    """Schedule the destruction of a version, or take that back: it is then disabled."""
    verb = call.method.verb
    version = models.require_version(call.store, call.now, _version(call))
    if verb == "restore" and version["state"] != "DESTROY_SCHEDULED":
        raise invalid_argument(f"{version['name']} is not scheduled for destruction.")
    return models.change_version(call.store, call.now, _version(call), _STATES[verb])


@handlers(f"{_KEYS}.encrypt")
def encrypt(call: Call) -> JsonObject:
    """Encrypt with a key's primary version, or with the one that the path names."""
    key = models.require_key(call.store, call.now, _key(call))
    _, named, number = call.ids[3].partition("/cryptoKeyVersions/")
    if not named and "primary" not in key:
        raise invalid_argument(f"{key['name']} has no primary version.")
    version = f"{key['name']}/cryptoKeyVersions/{number}" if named else key["primary"]["name"]
    text = _bytes(call, "plaintext")
    if len(text) > _LARGEST_TEXT:
        raise invalid_argument("The plaintext must be no larger than 64KiB.", "plaintext")
    nonce = token_bytes(_NONCE)
    secret = models.secret(call.store, call.now, version)
    sealed = AESGCM(secret).encrypt(nonce, text, _bytes(call, "additionalAuthenticatedData"))
    head = int(version.rpartition("/")[2]).to_bytes(_NUMBER)
    ciphertext = head + nonce + sealed
    return {
        "name": version,
        "ciphertext": models.encoded(ciphertext),
        "ciphertextCrc32c": str(crc32c(ciphertext)),
        "protectionLevel": "SOFTWARE",
        **({"verifiedPlaintextCrc32c": True} if "plaintextCrc32c" in call.body else {}),
        **(
            {"verifiedAdditionalAuthenticatedDataCrc32c": True}
            if "additionalAuthenticatedDataCrc32c" in call.body
            else {}
        ),
    }


@handlers(f"{_KEYS}.decrypt")
def decrypt(call: Call) -> JsonObject:
    """Decrypt with the version that encrypted."""
    key = models.require_key(call.store, call.now, _key(call))
    sealed = _bytes(call, "ciphertext")
    number = int.from_bytes(sealed[:_NUMBER])
    version = f"{key['name']}/cryptoKeyVersions/{number}"
    found = [each["name"] for each in models.versions(call.store, call.now, key["name"])]
    body, nonce = sealed[_NUMBER + _NONCE :], sealed[_NUMBER : _NUMBER + _NONCE]
    try:
        if version not in found:
            raise InvalidTag
        secret = models.secret(call.store, call.now, version)
        text = AESGCM(secret).decrypt(nonce, body, _bytes(call, "additionalAuthenticatedData"))
    except (InvalidTag, ValueError):
        raise invalid_argument("Decryption failed: the ciphertext is invalid.") from None
    return {
        "plaintext": models.encoded(text),
        "plaintextCrc32c": str(crc32c(text)),
        "protectionLevel": "SOFTWARE",
        **({"usedPrimary": True} if version == key.get("primary", {}).get("name") else {}),
    }


@handlers(f"{_RINGS}.getIamPolicy", f"{_KEYS}.getIamPolicy")
def get_policy(call: Call) -> JsonObject:
    """The policy of a ring or key."""
    return iam.get_policy(call.store, _owner(call), call.query.get("options.requestedPolicyVersion", 0))


@handlers(f"{_RINGS}.setIamPolicy", f"{_KEYS}.setIamPolicy")
def set_policy(call: Call) -> JsonObject:
    """Replace the policy of a ring or key."""
    return iam.set_requested(call, _owner(call))


@handlers(f"{_RINGS}.testIamPermissions", f"{_KEYS}.testIamPermissions")
def test_permissions(call: Call) -> JsonObject:
    """The permissions among the given ones that the caller has."""
    return iam.permissions_held(call, _owner(call), "cloudkms.")


def _owner(call: Call) -> str:
    """The ring or key that a policy is of."""
    if call.method.id.startswith(_KEYS):
        return str(models.require_key(call.store, call.now, _key(call))["name"])
    return str(models.require_ring(call.store, _ring(call))["name"])


def _bytes(call: Call, name: str) -> bytes:
    """Bytes of the body, compared with the checksum if there is one."""
    text = re.sub(r"=+$", "", call.body.get(name, "")).replace("-", "+").replace("_", "/")
    data = b64decode(text + "=" * (-len(text) % 4))
    checksum = call.body.get(f"{name}Crc32c")
    if checksum is not None and int(checksum) != crc32c(data):
        raise invalid_argument(f"The checksum of {name} does not match its data.", name)
    return data


@handlers("cloudkms.projects.locations.list")
def list_locations(call: Call) -> JsonObject:
    """Some locations, for the tools that ask."""
    return locations.listed(call)
