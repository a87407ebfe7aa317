"""A Google Cloud project with its billing link, which decides the tier of the Gemini API: created, or adopted."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import billing, organizations

from components.base import Component
from landing_zone.settings import ProjectSettings


@dataclass(frozen=True)
class Project:
    """Outputs of a created or adopted project."""

    id: pulumi.Output[str]
    number: pulumi.Output[str]
    ready: pulumi.Resource
    """The resource that everything in the project depends on."""


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
        # The link is set on the project: with a separate link resource, each update would undo it.
        billing_account=settings.billing_account,
        labels={**settings.all_labels, **owner.labels},
        # UNLINK keeps the project too; `ProjectExit` unlinks it from billing.
        deletion_policy="ABANDON" if policy == "UNLINK" else policy,
        # With False, the plugin enables the Compute API to remove the default network, which creates that network
        # and needs billing. A project that never enables Compute has no network to remove.
        auto_create_network=True,
        opts=owner.child(name, "", protect=settings.protect, counted=True),
    )
    return Project(project.project_id, project.number, project)


def adopt_project(owner: Component, name: str, settings: ProjectSettings) -> Project:
    """Read a project that exists, and link it to its billing account or unlink it."""
    project_id = settings.project_id
    # Read, not imported: an import would overwrite the project's own settings, and delete it with the stack.
    project = organizations.Project.get(name, f"projects/{project_id}", opts=owner.child(name, ""))
    options = owner.child(name, "billingAccount", kept=True)
    link = billing.ProjectInfo(
        name,
        # By its id, which is known, so that the link does not wait for the read.
        project=project_id,
        billing_account=settings.billing_account or "",
        # Kept, as deleting a link unlinks the project: `ProjectExit` does that if the settings ask for it.
        opts=options,
    )
    # Of a project that cannot be read, it is None. What depends on it is skipped, but is put together before that.
    number = project.number.apply(lambda found: found or "")
    return Project(project.project_id, number, link)
