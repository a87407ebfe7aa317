"""The spend guard in the worst month: its sum by hand, what it does not bound, and plans that it would stop."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.policies.environments import Environments
from landing_zone.policies.facts_from_settings import facts_of
from landing_zone.policies.guards import until_stopped
from landing_zone.pricing.days import Period, month_of, months_from
from landing_zone.reports.environment_estimate import environment_estimate
from landing_zone.reports.environment_exposure import EnvironmentExposure, environment_exposure
from landing_zone.reports.environment_report import report
from landing_zone.reports.page import page
from landing_zone.reports.summary import worst_month
from landing_zone.settings import EnvironmentSettings, load_file
from tests.reports.stack import loaded

STACKS = Path(__file__).parents[2] / "stacks"
TODAY = date(2026, 11, 26)
SEED = "notificationProject: acme-seed"
KEY = "keys: {app: {methods: [generate]}}"
LIMITS = "limits: {gemini-3.5-flash-lite: {requestsPerMinute: 5, inputTokensPerMinute: 100000}, others: deny}"
MINUTE = (100_000 * Decimal("0.3") + 5 * 65_536 * Decimal("2.5")) / 10**6
"""What a minute can cost at these limits; ten minutes touch eleven."""
TENTH = (10_000 * Decimal("0.3") + 65_536 * Decimal("2.5")) / 10**6
"""At a tenth of them, a request rounded up."""


def project(
    guard: str = "guard: true",
    *,
    name: str = "chat",
    budget: str = "amount: 100, currency: USD",
    limits: str = LIMITS,
    key: str = KEY,
    more: str = "",
) -> str:
    parts = (f"budget: {{{budget}}}", limits, key, guard, more)
    return f"{name}: {{projectId: acme-{name}-x, tier: paid, {', '.join(filter(None, parts))}}}"


def settings_of(folder: Path, *projects: str, host: str = "", rest: str = "") -> EnvironmentSettings:
    environment = "\n".join(
        filter(None, [SEED, f"guard: {{email: [oncall@example.com]{host and ', '}{host}}}", rest])
    )
    return loaded(folder, "\n".join(projects), environment, TODAY)


def found(
    folder: Path, *projects: str, host: str = "", rest: str = "", lag: timedelta | None = None
) -> EnvironmentExposure:
    return environment_exposure(settings_of(folder, *projects, host=host, rest=rest), TODAY, lag)


def test_its_amount_and_what_its_lag_allows(tmp_path: Path) -> None:
    exposed = found(tmp_path, project("guard: {throttle: false}"))
    chat, [month] = exposed.projects["chat"], exposed.months
    assert month.amount
    assert month.amount.amount == 100 + 11 * MINUTE
    assert month.bound_by == "chat: guard stops at 100.00 USD, and 9.35 USD while it lags 10m"
    assert (chat.month.bound_by, chat.mechanism, chat.lag) == ("guard", "guard", timedelta(minutes=10))
    assert chat.bounds["lag"]
    assert chat.bounds["lag"].amount == 11 * MINUTE
    assert chat.overshoot
    assert chat.overshoot.amount == 11 * MINUTE
    shown = exposed.as_json()["projects"]["chat"]
    assert (shown["mechanism"], shown["lag"], shown["worstMonth"]["boundBy"]) == ("guard", "10m", "guard")


@pytest.mark.parametrize(
    ("guard", "beyond"),
    [
        # Throttled early enough, it is at the lower limits when it should stop.
        ("{throttle: {at: 0.8, to: 0.1}}", 11 * TENTH),
        # Late: it may be 11 minutes beyond the throttle, and then 11 slower ones.
        ("{throttle: {at: 0.95, to: 0.1}}", 11 * MINUTE - 5 + 11 * TENTH),
        # Too late to be of use.
        ("{throttle: {at: 1.0, to: 0.9}}", 11 * MINUTE),
    ],
)
def test_a_throttle_before_the_stop(tmp_path: Path, guard: str, beyond: Decimal) -> None:
    month = found(tmp_path, project(f"guard: {guard}")).projects["chat"].month
    assert month.amount
    assert month.amount.amount == 100 + beyond
    assert ("throttled from" in month.text) == (beyond < 11 * MINUTE)


@pytest.mark.parametrize(
    ("budget", "guard", "bound_by"),
    [
        ("amount: 100, currency: USD, spendCap: true", "{throttle: false}", "guard"),
        (
            "amount: 100, currency: USD, spendCap: {amount: 1}",
            "{amount: 10000, throttle: false}",
            "spend cap",
        ),
        ("amount: 100000, currency: USD", "{throttle: false}", "limits"),
    ],
)
def test_what_lets_least_be_spent_binds(tmp_path: Path, budget: str, guard: str, bound_by: str) -> None:
    limits = LIMITS.replace("requestsPerMinute: 5", "requestsPerMinute: 5, requestsPerDay: 200")
    exposed = found(tmp_path, project(f"guard: {guard}", budget=budget, limits=limits))
    assert exposed.projects["chat"].month.bound_by == bound_by
    alone = environment_exposure(
        loaded(tmp_path, project("", budget=budget, limits=limits), SEED, TODAY), TODAY
    )
    assert exposed.months[0].amount
    assert alone.months[0].amount
    assert exposed.months[0].amount <= alone.months[0].amount


def test_each_part_of_the_lag_is_set_and_said(tmp_path: Path) -> None:
    host = "poll: 2m, seriesDelay: 6m, actTime: 12m, billingDelay: 36h"
    exposed = found(tmp_path, project("guard: {throttle: false}"), host=host)
    chat = exposed.projects["chat"]
    assert chat.lag == timedelta(minutes=20)
    assert chat.month.amount
    assert chat.month.amount.amount == 100 + 21 * MINUTE
    texts = " ".join(text for text, _ in exposed.assumptions)
    for part in ("2m (guard.poll)", "6m after", "12m after", "36h after"):
        assert part in texts
    assert "guard.poll" not in " ".join(text for text, _ in found(tmp_path, project("")).assumptions)


def test_another_lag_can_be_tried(tmp_path: Path) -> None:
    chat = found(tmp_path, project("guard: {throttle: false}"), lag=timedelta(hours=1)).projects["chat"]
    assert chat.overshoot
    assert chat.overshoot.amount == 61 * MINUTE
    assert chat.month.amount
    assert chat.month.amount.amount == 100 + 11 * MINUTE


@pytest.mark.parametrize(
    ("guard", "host", "why"),
    [
        (
            "guard: true",
            "dryRun: true",
            "the guard is on a dry run, and changes nothing, so that it bounds nothing",
        ),
        (
            "guard: {stop: false}",
            "",
            "the guard has no stop, so that it bounds nothing: write guard: {stop: 1.0}",
        ),
    ],
)
def test_a_guard_that_stops_nothing_bounds_nothing(tmp_path: Path, guard: str, host: str, why: str) -> None:
    chat = found(tmp_path, project(guard), host=host).projects["chat"]
    assert (chat.month.bound_by, chat.mechanism) == ("limits", None)
    assert [why in each for each in chat.warnings] == [True]


def test_without_a_limit_the_guard_bounds_nothing(tmp_path: Path) -> None:
    exposed = found(
        tmp_path, project(limits="limits: {gemini-3.5-flash-lite: {inputTokensPerMinute: 5}, others: deny}")
    )
    chat = exposed.projects["chat"]
    assert (chat.month.amount, chat.month.bound_by, chat.mechanism) == (None, "nothing", "guard")
    assert worst_month(exposed)[0] == "not bounded"


def test_what_caches_cost_counts_until_it_is_billed(tmp_path: Path) -> None:
    caching = project("guard: {throttle: false}", key="keys: {app: {methods: [generate, caches]}}")
    month = found(tmp_path, caching).projects["chat"].month
    assert month.amount
    assert month.saved_by_methods
    assert month.text.endswith("while it lags 10m; it sees caches within 24h")
    assert month.amount.amount - month.saved_by_methods.amount == 100 + 11 * MINUTE


def test_queries_beyond_those_that_the_guard_counts_are_said_in_money(tmp_path: Path) -> None:
    """Nothing of Google's limits queries: the author states them, and the number with the usual ones stands beside."""
    fewer, usual = (
        found(tmp_path, project(f"guard: {{throttle: false}}, searchesPerRequest: {queries}"))
        .projects["chat"]
        .month
        for queries in (0, 3)
    )
    assert fewer.with_queries
    assert usual.with_queries is None
    assert usual.amount
    assert fewer.with_queries > usual.amount
    assert fewer.as_json()["withUsualQueries"] == f"{fewer.with_queries.amount.normalize():f}"


def test_the_cap_of_the_accounts_tier_counts_beside_guards(tmp_path: Path) -> None:
    rest = "accountTerms:\n    01A2B3-C4D5E6-F7A8B9: {tier: 1, lag: 30m}"
    many = [project("guard: {throttle: false}", name=name) for name in ("one", "two", "three", "four")]
    [month] = found(tmp_path, *many, rest=rest).months
    assert month.amount
    assert month.amount.amount == 250 + 4 * 31 * MINUTE
    [without] = found(tmp_path, *many[:2], rest=rest).months
    assert without.bound_by.startswith("the guards, most of it ")


def plan(
    guard: str = "guard: true",
    *,
    budget: int = 100,
    requests: str = "1000",
    cached: int = 0,
    searches: int = 0,
) -> str:
    workload = (
        f"{{model: gemini-3.5-flash-lite, requestsPerDay: {requests}, inputTokens: 1000, cachedTokens: {cached}, "
        "outputTokens: 0}"
    )
    wide = (
        "limits: {gemini-3.5-flash-lite: {requestsPerMinute: 50, inputTokensPerMinute: 100000}, others: deny}"
    )
    return project(
        guard,
        budget=f"amount: {budget}, currency: USD",
        limits=wide,
        more=f"searchesPerRequest: {searches}, workload: [{workload}]",
    )


DECEMBER = month_of(date(2026, 12, 1))


def warnings(folder: Path, *projects: str, host: str = "", period: Period = DECEMBER) -> list[str]:
    settings = settings_of(folder, *projects, host=host)
    return list(environment_estimate(settings, period, TODAY).projects["chat"].warnings)


def test_a_plan_that_the_guard_would_throttle_is_warned_of_with_the_day_and_what_to_change(
    tmp_path: Path,
) -> None:
    # 1,000 requests of 1,000 tokens are 8.4 cents a day, as 800 of them are cached, and 30 until they are billed, as no
    # metric shows that. 80% of 3 dollars are 25 days' 2.10 and the 30 cents of the 26th.
    [text] = warnings(tmp_path, plan(budget=3, cached=800))
    assert "the guard would throttle on 2026-12-26 (at 2.40 USD)" in text
    assert "the plan costs 2.60 USD in 2026-12" in text
    assert "would estimate 2.82 USD" in text
    assert "Write guard: {amount: 4} or more; or plan less" in text
    assert warnings(tmp_path, plan("guard: {amount: 4}", budget=3, cached=800)) == []
    assert warnings(tmp_path, plan("", budget=3, cached=800)) == []


def test_a_plan_is_metered_with_the_searches_that_are_assumed(tmp_path: Path) -> None:
    # 3 queries at 14 dollars a thousand: 42 dollars a day until they are billed, which is nothing, as none are made.
    [text] = warnings(tmp_path, plan(budget=50, searches=3))
    assert "the guard would throttle on 2026-12-01 (at 40.00 USD)" in text
    assert "or searchesPerRequest: 2 if no request asks Google more" in text
    assert warnings(tmp_path, plan(budget=50, searches=2)) == []
    # Where billing is slower, more of it counts as metered.
    assert (
        "searchesPerRequest: 1 "
        in warnings(tmp_path, plan(budget=50, searches=3), host="billingDelay: 48h")[0]
    )


def test_a_high_case_is_warned_of_as_one(tmp_path: Path) -> None:
    [text] = warnings(tmp_path, plan(budget=10, requests="{low: 100, expected: 500, high: 1000}"))
    assert "the plan's high case costs 9.30 USD" in text


@pytest.mark.parametrize("derive", ["{maxOvershoot: 20}", "{maxOvershoot: 20, lag: 24h}"])
def test_derived_limits_have_the_guards_lag_unless_one_is_written(tmp_path: Path, derive: str) -> None:
    text = plan("guard: {throttle: false}", budget=100)
    start = text.index("limits: {")
    derived = f"{text[:start]}limits: {{derive: {derive}}}, {text[text.index(KEY) :]}"
    if "lag" in derive:
        derived = derived.replace("20, lag", "400, lag")
    settings = settings_of(tmp_path, derived)
    lag = settings.derivations["chat"].settings.lag
    assert lag == (timedelta(hours=24) if "lag" in derive else timedelta(minutes=10))
    chat = environment_exposure(settings, TODAY).projects["chat"]
    assert chat.overshoot
    if "lag" not in derive:
        assert chat.overshoot.amount <= 20
        assert chat.warnings == ()


def test_caches_keep_derived_limits_at_the_usual_lag(tmp_path: Path) -> None:
    """The guard does not see what caches cost: its lag would not bound the overshoot."""
    text = plan("guard: {throttle: false}").replace("methods: [generate]", "methods: [generate, caches]")
    start = text.index("limits: {")
    derived = f"{text[:start]}limits: {{derive: {{maxOvershoot: 2000}}}}, {text[text.index('keys:') :]}"
    assert settings_of(tmp_path, derived).derivations["chat"].settings.lag == timedelta(hours=24)


def test_exposure_policies_report_and_preview_say_the_same(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        project("guard: {throttle: {at: 0.8, to: 0.1}}, searchesPerRequest: 3"),
        project("", name="free2"),
    )
    owners = Environments.model_validate({"environments": ("any",), "guardHosts": ("acme-seed",)})
    facts = facts_of(settings, TODAY, owners)
    exposed = environment_exposure(settings, TODAY)
    whole = report(settings, month_of(TODAY), TODAY)
    chat = exposed.projects["chat"]
    # The policies count no throttle.
    assert until_stopped(facts, facts.projects[0], TODAY) == chat.bounds["lag"]
    assert chat.lag == timedelta(minutes=10)
    assert whole.exposure.as_json() == exposed.as_json()
    assert worst_month(exposed) == worst_month(whole.exposure)
    html = page(whole)
    assert "guard stops at 100.00 USD" in html
    assert "if the guard acts within 10m" in html
    unseen = facts_of(settings, TODAY)
    assert unseen.guards[0].tested is False
    assert until_stopped(unseen, unseen.projects[0], TODAY) is None


@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 15), date(2027, 1, 2)])
def test_the_guard_of_prod_is_a_tenth_of_what_its_caps_alone_leave(tmp_path: Path, day: date) -> None:
    """In both readings: the most that a month can cost, and the most of it that is over the budgets.

    At the same settings but for the guard. Before there was one, with three queries of each request, it was 19,081.23
    dollars on 2026-11-26.
    """
    text = (STACKS / "Pulumi.prod.yaml").read_text()
    capped = tmp_path / "Pulumi.prod.yaml"
    capped.write_text(re.sub(r"(?m)^ +guard: .*\n", "", text))
    guarded, alone = (
        environment_exposure(load_file("prod", path, day), day)
        for path in (STACKS / "Pulumi.prod.yaml", capped)
    )
    [with_it], [without] = guarded.months, alone.months
    assert with_it.amount
    assert without.amount
    assert with_it.bound_by.startswith("the guards, most of it ")
    assert without.bound_by.startswith("the spend caps, most of it ")
    assert with_it.amount.amount * 10 <= without.amount.amount
    assert with_it.amount.amount * 10 <= Decimal("19081.23")
    over = [
        sum((each.overshoot.amount for each in exposed.projects.values() if each.overshoot), Decimal(0))
        for exposed in (guarded, alone)
    ]
    assert over[0] * 10 <= over[1]
    assert over[0] == 0
    # Whatever the queries, it is less than with the caps.
    for name, each in guarded.projects.items():
        capped_alone = alone.projects[name].month.amount
        assert each.month.with_queries
        assert capped_alone
        assert each.month.with_queries < capped_alone


@pytest.mark.parametrize("stack", ["prod", "staging"])
@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 15), date(2027, 1, 2)])
def test_no_plan_reaches_a_step_of_its_guard(stack: str, day: date) -> None:
    settings = load_file(stack, STACKS / f"Pulumi.{stack}.yaml", day)
    estimate = environment_estimate(settings, months_from(day, 3), day)
    assert [text for each in estimate.projects.values() for text in each.warnings] == []
    assert environment_exposure(settings, day).warnings == []
