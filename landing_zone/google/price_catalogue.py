"""Google's prices in force by SKU, from the Cloud Billing catalogue, read with Google's own client."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import billing_v1

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.config import CredentialsError, GoogleConfig
from landing_zone.google.errors import GoogleError
from landing_zone.google.paging import PageTokens
from landing_zone.google.retrying import READS
from landing_zone.google.transport import no_answer
from landing_zone.pricing.money import EXACT

_MILLION: Final = Decimal(1_000_000)
_GCLOUDS: Final = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING"


@dataclass(frozen=True)
class CataloguePrice:
    """The price in force of one SKU of the Gemini API."""

    sku: str
    description: str
    unit: str
    """The unit of usage; `count` is one token."""
    per_million: Decimal | None
    """US dollars per million units; None if the SKU has no price."""


def gemini_prices(environment: Mapping[str, str] = os.environ) -> list[CataloguePrice]:
    """The prices in force of the Gemini API, in US dollars, list prices.

    The endpoint is the `gcp` provider's, or the one that gcloud's variable names, which has no version.

    Raises:
        GoogleError: Google refuses, or gives no answer.
        CredentialsError: there are no credentials, or Google does not accept them.
    """
    config = GoogleConfig.read({}, environment)
    own = config.endpoints.get("cloudbilling", "").removesuffix("v1/")
    endpoint = (own or environment.get(_GCLOUDS, "")).rstrip("/")
    client = billing_v1.CloudCatalogClient(
        transport="rest",
        credentials=config.open_credentials(),
        client_options=ClientOptions(api_endpoint=endpoint) if endpoint else None,
    )
    request = billing_v1.ListSkusRequest(parent=GEMINI_BILLING_SERVICE, currency_code="USD", page_size=5000)
    try:
        pages = client.list_skus(request=request, retry=None, timeout=READS.answer_s).pages
        tokens = PageTokens("the price catalogue's SKUs")
        prices = []
        for page in pages:
            prices += [_price(sku) for sku in page.skus]
            tokens.add(page.next_page_token)
        return prices
    except GoogleAPICallError as error:
        status = error.grpc_status_code.name if error.grpc_status_code else ""
        raise GoogleError(int(error.code or 0), status, error.message, ()) from error
    except GoogleAuthError as error:
        raise CredentialsError(
            f"Google does not accept the credentials: {str(error).splitlines()[0]}; log in again"
        ) from None
    except (RetryError, requests.RequestException) as error:
        raise no_answer(error, endpoint or "https://cloudbilling.googleapis.com") from error


def _price(sku: billing_v1.Sku) -> CataloguePrice:
    # Without a time range, the catalogue returns only the price in force.
    expression = sku.pricing_info[-1].pricing_expression if sku.pricing_info else None
    if expression is None or not expression.tiered_rates:
        return CataloguePrice(sku.sku_id, sku.description, "", None)
    # Free usage is a first rate of 0, so that the last rate is the price.
    rate = expression.tiered_rates[-1].unit_price
    with localcontext(EXACT):
        amount = (rate.units + Decimal(rate.nanos).scaleb(-9)) * _MILLION
    return CataloguePrice(sku.sku_id, sku.description, expression.usage_unit, amount)
