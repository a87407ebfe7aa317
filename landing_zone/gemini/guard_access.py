"""Permissions of the spend guard on a project that it guards: exactly those of the calls that its steps make.

Sources: the permissions of each method as Google's reference has them (2026-11-26).
"""

from typing import Final

ALWAYS: Final = (
    "monitoring.timeSeries.list",
    "serviceusage.operations.get",
    "serviceusage.quotas.get",
    "serviceusage.quotas.update",
)
"""Reads what is used; reads and sets limits, and waits until they are set."""
STOPS_KEYS: Final = (
    "iam.serviceAccounts.disable",
    "iam.serviceAccounts.enable",
    "iam.serviceAccounts.get",
)
"""Disables the service accounts of keys, and enables them at a release."""
UNLINKS_BILLING: Final = (
    "resourcemanager.projects.deleteBillingAssignment",
    "resourcemanager.projects.get",
)
"""Reads the billing link and takes it away. Only a person links billing again."""


def guard_permissions(*, stops_keys: bool, unlinks_billing: bool) -> list[str]:
    """The permissions that the guard needs on a project for its steps there."""
    return sorted(
        {*ALWAYS, *(STOPS_KEYS if stops_keys else ()), *(UNLINKS_BILLING if unlinks_billing else ())}
    )
