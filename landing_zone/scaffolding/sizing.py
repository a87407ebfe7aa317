"""A plan that fits a monthly amount, and the smallest overshoot that its limits need."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Final

from landing_zone.gemini.models import RECORDS, Model
from landing_zone.gemini.prices import QUERIES_A_REQUEST
from landing_zone.pricing.days import Period
from landing_zone.pricing.estimate import Range, Workload, day_rates
from landing_zone.pricing.exposure import Doors, Prices
from landing_zone.pricing.largest_limits import need_of, smallest
from landing_zone.pricing.model_ids import UnknownModelError
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import CHANGES_AHEAD, Terms, coming_changes

INPUT_TOKENS: Final = 2000
OUTPUT_TOKENS: Final = 500
THINKING_TOKENS: Final = 1500
"""Of a request to begin with: a page of context, a paragraph as answer. Models of today think before they answer."""
LAG: Final = timedelta(hours=24)
_PLANNED: Final = Decimal("0.7")
"""Share of the monthly amount that the plan costs: enough to be of use, and no alert on the first busy day."""
_LONGEST_MONTH: Final = 31


@dataclass(frozen=True)
class Sized:
    """A workload, and the overshoot from which its limits are derived."""

    model: str
    requests_per_day: Decimal
    max_overshoot: Decimal


def sized(amount: Decimal, terms: Terms, day: date, queries: int = QUERIES_A_REQUEST) -> Sized:
    """The plan for a monthly amount in the currency of the terms, at the highest prices of the coming months.

    `queries`: to Google Search that a request is assumed to make, at most.
    """
    # What a key with the methods generate and countTokens leaves open.
    doors = Doors(caches=False, queries=queries)
    cost, model = min(_candidates(terms, day))
    with localcontext(EXACT):
        per_day = _short(amount * _PLANNED / _LONGEST_MONTH / cost, ROUND_FLOOR)
    need = need_of([_workload(model, per_day)], day)
    days = [day, *(change for change, _ in coming_changes((model,), day, CHANGES_AHEAD))]
    needed = [
        smallest({model: (Prices.of(model, each, terms, doors), need)}, None, LAG) if need else None
        for each in days
    ]
    most = max((each for each in needed if each), default=Decimal(1))
    return Sized(model, per_day, _short(most, ROUND_CEILING))


def _candidates(terms: Terms, day: date) -> list[tuple[Decimal, str]]:
    """What a request costs at most in the coming months, with each model that new work should be planned on."""
    found = []
    for model in filter(_suits, RECORDS.values()):
        try:
            priced = day_rates(
                _workload(model.id, Decimal(1)),
                "expected",
                Period(day, day + timedelta(days=CHANGES_AHEAD)),
                terms,
            )
        except UnknownModelError:
            continue
        found.append((max(each.requests.total for each in priced), model.id))
    return found


def _suits(model: Model) -> bool:
    """True for models of text that are to stay, and give one answer a request: eight open an eight times worse day."""
    return (
        model.makes == "text"
        and model.counter == "content"
        and model.retirement is None
        and model.candidates.most == 1
        and "preview" not in model.id
    )


def _workload(model: str, per_day: Decimal) -> Workload:
    return Workload(
        model,
        requests=Range.exactly(per_day),
        input_tokens=Range.exactly(INPUT_TOKENS),
        output_tokens=Range.exactly(OUTPUT_TOKENS),
        thinking_tokens=Range.exactly(THINKING_TOKENS),
    )


def _short(value: Decimal, rounding: str) -> Decimal:
    """The value with two digits that count, as people write a plan."""
    return value.quantize(Decimal(1).scaleb(value.adjusted() - 1), rounding=rounding, context=EXACT)
