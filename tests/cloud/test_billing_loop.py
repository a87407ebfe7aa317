"""Billing by the clock: use becomes costs, budgets notify and publish, tiers move; the same seed gives the same run."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing_zone.pricing.rates import rates
from sandbox.cloud.billing_loop import assumptions, evaluation, readers, stops, tiers
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudscheduler import models as jobs
from sandbox.cloud.core import iam, mails
from sandbox.cloud.core.errors import CloudError
from tests.cloud.local_cloud import ACCOUNT, EURO_ACCOUNT
from tests.cloud.world import BEGIN, TOPIC, World

Made = Callable[..., World]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    worlds: list[World] = []

    def make(seed: int = 0, begin: datetime = BEGIN) -> World:
        folder = tmp_path / str(len(worlds))
        folder.mkdir()
        worlds.append(World(folder, seed, begin))
        return worlds[-1]

    yield make
    for world in worlds:
        world.store.close()


def costs(world: World, number: str) -> dict[str, Decimal]:
    """What a project has used, in the account's currency: not billed yet, and billed."""
    for each in readers.costs(world.store)["projects"]:
        if each["number"] == number:
            return {name: Decimal(each[name]) for name in ("notBilled", "billed")}
    return {"notBilled": Decimal(0), "billed": Decimal(0)}


def test_use_is_a_cost_hours_later_by_sku_and_pacific_day_in_the_accounts_currency(made: Made) -> None:
    world = made()
    number = world.project("acme-costs", EURO_ACCOUNT)
    world.use(
        number,
        input={"TEXT": 1_000_000, "AUDIO": 1_000},
        cached={"TEXT": 400_000},
        output={"TEXT": 100_000},
        requests=10,
    )
    world.use(
        number, "gemini-3.1-pro-preview", input={"TEXT": 300_000}, output={"TEXT": 1_000}, processing="batch"
    )
    free = world.project("acme-free")
    with world.store.transaction():
        billing.unlink(world.store, free)
    world.use(free, input={"TEXT": 10**9})
    world.advance(minutes=1)
    flash, pro = (
        rates("gemini-3.8-flash", world.now.date()),
        rates("gemini-3.1-pro-preview", world.now.date(), processing="batch", long=True),
    )
    usd = (
        Decimal("0.6") * flash.input
        + Decimal("0.001") * flash.audio
        + Decimal("0.4") * flash.cached
        + Decimal("0.1") * flash.output
    )
    assert costs(world, number)["notBilled"] > Decimal("0.92") * usd
    world.advance(hours=6)
    assert costs(world, number)["billed"] == 0
    world.advance(hours=20)
    [project] = readers.costs(world.store)["projects"]
    assert {line["day"] for line in project["lines"]} == {"2026-12-01"}
    by_sku = {line["description"]: (line["units"], Decimal(line["amount"])) for line in project["lines"]}
    assert by_sku["Generate content input token count Gemini 3.8 Flash text"] == (
        600_000 + 1_000,
        Decimal("0.92") * (Decimal("0.6") * flash.input + Decimal("0.001") * flash.audio),
    )
    long_batch = by_sku["Batch input over 200k count Gemini 3.1 Pro Preview"]
    assert long_batch == (300_000, Decimal("0.92") * Decimal("0.3") * pro.input)
    assert (project["currency"], project["notBilled"]) == ("EUR", "0")


def test_searches_cost_beyond_the_allotment_alone(made: Made) -> None:
    world = made()
    number = world.project("acme-search")
    world.use(number, searches=4_000, requests=4_000)
    world.advance(minutes=1)
    assert costs(world, number)["notBilled"] == 0
    world.use(number, searches=1_500, requests=1_500)
    world.advance(minutes=1)
    assert costs(world, number)["notBilled"] == Decimal(7)
    world.use(number, "gemini-2.5-flash-lite", searches=1_600, requests=1_600)
    world.advance(minutes=1)
    assert costs(world, number)["notBilled"] == Decimal("10.5")


def test_what_was_used_before_the_unlink_is_billed_to_the_former_account(made: Made) -> None:
    world = made()
    number = world.project("acme-left")
    world.use(number, output={"TEXT": 1_000_000})
    with world.store.transaction():
        billing.unlink(world.store, number)
    world.advance(hours=25)
    [project] = readers.costs(world.store)["projects"]
    assert (project["billingAccount"], project["billed"]) == (f"billingAccounts/{ACCOUNT}", "3.75")


def test_a_rule_notifies_once_in_a_period_and_again_in_the_next(made: Made) -> None:
    world = made()
    number = world.project("acme-once")
    with world.store.transaction():
        admins = {"role": "roles/billing.admin", "members": ["user:money@example.com", "domain:example.com"]}
        iam.set_policy(world.store, f"billingAccounts/{ACCOUNT}", {"bindings": [admins]})
        iam.make_owner(world.store, "user:owner@example.com", f"projects/{number}")
    rules = [
        {"thresholdPercent": 0.5},
        {"thresholdPercent": 1.0},
        {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"},
    ]
    ways = {"pubsubTopic": TOPIC, "schemaVersion": "1.0", "enableProjectLevelRecipients": True}
    world.budget(number, 10, thresholdRules=rules, notificationsRule=ways)
    # 6 USD on December 3: half is reached, and the forecast is far above.
    world.advance(days=2)
    world.use(number, output={"TEXT": 1_600_000})
    world.advance(days=10)
    sent = mails.all_mails(world.store)
    assert [(mail["why"]["thresholdPercent"], mail["why"]["spendBasis"]) for mail in sent] == [
        (0.5, "CURRENT_SPEND"),
        (1.0, "FORECASTED_SPEND"),
    ]
    assert sent[0]["to"] == ["money@example.com", "owner@example.com"]
    assert sent[0]["subject"] == "Budget alert: budget has reached 50% of 10.00 USD"
    world.use(number, output={"TEXT": 1_600_000})
    world.advance(days=5)
    assert len(mails.all_mails(world.store)) == 3
    # January: nothing is spent, and nothing is notified until it is.
    world.advance(days=20)
    assert len(mails.all_mails(world.store)) == 3
    world.use(number, output={"TEXT": 800_000})
    world.advance(days=2)
    assert mails.all_mails(world.store)[3]["why"] == {
        "kind": "budget",
        "budget": mails.all_mails(world.store)[0]["why"]["budget"],
        "displayName": "budget",
        "thresholdPercent": 0.5,
        "spendBasis": "CURRENT_SPEND",
        "cost": "6",
        "period": "2027-01-01",
    }


def test_messages_are_googles_and_come_every_20_to_30_minutes(made: Made) -> None:
    world = made()
    number = world.project("acme-messages")
    budget = world.budget(number, 10, "Chat budget")
    world.use(number, output={"TEXT": 1_400_000})
    world.advance(hours=30)
    found = world.messages()
    moments = [datetime.fromisoformat(message["publishTime"]) for message in found]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(timedelta(minutes=20) <= gap <= timedelta(minutes=30) for gap in gaps)
    assert len(set(gaps)) > 10
    assert found[0]["attributes"] == {"billingAccountId": ACCOUNT, "budgetId": budget, "schemaVersion": "1.0"}
    assert found[0]["data"] == {
        "budgetDisplayName": "Chat budget",
        "costAmount": 0.0,
        "costIntervalStart": "2026-12-01T08:00:00Z",
        "budgetAmount": 10.0,
        "budgetAmountType": "SPECIFIED_AMOUNT",
        "currencyCode": "USD",
    }
    assert found[-1]["data"] == {**found[0]["data"], "costAmount": 5.25, "alertThresholdExceeded": 0.5}


def test_without_the_publishers_role_messages_are_dropped_and_counted(made: Made) -> None:
    world = made()
    number = world.project("acme-silent")
    world.budget(number, 10)
    with world.store.transaction():
        iam.set_policy(world.store, TOPIC, {"bindings": []})
    world.advance(hours=2)
    assert world.messages() == []
    [state] = evaluation.shown_states(world.store)
    assert state["published"] == 0
    assert 4 <= state["dropped"] <= 6


def test_a_budget_counts_what_its_filter_names(made: Made) -> None:
    world = made(begin=BEGIN + timedelta(days=23))
    mine, other = world.project("acme-mine"), world.project("acme-other")
    gemini, vertex = "services/AEFD-7695-64FA", "services/C7E2-9256-1C43"
    filters: dict[str, dict[str, Any]] = {
        "one": {"projects": [f"projects/{mine}"], "services": [gemini]},
        "all": {},
        "folder": {"resourceAncestors": ["folders/987654321098"]},
        "organization": {"resourceAncestors": ["organizations/123456789012"]},
        "vertex": {"services": [vertex]},
        "tomorrow": {
            "customPeriod": {
                "startDate": {"year": 2026, "month": 12, "day": 25},
                "endDate": {"year": 2026, "month": 12, "day": 31},
            }
        },
        "year": {"calendarPeriod": "YEAR"},
    }
    for name, part in filters.items():
        world.budget(mine, 100, name, budgetFilter=part)
    world.budget(mine, 100, "last", budgetFilter={}, amount={"lastPeriodAmount": {}})
    world.use(mine, output={"TEXT": 1_000_000})
    world.advance(days=2)
    world.use(other, output={"TEXT": 2_000_000})
    world.advance(days=2)
    reached = {each["displayName"]: each["cost"] for each in evaluation.shown_states(world.store)}
    assert reached == {
        "one": "3.75",
        "all": "11.25",
        "folder": "11.25",
        "organization": "11.25",
        "vertex": "0",
        "tomorrow": "7.5",
        "year": "11.25",
        "last": "11.25",
    }
    world.advance(days=5)
    [last] = [each for each in evaluation.shown_states(world.store) if each["displayName"] == "last"]
    assert (last["period"], last["cost"], last["amount"]) == ("2027-01-01", "0", "11.25")


def test_a_budget_counts_the_subaccounts_of_its_account(made: Made) -> None:
    world = made()
    with world.store.transaction():
        sub = billing.create_subaccount(world.store, f"billingAccounts/{ACCOUNT}", "team").id
    above, below = world.project("acme-above"), world.project("acme-below", sub)
    subaccounts = {
        "all": [],
        "above": [f"billingAccounts/{ACCOUNT}"],
        "below": [f"billingAccounts/{sub}"],
        "both": [f"billingAccounts/{ACCOUNT}", f"billingAccounts/{sub}"],
    }
    for name, names in subaccounts.items():
        world.budget(above, 100, name, budgetFilter={"subaccounts": names})
    world.budget(above, 100, "labels", budgetFilter={"labels": {"team": ["chat"]}})
    world.budget(below, 100, "own", sub, budgetFilter={})
    world.use(above, output={"TEXT": 1_000_000})
    world.use(below, output={"TEXT": 2_000_000})
    world.advance(days=2)
    reached = {each["displayName"]: each["cost"] for each in evaluation.shown_states(world.store)}
    assert reached == {
        "all": "11.25",
        "above": "3.75",
        "below": "7.5",
        "both": "11.25",
        "labels": "0",
        "own": "7.5",
    }
    with pytest.raises(CloudError) as refusal:
        world.budget(below, 100, "other", sub, budgetFilter={"subaccounts": [f"billingAccounts/{ACCOUNT}"]})
    assert "budget.budget_filter.subaccounts" in str(refusal.value.details)


def test_a_tier_moves_up_by_money_and_days_and_counts_anew_after_a_change_by_hand(made: Made) -> None:
    world = made()
    number = world.project("acme-tiers")
    world.use(number, output={"TEXT": 30_000_000})
    world.advance(days=3)
    assert billing.require(world.store, ACCOUNT).tier == 1
    world.advance(days=1)
    assert billing.require(world.store, ACCOUNT).tier == 2
    with world.store.transaction():
        billing.set_local_state(world.store, ACCOUNT, {"tier": 1})
        tiers.set_by_hand(world.store, ACCOUNT, world.now)
    world.advance(days=10)
    assert billing.require(world.store, ACCOUNT).tier == 1


def test_the_spend_rate_of_a_tier_binds_while_the_last_ten_minutes_cost_more(made: Made) -> None:
    world = made()
    number, beside = world.project("acme-rate"), world.project("acme-beside")
    for _ in range(3):
        world.use(number, output={"TEXT": 1_000_000})
        world.advance(minutes=1)
    assert stops.refusal(world.store, beside, world.now) is not None
    # The first of the three minutes leaves the window; two of them cost less than 10 USD.
    world.advance(minutes=7)
    assert stops.refusal(world.store, beside, world.now) is not None
    world.advance(minutes=1)
    assert stops.refusal(world.store, beside, world.now) is None


def journal(world: World) -> str:
    """All that billing has done."""
    shown = [mails.all_mails(world.store), evaluation.shown_states(world.store), readers.costs(world.store)]
    return json.dumps([*shown, world.messages()], sort_keys=True)


def test_the_same_seed_gives_the_same_run(made: Made) -> None:
    def run(seed: int) -> str:
        world = made(seed)
        numbers = [world.project(f"acme-run-{index}") for index in range(3)]
        for index, number in enumerate(numbers):
            world.budget(number, 5 + index)
        for _ in range(4):
            for number in numbers:
                world.use(number, output={"TEXT": 300_000})
            world.advance(hours=5)
        return journal(world)

    first = run(1)
    assert run(1) == first
    assert run(2) != first


USES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(("gemini-3.8-flash", "gemini-3.5-flash", "gemini-3.1-flash-lite")),
        st.integers(0, 5_000_000),
        st.integers(0, 500_000),
        st.integers(0, 90_000),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(USES, st.integers(0, 1000))
def test_costs_are_the_priced_use_and_messages_never_go_back(
    uses: list[tuple[int, str, int, int, int]], seed: int
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder), seed)
        numbers = [world.project(f"acme-sum-{index}") for index in range(3)]
        ids = [world.budget(number, 3, f"b{index}") for index, number in enumerate(numbers)]
        expected = dict.fromkeys(numbers, Decimal(0))
        for index, model, read, written, wait in uses:
            # Short prompts: `requests` is how many.
            world.use(numbers[index], model, requests=100, input={"TEXT": read}, output={"TEXT": written})
            price = rates(model, world.now.date())
            expected[numbers[index]] += (read * price.input + written * price.output) / 1_000_000
            world.advance(seconds=wait)
        world.advance(minutes=1)
        for number in numbers:
            assert sum(costs(world, number).values()) == expected[number]
        world.advance(hours=26)
        for number in numbers:
            assert costs(world, number) == {"notBilled": 0, "billed": expected[number]}
        found = world.messages()
        states = {each["name"].rpartition("/")[2]: each for each in evaluation.shown_states(world.store)}
        for budget in ids:
            own = [each for each in found if each["attributes"]["budgetId"] == budget]
            assert len(own) == states[budget]["published"] == len({each["publishTime"] for each in own})
            amounts = [each["data"]["costAmount"] for each in own]
            assert amounts == sorted(amounts)
        world.store.close()


def test_a_clock_that_is_set_back_bills_what_is_used_then_and_all_goes_on(made: Made) -> None:
    world = made()
    number = world.project("acme-back")
    world.budget(number, 1000)
    job = {
        "schedule": "0 * * * *",
        "name": "projects/acme-back/locations/us-central1/jobs/hourly",
        "pubsubTarget": {"topicName": TOPIC, "data": "e30="},
    }
    with world.store.transaction():
        jobs.create(world.store, "projects/acme-back/locations/us-central1", job, world.now)
    world.use(number, requests=100, output={"TEXT": 1_000_000})
    world.advance(days=20)
    world.use(number, requests=100, output={"TEXT": 1_000_000})
    world.messages()

    asyncio.run(world.timeline.move(to=BEGIN + timedelta(days=2)))
    world.use(number, requests=100, output={"TEXT": 1_000_000})
    world.advance(days=2)
    assert costs(world, number) == {"notBilled": 0, "billed": 3 * Decimal("3.75")}
    found = world.messages()
    hourly, budgets = ([each for each in found if bool(each["data"]) is kind] for kind in (False, True))
    assert len(hourly) == 48
    assert 48 * 2 <= len(budgets) <= 48 * 3
    assert {each["publishTime"][:10] for each in found} <= {"2026-12-03", "2026-12-04", "2026-12-05"}
    # When the clock comes where it was, nothing that was priced is priced again.
    world.advance(days=20)
    assert costs(world, number) == {"notBilled": 0, "billed": 3 * Decimal("3.75")}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"hours": 1},
        {"costHours": 5},
        {"costHours": [5, 1]},
        {"costHours": [-1, 1]},
        {"tierCaps": {"1": 5}},
        {"tierRatesApply": 1},
    ],
)
def test_an_assumption_that_makes_no_sense_is_refused(made: Made, body: object) -> None:
    world = made()
    before = assumptions.get(world.store)
    with pytest.raises(ValueError, match=r"\w"):
        assumptions.change(world.store, body)
    with suppress(ValueError):
        assumptions.change(world.store, {"costHours": [1, 2]})
    assert assumptions.get(world.store).cost_hours == (1, 2) != before.cost_hours
