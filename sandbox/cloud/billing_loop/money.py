"""Money as it is kept: in whole millionths of a millionth of the account's currency, so that sums are exact."""

from decimal import Decimal
from typing import Final

from sandbox.cloud.cloudbilling import catalogue
from sandbox.cloud.core.errors import JsonObject

ONE: Final = 10**12
"""One unit of a currency."""


def kept(amount: Decimal | float) -> int:
    """An amount as it is kept."""
    return int((Decimal(str(amount)) * ONE).to_integral_value())


def shown(amount: int) -> str:
    """An amount in units of its currency, in full."""
    return f"{(Decimal(amount) / ONE).normalize():f}"


def rounded(amount: int) -> float:
    """An amount to the cent, as Google's messages have it."""
    return round(amount / ONE, 2)


def of_google(money: JsonObject) -> int:
    """A google.type.Money."""
    return int(money.get("units", "0")) * ONE + int(money.get("nanos", 0)) * (ONE // 10**9)


def rate(currency: str) -> Decimal:
    """The price of one US dollar in a currency, as the price list converts it."""
    return Decimal(catalogue.data()["currencies"].get(currency, "1"))
