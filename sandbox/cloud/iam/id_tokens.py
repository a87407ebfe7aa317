"""ID tokens of service accounts (OpenID Connect), signed as Google signs them: RS256, with a key of this local cloud.

The key is made when it is first needed, and kept with the state. Google's own libraries check the tokens if they are
given the address of its certificates: `/oauth2/v1/certs`, or `/oauth2/v3/certs` for a JWKS.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam.models import Account

SCHEMA: Final = """
CREATE TABLE signing_keys (kid TEXT PRIMARY KEY, pem TEXT NOT NULL) WITHOUT ROWID;
"""
ISSUER: Final = "https://accounts.google.com"
LIFETIME: Final = timedelta(hours=1)
_SKEW: Final = timedelta(minutes=5)


class TokenError(Exception):
    """What is no valid ID token of this local cloud; the text says why."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid ID token says."""

    email: str
    audience: str


def issue(store: Store, account: Account, audience: str, now: datetime, *, with_email: bool = True) -> str:
    """A token that shows its bearer to be a service account, to one audience, for an hour."""
    from sandbox.cloud.iam import signing  # not at the top, see there

    issued = int(now.timestamp())
    claims: JsonObject = {
        "aud": audience,
        "azp": account.unique_id,
        **({"email": account.email, "email_verified": True} if with_email else {}),
        "exp": issued + int(LIFETIME.total_seconds()),
        "iat": issued,
        "iss": ISSUER,
        "sub": account.unique_id,
    }
    signed = f"{_part({'alg': 'RS256', 'kid': signing.kid_of(store), 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_encoded(signing.sign(store, signed.encode()))}"


def verify(store: Store, token: str, now: datetime) -> Claims:
    """What a token says, if this local cloud has signed it and it is in force.

    Raises:
        TokenError: it has not, or not any more.
    """
    from sandbox.cloud.iam import signing  # not at the top, see there

    signed, _, signature = token.rpartition(".")
    try:
        header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        if (header["alg"], header["kid"]) != ("RS256", signing.kid_of(store)):
            raise TokenError("the token was not signed by this cloud's key")
        if not signing.is_signed(store, signed.encode(), _decoded(signature)):
            raise TokenError("the token's signature is wrong")
        issued, expires = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        email, audience = claims.get("email", ""), claims["aud"]
    except (ValueError, TypeError, KeyError, Base64Error, RecursionError):
        raise TokenError("the token is no JWT of this cloud's form") from None
    if claims["iss"] != ISSUER or not issued - _SKEW <= now < expires:
        raise TokenError("the token is not in force")
    return Claims(str(email), str(audience))


def certificates(store: Store) -> dict[str, str]:
    """The certificate of each signing key, in PEM, by its id: as `https://www.googleapis.com/oauth2/v1/certs`."""
    from sandbox.cloud.iam import signing  # not at the top, see there

    return {signing.kid_of(store): signing.certificate(store)}


def jwks(store: Store) -> JsonObject:
    """The signing keys as `https://www.googleapis.com/oauth2/v3/certs` has them."""
    from sandbox.cloud.iam import signing  # not at the top, see there

    modulus, exponent = signing.numbers(store)
    entry = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": signing.kid_of(store)}
    return {"keys": [{**entry, "n": _number(modulus), "e": _number(exponent)}]}


def _part(value: Any) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8))
