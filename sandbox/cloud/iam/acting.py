"""Service accounts as which other services act: of a function, of ID tokens that are sent along."""

from collections.abc import Callable, Sequence
from typing import Final

from sandbox.cloud.core.errors import invalid_argument, not_found
from sandbox.cloud.core.permissions import Need, Needs, Rule
from sandbox.cloud.core.service import Call
from sandbox.cloud.core.store import Store
from sandbox.cloud.iam import models

ACT_AS: Final = "iam.serviceAccounts.actAs"


def acts_as(account: Callable[[Call], str]) -> Rule:
    """The caller may act as the account that a call names; nothing is needed if it names none."""

    def rule(call: Call) -> Sequence[Needs]:
        email = account(call)
        if not email:
            return [()]
        project = call.ids[0]
        return [(Need(ACT_AS, models.resource(call.store, project, email)),)]

    return rule


def require_account(store: Store, email: str, project: str, field: str) -> models.Account:
    """The account of an address, which must be of the project.

    Raises:
        CloudError: 400 without an address or for an account of another project, 404 for one that is not there.
    """
    if not email:
        raise invalid_argument("A service account's address is required.", f"{field}.service_account_email")
    account = models.by_email(store, email)
    if account is None:
        raise not_found(f"Service account {email} does not exist.")
    if account.project != project:
        raise invalid_argument(
            f"The service account {email} must be of the project {project}.", f"{field}.service_account_email"
        )
    return account
