"""The worst month is a bound: whoever uses all that the settings leave open, until what stops it acts, spends no more.

The adversary calls in the way that hypothesis chooses, minute by minute, as often as the limits allow: prompts of any
length and modality, as many candidates as the model gives, each as long as it gets, in Priority where that is open,
caches that live to the end, queries to Google in each request.
A minute's calls all come at its beginning or all at its end; the stop acts when its lag has passed since the moment at
which its amount was spent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import compress
from operator import not_
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.models import QUOTA_NAMES, RECORDS
from landing_zone.gemini.prices import LONG_CONTEXT, Processing
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.exposure import Doors
from landing_zone.pricing.grounding import GROUNDS, grounding_price, per_unit
from landing_zone.pricing.model_ids import size_of
from landing_zone.pricing.money import EXACT
from landing_zone.pricing.rates import A_MILLIONTH, ContractPrices, Terms, billed_as, rates
from landing_zone.pricing.worst_month import (
    MONTH,
    Spender,
    Stop,
    late,
    limits_month,
    worst_month,
)

MODELS = sorted(QUOTA_NAMES)
FIRST = datetime(2026, 11, 20, tzinfo=PACIFIC)
Start = st.integers(0, 45 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
Choices = st.randoms(use_true_random=True)
Few = st.none() | st.integers(0, 20)
SomeLimits = st.builds(
    Limits, Few, st.none() | st.integers(0, 300), st.none() | st.integers(0, 700_000)
).filter(lambda limits: limits.bounds_requests)
Spenders = st.builds(
    Spender,
    st.dictionaries(st.sampled_from(MODELS), SomeLimits, min_size=1, max_size=3),
    st.just(BLOCKED),
    st.builds(
        Terms,
        discount=st.sampled_from([Decimal(0), Decimal("0.15")]),
        currency=st.just("EUR"),
        usd_rate=st.sampled_from([Decimal(1), Decimal("0.92")]),
    ),
    st.builds(Doors, st.booleans(), st.integers(0, 4), st.booleans()),
)
Stops = st.builds(
    Stop,
    st.sampled_from([Decimal(0), Decimal(1), Decimal(20), Decimal(300)]),
    st.sampled_from([timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=3)]),
)


@dataclass
class Model:
    """One model as a thief calls it."""

    id: str
    limits: Limits
    spender: Spender
    random: Random
    today: date | None = None
    requests_today: int = 0
    cached: int = 0
    """Tokens in caches."""
    assumed: int = 100
    """Queries of a request that a guard assumes."""
    unmetered: Decimal = Decimal(0)
    """What queries beyond those have cost."""

    def call(self, at: datetime, *, hoards: bool) -> Decimal:
        """Use a quota minute, without what caches cost in it. `hoards`: only fill caches, as cheaply as can be."""
        day = at.astimezone(PACIFIC).date()
        if day != self.today:
            self.today, self.requests_today = day, 0
        model, terms = billed_as(self.id, day), self.spender.terms
        size, record = size_of(model), RECORDS.get(model)
        assert size
        tokens_left = self.limits.input_tokens_per_minute
        cost = Decimal(0)
        for _ in range(self._requests()):
            most = size.context if tokens_left is None else min(size.context, tokens_left)
            tokens = most if self.random.random() < 0.7 else self.random.randint(0, most)
            tokens_left = None if tokens_left is None else tokens_left - tokens
            served: Processing = "priority" if self.spender.doors.priority else "standard"
            price = rates(model, day, processing=served, long=tokens > LONG_CONTEXT, terms=terms)
            to_cache = self.spender.doors.caches and (hoards or self.random.random() < 0.6)
            # What is to be stored is cheapest as text; what is not, dearest as something else.
            cost += tokens * (price.input if to_cache else price.dearest_input) * A_MILLIONTH
            self.cached += tokens if to_cache else 0
            if hoards:
                continue
            assert record
            most = record.candidates.most
            candidates = most if self.random.random() < 0.7 else self.random.randint(1, most)
            cost += candidates * size.output * price.dearest_output * A_MILLIONTH
            queries = self.spender.doors.queries
            grounding = self._grounding(model, day, queries)
            self.unmetered += grounding - self._grounding(model, day, min(queries, self.assumed))
            cost += grounding
        return cost

    def store(self, at: datetime) -> Decimal:
        """What the tokens in caches cost in one minute."""
        day = at.astimezone(PACIFIC).date()
        storage = rates(billed_as(self.id, day), day, terms=self.spender.terms).storage * A_MILLIONTH
        return self.cached * storage / 60

    def _requests(self) -> int:
        left = [
            *([] if self.limits.requests_per_minute is None else [self.limits.requests_per_minute]),
            *(
                []
                if self.limits.requests_per_day is None
                else [self.limits.requests_per_day - self.requests_today]
            ),
        ]
        # After limits were lowered, a day may have had more than it is left.
        found = max(min(min(left), 40), 0)
        found = found if self.random.random() < 0.8 else self.random.randint(0, found)
        self.requests_today += found
        return found

    def _grounding(self, model: str, day: date, queries: int) -> Decimal:
        found = []
        for ground in GROUNDS:
            price = grounding_price(model, ground, day)
            if price and queries:
                found.append(per_unit(price, self.spender.terms) * (queries if price.per_query else 1))
        flat = not model.startswith(("gemini-3", "gemini-4", "gemini-nano"))
        return sum(found, Decimal(0)) if flat else max(found, default=Decimal(0))


@dataclass
class Thief:
    """Spends with one project's key."""

    spender: Spender
    random: Random
    hoards: bool = False
    models: list[Model] = field(init=False)

    def __post_init__(self) -> None:
        self.models = [
            Model(id_, limits, self.spender, self.random) for id_, limits in self.spender.limits.items()
        ]

    def call(self, at: datetime, *, late: bool) -> Decimal:
        """What a minute's calls cost; `late`: after the stop should have acted."""
        hoards = self.hoards and not late
        return sum((model.call(at, hoards=hoards) for model in self.models), Decimal(0))

    def store(self, at: datetime) -> Decimal:
        """What the tokens in its caches cost in one minute."""
        return sum((model.store(at) for model in self.models), Decimal(0))


def stolen(thieves: list[Thief], stop: Stop, start: datetime) -> Decimal:
    """What all spend until the stop, which should act once its amount is spent, has acted."""
    spent, acts = Decimal(0), None
    lag = stop.lag // timedelta(minutes=1)
    for minute in range(4 * 60):
        part = Decimal(1) if acts is None else min(Decimal(1), acts - minute)
        if part <= 0:
            break
        at = start + timedelta(minutes=minute)
        early = [thief.random.random() < 0.5 for thief in thieves]
        spent += _called(compress(thieves, early), at, late=acts is not None)
        if acts is None and spent >= stop.amount:
            acts = Decimal(minute + lag)
        stored = sum((thief.store(at) for thief in thieves), Decimal(0))
        if acts is None and spent + stored >= stop.amount:
            acts = minute + lag + (stop.amount - spent) / stored
        spent += stored * part
        spent += _called(compress(thieves, map(not_, early)), at, late=acts is not None)
        if acts is None and spent >= stop.amount:
            acts = Decimal(minute + 1 + lag)
    return spent


def _called(thieves: Iterable[Thief], at: datetime, *, late: bool) -> Decimal:
    return sum((thief.call(at, late=late) for thief in thieves), Decimal(0))


@settings(deadline=None, max_examples=60)
@given(spender=Spenders, stop=Stops, start=Start, random=Choices, hoards=st.booleans())
def test_no_thief_spends_more_than_the_worst_month(
    spender: Spender, stop: Stop, start: datetime, random: Random, hoards: bool
) -> None:
    day = start.date()
    bound = worst_month(limits_month(spender, day), stop, late([spender], day, stop))
    with localcontext(EXACT):
        assert bound is not None
        assert stolen([Thief(spender, random, hoards)], stop, start) <= bound


@settings(deadline=None, max_examples=25)
@given(spenders=st.lists(Spenders, min_size=2, max_size=3), stop=Stops, start=Start, random=Choices)
def test_no_thieves_together_spend_more_than_the_cap_of_the_accounts_tier(
    spenders: list[Spender], stop: Stop, start: datetime, random: Random
) -> None:
    bound = worst_month(None, stop, late(spenders, start.date(), stop))
    with localcontext(EXACT):
        assert bound is not None
        assert stolen([Thief(each, random, random.random() < 0.5) for each in spenders], stop, start) <= bound


@pytest.mark.parametrize("caches", [True, False])
@given(random=Choices)
@settings(max_examples=5)
def test_the_bound_is_of_the_size_of_what_a_thief_spends(caches: bool, random: Random) -> None:
    spender = Spender({"gemini-4-argon": Limits(2, None, 10_000)}, BLOCKED, Terms(), Doors(caches, 3))
    stop = Stop(Decimal(100), timedelta(hours=1))
    start = datetime(2026, 11, 24, 12, tzinfo=PACIFIC)
    day = start.date()
    bound = worst_month(limits_month(spender, day), stop, late([spender], day, stop))
    assert bound is not None
    with localcontext(EXACT):
        # Prices double on December 1, and the bound of any day of November has them.
        assert stolen([Thief(spender, random)], stop, start) > bound / 4
    assert day + MONTH > date(2026, 12, 1)


def test_a_thief_who_fills_caches_first_spends_more_than_the_lag_alone_allows() -> None:
    """Why caches that were filled before count: without them the sum would be no bound."""
    spender = Spender({"gemini-3.1-pro-preview": Limits(4, None, 150_000)}, BLOCKED)
    stop = Stop(Decimal(20), timedelta(hours=3))
    start, day = FIRST, FIRST.date()
    lag = late([spender], day, stop)
    assert lag.allowed is not None
    filled = Model("gemini-3.1-pro-preview", spender.limits["gemini-3.1-pro-preview"], spender, Random(0))  # noqa: S311 a test's choices
    with localcontext(EXACT):
        before = Decimal(0)
        minute = 0
        while before < stop.amount:
            at = start + timedelta(minutes=minute)
            before += filled.call(at, hoards=True) + filled.store(at)
            minute += 1
        kept = filled.cached * rates(filled.id, day).storage * A_MILLIONTH * 3
        assert lag.kept is not None
        assert 0 < kept <= lag.kept


def test_free_input_that_nothing_limits_fills_caches_without_end() -> None:
    """A contract can make input free: then no amount that a stop allows bounds what caches hold."""
    free = Terms(contract=(("gemini-3.8-flash", ContractPrices(input=Decimal(0))),))
    spender = Spender({}, None, free)
    assert late([spender], FIRST.date(), Stop(Decimal(20), timedelta(hours=3))).total is None
