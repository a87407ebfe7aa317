"""The Cloud Billing catalogue: what Google charges today, by SKU."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.google.money import amount_of
from landing_zone.google.rest import Google, Json
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


def gemini_prices(google: Google) -> list[CataloguePrice]:
    """The prices in force of the Gemini API, in US dollars, list prices. Raises as `Google.call`."""
    query = {"currencyCode": "USD", "pageSize": "5000"}
    return [
        _price(sku)
        for sku in google.pages("cloudbilling", f"{GEMINI_BILLING_SERVICE}/skus", "skus", query=query)
    ]


def _price(sku: Json) -> CataloguePrice:
    # Without a range of time, the catalogue gives the price in force alone.
    prices = sku.get("pricingInfo", [])
    expression = prices[-1].get("pricingExpression", {}) if prices else {}
    if not expression.get("tieredRates"):
        return CataloguePrice(sku["skuId"], sku.get("description", ""), "", None)
    # Free usage, if there is some, is a first rate of 0: the last one is what use costs.
    rate = expression["tieredRates"][-1].get("unitPrice", {})
    with localcontext(EXACT):
        amount = amount_of(rate) * _MILLION
    return CataloguePrice(sku["skuId"], sku.get("description", ""), expression.get("usageUnit", ""), amount)
