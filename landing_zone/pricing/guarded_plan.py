"""A plan as the spend guard sees it: metered at the highest prices until it is billed.

What is not billed yet counts as `metered` prices it, and in the estimate as `landing_zone.guarding.estimate` has it.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from math import ceil
from typing import Final, TypeVar

from landing_zone.gemini.models import counter_of
from landing_zone.pricing.days import PACIFIC, Period
from landing_zone.pricing.estimate import Case, DayRate, Parts, Workload
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.metered import Use, priced
from landing_zone.pricing.money import EXACT, UPWARD
from landing_zone.pricing.rates import Terms, price_changes
from landing_zone.pricing.spending import Spending

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_Step = TypeVar("_Step")


def metered_minute(
    workload: Workload, case: Case, day: date, requests: Decimal, terms: Terms, doors: Doors
) -> Decimal:
    """What the guard counts for a minute of a day with so many planned requests."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=PACIFIC)
    written = (
        workload.output_tokens,
        workload.thinking_tokens,
        workload.image_output_tokens,
        workload.audio_output_tokens,
    )
    with localcontext(UPWARD):
        tokens = requests * workload.input_tokens.of(case)
        answers = requests * sum((each.of(case) for each in written), Decimal(0))
    use = Use(
        noon,
        noon + _MINUTE,
        workload.model,
        ceil(requests),
        ceil(tokens),
        ceil(answers),
        "embeddings" if counter_of(workload.model) == "embeddings" else "content",
    )
    return sum((each.cost for each in priced([use], terms, doors).spends), Decimal(0))


def metered_request(workload: Workload, case: Case, day: date, terms: Terms, doors: Doors) -> Decimal:
    """What the guard counts for one planned request on a day, in a minute at the plan's peak."""
    with localcontext(EXACT):
        a_minute = workload.requests.of(case) * workload.peak_factor / (workload.hours * 60)
        requests = Decimal(max(ceil(a_minute), 1))
        return metered_minute(workload, case, day, requests, terms, doors) / requests


def metered_rates(
    workload: Workload,
    case: Case,
    period: Period,
    terms: Terms,
    doors: Doors,
) -> Iterator[DayRate]:
    """What the guard counts for a day of use, for each part of a period between price changes."""
    for part in period.split(list(price_changes(workload.model))):
        with localcontext(EXACT):
            a_day = workload.requests.of(case) * metered_request(workload, case, part.first, terms, doors)
        yield DayRate(part, Parts(input=a_day), Decimal(0))


def estimates(metered: Spending, planned: Spending, month: Period, delay: timedelta) -> Iterator[Decimal]:
    """The guard's estimate at the end of each day of a month that goes as planned.

    `delay`: until a budget's message has a cost. What is billed replaces what was metered, as in `guarding`.
    """
    days = -(-delay // _DAY)
    with localcontext(EXACT):
        counted = [metered.until(month, offset) for offset in range(month.days)]
        spent = [planned.until(month, offset) for offset in range(month.days)]
        for offset, seen in enumerate(counted):
            before = offset - days
            billed = spent[before] if before >= 0 else Decimal(0)
            recent = seen - (counted[before] if before >= 0 else Decimal(0))
            factor = max(Decimal(1), UPWARD.divide(billed, seen)) if seen else Decimal(1)
            yield max(billed, min(seen * factor, billed + recent * factor))


def reached(each_day: list[Decimal], month: Period, steps: Mapping[_Step, Decimal]) -> dict[_Step, date]:
    """The days of a month on which estimates reach steps, by their amounts; without those that are not reached."""
    found = {}
    for step, amount in steps.items():
        offset = next((offset for offset, estimate in enumerate(each_day) if estimate >= amount), None)
        if offset is not None:
            found[step] = month.first + offset * _DAY
    return found
