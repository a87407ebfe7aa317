"""Budget messages: what is not the project's own, of this month and in order changes nothing, and is counted."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landing_zone.guarding import messages
from landing_zone.guarding.decision import Decision, Signals, decide
from landing_zone.guarding.record import Record
from landing_zone.guarding.release import release
from tests.guard.world import ACCOUNT, MINUTE, POLICY, message, push

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def reason(**more: Any) -> str | None:
    """Why a message of 60, a minute after one of 50, changes nothing."""
    before = decide(POLICY, None, Signals(message=message(50, NOON)), NOON).record
    cost, published = more.pop("cost", 60), more.pop("published", NOON + MINUTE)
    read = messages.read(push(cost, published, **more))
    if read is None:
        return "not a budget message"
    after = decide(POLICY, before, Signals(message=read), NOON + MINUTE)
    found = after.ignored
    assert after.record.ignored == ({found: 1} if found else {})
    assert after.record.billed is not None
    assert (after.record.billed.published == NOON) is (found is not None)
    assert not (found and after.acts)
    return found


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, None),
        ({"attributes": {}}, None),
        ({"cost": 50}, None),
        ({"cost": 60.125}, None),
        ({"alertThresholdExceeded": 1.0}, None),
        ({"subscription": "projects/acme-seed/subscriptions/other"}, "from another subscription"),
        (
            {"attributes": {"billingAccountId": ACCOUNT, "budgetId": "b-2", "schemaVersion": "1.0"}},
            "of another budget",
        ),
        (
            {"attributes": {"billingAccountId": "A", "budgetId": "b-1", "schemaVersion": "1.0"}},
            "of another budget",
        ),
        ({"attributes": {"budgetId": "b-1", "schemaVersion": "1.0"}}, "of another budget"),
        ({"attributes": {}, "budgetDisplayName": "other budget"}, "of another budget"),
        (
            {"attributes": {"billingAccountId": ACCOUNT, "budgetId": "b-1", "schemaVersion": "2.0"}},
            "of another schema version",
        ),
        ({"attributes": {"billingAccountId": ACCOUNT, "budgetId": "b-1"}}, "of another schema version"),
        ({"currencyCode": "EUR"}, "in another currency"),
        ({"costIntervalStart": "2026-10-01T07:00:00Z"}, "of another month"),
        ({"costIntervalStart": "2026-10-30T07:00:00Z"}, "of another month"),
        ({"costIntervalStart": "2026-12-01T00:00:00Z"}, "of another month"),
        # As Google's documentation writes it, and as other clocks do.
        ({"costIntervalStart": "2026-11-01T00:00:00Z"}, None),
        ({"costIntervalStart": "2026-11-01T00:00:00-07:00"}, None),
        ({"published": NOON + timedelta(minutes=10)}, "published in the future"),
        ({"cost": 49.99}, "lower than the last one"),
        ({"published": NOON}, "older than the last one"),
        ({"published": NOON - MINUTE, "cost": 40}, "lower than the last one"),
        ({"cost": "60"}, "not a budget message"),
        ({"cost": True}, "not a budget message"),
        ({"cost": -1}, "not a budget message"),
        ({"cost": float("nan")}, "not a budget message"),
        ({"cost": float("inf")}, "not a budget message"),
        ({"cost": 1e300}, "not a budget message"),
        ({"currencyCode": None}, "not a budget message"),
        ({"costIntervalStart": "November"}, "not a budget message"),
        ({"costIntervalStart": "2026-11-01T07:00:00"}, "not a budget message"),
        ({"costIntervalStart": "0001-01-01T00:00:00+10:00"}, "not a budget message"),
        ({"budgetDisplayName": "x" * 20_000}, "not a budget message"),
    ],
)
def test_a_message_counts_only_if_it_is_the_projects_own_and_in_order(
    more: dict[str, Any], expected: str | None
) -> None:
    assert reason(**more) == expected


@pytest.mark.parametrize(
    ("number", "cost"),
    [
        ("1e99999999999999999999", None),
        ("-1e-999999999", None),
        ("9" * 9_000, None),
        ("1e-999999999", Decimal("1e-9")),
        ("6E+1", Decimal(60)),
    ],
)
def test_a_number_is_read_however_it_is_written(number: str, cost: Decimal | None) -> None:
    body = push(0, NOON)
    data = b64decode(body["message"]["data"]).replace(b'"costAmount": 0', b'"costAmount": ' + number.encode())
    body["message"]["data"] = b64encode(data).decode()
    found = messages.read(body)
    assert (found and found.cost) == cost


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(json, st.sampled_from(["message", "subscription", "data", "attributes", "publishTime", ""]))
def test_whatever_is_sent_is_read_or_refused(value: Any, place: str) -> None:
    body: Any = push(60, NOON)
    if place in body["message"]:
        body["message"][place] = value
    elif place:
        body[place] = value
    else:
        body = value
    found = messages.read(body)
    assert found is None or isinstance(found, messages.BudgetMessage)


class Store:
    """A record with its generation, which two guards read and write."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.generation = 0
        self.acts: list[tuple[str, str]] = []
        """What was decided, as it was written."""

    def write(self, decision: Decision, generation: int) -> bool:
        if generation != self.generation:
            return False
        self.record, self.generation = decision.record, self.generation + 1
        self.acts += [(f"{act.period:%Y-%m}", act.step) for act in decision.acts]
        return True


class Guard:
    """Takes messages one after the other, in steps between which another guard may come."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.inbox: list[tuple[dict[str, Any], datetime]] = []
        self.at_work: Callable[[], bool] | None = None

    def step(self) -> None:
        """Read and decide, or write what was decided; what another guard overtook begins again."""
        if self.at_work:
            self.at_work()
            self.at_work = None
        elif self.inbox:
            body, now = self.inbox[0]
            read, generation = messages.read(body), self.store.generation
            if read is None:
                self.inbox.pop(0)
                return
            decision = decide(POLICY, self.store.record, Signals(message=read), now)

            def write() -> bool:
                written = self.store.write(decision, generation)
                if written:
                    self.inbox.pop(0)
                return written

            self.at_work = write


def forged(random: Random, published: datetime) -> dict[str, Any]:
    """A message that is not Google's, with a cost that would stop the project."""
    cost = random.choice([5_000, 10**9, -1, float("nan"), "5000"])
    more: dict[str, Any] = random.choice(
        [
            {"subscription": "projects/thief/subscriptions/s"},
            {"attributes": {"billingAccountId": ACCOUNT, "budgetId": "b-9", "schemaVersion": "1.0"}},
            {"attributes": {}, "budgetDisplayName": "mine"},
            {"currencyCode": "JPY"},
            {"costIntervalStart": "2026-10-01T07:00:00Z"},
            {"published": published + timedelta(days=1)},
        ]
    )
    return push(cost, more.pop("published", published), **more)


def test_ten_thousand_messages_duplicated_reordered_delayed_and_forged_act_once() -> None:
    random = Random(19)  # noqa: S311 a test repeats
    now, cost = NOON, Decimal(0)
    bodies: list[tuple[dict[str, Any], datetime]] = []
    most = Decimal(0)
    while len(bodies) < 10_000:
        now += timedelta(seconds=random.randint(1, 240))
        cost += Decimal(random.randint(0, 120)) / 100
        real = push(float(cost), now)
        most = max(most, cost)
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            late = timedelta(seconds=random.choice([0, 5, 60, 3_600, 86_400]))
            bodies.append((real, now + late))
        if random.random() < 0.4:
            bodies.append((forged(random, now), now))
    bodies.sort(key=lambda each: each[1])
    store = Store()
    guards = [Guard(store), Guard(store)]
    released = False
    for body, at in bodies:
        for guard in random.choice([guards, guards[:1], guards[1:]]):
            guard.inbox.append((body, at))
        for _ in range(random.randint(1, 8)):
            random.choice(guards).step()
        if store.record and not released and store.record.in_force and random.random() < 0.01:
            store.record = release(store.record, at)
            store.generation += 1
            released = True
    while any(guard.inbox or guard.at_work for guard in guards):
        random.choice(guards).step()
    assert store.record is not None
    assert store.record.billed is not None
    # Each step once, although the same step was reached by thousands of messages, and was released by a person.
    assert released
    assert len(store.acts) == len(set(store.acts))
    assert {step for _, step in store.acts} == {"notify", "throttle", "stop", "unlink"}
    assert store.record.billed.amount == Decimal(str(float(most)))
    assert len(store.record.ignored) == 7
    assert sum(store.record.ignored.values()) > 3_000
