"""What a stack file's workloads cost: every field counts, over months, against budgets."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.pricing.days import Period, month_of
from landing_zone.reports.environment_estimate import EnvironmentEstimate, environment_estimate
from tests.reports.stack import ACCOUNT, AS_OF, loaded

NOVEMBER = month_of(AS_OF)
QUARTER = Period(date(2026, 11, 1), date(2027, 1, 31))


def project(workload: str, budget: str = "{amount: 1000, currency: USD}") -> str:
    return f"chat: {{projectId: acme-chat-x, tier: paid, budget: {budget}, workload: [{{{workload}}}]}}"


def expected(found: EnvironmentEstimate) -> Decimal:
    [money] = found.totals["expected"]
    return money.amount


def estimated(
    folder: Path, workload: str, environment: str = "", period: Period = NOVEMBER, budget: str = ""
) -> EnvironmentEstimate:
    text = project(workload, budget) if budget else project(workload)
    return environment_estimate(loaded(folder, text, environment), period, AS_OF)


PLAIN = "model: gemini-2.5-flash, requestsPerDay: 10000, inputTokens: 1000, outputTokens: 100"


# By hand: requests x tokens x price, 30 days. 2.5-flash: 0.30 in, 2.50 out, 0.03 cached, 1.00 audio, storage 1.00.
@pytest.mark.parametrize(
    ("change", "dollars"),
    [
        ("", "165"),  # 300 M x 0.30 + 30 M x 2.50
        (", thinkingTokens: 100", "240"),  # 30 M x 2.50 more
        (", cachedTokens: 800", "100.2"),  # 240 M of the input at 0.03
        (", cachedTokens: 800, cacheHours: 24", "100.776"),  # 800 x 24 x 30 token-hours at 1.00 a million
        (", audioTokens: 500", "270"),  # 150 M of the input at 1.00
        (", batchShare: 1", "82.5"),
        (", flexShare: 0.5", "123.75"),
        (", priorityShare: 0.5", "231"),  # half of it at 1.8 times
        (
            ", batchShare: 0.25, flexShare: 0.25, priorityShare: 0.25",
            "156.75",
        ),  # 0.25 x (0.5 + 0.5 + 1.8 + 1)
    ],
)
def test_every_quantity_of_a_workload_counts(tmp_path: Path, change: str, dollars: str) -> None:
    found = estimated(tmp_path, PLAIN + change)
    assert expected(found) == Decimal(dollars)
    [line] = found.projects["chat"].lines
    assert line.parts["expected"].total == Decimal(dollars)


def test_a_range_gives_low_and_high(tmp_path: Path) -> None:
    ranged = PLAIN.replace("10000", "{low: 5000, expected: 10000, high: 20000}")
    found = estimated(tmp_path, ranged)
    assert [found.totals[case][0].amount for case in ("low", "expected", "high")] == [
        Decimal("82.5"),
        Decimal(165),
        Decimal(330),
    ]


# A day of PLAIN costs 5.50.
@pytest.mark.parametrize(
    ("change", "period", "dollars"),
    [
        (", businessHours: true", NOVEMBER, "115.5"),  # 21 days from Monday to Friday
        (", businessHours: {days: [sat, sun], hours: 4}", NOVEMBER, "49.5"),
        (", start: 2026-11-10", NOVEMBER, "115.5"),
        (", end: 2026-11-10", NOVEMBER, "55"),
        (", growthPerMonth: 0.1", NOVEMBER, "165"),
        (", growthPerMonth: 0.1", QUARTER, "558.855"),  # 5.50 x (30 + 31 x 1.1 + 31 x 1.21)
        (", growthPerMonth: 0.1, start: 2026-12-01", QUARTER, "358.05"),  # 5.50 x (31 + 31 x 1.1)
    ],
)
def test_when_and_how_requests_come(tmp_path: Path, change: str, period: Period, dollars: str) -> None:
    assert expected(estimated(tmp_path, PLAIN + change, period=period)) == Decimal(dollars)


@pytest.mark.parametrize(
    ("terms", "budget", "total"),
    [
        ("{discount: 0.2}", "", "132 USD"),
        ("{usdRate: 0.9}", "{amount: 100, currency: EUR}", "148.5 EUR"),
        ("{prices: {gemini-2.5-flash: {input: 0.2, output: 2}}}", "", "120 USD"),
        ("{discount: 0.5, prices: {gemini-2.5-flash: {input: 0.2, output: 2}}}", "", "60 USD"),
        (
            "{prices: {gemini-2.5-flash: {cachedInput: 0.01, audioInput: 0.5, cacheStorage: 2}}}",
            "",
            "165 USD",
        ),
    ],
)
def test_what_is_agreed_for_an_account_changes_its_prices(
    tmp_path: Path, terms: str, budget: str, total: str
) -> None:
    found = estimated(tmp_path, PLAIN, f"accountTerms: {{{ACCOUNT}: {terms}}}", budget=budget)
    [money] = found.totals["expected"]
    assert f"{money.amount.normalize():f} {money.currency}" == total
    assert found.projects["chat"].budget


def test_a_contract_names_every_kind_of_token(tmp_path: Path) -> None:
    terms = "{prices: {gemini-2.5-flash: {cachedInput: 0.01, audioInput: 0.5, cacheStorage: 2}}}"
    full = PLAIN + ", cachedTokens: 500, audioTokens: 500, cacheHours: 24"
    found = estimated(tmp_path, full, f"accountTerms: {{{ACCOUNT}: {terms}}}")
    # 150 M x 0.01 + 150 M x 0.50 + 30 M x 2.50 + 360,000 token-hours at 2.00 a million
    assert expected(found) == Decimal("1.5") + Decimal(75) + Decimal(75) + Decimal("0.72")


def test_currencies_are_never_added(tmp_path: Path) -> None:
    text = "\n".join(
        [
            project(PLAIN),
            project(PLAIN, "{amount: 90, currency: EUR}").replace("chat", "euro").replace("-x", "-y"),
        ]
    )
    found = environment_estimate(
        loaded(tmp_path, text, f"accountTerms: {{{ACCOUNT}: {{usdRate: 0.9}}}}"), NOVEMBER, AS_OF
    )
    assert [str(money) for money in found.totals["expected"]] == ["148.50 EUR", "165.00 USD"]


def test_a_budget_in_a_currency_without_a_rate_is_not_compared(tmp_path: Path) -> None:
    found = estimated(tmp_path, PLAIN, budget="{amount: 90, currency: EUR}")
    assert found.projects["chat"].budget == ()
    assert [str(money) for money in found.totals["expected"]] == ["165.00 USD"]
    assert "usdRate" in found.projects["chat"].warnings[0]


# A day of 4-argon here costs 20 dollars in November, 40 from December on.
ARGON = "model: gemini-4-argon, requestsPerDay: 1000, inputTokens: 5000, outputTokens: 1000"


def test_the_day_of_every_threshold(tmp_path: Path) -> None:
    found = estimated(tmp_path, ARGON, period=QUARTER)
    first, second, third = found.projects["chat"].budget
    assert [str(each.costs["expected"]) for each in (first, second, third)] == [
        "600.00 USD",
        "1,240.00 USD",
        "1,240.00 USD",
    ]
    # 50 %, 90 %, 100 % of 1,000, and what Google forecasts
    days = [[rule.days["expected"] for rule in each.crossings] for each in (first, second)]
    assert days == [
        [date(2026, 11, 25), None, None, None],
        [date(2026, 12, 13), date(2026, 12, 23), date(2026, 12, 25), date(2026, 12, 1)],
    ]


def test_a_budgets_whole_period_counts_whatever_days_are_asked_for(tmp_path: Path) -> None:
    found = estimated(tmp_path, ARGON, period=Period(date(2026, 12, 10), date(2026, 12, 12)))
    [only] = found.projects["chat"].budget
    assert (str(only.period), str(only.costs["expected"])) == ("2026-12-01 to 2026-12-31", "1,240.00 USD")
    assert expected(found) == 120


@pytest.mark.parametrize(
    ("budget", "periods"),
    [
        ("{amount: 2000, currency: USD, period: quarter}", {"2026-10-01 to 2026-12-31": "2,460.00 USD"}),
        ("{amount: 2000, currency: USD, period: year}", {"2026-01-01 to 2026-12-31": "7,920.00 USD"}),
        (
            "{amount: 9, currency: USD, period: {start: 2026-11-29, end: 2026-12-02}}",
            {"2026-11-29 to 2026-12-02": "120.00 USD"},
        ),
        ("{amount: 9, currency: USD, period: {start: 2027-11-29}}", {}),
    ],
)
def test_budgets_of_other_periods(tmp_path: Path, budget: str, periods: dict[str, str]) -> None:
    found = estimated(tmp_path, ARGON, budget=budget)
    assert {
        str(each.period): str(each.costs["expected"]) for each in found.projects["chat"].budget
    } == periods


def test_a_budget_of_what_the_last_period_cost(tmp_path: Path) -> None:
    found = estimated(tmp_path, ARGON, budget="{lastPeriod: true}", period=month_of(date(2026, 12, 1)))
    [december] = found.projects["chat"].budget
    assert (str(december.amount), str(december.costs["expected"])) == ("600.00 USD", "1,240.00 USD")


def test_a_shared_budget_counts_its_projects_together(tmp_path: Path) -> None:
    text = "\n".join([project(ARGON), project(ARGON).replace("chat", "batch")])
    shared = (
        "sharedBudgets: {both: {projects: [chat, batch], amount: 1000, currency: USD}, "
        "all: {accountWide: true, amount: 5, currency: USD}}"
    )
    found = environment_estimate(loaded(tmp_path, text, shared), NOVEMBER, AS_OF)
    [november] = found.shared_budgets["both"]
    assert str(november.costs["expected"]) == "1,200.00 USD"
    assert [rule.days["expected"] for rule in november.crossings][2] == date(2026, 11, 25)
    assert found.warnings == (
        "sharedBudgets.all is not compared: it counts more than this environment's projects",
    )


def test_nothing_is_charged_on_the_free_tier(tmp_path: Path) -> None:
    text = f"lab: {{projectId: acme-lab-x, tier: free, workload: [{{{PLAIN}}}]}}"
    found = environment_estimate(loaded(tmp_path, text), NOVEMBER, AS_OF)
    assert expected(found) == 0
    assert "nothing is charged" in found.projects["lab"].warnings[0]


@pytest.mark.parametrize(
    ("workload", "limits", "warned"),
    [
        (
            PLAIN,
            "{}",
            "calls to gemini-2.5-flash with gemini-3.5-flash-lite from 2026-12-01 on, at 0.3",
        ),
        (PLAIN.replace("2.5-flash", "2.0-flash"), "{}", "gemini-2.0-flash was shut down on 2026-06-01"),
        (PLAIN.replace("1000,", "2000000,"), "{}", "2,000,000 input tokens does not fit gemini-2.5-flash"),
        (
            PLAIN,
            "{gemini-2.5-flash: {requestsPerMinute: 20}}",
            "needs requestsPerMinute 21 of gemini-2.5-flash at its peak, and limits allow 20",
        ),
        (
            PLAIN,
            "{others: deny}",
            "needs requestsPerMinute 21 of gemini-2.5-flash at its peak, and limits allow 0",
        ),
    ],
)
def test_what_will_not_work_as_planned_is_said(
    tmp_path: Path, workload: str, limits: str, warned: str
) -> None:
    text = project(workload).replace("tier: paid,", f"tier: paid, limits: {limits},")
    found = environment_estimate(loaded(tmp_path, text), QUARTER, AS_OF)
    assert any(warned in warning for warning in found.projects["chat"].warnings), found.projects[
        "chat"
    ].warnings
