"""Where the local cloud sends what it delivers: to this machine alone."""

from datetime import datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import id_tokens
from sandbox.cloud.iam import models as accounts

FUNCTIONS: Final = "/_functions/"
"""Where functions are answered, on the main port."""
INTERNAL: Final = "X-Local-Cloud-Delivery"


def addressed(
    store: Store, url: str, token: JsonObject | None, resource: str, now: datetime
) -> tuple[str, dict[str, str]] | None:
    """Where a delivery of a subscription or a job is sent, and the headers that say whose it is.

    Args:
        store: the state.
        url: the address that its owner gave.
        token: the ID token that is to be sent along, as its owner asks for it: the account, and perhaps the audience.
        resource: the full name of the subscription or the job.
        now: the time.

    Returns:
        None if the address is another machine's, or the account of the token is gone.
    """
    found = _reachable(store, url)
    if found is None:
        return None
    # By the first, a function knows a delivery of its own project's. Another receiver gets none.
    is_function = urlsplit(found).path.startswith(FUNCTIONS)
    headers = {INTERNAL: internal(store, resource.split("/")[1])} if is_function else {}
    if token is not None:
        account = accounts.by_email(store, token["serviceAccountEmail"])
        if account is None or account.disabled:
            return None
        issued = id_tokens.issue(store, account, token.get("audience") or url, now)
        headers["Authorization"] = f"Bearer {issued}"
    return found, headers


def _reachable(store: Store, url: str) -> str | None:
    """The address to send to; None for another machine's, to which nothing is sent.

    A function's address is found again when the local cloud has another port than when it gave the address out.
    """
    parts = urlsplit(url)
    if not is_here(parts.hostname or ""):
        return None
    if parts.path.startswith(FUNCTIONS):
        here = urlsplit(store.address)
        return urlunsplit((here.scheme, here.netloc, parts.path, parts.query, ""))
    return url


def internal(store: Store, project: str) -> str:
    """What only the local cloud itself can send, for a project."""
    return f"{store.delivery_secret}/{project}"


def is_here(host: str) -> bool:
    """Whether a host is this machine, by a name or an address of its loopback."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
