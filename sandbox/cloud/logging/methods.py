"""The methods of the services that are administrative writes, and their names in Google's audit logs.

Sources: the page on audit logging of each service (such as https://cloud.google.com/api-keys/docs/audit-logging), and
https://github.com/googleapis/google-cloudevents/blob/main/AUDIT_CATALOG.md. Neither has budgets: their names are those
of the gRPC service. What writes data (objects, messages, time series, tokens) is in the data access logs, which are off
unless somebody switches them on, and which the local cloud lacks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from sandbox.cloud.core.messages import Method, camel_case

_NODES: Final = ("projects", "folders", "organizations")
_MANAGER: Final = "google.cloud.resourcemanager.v3"
_USAGE: Final = "google.api.serviceusage"
_POOLS: Final = "iam.projects.locations.workloadIdentityPools"
_RINGS: Final = "cloudkms.projects.locations.keyRings"
_SECRETS: Final = "google.cloud.secretmanager.v1.SecretManagerService"
_METRICS_SCOPES: Final = "google.monitoring.metricsscope.v1.MetricsScopes"
_LINK: Final = "cloudbilling.projects.updateBillingInfo"

_VERBS: Final[Mapping[str, str]] = {
    "create": "Create",
    "delete": "Delete",
    "destroy": "Destroy",
    "disable": "Disable",
    "enable": "Enable",
    "patch": "Update",
    "pause": "Pause",
    "restore": "Restore",
    "resume": "Resume",
    "run": "Run",
    "undelete": "Undelete",
    "update": "Update",
}
_COLLECTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "apikeys.projects.locations.keys": ("google.api.apikeys.v2.ApiKeys.", "Key"),
    "billingbudgets.billingAccounts.budgets": ("google.cloud.billing.budgets.v1.BudgetService.", "Budget"),
    "cloudfunctions.projects.locations.functions": (
        "google.cloud.functions.v2.FunctionService.",
        "Function",
    ),
    _RINGS: ("", "KeyRing"),
    f"{_RINGS}.cryptoKeys": ("", "CryptoKey"),
    f"{_RINGS}.cryptoKeys.cryptoKeyVersions": ("", "CryptoKeyVersion"),
    "cloudresourcemanager.folders": (f"{_MANAGER}.Folders.", "Folder"),
    "cloudresourcemanager.liens": ("google.cloud.lien.v1.Liens.", "Lien"),
    "cloudresourcemanager.tagBindings": (f"{_MANAGER}.TagBindings.", "TagBinding"),
    "cloudresourcemanager.tagKeys": (f"{_MANAGER}.TagKeys.", "TagKey"),
    "cloudresourcemanager.tagValues": (f"{_MANAGER}.TagValues.", "TagValue"),
    "cloudscheduler.projects.locations.jobs": ("google.cloud.scheduler.v1.CloudScheduler.", "Job"),
    **{
        f"essentialcontacts.{node}.contacts": (
            "google.cloud.essentialcontacts.v1.EssentialContactsService.",
            "Contact",
        )
        for node in _NODES
    },
    **{f"iam.{node}.roles": ("google.iam.admin.v1.", "Role") for node in _NODES},
    "iam.projects.serviceAccounts": ("google.iam.admin.v1.", "ServiceAccount"),
    "iam.projects.serviceAccounts.keys": ("google.iam.admin.v1.", "ServiceAccountKey"),
    _POOLS: ("google.iam.v1.WorkloadIdentityPools.", "WorkloadIdentityPool"),
    f"{_POOLS}.providers": ("google.iam.v1.WorkloadIdentityPools.", "WorkloadIdentityPoolProvider"),
    **{
        f"logging.{node}.{collection}": ("google.logging.v2.ConfigServiceV2.", noun)
        for node in (*_NODES, "billingAccounts")
        for collection, noun in (
            ("sinks", "Sink"),
            ("exclusions", "Exclusion"),
            ("locations.buckets", "Bucket"),
            ("locations.buckets.views", "View"),
            ("locations.logScopes", "LogScope"),
            ("locations.savedQueries", "SavedQuery"),
        )
    },
    "logging.projects.metrics": ("google.logging.v2.MetricsServiceV2.", "LogMetric"),
    "monitoring.projects.alertPolicies": ("google.monitoring.v3.AlertPolicyService.", "AlertPolicy"),
    "monitoring.projects.dashboards": ("google.monitoring.dashboard.v1.DashboardsService.", "Dashboard"),
    "monitoring.projects.metricDescriptors": ("google.monitoring.v3.MetricService.", "MetricDescriptor"),
    "monitoring.projects.notificationChannels": (
        "google.monitoring.v3.NotificationChannelService.",
        "NotificationChannel",
    ),
    "monitoring.projects.snoozes": ("google.monitoring.v3.SnoozeService.", "Snooze"),
    "monitoring.projects.uptimeCheckConfigs": (
        "google.monitoring.v3.UptimeCheckService.",
        "UptimeCheckConfig",
    ),
    **{f"orgpolicy.{node}.policies": ("google.cloud.orgpolicy.v2.OrgPolicy.", "Policy") for node in _NODES},
    "orgpolicy.organizations.customConstraints": (
        "google.cloud.orgpolicy.v2.OrgPolicy.",
        "CustomConstraint",
    ),
    "pubsub.projects.subscriptions": ("google.pubsub.v1.Subscriber.", "Subscription"),
    "pubsub.projects.topics": ("google.pubsub.v1.Publisher.", "Topic"),
    "secretmanager.projects.secrets": (f"{_SECRETS}.", "Secret"),
    "secretmanager.projects.secrets.versions": (f"{_SECRETS}.", "SecretVersion"),
}
"""What the ids of a collection's methods begin with → what their names begin with, and the resource in them."""
_OWN: Final[Mapping[str, str]] = {
    "cloudbilling.billingAccounts.create": "CreateBillingAccount",
    "cloudbilling.billingAccounts.move": "MoveBillingAccount",
    "cloudbilling.billingAccounts.patch": "UpdateBillingAccountDisplayName",
    "cloudbilling.billingAccounts.subAccounts.create": "CreateBillingAccount",
    "cloudbilling.organizations.billingAccounts.create": "CreateBillingAccount",
    _LINK: "AssignResourceToBillingAccount",
    f"{_RINGS}.cryptoKeys.updatePrimaryVersion": "UpdateCryptoKeyPrimaryVersion",
    "cloudquotas.CreateQuotaPreference": "google.api.cloudquotas.v1.CloudQuotas.CreateQuotaPreference",
    "cloudquotas.UpdateQuotaPreference": "google.api.cloudquotas.v1.CloudQuotas.UpdateQuotaPreference",
    "cloudquotas.UpdateQuotaAdjusterSettings": (
        "google.api.cloudquotas.v1beta.QuotaAdjusterSettingsManager.UpdateQuotaAdjusterSettings"
    ),
    "cloudresourcemanager.folders.move": f"{_MANAGER}.Folders.MoveFolder",
    "cloudresourcemanager.projects.create": "CreateProject",
    "cloudresourcemanager.projects.move": f"{_MANAGER}.Projects.MoveProject",
    "cloudresourcemanager.projects.patch": f"{_MANAGER}.Projects.UpdateProject",
    "cloudresourcemanager.projects.update": "UpdateProject",
    "iam.projects.serviceAccounts.keys.upload": "google.iam.admin.v1.UploadServiceAccountKey",
    "iam.projects.serviceAccounts.patch": "google.iam.admin.v1.PatchServiceAccount",
    **{
        f"logging.{node}.logs.delete": "google.logging.v2.LoggingServiceV2.DeleteLog"
        for node in (*_NODES, "billingAccounts")
    },
    **{
        f"logging.{node}.locations.buckets.{verb}Async": (
            f"google.logging.v2.ConfigServiceV2.{_VERBS[verb]}BucketAsync"
        )
        for node in (*_NODES, "billingAccounts")
        for verb in ("create", "update")
    },
    **{
        f"logging.{node}.updateSettings": "google.logging.v2.ConfigServiceV2.UpdateSettings"
        for node in _NODES
    },
    "monitoring.locations.global.metricsScopes.projects.create": f"{_METRICS_SCOPES}.CreateMonitoredProject",
    "monitoring.locations.global.metricsScopes.projects.delete": f"{_METRICS_SCOPES}.DeleteMonitoredProject",
    **{
        f"cloudresourcemanager.{node}.{verb}OrgPolicy": f"{verb.title()}OrgPolicy"
        for node in _NODES
        for verb in ("set", "clear")
    },
    "pubsub.projects.subscriptions.modifyPushConfig": "google.pubsub.v1.Subscriber.ModifyPushConfig",
    "secretmanager.projects.secrets.addVersion": f"{_SECRETS}.AddSecretVersion",
    "serviceusage.services.batchEnable": f"{_USAGE}.{{version}}.ServiceUsage.BatchEnableServices",
    "serviceusage.services.disable": f"{_USAGE}.{{version}}.ServiceUsage.DisableService",
    "serviceusage.services.enable": f"{_USAGE}.{{version}}.ServiceUsage.EnableService",
    "serviceusage.services.generateServiceIdentity": f"{_USAGE}.v1beta1.ServiceUsage.GenerateServiceIdentity",
    "serviceusage.services.consumerQuotaMetrics.importConsumerOverrides": (
        f"{_USAGE}.v1beta1.ServiceUsage.ImportConsumerOverrides"
    ),
    **{
        f"serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.{verb}": (
            f"{_USAGE}.v1beta1.ServiceUsage.{_VERBS[verb]}ConsumerOverride"
        )
        for verb in ("create", "patch", "delete")
    },
    "storage.buckets.delete": "storage.buckets.delete",
    "storage.buckets.insert": "storage.buckets.create",
    "storage.buckets.lockRetentionPolicy": "storage.buckets.update",
    "storage.buckets.patch": "storage.buckets.update",
    "storage.buckets.setIamPolicy": "storage.setIamPermissions",
    "storage.buckets.update": "storage.buckets.update",
}
"""Names that are formed otherwise. `{version}` is that of the path."""
_OF_V3: Final[Mapping[str, str]] = {
    "cloudresourcemanager.projects.delete": "DeleteProject",
    "cloudresourcemanager.projects.setIamPolicy": "SetIamPolicy",
    "cloudresourcemanager.projects.undelete": "UndeleteProject",
}
"""Names of Resource Manager's v1, which those of v3 have at their end."""
_GRANTS: Final[Mapping[str, str]] = {
    "cloudbilling.": "SetIamPolicy",
    "cloudfunctions.": "SetIamPolicy",
    "cloudkms.": "SetIamPolicy",
    "cloudresourcemanager.folders.": "SetIamPolicy",
    "cloudresourcemanager.organizations.": "SetIamPolicy",
    "cloudresourcemanager.tagKeys.": f"{_MANAGER}.TagKeys.SetIamPolicy",
    "cloudresourcemanager.tagValues.": f"{_MANAGER}.TagValues.SetIamPolicy",
    "iam.projects.serviceAccounts.": "google.iam.admin.v1.SetIAMPolicy",
    "logging.": "google.logging.v2.ConfigServiceV2.SetIamPolicy",
    "pubsub.": "google.iam.v1.IAMPolicy.SetIamPolicy",
    "run.": "google.cloud.run.{version}.Services.SetIamPolicy",
    "secretmanager.": f"{_SECRETS}.SetIamPolicy",
}
"""What the ids of methods that set an IAM policy begin with → their names."""
_COMPUTE_READS: Final = ("compute.globalOperations.", "compute.projects.listXpnHosts")
"""Beginnings of the ids of Compute Engine's methods that post and write nothing."""
_UNLINKS: Final = "DisableResourceBilling"


@dataclass(frozen=True, slots=True)
class Audited:
    """A method that is an administrative write."""

    name: str
    """As Google's audit logs name it."""
    root: str
    """The field of the request that holds the body; empty if the body is the request."""
    creates: bool
    changes: bool
    """True if the request names the resource in `root`, as updates do."""

    @property
    def request_type(self) -> str:
        """The type of the request's message; empty where the name has no package."""
        service, _, method = self.name.rpartition(".")
        package = re.sub(r"[.][A-Z]\w*$", "", service)
        return f"type.googleapis.com/{package}.{method}Request" if package.startswith("google.") else ""


@cache
def audited(method: Method) -> Audited | None:
    """A method as the audit logs have it; None for one that reads, or writes data."""
    if method.http_method in ("GET", "HEAD"):
        return None
    name = _name(method)
    if name is None:
        return None
    root = re.sub(r"^v\d+_", "", method.body.root) if method.body else ""
    verb = method.id.rpartition(".")[2]
    creates = verb in ("create", "insert", "CreateQuotaPreference")
    changes = bool(root) and method.http_method in ("PATCH", "PUT") and not creates and method.id != _LINK
    return Audited(name, camel_case(root), creates, changes)


def name_of(method: Audited, body: Mapping[str, object]) -> str:
    """The name of a call's method. An empty link is another method than a new one."""
    if method.name == _OWN[_LINK] and not body.get("billingAccountName"):
        return _UNLINKS
    return method.name


def _name(method: Method) -> str | None:
    version = next((each for each in method.segments if re.fullmatch(r"v\d\w*", each)), "v1")
    if method.id in _OF_V3:
        return f"{_MANAGER}.Projects.{_OF_V3[method.id]}" if version == "v3" else _OF_V3[method.id]
    if method.id in _OWN:
        return _OWN[method.id].format(version=version)
    if method.id.startswith("compute."):
        return None if method.id.startswith(_COMPUTE_READS) else f"v1.{method.id}"
    collection, _, verb = method.id.rpartition(".")
    if verb == "setIamPolicy":
        return next(
            (name.format(version=version) for start, name in _GRANTS.items() if method.id.startswith(start)),
            None,
        )
    if collection in _COLLECTIONS and verb in _VERBS:
        start, noun = _COLLECTIONS[collection]
        return f"{start}{_VERBS[verb]}{noun}"
    return None
