"""Cost of grounding with Google Search and Google Maps: queries beyond an allotment that the models of a pool share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

from landing_zone.gemini.prices import Ground, Grounding, grounding_of
from landing_zone.pricing.days import Period, Schedule, month_of
from landing_zone.pricing.model_ids import entry_of, record_of
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import LIST_PRICES, Terms, billed_as

GROUNDS: Final[tuple[Ground, ...]] = ("search", "maps")
_A_THOUSANDTH: Final = Decimal("0.001")


@lru_cache(maxsize=4096)
def grounding_price(model: str, ground: Ground, day: date) -> Grounding | None:
    """The price of grounding a model's answers on a day; None if the model does not offer it.

    Raises UnknownModelError.
    """
    billed = billed_as(model, day)
    entry, record = entry_of(billed), record_of(billed)
    every = [each.prices for each in entry.prices] if isinstance(entry.prices, list) else [entry.prices]
    if all(prices.web_searches_kcount is None for prices in every):
        return None
    # Maps is offered for text alone.
    text = record is None or (record.makes == "text" and record.counter == "content")
    return grounding_of(billed, ground) if ground == "search" or text else None


def per_unit(price: Grounding, terms: Terms = LIST_PRICES) -> Decimal:
    """The price of one query or request beyond the allotment, in the currency of the terms."""
    with localcontext(EXACT):
        return price.thousand * _A_THOUSANDTH * (1 - terms.discount) * terms.usd_rate


@dataclass(frozen=True)
class Queries:
    """Planned grounding of one workload, as far as one price holds."""

    price: Grounding
    each: Decimal
    """Price of one query beyond the allotment, in the currency of the terms."""
    a_day: Decimal
    """Queries, or requests, of a day of use in the first month; growth multiplies them."""
    schedule: Schedule
    """Its growth is anchored."""
    period: Period


def queries_of(
    model: str,
    ground: Ground,
    requests: Decimal,
    queries: Decimal,
    schedule: Schedule,
    period: Period,
    terms: Terms = LIST_PRICES,
) -> Iterator[Queries]:
    """The queries of a workload in the calendar months of a period.

    `requests`: of a day; `queries`: of a request. Raises UnknownModelError.
    """
    if not queries or not requests:
        return
    # Days before the period count against its first month's allotment too.
    whole = Period(month_of(period.first).first, month_of(period.last).last)
    record = record_of(model)
    routed = [record.route.day] if record and record.route else []
    for part in whole.split(routed):
        price = grounding_price(model, ground, part.first)
        if price:
            with localcontext(EXACT):
                units = requests * (queries if price.per_query else min(queries, Decimal(1)))
            yield Queries(price, per_unit(price, terms), units, schedule.anchored(period.first), part)


class Pool:
    """Workloads that share an allotment."""

    def __init__(self, name: str, price: Grounding) -> None:
        self.name = name
        self.price = price
        self.queries: list[Queries] = []
        self._months: dict[date, tuple[tuple[Decimal, Decimal], ...]] = {}

    def add(self, queries: Queries) -> None:
        """Add a workload's queries."""
        self.queries.append(queries)
        self._months.clear()

    def within(self, first: date, last: date) -> tuple[Decimal, Decimal]:
        """Queries from one day to another, both included, and what they cost."""
        made = cost = Decimal(0)
        with localcontext(EXACT):
            for month in Period(first, last).months():
                until = self._month(month.first.replace(day=1))
                made += until[month.last.day - 1][0]
                cost += until[month.last.day - 1][1]
                if month.first.day > 1:
                    made -= until[month.first.day - 2][0]
                    cost -= until[month.first.day - 2][1]
        return made, cost

    def _month(self, first: date) -> tuple[tuple[Decimal, Decimal], ...]:
        """Queries and cost from a month's first day to each of its days."""
        found = self._months.get(first)
        if found is None:
            found = self._months[first] = tuple(self._days(month_of(first)))
        return found

    def _days(self, month: Period) -> Iterator[tuple[Decimal, Decimal]]:
        made = cost = Decimal(0)
        each, free = self.queries[0].each, self.price.free
        for offset in range(month.days):
            day = month.first + timedelta(days=offset)
            today = self._on(day)
            if self.price.period == "month":
                charged = max(made + today - free, Decimal(0)) - max(made - free, Decimal(0))
            else:
                charged = max(today - free, Decimal(0))
            made += today
            cost += charged * each
            yield made, cost

    def _on(self, day: date) -> Decimal:
        return sum(
            (
                each.a_day * each.schedule.factor(day)
                for each in self.queries
                if each.period.first <= day <= each.period.last and each.schedule.runs_on(day)
            ),
            Decimal(0),
        )


Pools = Mapping[str, Pool]
"""By name."""
