"""Environment variables that point Google's tools at the local cloud.

Standard library only, and no import of the server: the shell's `env` and the tests of other rooms use it too.
"""

from collections.abc import Mapping
from typing import Any

#: A made-up token: the local cloud accepts any, and no Google API would accept this one.
ACCESS_TOKEN = "local-cloud-no-secret"  # noqa: S105 - no password, and says so

#: Variable → service and version path, for Terraform's provider and the official `gcp` plugin built on it.
#: The names are in each product's definition in terraform-provider-google; older releases read the others.
_TERRAFORM = {
    "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": "cloudresourcemanager/v1/",
    "GOOGLE_CLOUD_RESOURCE_MANAGER_CUSTOM_ENDPOINT": "cloudresourcemanager/v1/",
    "GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT": "cloudresourcemanager/v3/",
    "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT": "cloudbilling/v1/",
    "GOOGLE_CORE_BILLING_CUSTOM_ENDPOINT": "cloudbilling/v1/",
    "GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT": "billingbudgets/v1/",
    "GOOGLE_BILLING_CUSTOM_ENDPOINT": "billingbudgets/v1/",
    "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": "serviceusage/v1/",
    "GOOGLE_APIKEYS_CUSTOM_ENDPOINT": "apikeys/v2/",
    "GOOGLE_CLOUD_QUOTAS_CUSTOM_ENDPOINT": "cloudquotas/v1/",
    "GOOGLE_LOGGING_CUSTOM_ENDPOINT": "logging/v2/",
    "GOOGLE_MONITORING_CUSTOM_ENDPOINT": "monitoring/",
    "GOOGLE_PUBSUB_CUSTOM_ENDPOINT": "pubsub/v1/",
    "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT": "cloudscheduler/v1/",
    "GOOGLE_CLOUDFUNCTIONS2_CUSTOM_ENDPOINT": "cloudfunctions/v2/",
    "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT": "run/v2/",
    "GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT": "run/",
    "GOOGLE_ESSENTIAL_CONTACTS_CUSTOM_ENDPOINT": "essentialcontacts/v1/",
    "GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT": "orgpolicy/v2/",
    "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT": "secretmanager/v1/",
    "GOOGLE_IAM_CUSTOM_ENDPOINT": "iam/v1/",
    # Service accounts: the provider takes their address from another product than roles.
    "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT": "iam/v1/",
    "GOOGLE_KMS_CUSTOM_ENDPOINT": "cloudkms/v1/",
    "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT": "iamcredentials/v1/",
    # Links within Compute Engine's answers are Google's; clients take the address from here.
    "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": "compute/compute/v1/",
    "GOOGLE_CLOUD_ASSET_CUSTOM_ENDPOINT": "cloudasset/v1/",
    "GOOGLE_TAGS_CUSTOM_ENDPOINT": "cloudresourcemanager/v3/",
    "GOOGLE_TAGS_LOCATION_CUSTOM_ENDPOINT": "cloudresourcemanager/v3/",
    # What the local cloud does not have is refused here, and not asked at Google.
    "GOOGLE_CLOUD_FUNCTIONS_CUSTOM_ENDPOINT": "cloudfunctions/v1/",
    "GOOGLE_IAM2_CUSTOM_ENDPOINT": "iam/v2/",
    "GOOGLE_IAM3_CUSTOM_ENDPOINT": "iam/v3/",
    "GOOGLE_IAM_WORKFORCE_POOL_CUSTOM_ENDPOINT": "iam/v1/",
    "GOOGLE_SECRET_MANAGER_REGIONAL_CUSTOM_ENDPOINT": "secretmanager/v1/",
}


def environment(ready: Mapping[str, Any]) -> dict[str, str]:
    """The variables for a running local cloud, from its ready file: `{"port", "services": {name: port}, "grpc"}`."""
    main = f"http://127.0.0.1:{ready['port']}"
    terraform = {variable: f"{main}/{path}" for variable, path in _TERRAFORM.items()}
    gcloud = {
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.upper()}": f"http://127.0.0.1:{port}/"
        for service, port in ready["services"].items()
    }
    storage = f"127.0.0.1:{ready['services']['storage']}" if "storage" in ready["services"] else ""
    if storage:
        # Uploads have another path than the rest of the API, so that its address is the service's own.
        terraform["GOOGLE_STORAGE_CUSTOM_ENDPOINT"] = f"http://{storage}/storage/v1/"
        # Pulumi's gs:// backend has no other setting, and takes no scheme.
        terraform["STORAGE_EMULATOR_HOST"] = storage
    if "grpc" in ready:
        # Pub/Sub's clients speak gRPC without credentials to an emulator; Monitoring's are given a channel to it.
        terraform["PUBSUB_EMULATOR_HOST"] = f"127.0.0.1:{ready['grpc']}"
    gemini = {"GOOGLE_GEMINI_BASE_URL": f"{main}/generativelanguage/"}  # of the google-genai clients
    local = {"LOCAL_CLOUD": main}  # for people, and for the calls below /_local/
    return {**local, **terraform, **gcloud, **gemini, "GOOGLE_OAUTH_ACCESS_TOKEN": ACCESS_TOKEN}
