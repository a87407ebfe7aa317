"""Money: an exact amount with its currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any, Final

EXACT: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
"""For sums and products of amounts: no digit of theirs is lost."""

UPWARD: Final = Context(prec=60, rounding=ROUND_CEILING)
"""For quotients, which may have no end: never below the true one."""

_WITHOUT_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS: Final[Mapping[str, int]] = {
    **dict.fromkeys(_WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(_WITH_THREE.split(), 3),
}
"""Currency -> decimals of its smallest unit, where it is not 2. Source: ISO 4217, list one."""

NANO: Final = Decimal("1e-9")
"""The smallest amount in Google's APIs, in units of a currency."""


class CurrencyMismatchError(Exception):
    """Two amounts in different currencies were to be added or compared."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot be added or compared without a rate")


@dataclass(frozen=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str

    def _same(self, other: "Money") -> Decimal:
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        return other.amount

    def __add__(self, other: "Money") -> "Money":
        with localcontext(EXACT):
            return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        with localcontext(EXACT):
            return Money(self.amount - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        """For people: to the currency's smallest unit, `1,200.50 USD` or `1,200 JPY`."""
        return f"{format_amount(self.amount, self.currency)} {self.currency}"

    @property
    def as_bound(self) -> str:
        """For people, where it is the most that something can be: rounded up."""
        return f"{format_amount(self.amount, self.currency, up=True)} {self.currency}"

    def as_json(self) -> dict[str, Any]:
        """For programs: the exact amount as text, of at most nine decimals."""
        return {"amount": plain(self.amount), "currency": self.currency}


def decimals_of(currency: str) -> int:
    """Decimals of a currency's smallest unit; 2 for one that is not known."""
    return _DECIMALS.get(currency, 2)


def format_amount(amount: Decimal, currency: str, *, up: bool = False) -> str:
    """An amount for people, to the currency's smallest unit: half to even, or up for a bound."""
    smallest = Decimal(1).scaleb(-decimals_of(currency))
    rounding = ROUND_CEILING if up else ROUND_HALF_EVEN
    return f"{amount.quantize(smallest, rounding=rounding, context=EXACT):,f}"


def plain(amount: Decimal) -> str:
    """An amount as text: all its digits up to the ninth decimal, no exponent, no zeros at the end."""
    text = f"{amount.quantize(NANO, context=EXACT):f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def rounded_up(amount: Decimal) -> Decimal:
    """The smallest amount of nine decimals that is not below: bounds are rounded so."""
    return amount.quantize(NANO, rounding=ROUND_CEILING, context=EXACT)


def totals(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum a currency, by currency: amounts in different ones are never added."""
    found: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for money in amounts:
            found[money.currency] = found.get(money.currency, Decimal(0)) + money.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(found.items()))
