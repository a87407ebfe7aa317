"""The Cloud Billing catalogue: what Google charges today, by SKU."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import billing_v1

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.billing import BillingUnreadableError, catalogue_client
from landing_zone.pricing.money import EXACT

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class CataloguePrice:
    """The price in force of one SKU of the Gemini API."""

    sku: str
    description: str
    unit: str
    """Of usage; `count` is one token."""
    per_million: Decimal | None
    """US dollars for a million units; None if the SKU has no price."""


def gemini_prices() -> list[CataloguePrice]:
    """The prices in force of the Gemini API, in US dollars, list prices. Raises BillingUnreadableError."""
    try:
        request = billing_v1.ListSkusRequest(
            parent=GEMINI_BILLING_SERVICE, currency_code="USD", page_size=5000
        )
        return [_price(sku) for sku in catalogue_client().list_skus(request=request, timeout=30)]
    except (TransportError, OSError) as error:
        raise BillingUnreadableError(f"it cannot be reached from here; offline? ({error})") from error
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        raise BillingUnreadableError(str(error)) from error


def _price(sku: billing_v1.Sku) -> CataloguePrice:
    # Without a range of time, the catalogue gives the price in force alone.
    expression = sku.pricing_info[-1].pricing_expression if sku.pricing_info else None
    if expression is None or not expression.tiered_rates:
        return CataloguePrice(sku.sku_id, sku.description, "", None)
    # Free usage, if there is some, is a first rate of 0: the last one is what use costs.
    rate = expression.tiered_rates[-1].unit_price
    with localcontext(EXACT):
        amount = (rate.units + Decimal(rate.nanos).scaleb(-9)) * _MILLION
    return CataloguePrice(sku.sku_id, sku.description, expression.usage_unit, amount)
