"""The price catalogue: the services and the SKUs of the Gemini API, as the catalogue API shows them."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sandbox.cloud.cloudbilling import catalogue
from sandbox.cloud.core.errors import JsonObject, invalid_argument, not_found
from sandbox.cloud.core.times import rfc3339

_PER_MILLION_IN_NANOS = 1_000  # one dollar a million tokens is a thousand nano-dollars a token


@cache
def _skus() -> tuple[dict[str, Any], ...]:
    from sandbox.cloud.cloudbilling import price_list  # not at the top, see there

    return (*catalogue.data()["skus"], *price_list.others())


@cache
def _descriptions() -> dict[str, str]:
    return {sku["skuId"]: sku["description"] for sku in _skus()}


def description(sku_id: str) -> str:
    """What a SKU is for."""
    return _descriptions().get(sku_id, "")


def services() -> list[JsonObject]:
    """The catalogue's services, by name."""
    return sorted(
        (
            {
                "name": f"services/{service['serviceId']}",
                "serviceId": service["serviceId"],
                "displayName": service["displayName"],
                "businessEntityName": "businessEntities/GCP",
            }
            for service in catalogue.data()["services"]
        ),
        key=lambda service: service["name"],
    )


def skus(service_id: str, currency: str, start: str, end: str, now: datetime) -> list[JsonObject]:
    """The SKUs of a service, by name, with the prices in force now or, given a range, those in force in it.

    Raises:
        CloudError: 404 for an unknown service, 400 for an unknown currency or a range that ends before it starts.
    """
    data = catalogue.data()
    if service_id not in {service["serviceId"] for service in data["services"]}:
        raise not_found()
    if currency not in data["currencies"]:
        raise invalid_argument(None, "currency_code", f"Unknown currency: {currency}.")
    if bool(start) != bool(end):
        raise invalid_argument(None, "start_time", "A range has both a start and an end.")
    first = datetime.fromisoformat(start) if start else now
    last = datetime.fromisoformat(end) if end else now
    if last < first:
        raise invalid_argument(None, "end_time", "The end of the range lies before its start.")
    if service_id != data["geminiService"]:
        return []
    rate = Decimal(data["currencies"][currency])
    views = [_sku(sku, service_id, currency, rate, first, last) for sku in _skus()]
    return sorted(views, key=lambda sku: str(sku["name"]))


def _sku(
    sku: dict[str, Any], service_id: str, currency: str, rate: Decimal, first: datetime, last: datetime
) -> JsonObject:
    starts = [datetime.fromisoformat(price["from"]).replace(tzinfo=UTC) for price in sku["prices"]]
    ends = [*starts[1:], datetime.max.replace(tzinfo=UTC)]
    return {
        "name": f"services/{service_id}/skus/{sku['skuId']}",
        "skuId": sku["skuId"],
        "description": sku["description"],
        "category": {
            "serviceDisplayName": "Gemini API",
            "resourceFamily": "ApplicationServices",
            "resourceGroup": "GenerativeLanguage",
            "usageType": "OnDemand",
        },
        "serviceRegions": ["global"],
        "pricingInfo": [
            {
                "effectiveTime": rfc3339(begins),
                "pricingExpression": _expression(Decimal(price["usdPerMillion"]) * rate, currency),
                "currencyConversionRate": float(rate),
            }
            for price, begins, ends_at in zip(sku["prices"], starts, ends, strict=True)
            if begins <= last and first < ends_at
        ],
        "serviceProviderName": "Google",
        "geoTaxonomy": {"type": "GLOBAL"},
    }


def _expression(per_million: Decimal, currency: str) -> JsonObject:
    return {
        "usageUnit": "count",
        "usageUnitDescription": "count",
        "baseUnit": "count",
        "baseUnitDescription": "count",
        "baseUnitConversionFactor": 1,
        "displayQuantity": 1_000_000,
        "tieredRates": [
            {
                "startUsageAmount": 0,
                "unitPrice": {
                    "currencyCode": currency,
                    "units": "0",
                    "nanos": int((per_million * _PER_MILLION_IN_NANOS).to_integral_value()),
                },
            }
        ],
    }
