"""The local cloud's price list: written without this project's, and the same."""

from datetime import date
from decimal import Decimal

import pytest

from landing_zone.pricing.rates import listed_rates, rates
from sandbox.cloud.cloudbilling import catalogue, price_list
from sandbox.cloud.cloudbilling.price_list import rate_of
from sandbox.cloud.generativelanguage.published import MODELS

#: Kind here → name there.
KINDS = {
    "input": "input",
    "input_audio": "audio",
    "input_image": "image",
    "input_video": "video",
    "cached_input": "cached",
    "cached_input_audio": "cached_audio",
    "output": "output",
    "output_image": "image_output",
    "output_audio": "audio_output",
    "cache_storage_hour": "storage",
}
DAYS = (date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 1))
#: From 2026-12-01 their calls are answered, and billed, as another model's.
ROUTED = ("gemini-2.5-pro", "gemini-2.5-flash")


@pytest.mark.parametrize("model", MODELS)
def test_every_price_is_that_of_the_bound(model: str) -> None:
    for day in DAYS:
        for processing in ("standard", "batch", "flex", "priority"):
            for context in ("short", "long"):
                if model in ROUTED and day >= DAYS[1]:
                    continue
                theirs = rates(model, day, processing=processing, long=context == "long")
                for kind, name in KINDS.items():
                    rate = rate_of(model, kind, day, processing, context)
                    price = rate.per_million if rate else Decimal(0)
                    assert price == getattr(theirs, name), (day, processing, context, kind)


def test_a_sku_has_one_id_and_one_meaning() -> None:
    listed = [*catalogue.data()["skus"], *price_list.others()]
    ids = [sku["skuId"] for sku in listed]
    assert len(set(ids)) == len(ids)
    # The id of a use is one of the catalogue's, whatever the use.
    for model in MODELS:
        for kind in (*KINDS, "search"):
            for processing in ("standard", "batch", "flex", "priority"):
                rate = rate_of(model, kind, DAYS[0], processing, "long")
                assert rate is None or rate.sku in ids


def test_prices_before_and_after_a_change_are_in_the_catalogue() -> None:
    by_kind = {(sku["model"], sku["kind"]): sku["prices"] for sku in price_list.others()}
    assert [Decimal(price["usdPerMillion"]) for price in by_kind["gemini-3.8-flash", "batch_output"]] == [
        listed_rates("gemini-3.8-flash", DAYS[0]).output / 2,
        listed_rates("gemini-3.8-flash", DAYS[2]).output / 2,
    ]
