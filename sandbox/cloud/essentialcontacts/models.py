"""Contacts: state and Google's rules for them."""

import json
import re
from datetime import datetime
from typing import Final

from sandbox.cloud.core.errors import JsonObject, already_exists, invalid_argument, not_found
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339

SCHEMA = """
CREATE TABLE essential_contacts (
    parent TEXT NOT NULL, id INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (parent, id)
) WITHOUT ROWID;
"""
_EMAIL: Final = re.compile(r"[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
UNSPECIFIED: Final = "NOTIFICATION_CATEGORY_UNSPECIFIED"


def of_parent(store: Store, parent: str) -> list[JsonObject]:
    """The contacts of a parent itself, by id."""
    rows = store.rows("SELECT body FROM essential_contacts WHERE parent = ? ORDER BY id", parent)
    return [json.loads(row["body"]) for row in rows]


def find(store: Store, parent: str, identifier: str) -> JsonObject:
    """A contact.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT body FROM essential_contacts WHERE parent = ? AND id = ?", parent, identifier)
    if row is None:
        raise not_found(f"Contact {parent}/contacts/{identifier} was not found.")
    contact: JsonObject = json.loads(row["body"])
    return contact


def create(store: Store, now: datetime, parent: str, body: JsonObject) -> JsonObject:
    """Create a contact.

    Raises:
        CloudError: 400 for a bad field, 409 for an address that the parent has.
    """
    _check(body)
    if any(other["email"] == body["email"] for other in of_parent(store, parent)):
        raise already_exists(f"A contact with email {body['email']} already exists for {parent}.")
    identifier = store.next_value("essential-contact")
    contact = {
        "name": f"{parent}/contacts/{identifier}",
        "email": body["email"],
        "notificationCategorySubscriptions": body["notificationCategorySubscriptions"],
        "languageTag": body["languageTag"],
        "validationState": "VALID",
        "validateTime": rfc3339(now),
    }
    store.run("INSERT INTO essential_contacts VALUES (?, ?, ?)", parent, identifier, json.dumps(contact))
    return contact


def save(store: Store, parent: str, identifier: str, contact: JsonObject) -> JsonObject:
    """Store a changed contact.

    Raises:
        CloudError: 400 for a bad field.
    """
    _check(contact)
    store.run(
        "UPDATE essential_contacts SET body = ? WHERE parent = ? AND id = ?",
        json.dumps(contact),
        parent,
        identifier,
    )
    return contact


def delete(store: Store, parent: str, identifier: str) -> None:
    """Delete a contact. Raises as `find`."""
    find(store, parent, identifier)
    store.run("DELETE FROM essential_contacts WHERE parent = ? AND id = ?", parent, identifier)


def _check(body: JsonObject) -> None:
    if not _EMAIL.fullmatch(body.get("email", "")):
        raise invalid_argument("Invalid email address.", "contact.email", "The email address is not valid.")
    if not _LANGUAGE.fullmatch(body.get("languageTag", "")):
        raise invalid_argument(
            "Invalid language tag.", "contact.language_tag", "A BCP 47 language tag is required."
        )
    categories = body.get("notificationCategorySubscriptions", [])
    if not categories or UNSPECIFIED in categories:
        raise invalid_argument(
            "At least one notification category is required.",
            "contact.notification_category_subscriptions",
            "Name one or more categories, none of them unspecified.",
        )
