"""Prices by model, day, processing and length."""

from datetime import date
from decimal import Decimal

import pytest

from landing_zone.gemini.models import QUOTA_NAMES, RECORDS
from landing_zone.pricing.model_ids import (
    UnknownModelError,
    canonical,
    check_model,
    known_models,
    limited_as,
    retirement_of,
    size_of,
)
from landing_zone.pricing.rates import coming_changes, price_changes, rates

DAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("gemini-3.8-flsh", "gemini-3.8-flash"),
        ("gemini-2.5-pro-anything", "gemini-2.5-pro"),
        ("Gemini-2.5-Pro", "gemini-2.5-pro"),
        ("gpt-5", "gemini-lz prices list shows them"),
    ],
)
def test_an_unknown_model_is_an_error_with_the_nearest_names(model: str, near: str) -> None:
    with pytest.raises(UnknownModelError, match=near):
        rates(model, DAY)


@pytest.mark.parametrize(
    ("model", "of"),
    [
        ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("gemini-3.5-flash-001", "gemini-3.5-flash"),
        ("gemini-flash-latest", "gemini-3.8-flash"),
        ("gemini-3.1-flash-lite-preview", "gemini-3.1-flash-lite"),
        ("gemini-3.1-pro-preview-customtools", "gemini-3.1-pro-preview"),
    ],
)
def test_a_version_of_a_model_has_its_price(model: str, of: str) -> None:
    check_model(model)
    assert (canonical(model), limited_as(model)) == (of, of)
    assert rates(model, DAY) == rates(of, DAY)


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("gemini-3-pro-imag", "gemini-3-pro-image"),
        ("gemini-2.0-flahs", "gemini-2.5-flash"),
        ("gemini-3.1-flash-image-preveiw", "gemini-3.1-flash-image"),
    ],
)
def test_a_model_that_was_shut_down_is_never_suggested(model: str, near: str) -> None:
    with pytest.raises(UnknownModelError) as raised:
        rates(model, DAY)
    assert near in raised.value.nearest
    for each in raised.value.nearest:
        assert each not in RECORDS or not RECORDS[each].is_gone(DAY)


def test_every_model_that_can_be_limited_has_prices_and_a_size() -> None:
    for model in QUOTA_NAMES:
        price, size = rates(model, DAY), size_of(model)
        assert price.dearest_input >= price.input > 0
        assert (price.dearest_output >= price.output > 0) == (RECORDS[model].makes != "vectors")
        assert size
        assert size.context > 0
        assert (size.output > 0) == (RECORDS[model].makes != "vectors")
        assert limited_as(model) == model
    assert limited_as("gemini-3.8-live") is None


def test_every_known_model_has_prices_in_every_way() -> None:
    for model in known_models():
        for way in ("standard", "batch", "flex", "priority"):
            assert rates(model, DAY, processing=way).input > 0


def test_prices_change_on_their_days() -> None:
    assert date(2026, 12, 1) in price_changes("gemini-4-argon")
    for model, day, factor in (
        ("gemini-4-argon", date(2026, 12, 1), 2),
        ("gemini-3.8-flash", date(2027, 1, 1), 2),
        ("gemini-2.5-flash-lite", date(2027, 1, 1), 1),
    ):
        before, after = (rates(model, each) for each in (day.replace(year=2026, month=11, day=30), day))
        assert after.output == before.output * factor
    coming = coming_changes(("gemini-4-argon", "gemini-3.8-flash", "gemini-2.5-pro"), DAY, 60)
    assert coming == (
        # gemini-2.5-pro answers as gemini-3.8-flash from December on.
        (date(2026, 12, 1), frozenset({"gemini-4-argon", "gemini-2.5-pro"})),
        (date(2027, 1, 1), frozenset({"gemini-3.8-flash", "gemini-2.5-pro"})),
    )
    assert coming_changes(("gemini-4-argon",), DAY, 6) == ()


@pytest.mark.parametrize(
    ("model", "successor"),
    [("gemini-2.5-pro", "gemini-3.8-flash"), ("gemini-2.5-flash", "gemini-3.5-flash-lite")],
)
def test_a_model_that_is_routed_costs_what_its_successor_does(model: str, successor: str) -> None:
    for day in (date(2026, 12, 1), date(2027, 1, 1)):
        for long in (False, True):
            assert rates(model, day, long=long) == rates(successor, day)
    assert rates(model, date(2026, 11, 30)) != rates(successor, date(2026, 11, 30))


def test_the_dearest_token_counts_whatever_its_kind() -> None:
    assert rates("gemini-2.5-flash", DAY).dearest_input == Decimal(1)  # audio
    assert rates("gemini-2.5-flash-image", DAY).dearest_output == Decimal(30)  # images


def test_a_version_goes_when_its_model_does() -> None:
    assert retirement_of("gemini-2.5-flash-preview-09-2025") == RECORDS["gemini-2.5-flash"].retirement
    assert retirement_of("gemini-3.8-flash") is None
    for model in RECORDS.values():
        if model.retirement:
            check_model(model.retirement.instead)
            assert not RECORDS[model.retirement.instead].is_gone(DAY)
