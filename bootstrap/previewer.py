"""The account for previews and for the look for drift: it reads what these read, and changes nothing.

A preview runs the pull request's own program, and Pulumi decrypts the state for it: it can read the keys of the stacks.
"""

from typing import Final

from bootstrap.accounts import Account, make_account
from bootstrap.members import grant_on_account, grant_on_parent, grant_on_seed
from bootstrap.seed import Seed
from bootstrap.state import State
from landing_zone.settings.bootstrap import PREVIEWER, BootstrapSettings

ON_PARENT: Final = (
    "roles/browser",
    "roles/cloudquotas.viewer",
    "roles/essentialcontacts.viewer",
    "roles/iam.serviceAccountViewer",
    "roles/logging.viewer",
    "roles/monitoring.viewer",
    # With the strings of keys, which the state has too.
    "roles/serviceusage.apiKeysViewer",
    "roles/serviceusage.serviceUsageViewer",
)
ON_ACCOUNT: Final = ("roles/billing.viewer", "roles/logging.viewer")
ON_SEED: Final = (
    # Who may do what: of topics, and with the guard of buckets and functions.
    "roles/iam.securityReviewer",
    "roles/logging.viewer",
    "roles/monitoring.viewer",
    "roles/pubsub.viewer",
    "roles/serviceusage.serviceUsageConsumer",
)
ON_SEED_OF_THE_GUARD: Final = (
    "roles/cloudfunctions.viewer",
    "roles/cloudscheduler.viewer",
    "roles/iam.serviceAccountViewer",
    "roles/run.viewer",
    "roles/storage.objectViewer",
)
"""With `guard`. Its role on the objects has the state too, which a preview reads anyway."""


def make_previewer(settings: BootstrapSettings, seed: Seed, state: State) -> Account:
    """Create the account with its roles."""
    account = make_account(
        settings,
        PREVIEWER,
        "gemini-landing-zone preview",
        "Previews stacks, and looks for drift. It changes nothing.",
        seed,
    )
    for role in (*ON_PARENT, *(("roles/iam.securityReviewer",) if settings.guard else ())):
        grant_on_parent(settings.parent or "", role, account)
    for role in ON_ACCOUNT:
        grant_on_account(settings.billing_account or "", role, account)
    for role in (*ON_SEED, *(ON_SEED_OF_THE_GUARD if settings.guard else ())):
        grant_on_seed(settings.seed, role, account)
    state.grant_reader(PREVIEWER, account.member, [account.resource])
    return account
