"""Agreement with an independent price table: litellm's, as published for the same models on the same day."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from landing_zone.pricing.grounding import grounding_price
from landing_zone.pricing.rates import rates

PUBLISHED: Final[dict[str, dict[str, str]]] = json.loads(
    Path(__file__).with_name("litellm.json").read_text(encoding="utf-8")
)["prices"]
DAY = date(2026, 11, 24)

NO_CACHE = "the model has no price for caching in genai-prices: its input price is taken, which is higher"
NO_SEARCH = "Google's page (2026-11-20) and genai-prices list no grounding for the model"
RULE = "Google's page names the models whose cached input halves in Batch and Flex, and this is none of them"
#: What differs: model, what of it -> ours, theirs, why.
DIFFERENCES: Final[dict[tuple[str, str], tuple[str, str, str]]] = {
    ("gemini-2.5-flash-image", "standard cached"): ("0.3", "0.03", NO_CACHE),
    ("gemini-2.5-flash-image", "standard audio"): (
        "0.3",
        "1",
        "the model hears nothing; litellm copies 2.5 Flash",
    ),
    ("gemini-2.5-flash-image", "standard search"): ("0", "35", NO_SEARCH),
    ("gemini-2.5-pro-preview-tts", "standard search"): ("0", "35", NO_SEARCH),
    ("gemini-robotics-er-2-preview", "standard search"): ("0", "14", NO_SEARCH),
    ("gemini-robotics-er-2-streaming-preview", "standard search"): ("0", "14", NO_SEARCH),
    ("gemini-3.5-flash", "batch cached"): ("0.15", "0.075", RULE),
    ("gemini-3.5-flash", "flex cached"): ("0.15", "0.08", RULE),
    ("gemini-3.5-flash-lite", "priority cached"): ("0.054", "0.05", "litellm rounds 1.8 times 0.03"),
    ("gemini-3.8-flash-lite-tts", "standard cached"): ("0.5", "0.125", NO_CACHE),
    ("gemini-3.8-flash-lite-tts", "batch cached"): ("0.25", "0.0625", NO_CACHE),
    ("gemini-3.8-flash-lite-tts", "flex cached"): ("0.25", "0.025", NO_CACHE),
    ("gemini-3.8-flash-lite-tts", "priority cached"): ("0.9", "0.225", NO_CACHE),
    ("gemini-3.8-flash-tts", "standard cached"): ("0.5", "0.125", NO_CACHE),
    ("gemini-3.8-flash-tts", "batch cached"): ("0.25", "0.0625", NO_CACHE),
    ("gemini-3.8-flash-tts", "flex cached"): ("0.25", "0.025", NO_CACHE),
    ("gemini-3.8-flash-tts", "priority cached"): ("0.9", "0.225", NO_CACHE),
    ("gemini-robotics-er-2-preview", "batch cached"): ("0.1", "0.05", RULE),
}


def ours(model: str, what: str) -> Decimal:
    """Our price for `batch cached over 200k` and the like; 0 for grounding that a model does not offer."""
    way, kind, *long = what.split(" ", 2)
    if kind in ("search", "maps"):
        grounding = grounding_price(model, kind, DAY)
        return grounding.thousand if grounding else Decimal(0)
    processing: Any = way
    price: Decimal = getattr(rates(model, DAY, processing=processing, long=bool(long)), kind)
    return price


@pytest.mark.parametrize("model", PUBLISHED)
def test_both_tables_have_the_same_prices_but_for_what_is_explained(model: str) -> None:
    for what, theirs in PUBLISHED[model].items():
        mine = ours(model, what)
        if (model, what) in DIFFERENCES:
            assert (mine, Decimal(theirs)) == tuple(map(Decimal, DIFFERENCES[model, what][:2])), what
            assert mine != Decimal(theirs), "no difference any more: take it out of the table"
        else:
            assert mine == Decimal(theirs), what


def test_the_tables_are_compared_whole() -> None:
    assert sum(map(len, PUBLISHED.values())) == 359
    assert len(PUBLISHED) == 41
    assert all(why for *_, why in DIFFERENCES.values())
    assert {(model, what) for model in PUBLISHED for what in PUBLISHED[model]} >= DIFFERENCES.keys()
