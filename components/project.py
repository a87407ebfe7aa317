"""A Google Cloud project: created, or an existing one adopted."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import organizations

from components.base import Component
from components.billing import link_of_adopted


class ProjectArgs(TypedDict):
    """What a project is made of."""

    projectId: str
    """Its id: unique in all of Google Cloud, for ever."""
    name: NotRequired[str]
    """Shown in the console; the id if left out."""
    adopt: NotRequired[bool]
    """The project exists. It is read and linked, never created, changed or deleted."""
    parent: NotRequired[str | None]
    """`folders/NUMBER` or `organizations/NUMBER`."""
    billingAccount: NotRequired[str | None]
    """The account that pays; without one the project is on the free tier."""
    labels: NotRequired[dict[str, str]]
    """Labels of a created project."""
    deletionPolicy: NotRequired[str]
    """`PREVENT`, `DELETE`, `UNLINK` or `ABANDON`."""
    protect: NotRequired[bool]
    """Pulumi refuses to delete it."""


class Project(Component):
    """A project with its billing link, which decides the tier of the Gemini API."""

    project_id: pulumi.Output[str]
    number: pulumi.Output[str]
    ready: pulumi.Resource
    """What everything in the project depends on."""

    def __init__(self, name: str, args: ProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        make = self._adopted if args.get("adopt") else self._created
        self.ready, self.project_id, self.number = make(name, args)
        self.register_outputs({"projectId": self.project_id, "number": self.number})

    def _created(
        self, name: str, args: ProjectArgs
    ) -> tuple[pulumi.Resource, pulumi.Output[str], pulumi.Output[str]]:
        kind, _, number = (args.get("parent") or "").partition("/")
        policy = args.get("deletionPolicy", "PREVENT")
        project = organizations.Project(
            name,
            project_id=args["projectId"],
            name=args.get("name", args["projectId"]),
            folder_id=number if kind == "folders" else None,
            org_id=number if kind == "organizations" else None,
            # The link belongs to the project itself: a link resource beside it would be undone at each update.
            billing_account=args.get("billingAccount"),
            labels=args.get("labels"),
            # Without billing it stays all the same: `ProjectExit` takes that away.
            deletion_policy="ABANDON" if policy == "UNLINK" else policy,
            # Removing the default network first enables the Compute API, which makes that network and needs
            # billing. A project that never enables Compute has no network to remove.
            auto_create_network=True,
            opts=self.child(protect=args.get("protect")),
        )
        return project, project.project_id, project.number

    def _adopted(
        self, name: str, args: ProjectArgs
    ) -> tuple[pulumi.Resource, pulumi.Output[str], pulumi.Output[str]]:
        # Read, not imported: an import would restate the project's own settings, and delete it with the stack.
        project = organizations.Project.get(name, f"projects/{args['projectId']}", opts=self.child())
        # By its id, which is known: the link does not wait for the reading.
        link = link_of_adopted(name, args["projectId"], args.get("billingAccount"), parent=self)
        return link, project.project_id, project.number
