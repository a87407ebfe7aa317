"""Amounts as people read them: to the smallest unit that the currency has, and bounds never below the true one."""

from decimal import Decimal

import pytest

from landing_zone.gemini.currencies import CURRENCIES
from landing_zone.pricing.money import Money, decimals_of

#: ISO 4217, list one.
WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"


@pytest.mark.parametrize(
    ("amount", "currency", "shown", "bound"),
    [
        ("1200.5", "USD", "1,200.50 USD", "1,200.50 USD"),
        ("0.004", "EUR", "0.00 EUR", "0.01 EUR"),
        ("1200.4", "JPY", "1,200 JPY", "1,201 JPY"),
        ("1200", "KRW", "1,200 KRW", "1,200 KRW"),
        ("98765432.1", "VND", "98,765,432 VND", "98,765,433 VND"),
        ("0.0001", "CLP", "0 CLP", "1 CLP"),
        ("12.3451", "KWD", "12.345 KWD", "12.346 KWD"),
        ("7", "TND", "7.000 TND", "7.000 TND"),
    ],
)
def test_an_amount_and_a_bound(amount: str, currency: str, shown: str, bound: str) -> None:
    money = Money(Decimal(amount), currency)
    assert (str(money), money.as_bound) == (shown, bound)


def test_every_other_currency_has_two_decimals() -> None:
    known = {code for code in CURRENCIES if decimals_of(code) != 2}
    assert {code: decimals_of(code) for code in known} == {
        **dict.fromkeys(WITHOUT_DECIMALS.split(), 0),
        **dict.fromkeys(WITH_THREE.split(), 3),
    }
