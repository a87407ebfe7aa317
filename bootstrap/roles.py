"""Custom roles of the organization: exactly the permissions that landing_zone/google/permissions.py lists."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi_gcp import organizations

from bootstrap.options import options
from bootstrap.seed import Seed
from landing_zone.google.permissions import Permission, Place, Use, needed
from landing_zone.settings.bootstrap import BootstrapSettings


@dataclass(frozen=True)
class Role:
    """A custom role."""

    name: str
    """Its full name."""
    resource: organizations.IAMCustomRole


@dataclass(frozen=True)
class Roles:
    """The custom roles, by the place that they are granted on."""

    parent: Role
    account: Role
    seed: Role
    organization: Role | None
    """None unless a setting needs one."""


def make_roles(settings: BootstrapSettings, seed: Seed) -> Roles:
    """Create the roles. A folder and a billing account can have no custom roles of their own."""
    # Tags belong to the organization, and their values inherit from it.
    uses = [use for use in Use if use is not Use.GUARD or settings.guard]
    on_organization = needed(Place.TAG_VALUE) if settings.tags else []
    return Roles(
        _role(settings, seed, "Parent", Place.PARENT, needed(Place.PARENT)),
        _role(settings, seed, "BillingAccount", Place.ACCOUNT, needed(Place.ACCOUNT)),
        _role(settings, seed, "Seed", Place.SEED, needed(Place.SEED) + needed(Place.NOTIFICATIONS, uses)),
        _role(settings, seed, "Organization", Place.ORGANIZATION, on_organization)
        if on_organization
        else None,
    )


def _role(
    settings: BootstrapSettings, seed: Seed, kind: str, place: Place, permissions: Iterable[Permission]
) -> Role:
    organization = (settings.organization or "").removeprefix("organizations/")
    # An organization may have several seed projects, and has one namespace for all its roles.
    role_id = f"geminiLz{kind}_{settings.seed.replace('-', '_')}"
    made = organizations.IAMCustomRole(
        f"role-{kind}",
        org_id=organization,
        role_id=role_id,
        title=f"gemini-lz of {settings.seed}: {kind}",
        description=f"For the account that runs stacks, on {place}.",
        permissions=sorted({each.name for each in permissions}),
        opts=options([seed.project]),
    )
    return Role(f"organizations/{organization}/roles/{role_id}", made)
