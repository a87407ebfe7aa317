"""Exposures worked out by hand: what limits let through, at the dearest price of it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.models import MODELS
from landing_zone.pricing.exposure import (
    WINDOWS,
    Prices,
    Window,
    bound,
    exposure_of,
    overshoot,
    repriced,
    totals,
)

DAY = date(2026, 11, 24)
FLASH = Prices.of(
    "gemini-2.5-flash", DAY
)  # audio 1.00, output 2.50, storage 1.00; reads 1,048,576, writes 8 answers of 65,536
PRO = Prices.of("gemini-2.5-pro", DAY)  # 1.25 and 10, over 200k 2.50 and 15; storage 4.50; 8 answers
LITE = Prices.of("gemini-3.5-flash-lite", DAY)  # 0.30 and 2.50; storage 1.00
ARGON = Prices.of("gemini-4-argon", DAY)  # 2 and 10, no storage; writes 1,048,576

# (model's prices, limits, window, input, output, storage)
BY_HAND = [
    # 100 requests that read all they can: 104.8576 M tokens, kept for a day: x 24 hours
    (FLASH, Limits(requests_per_day=100), WINDOWS["day"], "104.8576", "131.072", "2516.5824"),
    # 1,440 requests; a minute's tokens are kept until the day ends: 1000 x 1440 x 1441 / 2 minutes
    (FLASH, Limits(1, None, 1000), WINDOWS["day"], "1.44", "1887.4368", "17.292"),
    # The day's limit binds the requests, the minute's the tokens.
    (FLASH, Limits(60, 100, 1000), WINDOWS["day"], "1.44", "131.072", "17.292"),
    # A minute: one quota minute, and tokens kept for it
    (LITE, Limits(6, None, 1_000_000), WINDOWS["minute"], "0.3", "0.98304", "0.016666667"),
    # Any 24 hours touch 1,441 minutes and two days.
    (ARGON, Limits(None, 10, 100), Window.any(timedelta(hours=24)), "0.2882", "209.7152", "0"),
    (ARGON, Limits(2, None, 100), Window.any(timedelta(hours=24)), "0.2882", "30219.96032", "0"),
    # A minute's 200,000 tokens hold no long prompt; 200,001 hold one each minute, and all tokens may be in such.
    (PRO, Limits(2, None, 200_000), WINDOWS["minute"], "0.25", "10.48576", "0.015"),
    (PRO, Limits(2, None, 200_001), WINDOWS["minute"], "0.5000025", "13.1072", "0.015000075"),
    # Without a limit of tokens each request may be long.
    (PRO, Limits(1, 1), WINDOWS["minute"], "2.62144", "7.86432", "0.0786432"),
    (PRO, BLOCKED, WINDOWS["month"], "0", "0", "0"),
]


@pytest.mark.parametrize(("prices", "limits", "window", "read", "written", "kept"), BY_HAND)
def test_a_bound_is_what_is_worked_out_by_hand(
    prices: Prices, limits: Limits, window: Window, read: str, written: str, kept: str
) -> None:
    found = bound(prices, limits, window)
    assert found
    assert (found.input, found.output, found.storage) == (Decimal(read), Decimal(written), Decimal(kept))


@pytest.mark.parametrize("limits", [Limits(), Limits(input_tokens_per_minute=1)])
def test_nothing_bounds_requests_without_a_limit_of_them(limits: Limits) -> None:
    assert bound(FLASH, limits, WINDOWS["minute"]) is None


def test_the_window_of_a_lag_touches_one_more_of_each() -> None:
    lags = [
        timedelta(),
        timedelta(minutes=1),
        timedelta(hours=24),
        timedelta(hours=24, seconds=1),
        timedelta(days=3),
    ]
    touched = [(Window.any(lag).length, Window.any(lag).minutes, Window.any(lag).days) for lag in lags]
    assert touched == [(0, 0, 0), (1, 2, 2), (1440, 1441, 2), (1441, 1442, 3), (4320, 4321, 4)]


def test_others_are_denied_limited_each_or_unlimited() -> None:
    windows = {"day": WINDOWS["day"]}

    def others(limits: Limits | None) -> Decimal | None:
        return totals(exposure_of({}, limits, DAY, windows), windows)["day"]

    assert others(BLOCKED) == 0
    assert others(None) is None
    assert others(Limits(input_tokens_per_minute=5)) is None
    one_each = others(Limits(1, 1, 0))
    assert one_each
    # Each model writes at least 16,384 tokens of speech at 2 dollars a million: 0.0327 dollars.
    assert one_each > len(MODELS) * Decimal("0.0327")


def test_what_is_unlimited_makes_the_sum_unlimited() -> None:
    windows = {"day": WINDOWS["day"]}
    found = exposure_of({"gemini-2.5-flash": Limits(1), "gemini-2.5-pro": Limits()}, BLOCKED, DAY, windows)
    assert totals(found, windows) == {"day": None}


def test_prices_of_another_day_change_only_the_models_that_they_concern() -> None:
    windows = {"day": WINDOWS["day"]}
    limits = {"gemini-4-argon": Limits(1, 10, 0), "gemini-2.5-flash-lite": Limits(1, 10, 0)}
    before = exposure_of(limits, BLOCKED, DAY, windows)
    december = date(2026, 12, 1)
    after = repriced(before, {"gemini-4-argon"}, december, windows)
    assert after == exposure_of(limits, BLOCKED, december, windows)
    assert after[1] is before[1]


@pytest.mark.parametrize(
    ("exposure", "stops_at", "budget", "month", "over"),
    [
        ("50", "100", "100", None, "50"),  # stopped at the budget, late
        ("50", "150", "100", None, "100"),  # stopped above it
        ("50", "20", "100", None, "0"),  # stopped far below
        ("50", "100", "100", "120", "20"),  # a month cannot cost more
        (None, "100", "100", "120", "20"),
        ("50", "100", "100", "80", "0"),
        (None, "100", "100", None, None),
    ],
)
def test_an_overshoot_is_what_the_lag_lets_through_beyond_the_budget(
    exposure: str | None, stops_at: str, budget: str, month: str | None, over: str | None
) -> None:
    def money(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    assert overshoot(money(exposure), Decimal(stops_at), Decimal(budget), money(month)) == money(over)
