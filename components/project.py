"""A Google Cloud project with its billing link, which decides the tier of the Gemini API: created, or adopted."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import billing, organizations

from components.base import Component
from landing_zone.settings import ProjectSettings


@dataclass(frozen=True)
class Project:
    """A project."""

    id: pulumi.Output[str]
    number: pulumi.Output[str]
    ready: pulumi.Resource
    """What everything in the project depends on."""


def create_project(owner: Component, name: str, settings: ProjectSettings) -> Project:
    """Create a project, linked to its billing account."""
    kind, _, number = (settings.parent or "").partition("/")
    policy = settings.deletion_policy
    project = organizations.Project(
        name,
        project_id=settings.project_id,
        name=settings.name or settings.project_id,
        folder_id=number if kind == "folders" else None,
        org_id=number if kind == "organizations" else None,
        # The link belongs to the project itself: a link resource beside it would be undone at each update.
        billing_account=settings.billing_account,
        labels=settings.all_labels,
        # Without billing it stays all the same: `ProjectExit` takes that away.
        deletion_policy="ABANDON" if policy == "UNLINK" else policy,
        # Removing the default network first enables the Compute API, which makes that network and needs
        # billing. A project that never enables Compute has no network to remove.
        auto_create_network=True,
        opts=owner.child(name, "", protect=settings.protect),
    )
    return Project(project.project_id, project.number, project)


def adopt_project(owner: Component, name: str, settings: ProjectSettings) -> Project:
    """Read a project that exists, and link it to its billing account or unlink it."""
    project_id = settings.project_id
    # Read, not imported: an import would restate the project's own settings, and delete it with the stack.
    project = organizations.Project.get(name, f"projects/{project_id}", opts=owner.child(name, ""))
    options = owner.child(name, "billingAccount", kept=True)
    link = billing.ProjectInfo(
        name,
        # By its id, which is known: the link does not wait for the reading.
        project=project_id,
        billing_account=settings.billing_account or "",
        # Kept: deleting a link unlinks the project. `ProjectExit` does so where that is asked for.
        opts=options,
    )
    return Project(project.project_id, project.number, link)
