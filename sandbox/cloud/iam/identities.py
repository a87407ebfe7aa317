"""Bearer tokens of callers whom the local cloud knows; any other token is its operator's, who may do all.

Only digests of tokens are kept.
"""

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError, error_info
from sandbox.cloud.core.messages import Method
from sandbox.cloud.core.service import Caller
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.endpoints import ACCESS_TOKEN
from sandbox.cloud.iam import models as accounts

SCHEMA = """
CREATE TABLE callers (
    digest TEXT PRIMARY KEY, member TEXT NOT NULL, issued INTEGER NOT NULL, expires TEXT NOT NULL, behind TEXT NOT NULL
) WITHOUT ROWID;
"""
_GIVEN: Final = 0
_ISSUED: Final = 1
_LENT: Final = 2
"""Where a token comes from: the control surface, the Service Account Credentials API, a function's metadata server."""
_OF_FUNCTIONS: Final = "ya29.c.function-"
_MEMBER: Final = re.compile(r"(user|serviceAccount):[^@\s]+@[A-Za-z0-9.-]+")
_NOBODY: Final = ""
"""The digest of no token: its row says that unknown tokens are refused."""
_MESSAGE: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


def replace_all(store: Store, body: dict[str, Any]) -> None:
    """Set the tokens of callers: `{"identities": {TOKEN: {"member": …}}, "strict": true}`; issued ones stay.

    Raises:
        ValueError: a token or a member that cannot be.
    """
    if not isinstance(body["identities"], dict):
        raise TypeError('identities must be an object: {TOKEN: {"member": …}}')
    given = {token: entry["member"] for token, entry in body["identities"].items()}
    for token, member in given.items():
        if not token.strip() or token == ACCESS_TOKEN:
            raise ValueError(f"a token of a caller is not empty, and not the operator's {ACCESS_TOKEN}")
        if not isinstance(member, str) or not _MEMBER.fullmatch(member):
            raise ValueError(f"{member!r} is no caller: write user:ADDRESS or serviceAccount:ADDRESS")
    store.run("DELETE FROM callers WHERE issued = ?", _GIVEN)
    for token, member in given.items():
        _save(store, token, member, _GIVEN, expires="")
    if body.get("strict"):
        store.run("INSERT INTO callers VALUES (?, '', 0, '', '')", _NOBODY)


def end(store: Store) -> None:
    """Forget all callers, also the tokens that were issued; functions keep theirs, which would be the operator's."""
    store.run("DELETE FROM callers WHERE issued <> ?", _LENT)
    load(store)


def load(store: Store) -> None:
    """Know the callers of the run before."""
    store.knows_callers = store.row("SELECT 1 FROM callers") is not None


def issue(
    store: Store, member: str, now: datetime, lifetime: timedelta, behind: Sequence[str]
) -> tuple[str, str]:
    """A new token of a service account for who acts as it (`behind`), and when it ends."""
    token, expires = f"ya29.c.{secrets.token_urlsafe(96)}", rfc3339((now + lifetime).replace(microsecond=0))
    _save(store, token, member, _ISSUED, expires, json.dumps(behind) if behind else "")
    return token, expires


def lend(store: Store, member: str, now: datetime, lifetime: timedelta) -> tuple[str, datetime]:
    """A new token of the service account that a function runs as; those that have ended are forgotten."""
    store.run(
        "DELETE FROM callers WHERE issued = ? AND expires <= ?", _LENT, rfc3339(now.replace(microsecond=0))
    )
    token, expires = f"{_OF_FUNCTIONS}{secrets.token_urlsafe(96)}", (now + lifetime).replace(microsecond=0)
    _save(store, token, member, _LENT, rfc3339(expires))
    return token, expires


def known(store: Store, method: Method, caller: Caller, now: datetime) -> Caller:
    """The caller with its name and its own project, if its token is one that was given out.

    Raises:
        CloudError: 401 for an expired token or one of a disabled account, and for an unknown one if that is asked for.
    """
    if not caller.token or caller.token == ACCESS_TOKEN:
        return caller
    row = store.row("SELECT * FROM callers WHERE digest = ?", _digest(caller.token))
    if row is None:
        if store.row("SELECT 1 FROM callers WHERE digest = ?", _NOBODY):
            raise _refusal("ACCESS_TOKEN_TYPE_UNSUPPORTED", method)
        if caller.token.startswith(_OF_FUNCTIONS):
            raise _refusal("ACCESS_TOKEN_EXPIRED", method)  # forgotten, and never the operator's
        return caller
    if row["expires"] and datetime.fromisoformat(row["expires"]) <= now:
        raise _refusal("ACCESS_TOKEN_EXPIRED", method)
    member: str = row["member"]
    own = _own_project(store, member, method)
    return replace(caller, member=member, own_project=own, behind=row["behind"])


def _own_project(store: Store, member: str, method: Method) -> str:
    """The number of a service account's project; "" for people and for accounts of other organizations."""
    kind, _, email = member.partition(":")
    if kind != "serviceAccount":
        return ""
    account = accounts.latest(store, email)
    if account is None:
        return ""
    if account.deleted or account.disabled:
        raise _refusal("ACCOUNT_STATE_INVALID", method, email=email)
    return projects.require(store, account.project).number


def _refusal(reason: str, method: Method, **about: str) -> CloudError:
    service = f"{method.id.partition('.')[0]}.googleapis.com"
    details = error_info(reason, "googleapis.com", {"service": service, "method": method.id, **about})
    return CloudError("UNAUTHENTICATED", _MESSAGE, [details])


def _save(store: Store, token: str, member: str, origin: int, expires: str, behind: str = "") -> None:
    store.run(
        "INSERT OR REPLACE INTO callers VALUES (?, ?, ?, ?, ?)",
        _digest(token),
        member,
        origin,
        expires,
        behind,
    )
    store.knows_callers = True


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
