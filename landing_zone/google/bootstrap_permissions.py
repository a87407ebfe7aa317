"""Permissions of whoever runs `gemini-lz bootstrap`: for the docs, and for the test by a caller who has no others.

The creator of the seed project owns it, which covers all that is made in it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from landing_zone.google.permissions import Place


class When(StrEnum):
    """The flags with which a role is needed."""

    PARENT = "with `--parent`"
    CREATES = "unless `--adopt`"
    FOLDER = "if it is a folder"
    ORGANIZATION = "if `--parent` is one; `--forbid-unrestricted-keys`, `--tags`"
    ADOPTS = "with `--adopt`"
    LOOKS = "to see beforehand what policies forbid; it can be left out"


@dataclass(frozen=True)
class CallerNeed:
    """A role that the caller needs, with the permissions of it that the bootstrap uses."""

    place: Place
    when: When
    role: str
    permissions: tuple[str, ...]


CALLER_NEEDS: Final = (
    CallerNeed(
        Place.ORGANIZATION,
        When.PARENT,
        "roles/iam.organizationRoleAdmin",
        ("iam.roles.create", "iam.roles.get", "iam.roles.undelete", "iam.roles.update"),
    ),
    CallerNeed(
        Place.ORGANIZATION,
        When.ORGANIZATION,
        "roles/resourcemanager.organizationAdmin",
        (
            "resourcemanager.organizations.get",
            "resourcemanager.organizations.getIamPolicy",
            "resourcemanager.organizations.setIamPolicy",
        ),
    ),
    CallerNeed(
        Place.PARENT,
        When.CREATES,
        "roles/resourcemanager.projectCreator",
        ("resourcemanager.projects.create",),
    ),
    CallerNeed(
        Place.PARENT,
        When.FOLDER,
        "roles/resourcemanager.folderAdmin",
        (
            "resourcemanager.folders.get",
            "resourcemanager.folders.getIamPolicy",
            "resourcemanager.folders.setIamPolicy",
        ),
    ),
    CallerNeed(Place.PARENT, When.LOOKS, "roles/orgpolicy.policyViewer", ("orgpolicy.policy.get",)),
    CallerNeed(
        Place.ACCOUNT,
        When.CREATES,
        "roles/billing.user",
        ("billing.accounts.get", "billing.resourceAssociations.create"),
    ),
    CallerNeed(
        Place.ACCOUNT,
        When.PARENT,
        "roles/billing.admin",
        ("billing.accounts.get", "billing.accounts.getIamPolicy", "billing.accounts.setIamPolicy"),
    ),
    CallerNeed(Place.SEED, When.ADOPTS, "roles/owner", ()),
)
"""The roles are Google's smallest that have the permissions."""
