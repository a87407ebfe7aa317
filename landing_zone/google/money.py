"""Amounts of money in the form of Google's APIs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from landing_zone.google.rest import Json

_NANO: Final = Decimal(10) ** 9


def units_and_nanos(amount: Decimal) -> Json:
    """An amount as `units` (whole units, as text) and `nanos` (billionths); smaller parts are cut off.

    The fields of https://github.com/googleapis/googleapis/blob/master/google/type/money.proto without the currency.
    """
    units = int(amount)
    return {"units": str(units), "nanos": int((amount - units) * _NANO)}


def amount_of(money: Mapping[str, Any]) -> Decimal:
    """The amount of a `google.type.Money`, in its currency: Google leaves out `units` or `nanos` that are 0."""
    return Decimal(money.get("units", "0")) + Decimal(money.get("nanos", 0)) / _NANO
