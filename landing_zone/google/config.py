"""Connection to Google: credentials, quota project and endpoints, named and read as the `gcp` provider does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


@dataclass(frozen=True)
class Endpoint:
    """The address of a service."""

    base: str
    """Google's own address, with its version and a slash at the end."""
    inputs: tuple[str, ...]
    """The provider inputs that set another address; the first that is set counts."""
    variables: tuple[str, ...]
    """The environment variables that set another address."""


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "apikeys": Endpoint(
        "https://apikeys.googleapis.com/v2/", ("apikeysCustomEndpoint",), ("GOOGLE_APIKEYS_CUSTOM_ENDPOINT",)
    ),
    "billingbudgets": Endpoint(
        "https://billingbudgets.googleapis.com/v1/",
        ("billingBudgetsCustomEndpoint", "billingCustomEndpoint"),
        ("GOOGLE_BILLING_BUDGETS_CUSTOM_ENDPOINT", "GOOGLE_BILLING_CUSTOM_ENDPOINT"),
    ),
    "cloudbilling": Endpoint(
        "https://cloudbilling.googleapis.com/v1/",
        ("cloudBillingCustomEndpoint", "coreBillingCustomEndpoint"),
        ("GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT", "GOOGLE_CORE_BILLING_CUSTOM_ENDPOINT"),
    ),
    # Only the recovery of a killed update looks there; the variable alone names another address.
    "cloudfunctions": Endpoint(
        "https://cloudfunctions.googleapis.com/v2/", (), ("GOOGLE_CLOUDFUNCTIONS2_CUSTOM_ENDPOINT",)
    ),
    "cloudscheduler": Endpoint(
        "https://cloudscheduler.googleapis.com/v1/", (), ("GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT",)
    ),
    "cloudquotas": Endpoint(
        "https://cloudquotas.googleapis.com/v1/",
        ("cloudQuotasCustomEndpoint",),
        ("GOOGLE_CLOUD_QUOTAS_CUSTOM_ENDPOINT",),
    ),
    "cloudresourcemanager": Endpoint(
        "https://cloudresourcemanager.googleapis.com/v1/",
        ("resourceManagerCustomEndpoint",),
        ("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",),
    ),
    # Folders, and projects by their parent. The gcp provider uses neither, and has no input for it.
    "cloudresourcemanager.v3": Endpoint(
        "https://cloudresourcemanager.googleapis.com/v3/",
        (),
        ("GOOGLE_RESOURCE_MANAGER_V3_CUSTOM_ENDPOINT", "GOOGLE_RESOURCE_MANAGER3_CUSTOM_ENDPOINT"),
    ),
    "essentialcontacts": Endpoint(
        "https://essentialcontacts.googleapis.com/v1/",
        ("essentialContactsCustomEndpoint",),
        ("GOOGLE_ESSENTIAL_CONTACTS_CUSTOM_ENDPOINT",),
    ),
    "iam": Endpoint(
        "https://iam.googleapis.com/v1/",
        # The gcp plugin calls service accounts by the first, roles by the second.
        ("iamBetaCustomEndpoint", "iamCustomEndpoint"),
        ("GOOGLE_IAM_BETA_CUSTOM_ENDPOINT", "GOOGLE_IAM_CUSTOM_ENDPOINT"),
    ),
    # Only the recovery of a seed project looks there; the variable alone names another address.
    "kms": Endpoint("https://cloudkms.googleapis.com/v1/", (), ("GOOGLE_KMS_CUSTOM_ENDPOINT",)),
    # Only the commands read logs, as `secretmanager` below.
    "logging": Endpoint("https://logging.googleapis.com/v2/", (), ("GOOGLE_LOGGING_CUSTOM_ENDPOINT",)),
    # Without a version: time series are in v3, dashboards in v1.
    "monitoring": Endpoint(
        "https://monitoring.googleapis.com/",
        ("monitoringCustomEndpoint",),
        ("GOOGLE_MONITORING_CUSTOM_ENDPOINT",),
    ),
    "orgpolicy": Endpoint(
        "https://orgpolicy.googleapis.com/v2/",
        ("orgPolicyCustomEndpoint",),
        ("GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT",),
    ),
    "pubsub": Endpoint(
        "https://pubsub.googleapis.com/v1/", ("pubsubCustomEndpoint",), ("GOOGLE_PUBSUB_CUSTOM_ENDPOINT",)
    ),
    # Only the commands use it: the gcp provider has no input for it.
    "secretmanager": Endpoint(
        "https://secretmanager.googleapis.com/v1/", (), ("GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT",)
    ),
    "serviceusage": Endpoint(
        # Only v1beta1 has overrides. The `gcp` provider's endpoint is for v1 and v1beta1 alike.
        "https://serviceusage.googleapis.com/v1beta1/",
        ("serviceUsageCustomEndpoint",),
        ("GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",),
    ),
    # As for Cloud KMS.
    "storage": Endpoint(
        "https://storage.googleapis.com/storage/v1/", (), ("GOOGLE_STORAGE_CUSTOM_ENDPOINT",)
    ),
}

UPLOADS: Final = "storage.upload"
"""The service to which the contents of objects are sent: Cloud Storage at another path."""

#: Provider input → environment variables used if it is unset; the first that is set counts.
VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "accessToken": ("GOOGLE_OAUTH_ACCESS_TOKEN",),
    "credentials": (
        "GOOGLE_CREDENTIALS",
        "GOOGLE_CLOUD_KEYFILE_JSON",
        "GCLOUD_KEYFILE_JSON",
    ),
    "impersonateServiceAccount": ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",),
    "impersonateServiceAccountDelegates": (),
    "billingProject": ("GOOGLE_BILLING_PROJECT",),
    "userProjectOverride": ("USER_PROJECT_OVERRIDE",),
    "requestReason": ("CLOUDSDK_CORE_REQUEST_REASON",),
}


class CredentialsError(Exception):
    """There are no credentials, or they cannot be used; the message has the remedy."""


@dataclass(frozen=True)
class GoogleConfig:
    """The configuration of requests. Never printed: it holds credentials."""

    access_token: str | None = field(default=None, repr=False)
    credentials: str | None = field(default=None, repr=False)
    """The JSON of a service account's key or another credential."""
    given: bool = False
    """True if the credentials come from the provider's inputs, and not from the environment."""
    impersonated: str | None = None
    delegates: tuple[str, ...] = ()
    billing_project: str | None = None
    user_project_override: bool = False
    request_reason: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Service → base address, for services at an address other than Google's."""

    @classmethod
    def read(cls, inputs: Mapping[str, Any], environment: Mapping[str, str]) -> "GoogleConfig":
        """The configuration from a provider's inputs, else from the environment."""

        def given(name: str) -> Any:
            return None if inputs.get(name) == "" else inputs.get(name)

        def named(name: str) -> str | None:
            found = next((environment[v] for v in VARIABLES[name] if environment.get(v)), None)
            # Only the environment, which is the operator's, names files: a stack file would have others read by it.
            return _contents(found) if found and name in ("accessToken", "credentials") else found

        def setting(name: str) -> Any:
            value = given(name)
            return named(name) if value is None else value

        # Inputs always take precedence: a token in the environment does not replace given credentials.
        own = setting if given("accessToken") is None and given("credentials") is None else given
        delegates = setting("impersonateServiceAccountDelegates") or ()
        if isinstance(delegates, str):
            delegates = json.loads(delegates) if delegates.startswith("[") else delegates.split(",")
        return cls(
            access_token=own("accessToken"),
            credentials=own("credentials"),
            given=given("credentials") is not None,
            impersonated=setting("impersonateServiceAccount"),
            delegates=tuple(delegates),
            billing_project=setting("billingProject"),
            user_project_override=str(setting("userProjectOverride")).lower() in ("true", "t", "1"),
            request_reason=setting("requestReason"),
            endpoints={
                service: f"{url.rstrip('/')}/"
                for service, endpoint in ENDPOINTS.items()
                if (url := _address(endpoint, inputs, environment))
            },
        )

    def address(self, service: str) -> str:
        """The base address of a service."""
        if service == UPLOADS:
            return self.address("storage").replace("/storage/v1/", "/upload/storage/v1/")
        return self.endpoints.get(service, ENDPOINTS[service].base)

    def user_project(self, project: str | None) -> str | None:
        """The project whose quota a call counts against: the billing project, else the resource's own."""
        return (self.billing_project or project) if self.user_project_override else None

    def open_credentials(self) -> "Credentials":
        """The credentials: a token, those given, or Application Default Credentials; with impersonation if set.

        Raises:
            CredentialsError: there are none, or they cannot be read.
        """
        # Not at the top: the program reads addresses alone, and Google's libraries take it 0.15 s.
        from landing_zone.google.credentials import open_credentials

        return open_credentials(self)


def _address(endpoint: Endpoint, inputs: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    given = (inputs.get(name) for name in endpoint.inputs)
    named = (environment.get(name) for name in endpoint.variables)
    return next((str(url) for url in (*given, *named) if url), None)


def _contents(text: str) -> str:
    """The text itself, or the contents of the file that it names."""
    try:
        return Path(text).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, ValueError):
        return text
