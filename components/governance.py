"""Governance of a project: tags, essential contacts, and the organization policy against unrestricted API keys."""

from typing import Any

import pulumi
from pulumi_gcp import essentialcontacts, orgpolicy, tags

from components.base import Component
from landing_zone.names import RESTRICTED_KEYS
from landing_zone.settings import ProjectSettings


def govern(
    owner: Component,
    name: str,
    settings: ProjectSettings,
    number: pulumi.Input[str],
    constraint: pulumi.Input[str] | None,
    after: Any,
) -> None:
    """Bind tags, create essential contacts, and enforce the constraint (`custom.NAME`) against unrestricted keys."""
    project = f"projects/{settings.project_id}"
    for tag in settings.tags:
        own = f"{name}--{tag.partition('/')[2]}"
        tags.TagBinding(
            own,
            # By number: Google returns the number also for an id, which would differ in every preview.
            parent=pulumi.Output.concat("//cloudresourcemanager.googleapis.com/projects/", number),
            tag_value=tag,
            opts=owner.child(own, "tags", after=after, kept=settings.keeps_guardrails),
        )
    for contact in settings.contacts:
        own = f"{name}--{contact.email}"
        essentialcontacts.Contact(
            own,
            parent=project,
            email=contact.email,
            language_tag=contact.language,
            notification_category_subscriptions=list(contact.categories),
            opts=owner.child(own, "contacts", after=after, kept=settings.keeps_guardrails),
        )
    if constraint is not None:
        own = f"{name}--restricted-keys"
        orgpolicy.Policy(
            own,
            parent=project,
            name=pulumi.Output.concat(project, "/policies/", constraint),
            spec=orgpolicy.PolicySpecArgs(rules=[orgpolicy.PolicySpecRuleArgs(enforce="TRUE")]),
            opts=owner.child(own, "forbidUnrestrictedKeys", after=after, kept=settings.keeps_guardrails),
        )


def make_key_constraint(
    owner: Component, name: str, stack: str, organization: str
) -> orgpolicy.CustomConstraint:
    """Create the organization's constraint that projects' policies enforce: no API key without restrictions.

    `stack`: whose it is, by its name at Google.
    """
    # An organization has one namespace for all its constraints.
    title = "".join(part.capitalize() for part in stack.replace("_", "-").replace(".", "-").split("-"))
    own = f"{name}--restricted-keys"
    return orgpolicy.CustomConstraint(
        own,
        name=f"{RESTRICTED_KEYS}{title}",
        parent=organization,
        display_name="API keys are restricted to APIs",
        description="A key without API restrictions opens every API that is enabled in its project.",
        action_type="DENY",
        method_types=["CREATE", "UPDATE"],
        resource_types=["apikeys.googleapis.com/Key"],
        condition="!has(resource.restrictions) || !has(resource.restrictions.apiTargets)",
        opts=owner.child(own, "organization"),
    )
