"""Billing accounts and links. An account's Gemini tier and its limit of links are facts that no Google API shows;
they are local state, changed below `/_local/`.
"""

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.cloud.cloudresourcemanager.models import Project
from sandbox.cloud.core import late
from sandbox.cloud.core.errors import (
    CloudError,
    JsonObject,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
    quota_failure,
)
from sandbox.cloud.core.late import When
from sandbox.cloud.core.store import Store

SCHEMA = """
CREATE TABLE billing_accounts (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    open INTEGER NOT NULL,
    currency TEXT NOT NULL,
    parent TEXT NOT NULL,
    tier INTEGER NOT NULL,
    link_limit INTEGER NOT NULL,
    master TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE billing_links (
    project_number TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    lagging_listings INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE billing_former_links (project_number TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX billing_links_of_account ON billing_links (account_id);
"""

_NAME = re.compile(r"billingAccounts/([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})")


@dataclass(frozen=True, slots=True)
class Account:
    """A billing account.

    `parent` is its organization, or the account that it is a subaccount of, `tier` (1 to 3) the Gemini API's paid tier
    it has reached, `master` the reseller's account that it is a subaccount of.
    """

    id: str
    display_name: str
    open: bool
    currency: str
    parent: str
    tier: int
    link_limit: int
    master: str = ""


def _account(row: sqlite3.Row) -> Account:
    return Account(**{**dict(row), "open": bool(row["open"])})


def add(store: Store, account: Account) -> None:
    """Add an account, or replace the one of the same id."""
    values = [getattr(account, name) for name in Account.__slots__]
    store.run("INSERT OR REPLACE INTO billing_accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)


def create_subaccount(store: Store, master: str, display_name: str) -> Account:
    """Create a subaccount of `billingAccounts/X`, with its currency; every account may have some.

    Raises:
        CloudError: 400 without a name or a master, or for a master that is closed or a subaccount, 403 for one that is
            not there.
    """
    check_display_name(display_name)
    named = _NAME.fullmatch(master)
    if named is None:
        raise invalid_argument(
            None, "billing_account.master_billing_account", "A billing account's name is required."
        )
    above = find(store, named[1])
    if above is None:
        raise permission_denied()
    if above.master or not above.open:
        raise failed_precondition(f"{master} has not been provisioned for subaccounts.")
    number = store.next_value("billing_account") * 2_654_435_761 % 16**12
    digits = f"01{number:012X}{above.id[:4]}"
    account = Account(
        "-".join(digits[at : at + 6] for at in (0, 6, 12)),
        display_name,
        open=True,
        currency=above.currency,
        parent=master,
        tier=1,
        link_limit=above.link_limit,
        master=master,
    )
    add(store, account)
    return account


def check_display_name(name: str) -> None:
    """Refuse what names no account.

    Raises:
        CloudError: 400 INVALID_ARGUMENT.
    """
    if not name.strip():
        raise invalid_argument(None, "billing_account.display_name", "A display name is required.")


def all_accounts(store: Store) -> list[Account]:
    """Every account, by id."""
    return [_account(row) for row in store.rows("SELECT * FROM billing_accounts ORDER BY id")]


def subaccounts(store: Store, account_id: str) -> list[str]:
    """The ids of an account's subaccounts."""
    rows = store.rows("SELECT id FROM billing_accounts WHERE master = ?", f"billingAccounts/{account_id}")
    return [row["id"] for row in rows]


def parent_of(store: Store, name: str) -> str:
    """The organization of an account (`billingAccounts/X`); "" for one that is not there."""
    account = find(store, name.partition("/")[2])
    return account.parent if account is not None else ""


def find(store: Store, account_id: str) -> Account | None:
    """The account of an id."""
    row = store.row("SELECT * FROM billing_accounts WHERE id = ?", account_id)
    return _account(row) if row is not None else None


def require(store: Store, account_id: str) -> Account:
    """The account of an id.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    account = find(store, account_id)
    if account is None:
        raise not_found()
    return account


def account_of(store: Store, project_number: str) -> Account | None:
    """The account that a project is linked to, open or closed."""
    row = store.row(
        "SELECT a.* FROM billing_links l JOIN billing_accounts a ON a.id = l.account_id WHERE l.project_number = ?",
        project_number,
    )
    return _account(row) if row is not None else None


def former_account_of(store: Store, project_number: str) -> Account | None:
    """The account that a project was linked to last, which pays for what was used until then."""
    row = store.row(
        "SELECT a.* FROM billing_former_links l JOIN billing_accounts a ON a.id = l.account_id "
        "WHERE l.project_number = ?",
        project_number,
    )
    return _account(row) if row is not None else None


def is_enabled(store: Store, project_number: str) -> bool:
    """True if a project is linked to an open account."""
    account = account_of(store, project_number)
    return account is not None and account.open


def paid_tier(store: Store, project_number: str, now: datetime) -> int | None:
    """The Gemini API's paid tier of a project: its open account's; None (the free tier) without one.

    The tier may be in force later than the link.
    """
    account = account_of(store, project_number)
    if store.has_late:
        linked = {"": account.id} if account is not None else {}
        account = find(store, late.in_force(store, _subject(project_number), now, linked).get("", ""))
    return account.tier if account is not None and account.open else None


def listed_tier(store: Store, project_number: str, now: datetime) -> int:
    """The tier (0 for free) whose quotas a listing shows: after a link it may lag behind for some listings."""
    lags = store.run(
        "UPDATE billing_links SET lagging_listings = lagging_listings - 1 "
        "WHERE project_number = ? AND lagging_listings > 0",
        project_number,
    )
    return 0 if lags else paid_tier(store, project_number, now) or 0


def linked_projects(store: Store, account_id: str) -> list[str]:
    """The numbers of the projects linked to an account, in order."""
    rows = store.rows(
        "SELECT project_number FROM billing_links WHERE account_id = ? ORDER BY project_number", account_id
    )
    return [row["project_number"] for row in rows]


def link(store: Store, project: Project, account_name: str, when: When | None = None) -> None:
    """Link a project to `billingAccounts/X`; "" unlinks it. A closed account can be linked, and enables nothing.

    `when`: when the account's tier is in force; None for at once.

    Raises:
        CloudError: 400 INVALID_ARGUMENT for a malformed name, 403 for an unknown account, 400 FAILED_PRECONDITION
            with a QuotaFailure when the account has its fill of projects.
    """
    before = account_of(store, project.number)
    if not account_name:
        late.change(store, _subject(project.number), "", when, before and before.id)
        unlink(store, project.number)
        return
    named = _NAME.fullmatch(account_name)
    if named is None:
        raise invalid_argument(
            None,
            "project_billing_info.billing_account_name",
            f"'{account_name}' is not a billing account's name.",
        )
    account = find(store, named[1])
    if account is None:
        raise permission_denied()
    others = [number for number in linked_projects(store, account.id) if number != project.number]
    if len(others) >= account.link_limit:
        raise _over_limit(account_name)
    if before is None or before.id != account.id:
        late.change(store, _subject(project.number), "", when, before and before.id)
    store.run(
        "INSERT INTO billing_links VALUES (?, ?, ?) "
        "ON CONFLICT (project_number) DO UPDATE SET account_id = excluded.account_id",
        project.number,
        account.id,
        store.tier_lag_polls,
    )


def _subject(project_number: str) -> str:
    """What `core.late` calls a project's link."""
    return f"links/{project_number}"


def _over_limit(account_name: str) -> CloudError:
    description = (
        "Cloud billing quota exceeded: https://support.google.com/code/contact/billing_quota_increase"
    )
    return failed_precondition(None, [quota_failure(account_name, description)])


def unlink(store: Store, project_number: str) -> None:
    """Remove a project's link, if it has one."""
    store.run(
        "INSERT OR REPLACE INTO billing_former_links SELECT project_number, account_id FROM billing_links "
        "WHERE project_number = ?",
        project_number,
    )
    store.run("DELETE FROM billing_links WHERE project_number = ?", project_number)


def set_local_state(store: Store, account_id: str, changes: JsonObject) -> JsonObject:
    """Change what only Google changes: `tier` (1 to 3), `open`, `linkLimit`, `master`; returns them.

    Raises:
        CloudError: 404 for an unknown account, 400 for another key or a bad value.
    """
    account = require(store, account_id)
    allowed: dict[str, tuple[str, type, Any]] = {
        "tier": ("tier", int, range(1, 4)),
        "open": ("open", bool, (False, True)),
        "linkLimit": ("link_limit", int, range(10_000)),
        "master": ("master", str, ("", *(f"billingAccounts/{other.id}" for other in all_accounts(store)))),
    }
    values = {name: getattr(account, name) for name in Account.__slots__}
    for key, value in changes.items():
        if key not in allowed or type(value) is not allowed[key][1] or value not in allowed[key][2]:
            raise invalid_argument(
                f"cannot set {key} to {value!r}: tier is 1 to 3, open a boolean, linkLimit a number, master an account"
            )
        values[allowed[key][0]] = value
    changed = Account(**values)
    add(store, changed)
    return {key: getattr(changed, name) for key, (name, _, _) in allowed.items()}
