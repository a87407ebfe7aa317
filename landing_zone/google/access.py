"""Readers of an API key or a secret: the IAM grants that include the permission to read it.

Source of the roles: iam-dataset of 2026-08-22 (github.com/iann0036/iam-dataset, gcp/roles); for `roles/admin`,
`roles/writer` and `roles/reader`, new basic roles, docs.cloud.google.com/iam/docs/roles-permissions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from landing_zone.google.rest import Google, Json

READ_KEY: Final = "apikeys.keys.getKeyString"
READ_SECRET: Final = "secretmanager.versions.access"  # noqa: S105 a permission's name
ROLES: Final[Mapping[str, frozenset[str]]] = {
    # Includes the basic role viewer.
    READ_KEY: frozenset(
        f"roles/{name}"
        for name in (
            "admin",
            "editor",
            "firebase.admin",
            "firebase.developAdmin",
            "firebase.managementServiceAgent",
            "iam.supportUser",
            "owner",
            "reader",
            "serviceusage.apiKeysAdmin",
            "serviceusage.apiKeysViewer",
            "viewer",
            "writer",
        )
    ),
    READ_SECRET: frozenset(
        f"roles/{name}" for name in ("admin", "owner", "secretmanager.admin", "secretmanager.secretAccessor")
    ),
}
"""Permission → the predefined roles that include it."""
_VERSION: Final = 3
"""Version of IAM policies: older ones hide conditions."""


@dataclass(frozen=True)
class Grant:
    """A role that allows its members to read."""

    role: str
    members: tuple[str, ...]
    condition: str = ""
    """Title and expression; empty without a condition."""
    certain: bool = True
    """False for a custom role, whose permissions are not read."""

    def as_json(self) -> dict[str, Any]:
        """The grant as JSON."""
        return {
            "role": self.role,
            "members": list(self.members),
            "condition": self.condition or None,
            "certain": self.certain,
        }


def of_project(google: Google, project: str, permission: str) -> list[Grant]:
    """Grants on a project itself, without those on folders and the organization above it.

    Raises as `Google.call`.
    """
    body = {"options": {"requestedPolicyVersion": _VERSION}}
    path = f"projects/{project}:getIamPolicy"
    policy = google.call("cloudresourcemanager", "POST", path, body=body, project=project, repeatable=True)
    return _grants(policy, permission)


def of_secret(google: Google, name: str) -> list[Grant]:
    """Grants on a secret itself (`projects/P/secrets/NAME`). Raises as `Google.call`."""
    query = {"options.requestedPolicyVersion": str(_VERSION)}
    project = name.split("/")[1]
    policy = google.call("secretmanager", "GET", f"{name}:getIamPolicy", query=query, project=project)
    return _grants(policy, READ_SECRET)


def _grants(policy: Json, permission: str) -> list[Grant]:
    found = []
    for binding in policy.get("bindings", []):
        role, members = binding["role"], tuple(binding.get("members", ()))
        custom = not role.startswith("roles/")
        if members and (custom or role in ROLES[permission]):
            found.append(Grant(role, members, _condition(binding.get("condition") or {}), not custom))
    return sorted(found, key=lambda grant: (not grant.certain, grant.role))


def _condition(condition: Mapping[str, str]) -> str:
    return ": ".join(part for part in (condition.get("title"), condition.get("expression")) if part)
