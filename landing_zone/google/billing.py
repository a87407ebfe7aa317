"""Cloud Billing: the link that makes a project paid."""

import os
from collections.abc import Mapping

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google

_GCLOUDS = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING"


def billing_client(environment: Mapping[str, str] = os.environ) -> Google:
    """A client for Cloud Billing, configured as the `gcp` provider is.

    An endpoint may be named as gcloud has it too, without a version: in CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING.
    """
    config = GoogleConfig.read({}, environment)
    gclouds = environment.get(_GCLOUDS)
    if gclouds and "cloudbilling" not in config.endpoints:
        config = config.with_endpoint("cloudbilling", f"{gclouds.rstrip('/')}/v1/")
    return Google(config)


def billing_enabled(google: Google, project: str) -> bool:
    """Whether the project (by id) is linked to an open billing account. Raises as `Google.call`."""
    link = google.call("cloudbilling", "GET", f"projects/{project}/billingInfo", project=project)
    return bool(link.get("billingEnabled"))
