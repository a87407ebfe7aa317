"""Cloud Billing: the link that makes a project paid."""

import os

import google.auth
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import billing_v1
from google.oauth2.credentials import Credentials as AccessToken


class BillingUnreadableError(Exception):
    """Cloud Billing gave no answer; says why."""


def billing_client() -> billing_v1.CloudBillingClient:
    """A client of Cloud Billing that speaks REST.

    As the `gcp` provider does, it takes GOOGLE_OAUTH_ACCESS_TOKEN before Application Default Credentials, and the
    endpoint that gcloud's CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING names, if it is set. Raises
    BillingUnreadableError.
    """
    return billing_v1.CloudBillingClient(
        transport="rest", credentials=_credentials(), client_options=_options()
    )


def catalogue_client() -> billing_v1.CloudCatalogClient:
    """A client of the price catalogue, as `billing_client` is one of Cloud Billing. Raises BillingUnreadableError."""
    return billing_v1.CloudCatalogClient(
        transport="rest", credentials=_credentials(), client_options=_options()
    )


def _options() -> ClientOptions | None:
    endpoint = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING")
    return ClientOptions(api_endpoint=endpoint.rstrip("/")) if endpoint else None


def billing_enabled(client: billing_v1.CloudBillingClient, project_id: str) -> bool:
    """Whether the project is linked to an open billing account. Raises BillingUnreadableError."""
    try:
        return bool(
            client.get_project_billing_info(name=f"projects/{project_id}", timeout=20).billing_enabled
        )
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise BillingUnreadableError(f"{project_id}: {error}") from error


def _credentials() -> Credentials:
    token = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    if token:
        return AccessToken(token)  # type: ignore[no-untyped-call]  # google-auth types only part of itself
    try:
        credentials, _ = google.auth.default(
            scopes=["https://www.googleapis.com/auth/cloud-billing.readonly"]
        )
    except GoogleAuthError as error:
        raise BillingUnreadableError(
            f"no credentials: {error}; run `gcloud auth application-default login`"
        ) from error
    return credentials
