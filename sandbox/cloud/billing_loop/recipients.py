"""Whom Google's billing notifies."""

from typing import Final

from sandbox.cloud.core import iam
from sandbox.cloud.core.store import Store

_MAILED: Final = ("user:", "group:")
_BILLING_ROLES: Final = frozenset({"roles/billing.admin", "roles/billing.user"})


def billing_people(store: Store, account: str) -> list[str]:
    """The administrators and users of a billing account: whom budgets notify unless they say otherwise."""
    return _members(store, f"billingAccounts/{account}", _BILLING_ROLES)


def owners(store: Store, project: str) -> list[str]:
    """The owners of a project (by number)."""
    return _members(store, f"projects/{project}", frozenset({"roles/owner"}))


def _members(store: Store, resource: str, roles: frozenset[str]) -> list[str]:
    return [
        member.partition(":")[2]
        for binding in iam.bindings(store, resource)
        if binding["role"] in roles and "condition" not in binding
        for member in binding.get("members", [])
        if member.startswith(_MAILED)
    ]
