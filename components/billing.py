"""The billing link of a project that exists already."""

import pulumi
from pulumi_gcp import billing


def link_of_adopted(
    name: str, project_id: pulumi.Input[str], billing_account: str | None, parent: pulumi.Resource
) -> billing.ProjectInfo:
    """Link an adopted project to `billing_account`, or unlink it: that is what makes it paid or free."""
    return billing.ProjectInfo(
        name,
        project=project_id,
        billing_account=billing_account or "",
        # Deleting a link unlinks the project, which stops all it does. An adopted project outlives the stack as it is.
        opts=pulumi.ResourceOptions(parent=parent, retain_on_delete=True),
    )
