"""Service accounts: state and Google's rules for them."""

import json
import re
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sandbox.account_domain import account_domain
from sandbox.cloud.cloudresourcemanager.models import Project, find
from sandbox.cloud.core import purges
from sandbox.cloud.core.errors import (
    JsonObject,
    already_exists,
    error_info,
    failed_precondition,
    invalid_argument,
    not_found,
    permission_denied,
)
from sandbox.cloud.core.store import Store

SCHEMA = """
CREATE TABLE service_accounts (
    unique_id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    email TEXT NOT NULL,
    settings TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    deleted INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX service_accounts_email ON service_accounts (email);
CREATE TABLE service_account_keys (
    account TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, certificate TEXT NOT NULL, PRIMARY KEY (account, id)
) WITHOUT ROWID;
"""
ACCOUNTS: Final = "serviceAccounts"
"""What `core.purges` calls deleted accounts, by unique id."""
_ID: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_LONGEST: Final = {"displayName": 100, "description": 256}
"""Bytes of UTF-8."""
_ANY_PROJECT: Final = "-"


@dataclass(frozen=True, slots=True)
class Account:
    """A service account. `settings` holds what callers set: displayName, description."""

    unique_id: str
    project: str
    """The project's id."""
    email: str
    settings: JsonObject
    disabled: bool
    deleted: bool

    def as_json(self) -> JsonObject:
        """The account as IAM shows it."""
        return {
            "name": f"projects/{self.project}/serviceAccounts/{self.email}",
            "projectId": self.project,
            "uniqueId": self.unique_id,
            "email": self.email,
            **self.settings,
            "oauth2ClientId": self.unique_id,
            **({"disabled": True} if self.disabled else {}),
        }


def create(store: Store, project: Project, account_id: str, settings: JsonObject) -> Account:
    """Create a service account.

    Raises:
        CloudError: 400 for a bad id or text, 409 for an id in use.
    """
    if not _ID.fullmatch(account_id):
        raise invalid_argument(
            "The account ID must be 6 to 30 lowercase letters, digits or hyphens, a letter first, no hyphen last.",
            "account_id",
        )
    _check(settings)
    email = f"{account_id}@{account_domain(project.project_id)}"
    if by_email(store, email) is not None:
        raise already_exists(
            f"Service account {account_id} already exists within project projects/{project.project_id}."
        )
    return _new(store, project, email, settings)


def add_default(store: Store, project: Project, email: str, display_name: str) -> Account:
    """The account of an API that Google makes with it, which may have been deleted since: then it is another."""
    return by_email(store, email) or _new(store, project, email, {"displayName": display_name})


def new_unique_id(store: Store) -> str:
    """The next unique id of an account: 21 digits, as Google's."""
    number = store.next_value("service_account")
    return f"1{number * 2_654_435_761 % 10**10:010d}{number:010d}"


def _new(store: Store, project: Project, email: str, settings: JsonObject) -> Account:
    account = Account(
        new_unique_id(store), project.project_id, email, settings, disabled=False, deleted=False
    )
    _save(store, account)
    return account


def by_email(store: Store, email: str) -> Account | None:
    """The account of an address that is not deleted."""
    row = store.row("SELECT * FROM service_accounts WHERE email = ? AND deleted = 0", email)
    return None if row is None else _read(row)


def latest(store: Store, email: str) -> Account | None:
    """The account of an address; a deleted one if there is no other."""
    row = store.row("SELECT * FROM service_accounts WHERE email = ? ORDER BY deleted LIMIT 1", email)
    return None if row is None else _read(row)


def resource(store: Store, project: str, identifier: str) -> str:
    """The name under which an account has its IAM policy; the project's for an account that is not there."""
    row = store.row(
        "SELECT project, unique_id FROM service_accounts WHERE (email = ? OR unique_id = ?) AND deleted = 0",
        identifier,
        identifier,
    )
    return f"projects/{row['project']}/serviceAccounts/{row['unique_id']}" if row else f"projects/{project}"


def require(store: Store, project: str, identifier: str) -> Account:
    """An account that is not deleted, by address or unique id, in a project (id, number or `-`).

    Raises:
        CloudError: 404; with `-` for the project 403, as Google does not say whether it exists.
    """
    row = store.row(
        "SELECT * FROM service_accounts WHERE (email = ? OR unique_id = ?) AND deleted = 0",
        identifier,
        identifier,
    )
    account = None if row is None else _read(row)
    if account is None and project == _ANY_PROJECT:
        raise permission_denied(
            "Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).",
            [
                error_info(
                    "IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": "iam.serviceAccounts.get"}
                )
            ],
        )
    if account is None or not _is_in(store, account, project):
        raise not_found("Unknown service account")
    return account


def of_project(store: Store, project: str) -> list[Account]:
    """The accounts of a project (by id) that are not deleted, by address."""
    rows = store.rows(
        "SELECT * FROM service_accounts WHERE project = ? AND deleted = 0 ORDER BY email", project
    )
    return [_read(row) for row in rows]


def change(store: Store, account: Account, **changes: Any) -> Account:
    """Change fields of an account.

    Raises:
        CloudError: 400 for a bad text.
    """
    changed = replace(account, **changes)
    _check(changed.settings)
    _save(store, changed)
    return changed


def delete(store: Store, now: datetime, account: Account) -> None:
    """Delete an account: its address is free at once, and for 30 days it can be brought back."""
    change(store, account, deleted=True)
    purges.plan(store, ACCOUNTS, account.unique_id, now + purges.KEPT)


def purge(store: Store, unique_id: str) -> None:
    """Delete an account for good."""
    store.run("DELETE FROM service_accounts WHERE unique_id = ?", unique_id)
    store.run("DELETE FROM service_account_keys WHERE account = ?", unique_id)


def undelete(store: Store, project: str, unique_id: str) -> Account:
    """Bring a deleted account back.

    Raises:
        CloudError: 404, or 400 when it is not deleted or its address is another's by now.
    """
    row = store.row("SELECT * FROM service_accounts WHERE unique_id = ?", unique_id)
    account = None if row is None else _read(row)
    if account is None or not _is_in(store, account, project):
        raise not_found("Unknown service account")
    if not account.deleted:
        raise failed_precondition("The service account is not deleted.")
    if by_email(store, account.email) is not None:
        raise failed_precondition(f"Another service account has the address {account.email}.")
    purges.cancel(store, ACCOUNTS, unique_id)
    return change(store, account, deleted=False)


def _is_in(store: Store, account: Account, project: str) -> bool:
    if project == _ANY_PROJECT:
        return True
    found = find(store, project)
    return found is not None and found.project_id == account.project


def _check(settings: JsonObject) -> None:
    for name, longest in _LONGEST.items():
        if len(settings.get(name, "").encode()) > longest:
            raise invalid_argument(f"{name} must be at most {longest} bytes.", f"service_account.{name}")


def _save(store: Store, account: Account) -> None:
    store.run(
        "INSERT OR REPLACE INTO service_accounts VALUES (?, ?, ?, ?, ?, ?)",
        account.unique_id,
        account.project,
        account.email,
        json.dumps(account.settings),
        account.disabled,
        account.deleted,
    )


def _read(row: sqlite3.Row) -> Account:
    return Account(
        row["unique_id"],
        row["project"],
        row["email"],
        json.loads(row["settings"]),
        bool(row["disabled"]),
        bool(row["deleted"]),
    )
