"""The provider's configuration: from the program or the stack, and from the environment as for the official plugin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.gcp_plugin.plan import ATTRIBUTION_LABEL, Defaults

#: Service → property of the provider and environment variable that say where it is.
ENDPOINTS = {
    "resourcemanager": ("resourceManagerCustomEndpoint", "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT"),
    "cloudbilling": ("cloudBillingCustomEndpoint", "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT"),
    "billingbudgets": ("billingBudgetsCustomEndpoint", "GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT"),
    "serviceusage": ("serviceUsageCustomEndpoint", "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT"),
    "apikeys": ("apikeysCustomEndpoint", "GOOGLE_APIKEYS_CUSTOM_ENDPOINT"),
    "cloudfunctions2": ("cloudfunctions2CustomEndpoint", "GOOGLE_CLOUDFUNCTIONS2_CUSTOM_ENDPOINT"),
    "cloudrun": ("cloudRunV2CustomEndpoint", "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"),
    "cloudscheduler": ("cloudSchedulerCustomEndpoint", "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT"),
    "cloudquotas": ("cloudQuotasCustomEndpoint", "GOOGLE_CLOUD_QUOTAS_CUSTOM_ENDPOINT"),
    "monitoring": ("monitoringCustomEndpoint", "GOOGLE_MONITORING_CUSTOM_ENDPOINT"),
    "pubsub": ("pubsubCustomEndpoint", "GOOGLE_PUBSUB_CUSTOM_ENDPOINT"),
    "essentialcontacts": ("essentialContactsCustomEndpoint", "GOOGLE_ESSENTIAL_CONTACTS_CUSTOM_ENDPOINT"),
    "orgpolicy": ("orgPolicyCustomEndpoint", "GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT"),
    # The official plugin has service accounts in this product. Source: services/iambeta of terraform-provider-google.
    "iam": ("iamBetaCustomEndpoint", "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT"),
    "kms": ("kmsCustomEndpoint", "GOOGLE_KMS_CUSTOM_ENDPOINT"),
    "resourcemanager3": ("resourceManagerV3CustomEndpoint", "GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT"),
    "storage": ("storageCustomEndpoint", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"),
    "tags": ("tagsCustomEndpoint", "GOOGLE_TAGS_CUSTOM_ENDPOINT"),
}
_REGION = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")
_PROJECT = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration for requests and plans."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    billing_project: str | None = None
    user_project_override: bool = False
    batching: bool = True
    batch_s: float = 0.01
    """Seconds that a request waits for others. The official plugin's default is 3 s. Here it is a moment, as what the
    engine starts together arrives together."""
    defaults: Defaults = field(default_factory=Defaults)

    def user_project(self, project: str | None = None) -> str | None:
        """The project whose quota a request counts against: the billing project, else the resource's own."""
        return (self.billing_project or project) if self.user_project_override else None


def configured(args: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """The configuration from the provider's inputs; the environment stands in for what they lack."""

    def setting(name: str, *variables: str) -> Any:
        given = _parsed(args.get(name))
        return (
            given
            if given is not None
            else next((environment[v] for v in variables if environment.get(v)), None)
        )

    addresses = {service: setting(name, variable) for service, (name, variable) in ENDPOINTS.items()}
    token = setting("accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN")
    reason = setting("requestReason")
    batching = setting("batching")
    attributed = setting("addPulumiAttributionLabel") is not False
    return Config(
        addresses={service: f"{url.rstrip('/')}/" for service, url in addresses.items() if url},
        token=token,
        headers={"X-Goog-Request-Reason": reason} if reason else {},
        billing_project=setting("billingProject", "GOOGLE_BILLING_PROJECT"),
        user_project_override=setting("userProjectOverride", "USER_PROJECT_OVERRIDE") in (True, "true", "1"),
        # The official plugin batches by default, but `batching` without `enableBatching` switches that off.
        batching=batching is None or batching.get("enableBatching") is True,
        **({"batch_s": _seconds(batching["sendAfter"])} if batching and "sendAfter" in batching else {}),
        defaults=Defaults(
            project=setting("project", *_PROJECT),
            region=setting("region", *_REGION),
            labels={**(setting("defaultLabels") or {}), **(ATTRIBUTION_LABEL if attributed else {})},
            deletion_policy=setting("deletionPolicy"),
        ),
    )


def _seconds(duration: str) -> float:
    """A duration as Go writes it: `50ms`, `3s`."""
    if duration.endswith("ms"):
        return float(duration.removesuffix("ms")) / 1000
    return float(duration.removesuffix("s"))


def _parsed(value: Any) -> Any:
    """Pulumi's SDKs write a provider's nested and boolean properties as JSON in a string."""
    if (isinstance(value, str) and value[:1] in ("{", "[")) or value in ("true", "false"):
        return json.loads(value)
    return value
