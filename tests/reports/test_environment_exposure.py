"""The most that a stack's limits allow, and by how much a budget can be overshot."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.gemini.models import MODELS, counter_of
from landing_zone.pricing.money import Money
from landing_zone.reports.environment_exposure import (
    EnvironmentExposure,
    ProjectExposure,
    environment_exposure,
)
from tests.reports.stack import ACCOUNT, AS_OF, loaded


def project(limits: str, more: str = "", budget: str = "{amount: 1000, currency: USD}") -> str:
    return f"chat: {{projectId: acme-chat-x, tier: paid, budget: {budget}, limits: {limits}{more}}}"


def exposed(folder: Path, text: str, environment: str = "", day: date = AS_OF) -> EnvironmentExposure:
    return environment_exposure(loaded(folder, text, environment, day), day)


def chat(
    folder: Path, limits: str, more: str = "", budget: str = "{amount: 1000, currency: USD}"
) -> ProjectExposure:
    return exposed(folder, project(limits, more, budget)).projects["chat"]


def told(found: ProjectExposure) -> dict[str, str]:
    return {name: str(money) if money else "unlimited" for name, money in found.bounds.items()}


def test_the_most_of_one_model_by_how_long(tmp_path: Path) -> None:
    # 4-argon in November: 2.00 in, 10.00 out, no caches to pay for; reads and writes 1,048,576 tokens at most.
    found = chat(
        tmp_path,
        "{gemini-4-argon: {requestsPerMinute: 2, requestsPerDay: 100, inputTokensPerMinute: 1000}, others: deny}",
    )
    request = Decimal(1_048_576) * 10 / 1_000_000
    tokens = Decimal(1000) * 2 / 1_000_000
    exact = {
        "minute": 2 * request + tokens,
        "hour": 100 * request + 60 * tokens,
        "day": 100 * request + 1440 * tokens,
        "month": 3100 * request + 31 * 1440 * tokens,
        # Any 24 hours touch two of the quotas' days, and 1,441 of their minutes.
        "lag": 200 * request + 1441 * tokens,
    }
    assert {name: money and money.amount for name, money in found.bounds.items()} == exact


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ("{}", "every other model: no limit holds for it; write others: deny"),
        (
            "{gemini-4-argon: {requestsPerDay: 5}}",
            "every other model: no limit holds for it; write others: deny",
        ),
        (
            "{gemini-4-argon: {inputTokensPerMinute: 5}, others: {inputTokensPerMinute: 5}}",
            "gemini-4-argon: no limit of requests; write requestsPerMinute or requestsPerDay",
        ),
    ],
)
def test_what_nothing_bounds_is_unlimited_and_says_so(tmp_path: Path, limits: str, reason: str) -> None:
    found = chat(tmp_path, limits)
    assert set(told(found).values()) == {"unlimited"}
    assert found.overshoot is None
    assert any(reason in text for text in found.not_bounded)


def test_others_that_are_limited_count_for_each_other_model(tmp_path: Path) -> None:
    one = chat(tmp_path, "{gemini-4-argon: {requestsPerDay: 1}, others: {requestsPerDay: 1}}")
    [argon, others] = one.models
    [bound, all_others] = [model.bounds["day"] for model in (argon, others)]
    assert bound
    assert all_others
    # Images and speech count on the same metrics; a model and its preview share one quota.
    assert (bound.requests, all_others.requests) == (
        1,
        sum(map("content".__eq__, map(counter_of, MODELS))) - 1,
    )


def test_a_project_that_denies_everything_and_a_free_one_cost_nothing(tmp_path: Path) -> None:
    text = project("{others: deny}") + "\nlab: {projectId: acme-lab-x, tier: free}"
    found = exposed(tmp_path, text)
    for each in found.projects.values():
        assert set(told(each).values()) == {"0.00 USD"}


LIMITED = "{gemini-4-argon: {requestsPerMinute: 10, requestsPerDay: 10}, others: deny}"


def test_a_caps_lag_is_in_the_overshoot(tmp_path: Path) -> None:
    """A cap at 1,500 that is a day late: what is spent beyond the budget of 1,000 is 500 and a day's exposure."""

    def over(budget: str) -> tuple[str | None, timedelta, str]:
        found = chat(tmp_path, LIMITED, budget=budget)
        return found.mechanism, found.lag, str(found.overshoot)

    # A request reads and writes a million tokens at most: 12.582912 dollars.
    plain = "{amount: 1000, currency: USD}"
    assert over(plain) == (None, timedelta(hours=24), "251.66 USD")
    assert over(plain[:-1] + ", spendCap: {amount: 1500}}") == ("spendCap", timedelta(hours=24), "751.66 USD")
    assert over(plain[:-1] + ", spendCap: {amount: 1500, lag: 3d}}") == (
        "spendCap",
        timedelta(days=3),
        "1,003.32 USD",
    )
    assert over(plain[:-1] + ", spendCap: {amount: 100, lag: 90m}}") == (
        "spendCap",
        timedelta(minutes=90),
        "0.00 USD",
    )
    # A month's worst is a bound too.
    assert over("{amount: 3000, currency: USD, spendCap: {amount: 9000}}")[2] == "900.70 USD"


def test_a_lag_can_be_asked_for(tmp_path: Path) -> None:
    settings = loaded(tmp_path, project(LIMITED))
    found = environment_exposure(settings, AS_OF, timedelta(days=9)).projects["chat"]
    assert str(found.bounds["lag"]) == "1,258.29 USD"


def test_keys_share_what_a_project_allows_and_say_to_whom(tmp_path: Path) -> None:
    keys = (
        ", keys: {server: {allowedIps: [203.0.113.7], methods: [generate]}, any: {methods: [generate]}, "
        "web: {allowedReferrers: ['https://a.example.com/*'], methods: [generate]}, "
        "bound: {serviceAccount: w@acme-seed.iam.gserviceaccount.com, methods: [generate]}}"
    )
    found = chat(tmp_path, LIMITED, keys)
    assert {key.name: key.open_to for key in found.keys} == {
        "server": "calls from its addresses",
        "web": "calls that name its web pages, as any caller can",
        "any": "anybody who has it",
        "bound": "anybody who has it, as w@acme-seed.iam.gserviceaccount.com",
    }
    assert told(found) == told(chat(tmp_path, LIMITED))
    shown = found.as_json()
    assert shown["keys"]["web"]["exposure"] == shown["exposure"]


def test_a_coming_price_changes_the_exposure(tmp_path: Path) -> None:
    found = chat(tmp_path, LIMITED)
    [change] = found.changes
    assert (change.day, str(found.bounds["day"]), str(change.bounds["day"])) == (
        date(2026, 12, 1),
        "125.83 USD",
        "251.66 USD",
    )
    after = exposed(tmp_path, project(LIMITED), day=date(2026, 12, 1)).projects["chat"]
    assert str(after.bounds["day"]) == "251.66 USD"
    assert after.changes == ()


DERIVED = "{derive: {maxOvershoot: 500, shares: {gemini-4-argon: 1}}}"


@pytest.mark.parametrize(
    ("day", "days", "warned"),
    [
        (date(2026, 11, 24), 7, True),
        (date(2026, 11, 1), 30, True),
        (date(2026, 10, 31), 31, False),
        (date(2026, 12, 1), 0, False),
    ],
)
def test_an_allowance_that_a_coming_price_breaks_is_told_thirty_days_ahead(
    tmp_path: Path, day: date, days: int, warned: bool
) -> None:
    found = exposed(tmp_path, project(DERIVED), day=day)
    expected = [f"chat: from 2026-12-01, in {days} days, prices rise"] if warned else []
    assert [warning.split(":")[0] + ":" + warning.split(":")[1] for warning in found.warnings] == expected
    assert all("956.30 USD over 24h, and 500.00 USD is allowed" in warning for warning in found.warnings)


def test_a_plan_that_a_coming_price_makes_unfit_is_told_with_what_to_write(tmp_path: Path) -> None:
    limits = "{derive: {maxOvershoot: 600}}"
    work = ", workload: [{model: gemini-4-argon, requestsPerDay: 20, inputTokens: 1000}]"
    found = exposed(tmp_path, project(limits, work), day=date(2026, 11, 24))
    assert any(
        "chat: from 2026-12-01, the workload does not fit: over 24h gemini-4-argon needs" in warning
        and "write maxOvershoot: " in warning
        for warning in found.warnings
    )


PRIORITY = (
    ", quotas: {prio: {metric: generativelanguage.googleapis.com/generate_content_paid_tier_2_requests_prio, "
    "limit: /min/model/project, value: 5, dimensions: {model: gemini-4-argon}}}"
)


def test_priority_is_shut_unless_a_quota_opens_it_and_counts_then(tmp_path: Path) -> None:
    work = ", workload: [{model: gemini-4-argon, requestsPerDay: 2, inputTokens: 1, priorityShare: 0.5}]"
    shut = exposed(tmp_path, project(LIMITED, work))
    assert ["planned in Priority, which others: deny shuts" in each for each in shut.warnings] == [True]
    opened = exposed(tmp_path, project(LIMITED, work + PRIORITY))
    assert opened.warnings == []
    days = [each.projects["chat"].bounds["day"] for each in (shut, opened)]
    # argon has neither caches nor, here, grounding: all of it is tokens.
    assert days[0]
    assert days[1] == Money(days[0].amount * Decimal("1.8"), "USD")


@pytest.mark.parametrize(
    ("budget", "over"),
    [
        ("{amount: 100, currency: USD, period: quarter}", "251.65824"),
        ("{lastPeriod: true}", "251.65824"),
        ("{amount: 100, currency: USD, period: {start: 2026-11-01}}", "251.65824"),
        ("{amount: 100, currency: USD, period: quarter, spendCap: {amount: 5}}", None),
        ("{amount: 100, currency: EUR}", None),
    ],
)
def test_over_a_budget_of_another_period_goes_what_the_lag_lets_through(
    tmp_path: Path, budget: str, over: str | None
) -> None:
    assert chat(tmp_path, LIMITED, budget=budget).as_json()["overshoot"] == over


def test_a_lifted_cap_stops_nothing(tmp_path: Path) -> None:
    found = chat(
        tmp_path, LIMITED, budget="{amount: 1000, currency: USD, spendCap: {amount: 1500, lifted: true}}"
    )
    assert (found.mechanism, str(found.overshoot)) == (None, "251.66 USD")


def test_a_derived_lag_shorter_than_the_caps_is_told(tmp_path: Path) -> None:
    budget = "{amount: 1000, currency: USD, spendCap: true}"
    limits = "{derive: {maxOvershoot: 50, lag: 1h, shares: {gemini-3.5-flash-lite: 1}}}"
    found = chat(tmp_path, limits, budget=budget)
    assert found.warnings == ("chat: limits are derived for 1h, and spendCap may be 24h late",)


def test_a_tiers_own_caps_are_told_beside_the_exposure(tmp_path: Path) -> None:
    found = exposed(tmp_path, project(LIMITED), f"accountTerms: {{{ACCOUNT}: {{tier: 1}}}}")
    assert found.as_json()["accounts"] == {
        ACCOUNT: {"tier": 1, "monthCapUsd": "250", "tenMinutesCapUsd": "10"}
    }


def test_what_a_tier_allows_bounds_as_well(tmp_path: Path) -> None:
    text = project("{gemini-4-argon: {requestsPerMinute: 10}, others: deny}")
    terms = f"accountTerms: {{{ACCOUNT}: {{tierLimits: {{gemini-4-argon: {{requestsPerDay: 7}}}}}}}}"
    [without, within] = [exposed(tmp_path, text, each).projects["chat"].models[0] for each in ("", terms)]
    bounds = [each.bounds["day"] for each in (without, within)]
    assert [bound and bound.requests for bound in bounds] == [14_400, 7]


def test_totals_are_by_currency_and_unlimited_if_one_is(tmp_path: Path) -> None:
    text = "\n".join(
        [
            project(LIMITED),
            project(LIMITED, budget="{amount: 9, currency: EUR}").replace("chat", "euro"),
            project("{}").replace("chat", "open"),
        ]
    )
    found = exposed(tmp_path, text, f"accountTerms: {{{ACCOUNT}: {{usdRate: 0.5}}}}")
    assert {currency: str(bounds["day"]) for currency, bounds in found.totals.items()} == {
        "USD": "None",
        "EUR": "62.91 EUR",
    }
    assert found.as_json()["total"][0]["exposure"]["day"] == "unlimited"


def test_every_assumption_has_a_source(tmp_path: Path) -> None:
    assumptions = exposed(tmp_path, project(LIMITED)).as_json()["assumptions"]
    assert all(each["text"] and each["source"].startswith("https://") for each in assumptions)
