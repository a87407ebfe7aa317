"""IAM v1: the keys of service accounts. No token is given for them: `oauth2.googleapis.com` is not served."""

import json
import secrets
from base64 import b64decode, b64encode
from typing import Final
from urllib.parse import quote

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import JsonObject, failed_precondition, invalid_argument, not_found
from sandbox.cloud.core.service import Call, Handlers
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.iam import models
from sandbox.cloud.orgpolicy import enforcement as orgpolicy

handlers = Handlers()

_METHODS: Final = "iam.projects.serviceAccounts.keys"
_MOST: Final = 10
"""Keys of an account that its users manage."""
_FOREVER: Final = "9999-12-31T23:59:59Z"
_BITS: Final = {"KEY_ALG_RSA_1024": 1024, "KEY_ALG_RSA_2048": 2048}
_JSON: Final = "TYPE_GOOGLE_CREDENTIALS_FILE"


@handlers(f"{_METHODS}.create")
def create(call: Call) -> JsonObject:
    """Create a key; its private half is in this answer alone."""
    from sandbox.cloud.iam import rsa_keys  # not at the top, see there

    account = _with_room(call)
    orgpolicy.require_key(call.store, _number(call, account), account.email, "Creation")
    if call.body.get("privateKeyType", _JSON) not in (_JSON, "TYPE_UNSPECIFIED"):
        raise invalid_argument(
            "The local cloud makes keys of the type TYPE_GOOGLE_CREDENTIALS_FILE only.", "private_key_type"
        )
    algorithm = call.body.get("keyAlgorithm", "")
    algorithm = algorithm if algorithm in _BITS else "KEY_ALG_RSA_2048"
    made = rsa_keys.made(_BITS[algorithm], account.unique_id)
    key = _saved(call, account, algorithm, "GOOGLE_PROVIDED", made.certificate)
    address = quote(account.email, safe="")
    credentials = {
        "type": "service_account",
        "project_id": account.project,
        "private_key_id": key["name"].rpartition("/")[2],
        "private_key": made.private,
        "client_email": account.email,
        "client_id": account.unique_id,
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{address}",
        "universe_domain": "googleapis.com",
    }
    return {**key, "privateKeyType": _JSON, "privateKeyData": _encoded(json.dumps(credentials, indent=2))}


@handlers(f"{_METHODS}.upload")
def upload(call: Call) -> JsonObject:
    """Take the public half of a key, as a certificate in PEM."""
    from sandbox.cloud.iam import rsa_keys  # not at the top, see there

    account = _with_room(call)
    orgpolicy.require_key(call.store, _number(call, account), account.email, "Upload")
    certificate = b64decode(call.body.get("publicKeyData", "")).decode(errors="replace")
    read = rsa_keys.uploaded(certificate)
    algorithm = next((name for name, bits in _BITS.items() if read and bits == read.bits), "")
    if read is None or not algorithm:
        raise invalid_argument(
            "The public key must be an RSA key of 1024 or 2048 bits in an X.509 v3 certificate.",
            "public_key_data",
        )
    valid = {"validAfterTime": rfc3339(read.begin), "validBeforeTime": rfc3339(read.end)}
    return _saved(call, account, algorithm, "USER_PROVIDED", certificate, valid)


@handlers(f"{_METHODS}.get")
def get(call: Call) -> JsonObject:
    """A key, with its public half if that is asked for."""
    from sandbox.cloud.iam import rsa_keys  # not at the top, see there

    account = models.require(call.store, call.ids[0], call.ids[1])
    key, certificate = _require(call.store, account, call.ids[2])
    match call.query.get("publicKeyType", "TYPE_NONE"):
        case "TYPE_X509_PEM_FILE":
            return {**key, "publicKeyData": _encoded(certificate)}
        case "TYPE_RAW_PUBLIC_KEY":
            return {**key, "publicKeyData": _encoded(rsa_keys.public_of(certificate) or "")}
    return key


@handlers(f"{_METHODS}.list")
def list_(call: Call) -> JsonObject:
    """The keys of an account, of some types or all; never Google's own."""
    account = models.require(call.store, call.ids[0], call.ids[1])
    types = set(call.query.get("keyTypes", ())) - {"KEY_TYPE_UNSPECIFIED"}
    found = _keys(call.store, account) if not types or "USER_MANAGED" in types else []
    return {"keys": found} if found else {}


@handlers(f"{_METHODS}.disable")
def disable(call: Call) -> JsonObject:
    """Disable a key."""
    _change(call, {"disabled": True, "disableReason": "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"})
    return {}


@handlers(f"{_METHODS}.enable")
def enable(call: Call) -> JsonObject:
    """Enable a key."""
    _change(call, {})
    return {}


@handlers(f"{_METHODS}.delete")
def delete(call: Call) -> JsonObject:
    """Delete a key, for good."""
    account = models.require(call.store, call.ids[0], call.ids[1])
    _require(call.store, account, call.ids[2])
    call.store.run(
        "DELETE FROM service_account_keys WHERE account = ? AND id = ?", account.unique_id, call.ids[2]
    )
    return {}


def _with_room(call: Call) -> models.Account:
    account = models.require(call.store, call.ids[0], call.ids[1])
    if len(_keys(call.store, account)) >= _MOST:
        raise failed_precondition(f"A service account has at most {_MOST} keys.")
    return account


def _number(call: Call, account: models.Account) -> str:
    return projects.require(call.store, account.project).number


def _saved(
    call: Call,
    account: models.Account,
    algorithm: str,
    origin: str,
    certificate: str,
    valid: JsonObject | None = None,
) -> JsonObject:
    """Keep a new key; `valid`: from when to when, from now on for ever without it."""
    identifier = secrets.token_hex(20)
    key = {
        "name": f"projects/{account.project}/serviceAccounts/{account.email}/keys/{identifier}",
        "validAfterTime": rfc3339(call.now),
        "validBeforeTime": _FOREVER,
        "keyAlgorithm": algorithm,
        "keyOrigin": origin,
        "keyType": "USER_MANAGED",
        **(valid or {}),
    }
    call.store.run(
        "INSERT INTO service_account_keys VALUES (?, ?, ?, ?)",
        account.unique_id,
        identifier,
        json.dumps(key),
        certificate,
    )
    return key


def _keys(store: Store, account: models.Account) -> list[JsonObject]:
    rows = store.rows(
        "SELECT body FROM service_account_keys WHERE account = ? ORDER BY id", account.unique_id
    )
    return [json.loads(row["body"]) for row in rows]


def _require(store: Store, account: models.Account, identifier: str) -> tuple[JsonObject, str]:
    """A key and its certificate."""
    row = store.row(
        "SELECT body, certificate FROM service_account_keys WHERE account = ? AND id = ?",
        account.unique_id,
        identifier,
    )
    if row is None:
        raise not_found(f"Service account key {identifier} does not exist.")
    return json.loads(row["body"]), row["certificate"]


def _change(call: Call, disabled: JsonObject) -> None:
    account = models.require(call.store, call.ids[0], call.ids[1])
    key, _ = _require(call.store, account, call.ids[2])
    kept = {name: value for name, value in key.items() if name not in ("disabled", "disableReason")}
    call.store.run(
        "UPDATE service_account_keys SET body = ? WHERE account = ? AND id = ?",
        json.dumps(kept | disabled),
        account.unique_id,
        call.ids[2],
    )


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()
