"""Projects over months, with their traffic, thieves, tiers, prices, billing and a guard: what each month really costs.

Time passes in steps of a day, which are tried with all that the guard could know at their end; only if it would act is
the step done again in smaller ones, down to minutes with polls, the series' delay and the time of the act. A step after
which nothing would be done has cost less than any level: whatever was decided within, nothing was missed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Final

from landing_zone.gemini.limits import BLOCKED, Limits
from landing_zone.gemini.models import QUOTA_NAMES
from landing_zone.gemini.prices import LONG_CONTEXT
from landing_zone.guarding.decision import Signals, decide
from landing_zone.guarding.messages import BudgetMessage
from landing_zone.guarding.policy import Delays, Policy, Rate, StopStep, Throttle
from landing_zone.guarding.record import Act, Record, start_of
from landing_zone.guarding.release import release
from landing_zone.pricing import guarded_month
from landing_zone.pricing.days import PACIFIC
from landing_zone.pricing.exposure import Prices
from landing_zone.pricing.metered import Spend, Use, priced
from landing_zone.pricing.rates import Terms, rates
from landing_zone.pricing.worst_month import Spender, limits_month
from tests.guard.world import POLICY

MINUTE: Final = timedelta(minutes=1)
STEPS: Final = (timedelta(days=1), timedelta(hours=4), timedelta(minutes=20), MINUTE)
MODELS: Final = (
    "gemini-3.8-flash",
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3.1-pro-preview",
    "gemini-4-argon",
)
TIERS: Final = {1: (150, 1_000_000), 2: (1_000, 3_000_000), 3: (4_000, 8_000_000)}
"""Tier -> its own limits of requests and tokens a minute."""
FIRST: Final = date(2026, 11, 1)
ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Traffic:
    """A model's normal use."""

    requests: int
    """A minute, by day; at night a tenth."""
    prompt: int
    answer: int
    cached: Decimal
    """Share of the prompt that comes from a cache that Google fills by itself: no metric shows it."""


@dataclass(frozen=True)
class Case:
    """A project with its guard."""

    policy: Policy
    limits: dict[str, Limits]
    traffic: dict[str, Traffic]
    act: timedelta
    """How long it really takes until a lowered limit is enforced."""

    @property
    def spender(self) -> Spender:
        return Spender(self.limits, BLOCKED, self.policy.terms, self.policy.doors)

    def bound(self, month: date) -> Decimal:
        """The most that a month can cost, as it is stated at its beginning."""
        policy, spender = self.policy, self.spender
        assert policy.stop
        slow = None
        if policy.throttle:
            lower = {
                model: guarded_month.lowered(each, policy.throttle.to) for model, each in self.limits.items()
            }
            slow = guarded_month.Throttle(policy.level(policy.throttle.at), replace(spender, limits=lower))
        amount = policy.level(policy.stop.at)
        guard = guarded_month.Guard(amount, policy.delays.lag, policy.delays.billing, policy.queries, slow)
        beyond, alone = guarded_month.beyond(spender, month, guard).total, limits_month(spender, month)
        assert beyond is not None
        assert alone is not None
        return min(amount + beyond, alone)


def case(random: Random) -> Case:
    """A project of any kind."""
    doors = {"queries": random.choice([0, 0, 3]), "priority": random.random() < 0.2}
    limits, traffic = {}, {}
    for model in random.sample(MODELS, random.randint(1, 3)):
        a_minute = random.choice([10, 60, 300, 2_000])
        limits[model] = Limits(
            requests_per_minute=a_minute,
            input_tokens_per_minute=random.choice([50_000, 250_000, 2_000_000]),
            requests_per_day=random.choice([None, 1_000, 20_000]),
        )
        traffic[model] = Traffic(
            max(a_minute // random.choice([3, 10, 40]), 1),
            random.choice([200, 2_000, 30_000]),
            random.choice([50, 800]),
            random.choice([ZERO, Decimal("0.5")]),
        )
    policy = replace(
        POLICY,
        notify=Decimal("0.5"),
        throttle=random.choice([None, Throttle(Decimal("0.8"), Decimal("0.25"))]),
        stop=StopStep(random.choice([Decimal(1), Decimal("0.9")])),
        unlink=None,
        rate=random.choice([None, Rate(Decimal(3)), Rate(Decimal(5), "stop")]),
        ten_minutes=Decimal(random.choice([1, 20])),
        release_at_new_period=random.random() < 0.5,
        caches=False,
        queries=doors["queries"],
        priority=bool(doors["priority"]),
        terms=random.choice([Terms(), Terms(Decimal("0.1"), (), "USD", Decimal(1))]),
        delays=Delays(),
    )
    # What is planned is a share of the amount; most projects stay below it in most months.
    planned = sum(_planned(policy, model, own) for model, own in traffic.items())
    share = Decimal(random.choice(["0.2", "0.5", "0.8", "1.1"]))
    policy = replace(policy, amount=max(planned / share, Decimal(5)).quantize(Decimal("0.01")))
    return Case(policy, limits, traffic, policy.delays.act)


def _planned(policy: Policy, model: str, own: Traffic) -> Decimal:
    """What a month of normal use is metered at, about."""
    one = (own.requests, own.requests * own.prompt, own.requests * own.answer)
    return _cost(policy, model, one, FIRST, own.cached, steals=False)[0] * 60 * 13 * 30


@dataclass
class Month:
    """What a month cost, and what was done in it."""

    first: date
    bound: Decimal
    amount: Decimal
    spent: Decimal = ZERO
    acts: list[str] = field(default_factory=list)
    thief: bool = False


@dataclass(frozen=True)
class State:
    """All that a step changes, so that it can be done again in smaller ones."""

    now: datetime
    record: Record
    true: tuple[tuple[datetime, Decimal], ...] = ()
    """Ends of pieces and what they truly cost: of billing's last days; what is older is one."""
    spent: Decimal = ZERO
    """Truly, in the month."""
    fresh: tuple[Spend, ...] = ()
    published: Decimal = ZERO
    used: tuple[tuple[date, str, int], ...] = ()
    """Requests of today, by model."""
    coming: tuple[tuple[datetime, str], ...] = ()
    """What was decided and is not enforced yet."""
    lowered: str = ""
    """`throttle`, `stop`, or nothing."""


@dataclass
class Pieces:
    """What was used in some time."""

    metered: list[Spend] = field(default_factory=list)
    true: list[tuple[datetime, Decimal]] = field(default_factory=list)
    """Ends, and what it really costs."""


class Life:
    """A project's months."""

    def __init__(self, case: Case, random: Random) -> None:
        self.case = case
        self.random = random
        self.tier = random.choice([1, 2, 3])
        self.record = Record.begin(case.policy, start_of(FIRST))
        self.lowered = ""
        self.coming: tuple[tuple[datetime, str], ...] = ()
        self.steals_at: Decimal | None = None
        """The share of the amount from which on a thief uses all that limits allow."""
        self.thief_from: datetime | None = None

    def month(self, first: date) -> Month:
        """Live a calendar month."""
        random, policy = self.random, self.case.policy
        assert policy.stop
        found = Month(first, self.case.bound(first), policy.level(policy.stop.at))
        kind = random.choice(["", "", "quiet first", "at once", "from midnight"])
        begin, end = start_of(first), start_of(_next(first))
        self.steals_at = Decimal(random.choice(["0.5", "0.79", "0.99"])) if kind == "quiet first" else None
        day = begin + timedelta(days=random.randint(0, 27))
        late = {"at once": timedelta(minutes=random.randint(0, 1_439)), "from midnight": -2 * MINUTE}
        self.thief_from = max(day + late[kind], begin) if kind in late else None
        found.thief = bool(kind)
        if self.record.in_force and not policy.release_at_new_period:
            self.record = release(self.record, begin)  # a person, before anything is used
            self.lowered, self.coming = "", ()
        state = State(begin, self.record, coming=self.coming, lowered=self.lowered)
        while state.now < end:
            if random.random() < 0.01:
                self.tier = random.choice([1, 2, 3])
            state = self._step(state, min(STEPS[0], end - state.now), 0, found)
        found.spent = state.spent
        self.record, self.lowered, self.coming = state.record, state.lowered, state.coming
        return found

    def _step(self, state: State, length: timedelta, depth: int, month: Month) -> State:
        """A step, in smaller ones if the guard would do something at its end, or what it did gets enforced."""
        if depth < len(STEPS) - 1:
            # At a month's end the guard counts anew: what a longer step has in it would not be judged.
            ends = _month_of(state.now + length) != month.first
            tried, acts = (state, ()) if ends else self._tried(state, length, whole=True)
            if not (ends or acts or state.coming):
                return tried
            end = state.now + length
            while state.now < end:
                state = self._step(state, min(STEPS[depth + 1], end - state.now), depth + 1, month)
            return state
        done, acts = self._tried(state, length, whole=False)
        month.acts += [act.step for act in acts]
        enforced = [(done.now + self.case.act, act.does) for act in acts if act.does != "notify"]
        return replace(done, coming=(*done.coming, *enforced))

    def _tried(self, state: State, length: timedelta, *, whole: bool) -> tuple[State, Sequence[Act]]:
        """Time passes, and the guard polls at its end. `whole`: it sees all of it at once."""
        policy = self.case.policy
        lowered = state.lowered
        for moment, does in state.coming:
            if moment <= state.now:
                lowered = "stop" if "stop" in (does, lowered) else does
        coming = tuple(each for each in state.coming if each[0] > state.now)
        now = state.now + length
        pieces, used = self._pieces(replace(state, lowered=lowered), length)
        fresh = tuple(
            each for each in (*state.fresh, *pieces.metered) if each.end > state.record.meter.watermark
        )
        read_until = now if whole else now - policy.delays.series
        # A longer piece was tried with all that was in it already.
        seen = tuple(each for each in fresh if each.end <= read_until or each.end - each.start > MINUTE)
        true = _folded((*state.true, *pieces.true), now - 2 * policy.delays.billing)
        sent, published = self._message(true, state.published, now)
        decision = decide(policy, state.record, Signals(seen, read_until, sent), now)
        assert decision.record.seen
        if decision.record.period == _month_of(state.now):
            known = sum((each for end, each in true if end <= read_until), ZERO)
            assert decision.record.seen.estimate >= known - Decimal("1e-6")
        if state.record.in_force and not decision.record.in_force:
            lowered, coming = "", ()  # released for the new month
        spent = state.spent + sum((cost for _, cost in pieces.true), ZERO)
        after = State(now, decision.record, true, spent, fresh, published, used, coming, lowered)
        return after, decision.acts

    def _message(
        self, true: Sequence[tuple[datetime, Decimal]], published: Decimal, now: datetime
    ) -> tuple[BudgetMessage | None, Decimal]:
        """Now and then a budget's message, with what is older than some hours; the same may come twice, or late."""
        policy, random = self.case.policy, self.random
        if random.random() < 0.4:
            return None, published
        delay = policy.delays.billing * random.random()
        billed = max(published, sum((each for end, each in true if end <= now - delay), ZERO))
        late = random.choice([0, 0, 0, 30]) * MINUTE
        budget = policy.budget
        sent = BudgetMessage(
            policy.subscription,
            budget.account,
            budget.id,
            "1.0",
            budget.display_name,
            # What is late has only what was billed when it was published.
            published if late else billed,
            policy.currency,
            start_of(_month_of(now - MINUTE)),
            now - late - MINUTE if late else now,
        )
        return (sent if not late else None), billed

    def _pieces(self, state: State, length: timedelta) -> tuple["Pieces", tuple[tuple[date, str, int], ...]]:
        """What is used in some time, in pieces of some hours, and the requests of today."""
        found, start, used = Pieces(), state.now, state.used
        while start < state.now + length:
            end = min(start + STEPS[1], state.now + length)
            metered, true, used = self._used(replace(state, now=start, used=used), end - start)
            if metered:
                found.metered.append(Spend(start, end, metered))
                found.true.append((end, true))
            start = end
        return found, used

    def _used(
        self, state: State, length: timedelta
    ) -> tuple[Decimal, Decimal, tuple[tuple[date, str, int], ...]]:
        """What is metered and what it truly costs, and the requests of today."""
        policy, minutes = self.case.policy, length // MINUTE
        today = state.now.astimezone(PACIFIC).date()
        used = {model: count for day, model, count in state.used if day == today}
        metered = true = ZERO
        if state.lowered != "stop":
            steals = self.thief_from is not None and state.now >= self.thief_from
            steals = steals or (self.steals_at is not None and state.spent >= self.steals_at * policy.amount)
            for model, limits in self.case.limits.items():
                own = self._in_force(limits, state.lowered)
                one = self._a_minute(model, own, state.now, steals=steals)
                if not one[0]:
                    continue
                left = minutes
                if own.requests_per_day is not None:
                    left = min(minutes, (own.requests_per_day - used.get(model, 0)) // one[0])
                if left <= 0:
                    continue
                used[model] = used.get(model, 0) + one[0] * left
                shown, truly = _cost(
                    policy, model, one, today, self.case.traffic[model].cached, steals=steals
                )
                metered += shown * left
                true += truly * left
        return metered, true, tuple((today, model, count) for model, count in used.items())

    def _in_force(self, limits: Limits, lowered: str) -> Limits:
        throttle = self.case.policy.throttle
        share = throttle.to if throttle else Decimal("0.25")
        return _in_force(limits, self.tier, share if lowered == "throttle" else None)

    def _a_minute(self, model: str, limits: Limits, now: datetime, *, steals: bool) -> tuple[int, int, int]:
        """Requests, input and output tokens of a minute."""
        most, tokens = limits.requests_per_minute or 0, limits.input_tokens_per_minute or 0
        if steals:
            prices = Prices.of(model, now.date(), self.case.policy.terms, self.case.policy.doors)
            return (
                most,
                min(tokens, most * prices.size.context),
                most * prices.size.output * prices.candidates,
            )
        own = self.case.traffic[model]
        by_day = own.requests if 8 <= now.astimezone(PACIFIC).hour < 20 else own.requests // 10
        requests = min(by_day, most, tokens // own.prompt)
        return requests, requests * own.prompt, requests * own.answer


@lru_cache(maxsize=10_000)
def _in_force(limits: Limits, tier: int, share: Decimal | None) -> Limits:
    held = limits.tightened(Limits(TIERS[tier][0], None, TIERS[tier][1]))
    if share is None:
        return held
    return Limits.of({name: max(int(value * share), 1) for name, value in held.items()})


@lru_cache(maxsize=200_000)
def _cost(
    policy: Policy, model: str, one: tuple[int, int, int], day: date, cached: Decimal, *, steals: bool
) -> tuple[Decimal, Decimal]:
    """What a minute is metered at, and what it truly costs: a thief takes the dearest of all, in text there is less."""
    noon = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    use = Use(noon, noon + MINUTE, QUOTA_NAMES[model], *one)
    [shown] = [each.cost for each in priced([use], policy.terms, policy.doors).spends] or [ZERO]
    if steals:
        prices = Prices.of(model, day, policy.terms, policy.doors)
        by = prices.long if prices.long and one[1] > LONG_CONTEXT else prices.short
        # Only so many prompts of a minute are long, and so are only their answers dear.
        share = Decimal(min(one[1] // (LONG_CONTEXT + 1), one[0])) / one[0] if prices.long else ZERO
        answers = by.dearest_output * share + prices.short.dearest_output * (1 - share)
        tokens = one[1] * by.dearest_input + one[2] * answers
        true = tokens / 1_000_000 + one[0] * prices.grounding
    else:
        held = rates(model, day, terms=policy.terms)
        tokens = one[1] * (held.input * (1 - cached) + held.cached * cached) + one[2] * held.output
        true = tokens / 1_000_000
    assert true <= shown
    return shown, true


def _folded(
    true: tuple[tuple[datetime, Decimal], ...], before: datetime
) -> tuple[tuple[datetime, Decimal], ...]:
    """What is long billed, as one."""
    if len(true) < 400 and len(true) % 50:
        return true
    old = sum((cost for end, cost in true if end <= before), ZERO)
    return ((before, old), *((end, cost) for end, cost in true if end > before))


def _month_of(now: datetime) -> date:
    return now.astimezone(PACIFIC).date().replace(day=1)


def _next(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def lives(
    seed: int, projects: int, months: int, *, act: timedelta | None = None
) -> Iterator[tuple[Case, Month]]:
    """Months of projects, from November 2026 on. `act`: how long the act really takes, if not as long as is said."""
    random = Random(seed)  # noqa: S311 a simulation repeats
    for _ in range(projects):
        own = case(random)
        life = Life(replace(own, act=act) if act else own, random)
        first = FIRST
        for _ in range(months):
            yield own, life.month(first)
            first = _next(first)
