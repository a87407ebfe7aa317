"""What drift says in money is what `gemini-lz exposure` says of the same values."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

import pytest

from landing_zone.audit.applied import AppliedBudget, AppliedKey, AppliedProject, AppliedQuota, AppliedStack
from landing_zone.drift import effects
from landing_zone.drift.applied_settings import settings_as_applied
from landing_zone.drift.difference import STACK, Difference, Effect
from landing_zone.drift.money import Money
from landing_zone.gemini import GEMINI_API
from landing_zone.gemini.limits import OTHERS, UNLIMITED, Limits, WantedLimits
from landing_zone.gemini.quotas import QUOTA_LIMITS
from landing_zone.google.quota_overrides import Bucket, ModelLimit
from landing_zone.guarding.policy import Policy
from landing_zone.reports.environment_exposure import environment_exposure
from landing_zone.reports.guard_plan import guard_policies
from landing_zone.settings import EnvironmentSettings, ProjectSettings, load_file
from sandbox.layout import ROOT

DAY = date(2026, 11, 27)
STACKS = ("dev", "prod", "sandbox", "staging")
PROD, FLASH = "chat", "gemini-3.8-flash"


def settings_of(stack: str) -> EnvironmentSettings:
    """The settings of a stack file of this repository."""
    return load_file(stack, ROOT / "stacks" / f"Pulumi.{stack}.yaml", DAY)


def applied_of(settings: EnvironmentSettings) -> AppliedStack:
    """The state that an update with these settings would leave, as far as drift reads it."""
    return AppliedStack({name: _project(name, each) for name, each in settings.projects.items()}, {}, {})


def _project(name: str, settings: ProjectSettings) -> AppliedProject:
    budget = settings.budget if settings.tier == "paid" else None
    found = AppliedProject(name, settings.project_id, "1", settings.billing_account or "")
    found.keys = {
        key: AppliedKey(key, {"apiTargets": [{"service": GEMINI_API, "methods": list(each.methods)}]})
        for key, each in settings.keys.items()
    }
    found.limits = {model: dict(each.items()) for model, each in settings.limits.items()}
    found.wanted = WantedLimits.of(settings.limits)
    found.quotas = {
        quota: AppliedQuota(
            each.service, each.metric or "", each.limit or each.quota_id or "", each.quota_model, each.value,
            "a preference" if each.quota_id else "",
        )
        for quota, each in settings.quotas.items()
    }  # fmt: skip
    if budget:
        amount = None if budget.amount is None else str(budget.amount)
        period = (budget.period.calendar or "").lower()
        found.budget = AppliedBudget("b", amount, budget.currency or "", period)
        if budget.spend_cap:
            found.cap = AppliedBudget("c", str(budget.cap_amount), budget.currency or "", "month")
    return found


def policies_of(settings: EnvironmentSettings) -> dict[str, Policy]:
    """What the guard reads in its bucket."""
    return dict(guard_policies(settings, DAY))


@pytest.mark.parametrize("stack", STACKS)
def test_the_settings_of_a_state_come_to_the_same_worst_months_as_its_file(stack: str) -> None:
    settings = settings_of(stack)
    exposure = environment_exposure(settings, DAY)
    rebuilt = settings_as_applied(stack, applied_of(settings), settings, policies_of(settings))
    months = {name: each.month.as_json() for name, each in exposure.projects.items()}
    found = environment_exposure(rebuilt, DAY)
    assert {name: each.month.as_json() for name, each in found.projects.items()} == months
    [total] = Money(rebuilt, DAY).stack_months([])
    assert (total.before, total.after) == (
        exposure.months[0].amount and exposure.months[0].amount.amount,
    ) * 2


def listed(limits: dict[str, Limits]) -> list[ModelLimit]:
    """The listing of Google's in which limits are set on every tier."""
    wanted = WantedLimits.of(limits)
    found = []
    for tiers in QUOTA_LIMITS.values():
        for each in tiers:
            limit = ModelLimit(each.metric, each.limit, "1/{project}/{model}", {"": Bucket("100000", 100000)})
            buckets = {
                model: Bucket("100000", int(value), "name", UNLIMITED if value == "-1" else int(value))
                for model, value in limit.wanted(wanted, ()).items()
            }
            found.append(replace(limit, buckets={**limit.buckets, **buckets}))
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_limits_as_they_were_applied_change_no_money(stack: str) -> None:
    settings = settings_of(stack)
    money = Money(settings_as_applied(stack, applied_of(settings), settings, policies_of(settings)), DAY)
    for name, project in settings.projects.items():
        live = effects.live_limits(_project(name, project), listed(dict(project.limits)))
        for model in project.limits:
            [found] = money.with_months([difference(name, effects.limit(name, model, live, ()))])
            assert found.month is not None
            assert found.month.growth == 0, (name, model)


def difference(project: str, effect: Effect | None) -> Difference:
    """One with an effect."""
    return Difference(project, "kind", "name", "what", "applied", "in force", "words", effect=effect)


@pytest.fixture
def money() -> Money:
    """That of `prod`."""
    settings = settings_of("prod")
    return Money(settings_as_applied("prod", applied_of(settings), None, policies_of(settings)), DAY)


def growth(money: Money, effect: Effect, project: str = PROD) -> Decimal:
    """What the worst month grows by with one difference."""
    [found] = money.with_months([difference(project, effect)])
    assert found.month is not None
    return found.month.growth


def test_each_way_out_of_the_guardrails_has_its_price(money: Money) -> None:
    limits = dict(money.applied.projects[PROD].limits)
    live = partial(effects.live_limits, _project(PROD, settings_of("prod").projects[PROD]))
    raised = live(listed({**limits, FLASH: Limits(900, 10_000, 50_000)}))
    assert growth(money, effects.limit(PROD, FLASH, raised, ())) > 0
    lowered = live(listed({**limits, FLASH: Limits(1, 10, 5)}))
    assert growth(money, effects.limit(PROD, FLASH, lowered, ())) < 0
    lite = {**limits, "gemini-3.5-flash-lite": Limits(700, 70_000, 7_000_000)}
    assert growth(money, effects.limit(PROD, "gemini-3.5-flash-lite", live(listed(lite)), ())) > 0
    del limits[OTHERS]
    assert not growth(money, effects.limit(PROD, OTHERS, live(listed(limits)), ())).is_finite()
    assert growth(money, effects.no_guard(PROD)) > 0
    assert growth(money, effects.no_guards, STACK) > 0
    assert not growth(money, effects.key(PROD, "by hand", {"restrictions": {}})).is_finite()
    assert growth(money, effects.link(PROD, "")) < 0
    assert growth(money, effects.project_gone(PROD)) < 0
    policy = policies_of(settings_of("prod"))[PROD]
    assert growth(money, effects.guard_policy(PROD, replace(policy, amount=Decimal(9000)))) > 0
    # Without the guard, the cap is what stops the spending.
    alone = Money(effects.no_guards(money.applied), DAY)
    assert growth(alone, effects.cap(PROD, Decimal(9000), lifted=False, gone=False)) > 0
    assert growth(alone, effects.cap(PROD, None, lifted=False, gone=True)) > 0
    assert growth(alone, effects.cap(PROD, Decimal("1200.5"), lifted=True, gone=False)) > 0


def test_an_act_of_the_guard_has_no_price_and_is_not_in_the_sum(money: Money) -> None:
    act = replace(difference(PROD, effects.link(PROD, "")), guard=True)
    assert money.with_months([act])[0].month is None
    [total] = money.stack_months([act])
    assert total.before == total.after
