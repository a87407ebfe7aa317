"""Permissions of whoever runs a stack: one table for the preflight, the bootstrap's custom roles and the docs.

The creator of a project owns it, which covers all calls in projects that the stack creates. The table has the rest.

Sources: the permissions of each method as Google's reference has them, and iam-dataset of 2026-08-22
(github.com/iann0036/iam-dataset, gcp/roles) for the roles.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Place(StrEnum):
    """The kind of resource on which a permission is needed."""

    PARENT = "the folder or organization that projects are created in"
    ORGANIZATION = "the organization"
    ACCOUNT = "the billing account"
    SEED = "the seed project"
    NOTIFICATIONS = "the project of channels and topics"
    ADOPTED = "each adopted project"
    KEY_ACCOUNTS = "a service account that a key names"
    TAG_VALUE = "each tag value"


class Use(StrEnum):
    """A part of a stack that needs permissions. Without it, they are not needed."""

    ANY = "every stack"
    PREFLIGHT = "the preflight, which sees less without it"
    CREATES = "projects that the stack creates"
    PAID = "paid projects"
    BUDGETS = "budgets and spend caps"
    ACCOUNT_BUDGETS = "shared budgets, and budgets of adopted projects"
    ACCOUNT_CAPS = "spend caps of adopted projects"
    CHANNELS = "budgets that notify e-mail addresses"
    TOPICS = "`topics`"
    SHARED_DASHBOARD = "the environment's dashboard"
    CONSTRAINT = "`forbidUnrestrictedKeys`"
    TAGS = "`tags`"
    KEYS = "keys"
    BOUND_KEYS = "keys that are bound to a service account"
    LIMITS = "limits"
    TIER = "reading the tier in force"
    QUOTAS = "`quotas`"
    ALERTS = "alerts"
    QUOTA_CHANGES = "alerts on changes of quotas"
    DASHBOARD = "dashboards"
    CONTACTS = "`contacts`"
    GUARD = "the spend guard"
    UNLINKS = "adopted projects that are to be free"
    DRIFT = "`gemini-lz drift`, which without it does not know who changed what"


@dataclass(frozen=True)
class Permission:
    """A permission that a stack needs."""

    name: str
    place: Place
    use: Use
    role: str
    """A predefined role that includes it, and little else; empty if only basic and administrators' roles do."""


def _rows(place: Place, use: Use, role: str, service: str, actions: str) -> Iterator[Permission]:
    for action in actions.split():
        yield Permission(f"{service}.{action}", place, use, role)


_CHANNELS: Final = ("monitoring.notificationChannels", "create get update delete")
_LOG_ENTRIES: Final = ("logging.logEntries", "list")
_DASHBOARDS: Final = ("monitoring.dashboards", "create get update delete")

PERMISSIONS: Final[tuple[Permission, ...]] = (
    *_rows(
        Place.PARENT,
        Use.CREATES,
        "roles/resourcemanager.projectCreator",
        "resourcemanager.projects",
        "create",
    ),
    *_rows(Place.PARENT, Use.PREFLIGHT, "roles/orgpolicy.policyViewer", "orgpolicy.policy", "get"),
    *_rows(Place.ACCOUNT, Use.PAID, "roles/billing.user", "billing.resourceAssociations", "create"),
    *_rows(
        Place.ACCOUNT,
        Use.PREFLIGHT,
        "roles/billing.viewer",
        "billing",
        "accounts.get resourceAssociations.list",
    ),
    *_rows(
        Place.ACCOUNT,
        Use.ACCOUNT_BUDGETS,
        "roles/billing.costsManager",
        "billing.budgets",
        "create get list update delete",
    ),
    *_rows(Place.ACCOUNT, Use.ACCOUNT_CAPS, "", "billing.budgets", "configureSpendCap"),
    *_rows(Place.ACCOUNT, Use.DRIFT, "roles/logging.viewer", *_LOG_ENTRIES),
    *_rows(Place.SEED, Use.ANY, "roles/serviceusage.serviceUsageConsumer", "serviceusage.services", "use"),
    *_rows(
        Place.SEED, Use.PREFLIGHT, "roles/serviceusage.serviceUsageConsumer", "serviceusage.services", "list"
    ),
    *_rows(Place.NOTIFICATIONS, Use.CHANNELS, "roles/monitoring.editor", *_CHANNELS),
    *_rows(Place.NOTIFICATIONS, Use.SHARED_DASHBOARD, "roles/monitoring.editor", *_DASHBOARDS),
    *_rows(Place.NOTIFICATIONS, Use.DRIFT, "roles/logging.viewer", *_LOG_ENTRIES),
    *_rows(
        Place.NOTIFICATIONS,
        Use.TOPICS,
        "roles/pubsub.admin",
        "pubsub.topics",
        "create get update delete getIamPolicy setIamPolicy",
    ),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/cloudfunctions.admin",
        "cloudfunctions",
        "functions.create functions.get functions.update functions.delete operations.get",
    ),
    *_rows(Place.NOTIFICATIONS, Use.GUARD, "roles/run.admin", "run.services", "getIamPolicy setIamPolicy"),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/cloudscheduler.admin",
        "cloudscheduler.jobs",
        "create get update delete enable",
    ),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/pubsub.admin",
        "pubsub",
        "subscriptions.create subscriptions.get subscriptions.update subscriptions.delete topics.create topics.get "
        "topics.update topics.delete topics.getIamPolicy topics.setIamPolicy topics.attachSubscription",
    ),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/storage.admin",
        "storage",
        "buckets.create buckets.get buckets.update buckets.delete buckets.getIamPolicy buckets.setIamPolicy "
        "objects.create objects.get objects.list objects.delete anywhereCaches.list",
    ),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/iam.serviceAccountAdmin",
        "iam.serviceAccounts",
        "create get update delete",
    ),
    *_rows(Place.NOTIFICATIONS, Use.GUARD, "roles/iam.serviceAccountUser", "iam.serviceAccounts", "actAs"),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/resourcemanager.projectIamAdmin",
        "resourcemanager.projects",
        "getIamPolicy setIamPolicy",
    ),
    *_rows(
        Place.NOTIFICATIONS,
        Use.GUARD,
        "roles/monitoring.editor",
        "monitoring.alertPolicies",
        "create get update delete",
    ),
    *_rows(
        Place.ORGANIZATION,
        Use.CONSTRAINT,
        "roles/orgpolicy.policyAdmin",
        "orgpolicy",
        "customConstraints.create customConstraints.get customConstraints.update customConstraints.delete "
        "policies.create policies.update policies.delete",
    ),
    *_rows(
        Place.TAG_VALUE,
        Use.TAGS,
        "roles/resourcemanager.tagUser",
        "resourcemanager.tagValueBindings",
        "create delete",
    ),
    *_rows(
        Place.KEY_ACCOUNTS,
        Use.BOUND_KEYS,
        "roles/iam.serviceAccountApiKeyBindingAdmin",
        "iam.serviceAccountApiKeyBindings",
        "create",
    ),
    *_rows(Place.ADOPTED, Use.ANY, "roles/browser", "resourcemanager.projects", "get"),
    *_rows(
        Place.ADOPTED,
        Use.ANY,
        "roles/serviceusage.serviceUsageAdmin",
        "serviceusage.services",
        "enable list",
    ),
    *_rows(Place.ADOPTED, Use.DRIFT, "roles/logging.viewer", *_LOG_ENTRIES),
    *_rows(
        Place.ADOPTED,
        Use.PAID,
        "roles/billing.projectManager",
        "resourcemanager.projects",
        "createBillingAssignment",
    ),
    *_rows(
        Place.ADOPTED,
        Use.UNLINKS,
        "roles/billing.projectManager",
        "resourcemanager.projects",
        "deleteBillingAssignment",
    ),
    *_rows(
        Place.ADOPTED,
        Use.KEYS,
        "roles/serviceusage.apiKeysAdmin",
        "apikeys.keys",
        "create get update delete getKeyString",
    ),
    *_rows(
        Place.ADOPTED,
        Use.BOUND_KEYS,
        "roles/iam.serviceAccountAdmin",
        "iam",
        "serviceAccounts.create serviceAccounts.get serviceAccounts.update serviceAccounts.delete "
        "serviceAccountApiKeyBindings.create",
    ),
    *_rows(
        Place.ADOPTED, Use.LIMITS, "roles/servicemanagement.quotaAdmin", "serviceusage.quotas", "get update"
    ),
    *_rows(Place.ADOPTED, Use.TIER, "roles/cloudquotas.viewer", "cloudquotas.quotas", "get"),
    *_rows(Place.ADOPTED, Use.QUOTAS, "roles/cloudquotas.admin", "cloudquotas.quotas", "get update"),
    *_rows(Place.ADOPTED, Use.ALERTS, "roles/monitoring.editor", *_CHANNELS),
    *_rows(
        Place.ADOPTED,
        Use.ALERTS,
        "roles/monitoring.editor",
        "monitoring.alertPolicies",
        "create get update delete",
    ),
    *_rows(
        Place.ADOPTED,
        Use.QUOTA_CHANGES,
        "roles/logging.configWriter",
        "logging.notificationRules",
        "create update",
    ),
    *_rows(Place.ADOPTED, Use.DASHBOARD, "roles/monitoring.editor", *_DASHBOARDS),
    *_rows(
        Place.ADOPTED,
        Use.CONTACTS,
        "roles/essentialcontacts.admin",
        "essentialcontacts.contacts",
        "create get update delete",
    ),
    *_rows(
        Place.ADOPTED,
        Use.GUARD,
        "roles/iam.roleAdmin",
        "iam.roles",
        "create get update delete undelete",
    ),
    *_rows(
        Place.ADOPTED,
        Use.GUARD,
        "roles/resourcemanager.projectIamAdmin",
        "resourcemanager.projects",
        "getIamPolicy setIamPolicy",
    ),
    *_rows(Place.ADOPTED, Use.CONSTRAINT, "roles/serviceusage.apiKeysAdmin", "orgpolicy.policy", "get"),
    *_rows(
        Place.ADOPTED,
        Use.TAGS,
        "roles/resourcemanager.tagUser",
        "resourcemanager.hierarchyNodes",
        "createTagBinding deleteTagBinding listTagBindings",
    ),
)


def needed(place: Place, uses: Iterable[Use] | None = None) -> list[Permission]:
    """Permissions on a kind of resource, each once, for the given uses; for all uses if there are none given."""
    wanted = set(Use) if uses is None else {*uses, Use.ANY, Use.PREFLIGHT}
    found = (each for each in PERMISSIONS if each.place is place and each.use in wanted)
    return list({each.name: each for each in reversed([*found])}.values())[::-1]
