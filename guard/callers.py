"""Who calls: the claims of an OIDC token whose signature Cloud Run has verified (and removed) before."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Collection
from typing import Any


def is_allowed(authorization: str, callers: Collection[str], audience: str = "") -> bool:
    """True if a header `Authorization` has the token of one of the callers, for this audience if there is one."""
    scheme, _, token = authorization.partition(" ")
    claims = _claims(token) if scheme.lower() == "bearer" else {}
    right = not audience or claims.get("aud") == audience
    return right and claims.get("email_verified") is True and claims.get("email") in callers


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, NotBase64, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
