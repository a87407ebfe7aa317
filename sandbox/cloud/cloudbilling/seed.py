"""The billing accounts of the first world, and the link of its one project."""

from datetime import datetime

from sandbox.cloud.cloudbilling import models
from sandbox.cloud.cloudbilling.models import Account
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.cloudresourcemanager.seed import ORGANIZATION, PROJECT_ID
from sandbox.cloud.core.store import Store

ACCOUNTS = (
    Account("01A2B3-C4D5E6-F7A8B9", "Gemini", True, "USD", ORGANIZATION, tier=1, link_limit=25),
    Account("0A1B2C-3D4E5F-6A7B8C", "Gemini EU", True, "EUR", ORGANIZATION, tier=2, link_limit=25),
    Account("0FEDCB-A98765-432100", "Closed", False, "USD", ORGANIZATION, tier=1, link_limit=25),
    # Google lets a new account link five projects until it has a history.
    Account("0ABCDE-F01234-567890", "New account", True, "USD", ORGANIZATION, tier=1, link_limit=5),
)


def seed(store: Store, _: datetime) -> None:
    """Open the accounts and link the seed project to the first."""
    for account in ACCOUNTS:
        models.add(store, account)
    models.link(store, projects.require(store, PROJECT_ID), f"billingAccounts/{ACCOUNTS[0].id}")
