"""The headline of a worst case: its sum by hand, what binds, and what is said to be left out."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from landing_zone.reports.environment_exposure import EnvironmentExposure, environment_exposure
from landing_zone.reports.summary import worst_month
from landing_zone.settings import load_file
from tests.reports.stack import loaded

STACKS = Path(__file__).parents[2] / "stacks"
TODAY = date(2026, 11, 26)
KEY = "keys: {app: {methods: [generate]}}"
# A request: 1,048,576 x 0.3/M of input and 65,536 x 2.5/M of output. Any 24 hours touch two days of 10 requests.
REQUEST = Decimal("0.3145728") + Decimal("0.16384")
LIMITS = "limits: {gemini-3.5-flash-lite: {requestsPerDay: 10}, others: deny}"


def project(
    name: str = "chat",
    budget: str = "amount: 100, currency: USD, spendCap: true",
    limits: str = LIMITS,
    key: str = KEY,
) -> str:
    return f"{name}: {{projectId: acme-{name}-x, tier: paid, budget: {{{budget}}}, {limits}, {key}}}"


def found(folder: Path, *projects: str, terms: str = "") -> EnvironmentExposure:
    environment = f"accountTerms:\n    01A2B3-C4D5E6-F7A8B9: {terms}" if terms else ""
    return environment_exposure(loaded(folder, "\n".join(projects), environment, TODAY), TODAY)


def test_a_cap_and_what_its_lag_allows(tmp_path: Path) -> None:
    small = project(budget="amount: 2, currency: USD, spendCap: true")
    [month] = found(tmp_path, small).months
    assert month.amount
    # 2 dollars, and 20 requests while the cap lags 24 hours.
    assert month.amount.amount == 2 + 20 * REQUEST
    assert month.bound_by == "chat: spend cap of 2.00 USD, and 9.57 USD while it lags 24h"


def test_the_limits_where_they_allow_less_than_the_cap(tmp_path: Path) -> None:
    exposed = found(tmp_path, project(budget="amount: 1000, currency: USD, spendCap: true"))
    [month] = exposed.months
    assert month.amount
    assert month.amount.amount == 310 * REQUEST
    assert month.bound_by == "chat: what its limits allow in 31 days"
    assert exposed.projects["chat"].month.bound_by == "limits"


@pytest.mark.parametrize(
    ("tier", "lag", "dollars"),
    [
        # Two projects of 20 requests in any 24 hours, three days of 10 in any 48.
        (1, "24h", 250 + 40 * REQUEST),
        (1, "48h", 250 + 60 * REQUEST),
        # The cap of tier 2 is above the two spend caps.
        (2, "24h", 2 * (200 + 20 * REQUEST)),
    ],
)
def test_the_cap_of_the_accounts_tier_binds_all_its_projects(
    tmp_path: Path, tier: int, lag: str, dollars: Decimal
) -> None:
    many = LIMITS.replace("requestsPerDay: 10", "requestsPerDay: 10, requestsPerMinute: 10")
    exposed = found(
        tmp_path,
        *(project(name, "amount: 200, currency: USD, spendCap: true", many) for name in ("one", "two")),
        terms=f"{{tier: {tier}, lag: {lag}}}",
    )
    [month] = exposed.months
    alone = 2 * 310 * REQUEST
    assert month.amount
    assert month.amount.amount == min(alone, dollars)
    assert ("Google's cap of 250.00 USD for the tier" in month.bound_by) == (dollars < alone and tier == 1)


def test_nothing_bounds_an_open_project_and_it_is_named(tmp_path: Path) -> None:
    [month] = found(tmp_path, project("open", "amount: 5, currency: USD", "limits: {}")).months
    assert month.amount is None
    assert month.bound_by.startswith("open: every other model: no limit holds for it")


def test_caches_count_where_a_key_can_create_them_and_methods_take_that_off(tmp_path: Path) -> None:
    with_caches = (
        found(tmp_path, project(key="keys: {app: {methods: [generate, caches]}}")).projects["chat"].month
    )
    without = found(tmp_path, project()).projects["chat"].month
    assert with_caches.amount
    assert without.amount
    assert with_caches.saved_by_methods
    assert without.saved_by_methods is None
    assert with_caches.amount.amount - with_caches.saved_by_methods.amount == without.amount.amount
    # One key of two that can is enough.
    both = "keys: {app: {methods: [generate]}, other: {methods: [caches]}}"
    assert found(tmp_path, project(key=both)).projects["chat"].month.amount == with_caches.amount


def test_grounding_counts_as_often_as_the_setting_says(tmp_path: Path) -> None:
    def amount(more: str) -> Decimal:
        text = project(budget="amount: 2, currency: USD, spendCap: true").replace(
            "tier: paid", f"tier: paid{more}"
        )
        [month] = environment_exposure(loaded(tmp_path, text, "defaults: {}", TODAY), TODAY).months
        assert month.amount
        return month.amount.amount

    # 20 requests, each with 3 queries at 14 dollars a thousand unless the setting says otherwise.
    assert amount("") == 2 + 20 * (REQUEST + 3 * Decimal("0.014"))
    assert amount(", searchesPerRequest: 0") == 2 + 20 * REQUEST


NARROW = "methods: [generate, countTokens]"
QUOTA = "limit: /min/model/project, value: 5, dimensions: {model: MODEL}"


@pytest.mark.parametrize(
    ("key", "limits", "more", "way"),
    [
        (
            "keys: {app: {}}",
            LIMITS,
            "",
            "the Batch API, live sessions and methods that are not known here, such as those of interactions and file "
            f"search: no limit counts them; write {NARROW} on key app",
        ),
        (
            f"keys: {{one: {{methods: [generate, batch]}}, two: {{methods: [live]}}, three: {{{NARROW}}}}}",
            LIMITS,
            "",
            f"the Batch API and live sessions: no limit counts them; write {NARROW} on keys one, two",
        ),
        ("keys: {}", LIMITS, "", f"write a key with {NARROW}: without a key in the file"),
        # Even where every model is denied: the Batch API has limits of its own.
        (
            "keys: {app: {methods: [batch]}}",
            "limits: {others: deny}",
            "",
            "the Batch API: no limit counts them",
        ),
        (
            KEY,
            "limits: {others: {requestsPerDay: 10}}",
            "",
            "every other model: limits of others are for the content models that are known here",
        ),
        (
            "keys: {app: {methods: [generate, embed]}}",
            "limits: {gemini-embedding-2: {requestsPerMinute: 5}, others: deny}",
            "",
            "gemini-embedding-2: on tier 1 Google counts its calls for each user",
        ),
        (
            KEY,
            LIMITS,
            "quotas: {new: {metric: generativelanguage.googleapis.com/generate_requests_per_model, "
            f"{QUOTA.replace('MODEL', 'gemini-9-neon')}}}}}",
            "gemini-9-neon: it can be called, and no price of it is known here",
        ),
        (
            "keys: {app: {methods: [generate, video]}}",
            LIMITS,
            "quotas: {film: {metric: generativelanguage.googleapis.com/predict_long_running_requests_per_model, "
            f"{QUOTA.replace('MODEL', 'veo-3.1')}}}}}",
            "quotas.film: it opens videos of veo-3.1, which have no price here; take quotas.film out",
        ),
    ],
)
def test_what_cannot_be_priced_and_is_open_is_the_verdict_and_no_smaller_number_is(
    tmp_path: Path, key: str, limits: str, more: str, way: str
) -> None:
    capped = "amount: 2, currency: USD, spendCap: true"
    wide = project(budget=capped, limits=limits, key=f"{key}, {more}" if more else key)
    exposed = found(tmp_path, wide, project("small"), terms="{tier: 1}")
    chat, [month] = exposed.projects["chat"], exposed.months
    assert [way in each for each in chat.not_bounded] == [True]
    assert month.amount is None
    assert month.bound_by.startswith(f"chat: {chat.not_bounded[0]}")
    assert (chat.month.amount, chat.overshoot, *chat.bounds.values()) == (None,) * (2 + len(chat.bounds))
    shown = exposed.as_json()
    assert (shown["bounded"], shown["notBounded"]) == (False, [f"chat: {each}" for each in chat.not_bounded])
    assert [each["bounded"] for each in shown["projects"].values()] == [False, True]
    assert worst_month(exposed) == ("not bounded", month.bound_by)


@pytest.mark.parametrize(
    ("key", "limits"),
    [
        (
            "keys: {app: {methods: [generate, countTokens, files, models, embed, video, images, caches]}}",
            LIMITS,
        ),
        # A limit on embeddings counts for each user; no key calls them.
        (KEY, "limits: {gemini-embedding-2: {requestsPerMinute: 5}, others: deny}"),
    ],
)
def test_what_limits_and_methods_shut_leaves_a_bound(tmp_path: Path, key: str, limits: str) -> None:
    exposed = found(tmp_path, project(limits=limits, key=key))
    assert exposed.not_bounded == []
    assert exposed.months[0].amount


def test_who_can_take_limits_away_is_an_assumption(tmp_path: Path) -> None:
    texts = [each["text"] for each in found(tmp_path, project()).as_json()["assumptions"]]
    assert sum("Owners of a project" in text and "take overrides away" in text for text in texts) == 1


@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 15), date(2027, 1, 2)])
def test_the_worst_month_of_prod_is_one_that_a_person_can_act_on(day: date) -> None:
    settings = load_file("prod", STACKS / "Pulumi.prod.yaml", day)
    exposed = environment_exposure(settings, day)
    [month] = exposed.months
    assert month.amount
    assert month.amount.amount < 2_000
    assert month.bound_by.startswith("the guards, most of it ")
    assert (
        sum(each.month.amount.amount for each in exposed.projects.values() if each.month.amount)
        == month.amount.amount
    )


def test_models_that_images_and_speech_are_made_with_count_among_all_others(tmp_path: Path) -> None:
    numbers = "limits: {others: {requestsPerMinute: 1, requestsPerDay: 10, inputTokensPerMinute: 1000}}"
    caching = "keys: {app: {methods: [generate, caches]}}"
    exposed = found(tmp_path, project("chat", "amount: 100, currency: USD", numbers, caching))
    [others] = exposed.projects["chat"].models
    day = others.bounds["day"]
    assert day
    # Pictures alone: 10 x 32,768 x (120 + 60 + 30 + 30 + 30)/M dollars of output.
    assert day.total > Decimal("582.30") + 10 * 32_768 * Decimal("0.000270")
