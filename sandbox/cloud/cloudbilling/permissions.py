"""What Cloud Billing's methods need."""

from collections.abc import Mapping, Sequence
from typing import Final

from sandbox.cloud.cloudbilling import models
from sandbox.cloud.cloudbilling.handlers import master
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.permissions import Needs, Rule, anyone, either, every, in_body, needs, on_path
from sandbox.cloud.core.service import Call

_ACCOUNT: Final = on_path()
_PROJECT: Final = on_path()


def _link(call: Call) -> Sequence[Needs]:
    """A link takes the account and the project, an end of one either of them."""
    account = call.body.get("billingAccountName", "")
    if account:
        return every(
            needs("billing.resourceAssociations.create", lambda _: str(account)),
            needs("resourcemanager.projects.createBillingAssignment", _PROJECT),
        )(call)
    return either(
        needs("resourcemanager.projects.deleteBillingAssignment", _PROJECT),
        needs("billing.resourceAssociations.delete", _linked_account),
    )(call)


def _linked_account(call: Call) -> str:
    project = projects.find(call.store, call.ids[0])
    account = models.account_of(call.store, project.number) if project is not None else None
    return f"billingAccounts/{account.id}" if account is not None else ""


PERMISSIONS: Final[Mapping[str, Rule]] = {
    # What is listed is what the caller may see.
    "cloudbilling.billingAccounts.list": anyone,
    "cloudbilling.organizations.billingAccounts.list": anyone,
    "cloudbilling.billingAccounts.subAccounts.list": anyone,
    **{
        f"cloudbilling.{collection}.create": needs("billing.accounts.update", master)
        for collection in ("billingAccounts", "billingAccounts.subAccounts", "organizations.billingAccounts")
    },
    "cloudbilling.billingAccounts.move": every(
        needs("billing.accounts.move", _ACCOUNT),
        needs("billing.accounts.create", in_body("destinationParent")),
    ),
    "cloudbilling.organizations.billingAccounts.move": every(
        needs("billing.accounts.move", lambda call: call.path["name"]),
        needs("billing.accounts.create", lambda call: call.path["destinationParent"]),
    ),
    "cloudbilling.billingAccounts.get": needs("billing.accounts.get", _ACCOUNT),
    "cloudbilling.billingAccounts.patch": needs("billing.accounts.update", _ACCOUNT),
    "cloudbilling.billingAccounts.getIamPolicy": needs("billing.accounts.getIamPolicy", _ACCOUNT),
    "cloudbilling.billingAccounts.setIamPolicy": needs("billing.accounts.setIamPolicy", _ACCOUNT),
    "cloudbilling.billingAccounts.testIamPermissions": anyone,
    "cloudbilling.billingAccounts.projects.list": needs("billing.resourceAssociations.list", _ACCOUNT),
    "cloudbilling.projects.getBillingInfo": needs("resourcemanager.projects.get", _PROJECT),
    "cloudbilling.projects.updateBillingInfo": _link,
    "cloudbilling.services.list": anyone,
    "cloudbilling.services.skus.list": anyone,
}
