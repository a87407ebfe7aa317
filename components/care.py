"""What an organization wants of a project: tags, contacts, and no API key that opens everything."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import essentialcontacts, orgpolicy, tags

from components.base import Component
from landing_zone.settings.types import ContactSettings


class ProjectCareArgs(TypedDict):
    """What to add to which project."""

    projectId: str
    projectNumber: pulumi.Input[str]
    tags: Sequence[str]
    """`tagValues/NUMBER`."""
    contacts: Sequence[ContactSettings]
    constraint: NotRequired[pulumi.Input[str] | None]
    """The name of the constraint to enforce, `custom.NAME`."""


class ProjectCare(Component):
    """Tags, essential contacts, and the policy against unrestricted keys."""

    def __init__(self, name: str, args: ProjectCareArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for tag in args["tags"]:
            tags.TagBinding(
                f"{name}--{tag.partition('/')[2]}",
                # A binding's parent is the project's number: by its id it would be another at every preview.
                parent=pulumi.Output.concat(
                    "//cloudresourcemanager.googleapis.com/projects/", args["projectNumber"]
                ),
                tag_value=tag,
                opts=self.child(),
            )
        for contact in args["contacts"]:
            essentialcontacts.Contact(
                f"{name}--{contact.email}",
                parent=f"projects/{args['projectId']}",
                email=contact.email,
                language_tag=contact.language,
                notification_category_subscriptions=list(contact.categories),
                opts=self.child(),
            )
        constraint = args.get("constraint")
        if constraint is not None:
            project = f"projects/{args['projectId']}"
            orgpolicy.Policy(
                f"{name}--restricted-keys",
                parent=project,
                name=pulumi.Output.concat(project, "/policies/", constraint),
                spec=orgpolicy.PolicySpecArgs(rules=[orgpolicy.PolicySpecRuleArgs(enforce="TRUE")]),
                opts=self.child(),
            )
        self.register_outputs({})
