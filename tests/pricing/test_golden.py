"""Estimates worked out by hand from Google's published prices, to the last digit.

Unless a row says otherwise there are 1,000 requests a day of 2,000 input and 500 output tokens, in November 2026:
30 days, 60 M input and 15 M output tokens. Prices are those of ai.google.dev/gemini-api/docs/pricing in 2026-11, in
US dollars for a million tokens, input/output/cached.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from landing_zone.gemini.prices import Processing
from landing_zone.pricing.days import Period, Schedule
from landing_zone.pricing.estimate import Range, Workload, estimate
from landing_zone.pricing.rates import LIST_PRICES, ContractPrices, Terms, rates

DAY = date(2026, 11, 24)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
JANUARY = Period(date(2027, 1, 1), date(2027, 1, 31))
NEW_YEAR = Period(date(2026, 12, 31), date(2027, 1, 1))


def until(first: Period, last: Period) -> Period:
    return Period(first.first, last.last)


def only(way: Processing) -> tuple[tuple[Processing, Decimal], ...]:
    return ((way, Decimal(1)),)


def workload(model: str, **given: Any) -> Workload:
    """The usual requests of a model, with what a row says instead."""
    numbers = {"requests": 1000, "input_tokens": 2000, "output_tokens": 500, "thinking_tokens": 0}
    amounts = ("cached_tokens", "audio_tokens", "cache_hours")
    found: dict[str, Any] = {
        key: Range.exactly(Decimal(str(given.pop(key, usual)))) for key, usual in numbers.items()
    }
    found |= {key: Decimal(given.pop(key)) for key in amounts if key in given}
    return Workload(model, **found, **given)


CACHED = {"cached_tokens": 1000}  # 30 M of the input
LONG = {"requests": 10, "output_tokens": 1000}  # 300 requests, 0.3 M output
STORED = {
    "requests": 0,
    "input_tokens": 100_000,
    "cached_tokens": 100_000,
    "cache_hours": 24,
}  # 72 M token-hours

# (what it is, model, what is other than usual, period, dollars)
GOLDEN: list[tuple[str, str, dict[str, Any], Period, str]] = [
    ("4 Argon, introductory", "gemini-4-argon", {}, NOVEMBER, "270"),  # 60 x 2 + 15 x 10
    ("4 Argon, from December on", "gemini-4-argon", {}, DECEMBER, "558"),  # 62 x 4 + 15.5 x 20
    ("4 Argon, across the change", "gemini-4-argon", {}, until(NOVEMBER, DECEMBER), "828"),
    ("3.8 Flash, introductory", "gemini-3.8-flash", {}, NOVEMBER, "101.25"),  # 60 x 0.75 + 15 x 3.75
    ("3.8 Flash, from 2027 on", "gemini-3.8-flash", {}, JANUARY, "209.25"),  # 62 x 1.5 + 15.5 x 7.5
    ("3.8 Flash, New Year's Eve and Day", "gemini-3.8-flash", {}, NEW_YEAR, "10.125"),  # 3.375 + 6.75
    ("3.7 Flash", "gemini-3.7-flash", {}, NOVEMBER, "101.25"),
    ("3.6 Flash", "gemini-3.6-flash", {}, NOVEMBER, "101.25"),
    ("3.5 Flash", "gemini-3.5-flash", {}, NOVEMBER, "225"),  # 60 x 1.5 + 15 x 9
    ("3.5 Flash-Lite", "gemini-3.5-flash-lite", {}, NOVEMBER, "55.5"),  # 60 x 0.3 + 15 x 2.5
    ("3.1 Pro", "gemini-3.1-pro-preview", {}, NOVEMBER, "300"),  # 60 x 2 + 15 x 12
    ("3.1 Flash-Lite", "gemini-3.1-flash-lite", {}, NOVEMBER, "37.5"),  # 60 x 0.25 + 15 x 1.5
    ("3 Flash", "gemini-3-flash-preview", {}, NOVEMBER, "75"),  # 60 x 0.5 + 15 x 3
    ("2.5 Pro", "gemini-2.5-pro", {}, NOVEMBER, "225"),  # 60 x 1.25 + 15 x 10
    ("2.5 Flash", "gemini-2.5-flash", {}, NOVEMBER, "55.5"),  # 60 x 0.3 + 15 x 2.5
    ("2.5 Flash-Lite", "gemini-2.5-flash-lite", {}, NOVEMBER, "12"),  # 60 x 0.1 + 15 x 0.4
    ("an embedding", "gemini-embedding-001", {"output_tokens": 0}, NOVEMBER, "9"),  # 60 x 0.15
    # The 200k edge: a prompt of 200,000 tokens is short, one more makes all of it long.
    ("2.5 Pro, the longest short", "gemini-2.5-pro", {**LONG, "input_tokens": 200_000}, NOVEMBER, "78"),  # 60 x 1.25 + 3
    ("2.5 Pro, the shortest long", "gemini-2.5-pro", {**LONG, "input_tokens": 200_001}, NOVEMBER, "154.50075"),  # 60.0003 x 2.5 + 0.3 x 15
    ("3.1 Pro, the longest short", "gemini-3.1-pro-preview", {**LONG, "input_tokens": 200_000}, NOVEMBER, "123.6"),  # 60 x 2 + 0.3 x 12
    ("3.1 Pro, the shortest long", "gemini-3.1-pro-preview", {**LONG, "input_tokens": 200_001}, NOVEMBER, "245.4012"),  # 60.0003 x 4 + 0.3 x 18
    ("2.5 Pro, long and half cached", "gemini-2.5-pro", {**LONG, "input_tokens": 200_001, "cached_tokens": 100_000}, NOVEMBER, "87.00075"),  # 30.0003 x 2.5 + 30 x 0.25 + 4.5
    ("long where length has no price", "gemini-3.8-flash", {**LONG, "input_tokens": 500_000}, NOVEMBER, "113.625"),  # 150 x 0.75 + 0.3 x 3.75
    # Cached input
    ("2.5 Flash, half cached", "gemini-2.5-flash", CACHED, NOVEMBER, "47.4"),  # 30 x 0.3 + 30 x 0.03 + 37.5
    ("4 Argon, half cached", "gemini-4-argon", CACHED, NOVEMBER, "213"),  # 30 x 2 + 30 x 0.1 + 150
    ("3.8 Flash, half cached, from 2027 on", "gemini-3.8-flash", CACHED, JANUARY, "167.4"),  # 31 x 1.5 + 31 x 0.15 + 116.25
    # Audio input: 15 M of the 60 M
    ("2.5 Flash, audio", "gemini-2.5-flash", {"audio_tokens": 500}, NOVEMBER, "66"),  # 15 x 1.0 + 45 x 0.3 + 37.5
    ("2.5 Flash-Lite, audio", "gemini-2.5-flash-lite", {"audio_tokens": 500}, NOVEMBER, "15"),  # 15 x 0.3 + 45 x 0.1 + 6
    ("3.5 Flash-Lite, audio at the price of text", "gemini-3.5-flash-lite", {"audio_tokens": 500}, NOVEMBER, "55.5"),
    ("thinking costs what output does", "gemini-2.5-pro", {"thinking_tokens": 500}, NOVEMBER, "375"),  # 75 + 30 x 10
    # Cache storage: 100,000 tokens for 30 days
    ("storage, Pro", "gemini-2.5-pro", STORED, NOVEMBER, "324"),  # 72 x 4.50
    ("storage, Flash", "gemini-2.5-flash", STORED, NOVEMBER, "72"),  # 72 x 1.00
    ("storage, introductory", "gemini-3.8-flash", STORED, NOVEMBER, "36"),  # 72 x 0.50
    ("storage, across the change", "gemini-3.8-flash", STORED, until(DECEMBER, JANUARY), "111.6"),  # 74.4 x 0.50 + 74.4 x 1.00
    ("storage that costs nothing", "gemini-4-argon", STORED, NOVEMBER, "0"),
    # Batch, Flex, Priority
    ("Batch where cached input stays", "gemini-2.5-pro", {**CACHED, "shares": only("batch")}, NOVEMBER, "97.5"),  # 30 x 0.625 + 30 x 0.125 + 15 x 5
    ("Batch where cached input halves", "gemini-3.8-flash", {**CACHED, "shares": only("batch")}, NOVEMBER, "40.5"),  # 30 x 0.375 + 30 x 0.0375 + 15 x 1.875
    ("Batch with a price of its own for cached input", "gemini-3.5-flash-lite", {**CACHED, "shares": only("batch")}, NOVEMBER, "23.85"),  # 4.5 + 30 x 0.02 + 18.75
    ("Batch by the rule", "gemini-3.5-flash", {**CACHED, "shares": only("batch")}, NOVEMBER, "94.5"),  # 30 x 0.75 + 30 x 0.15 + 15 x 4.5
    ("Batch across a change", "gemini-4-argon", {**CACHED, "shares": only("batch")}, until(NOVEMBER, DECEMBER), "326.6"),  # 30 + 1.5 + 75, 62 + 3.1 + 155
    ("Batch before it was noted", "gemini-2.5-flash", {"shares": only("batch")}, Period(date(2026, 9, 1), date(2026, 9, 30)), "27.75"),
    ("Flex", "gemini-2.5-flash", {"shares": only("flex")}, NOVEMBER, "27.75"),  # 60 x 0.15 + 15 x 1.25
    ("Priority", "gemini-3.8-flash", {"shares": only("priority")}, NOVEMBER, "182.25"),  # 101.25 x 1.8
    ("a mixture", "gemini-2.5-flash", {"shares": (("standard", Decimal("0.5")), ("batch", Decimal("0.25")), ("priority", Decimal("0.25")))}, NOVEMBER, "59.6625"),  # 55.5 x (0.5 + 0.125 + 0.45)
    # Days: one of 2.5 Flash costs 1.85
    ("a leap February", "gemini-2.5-flash", {}, Period(date(2028, 2, 1), date(2028, 2, 29)), "53.65"),  # 29 x 1.85
    ("growth", "gemini-2.5-flash", {"schedule": Schedule(growth=Decimal("0.1"))}, until(NOVEMBER, JANUARY), "187.9785"),  # 1.85 x (30 + 31 x 1.1 + 31 x 1.21)
    ("shrinking", "gemini-2.5-flash", {"schedule": Schedule(growth=Decimal("-0.5"))}, until(NOVEMBER, DECEMBER), "84.175"),  # 1.85 x (30 + 15.5)
    ("Mondays to Fridays", "gemini-2.5-flash", {"schedule": Schedule(frozenset(range(5)))}, NOVEMBER, "38.85"),  # 21 x 1.85
    ("ten days", "gemini-2.5-flash", {"schedule": Schedule(start=date(2026, 11, 10), end=date(2026, 11, 19))}, NOVEMBER, "18.5"),
    ("half a request a day", "gemini-2.5-flash", {"requests": "0.5"}, NOVEMBER, "0.02775"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "given", "period", "dollars"), [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN]
)
def test_an_estimate_is_what_is_worked_out_by_hand(
    model: str, given: dict[str, Any], period: Period, dollars: str
) -> None:
    assert estimate(workload(model, **given), "expected", period).total == Decimal(dollars)


@pytest.mark.parametrize(
    ("terms", "given", "amount"),
    [
        (Terms(discount=Decimal("0.1")), {}, "49.95"),  # 55.5 x 0.9
        (Terms(currency="EUR", usd_rate=Decimal("0.92")), {}, "51.06"),  # 55.5 x 0.92
        (
            Terms(contract=(("gemini-2.5-flash", ContractPrices(input=Decimal("0.2"))),)),
            {},
            "49.5",
        ),  # 60 x 0.2 + 37.5
        (
            Terms(contract=(("gemini-2.5-flash", ContractPrices(input=Decimal("0.2"))),)),
            {"shares": only("batch")},
            "24.75",  # half of the contract's input, and of the list's output
        ),
        (
            Terms(contract=(("gemini-2.5-pro", ContractPrices(input=Decimal(9))),)),
            {},
            "55.5",
        ),  # another model's
        (LIST_PRICES, {}, "55.5"),
    ],
)
def test_what_is_agreed_is_worked_out_by_hand(terms: Terms, given: dict[str, Any], amount: str) -> None:
    assert estimate(workload("gemini-2.5-flash", **given), "expected", NOVEMBER, terms).total == Decimal(
        amount
    )


def test_a_contract_keeps_the_ratio_of_long_prompts() -> None:
    terms = Terms(contract=(("gemini-2.5-pro", ContractPrices(input=Decimal(1))),))
    long = workload("gemini-2.5-pro", **LONG, input_tokens=200_001)
    # Listed at 1.25 and twice that over 200k: 60.0003 x 2 + 0.3 x 15
    assert estimate(long, "expected", NOVEMBER, terms).total == Decimal("124.5006")


def test_a_contract_for_input_moves_audio_with_it() -> None:
    terms = Terms(contract=(("gemini-2.5-flash", ContractPrices(input=Decimal("0.15"))),))
    # Audio is 1.00 where text is 0.30: 15 x 0.5 + 45 x 0.15 + 37.5
    found = estimate(workload("gemini-2.5-flash", audio_tokens=500), "expected", NOVEMBER, terms)
    assert found.total == Decimal("51.75")


def test_a_contract_for_text_leaves_images_the_dearest() -> None:
    terms = Terms(contract=(("gemini-2.5-flash-image", ContractPrices(output=Decimal(2))),))
    assert rates("gemini-2.5-flash-image", DAY, terms=terms).dearest_output == 30


def test_a_cost_is_told_by_what_it_is_for() -> None:
    parts = estimate(
        workload("gemini-2.5-flash", cached_tokens=1000, audio_tokens=500, cache_hours=24),
        "expected",
        NOVEMBER,
    )
    # 15 M text, 15 M audio, 30 M cached, 15 M output, 720,000 token-hours
    assert (parts.input, parts.cached, parts.output, parts.storage) == (
        Decimal("19.5"),
        Decimal("0.9"),
        Decimal("37.5"),
        Decimal("0.72"),
    )
