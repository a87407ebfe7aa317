"""A budget that subtracts credits does not count the spend that they pay for: it notifies nobody until they are used
up, and a stolen key or a runaway loop goes unnoticed meanwhile. Discounts are no such credits: they lower the price for
good."""

from collections.abc import Iterator
from typing import Final

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity

_USED_UP: Final = ("FREE_TIER", "PROMOTION", "SUBSCRIPTION_BENEFIT")
"""Types of credits that pay for usage until they are used up; the others are discounts."""


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.credits is UNKNOWN:
            continue
        every = "ALL" in budget.credits
        used_up = [kind for kind in budget.credits if kind in _USED_UP]
        if not every and not used_up:
            continue
        discounts = [kind for kind in budget.credits if kind not in (*_USED_UP, "ALL")]
        kinds = "all credits" if every else f"credits of type {', '.join(used_up)}"
        yield Finding(
            budget.subject,
            f"subtracts {kinds}: what they pay for is not counted until they are used up",
            f"write credits: [{', '.join(discounts)}]" if discounts else "write credits: exclude",
            elsewhere="write creditTypesTreatment: EXCLUDE_ALL_CREDITS; Google includes all where it is left out",
            live="exclude promotions and other credits in the budget's scope, in the console",
            setting=budget.subject.at("credits"),
        )


POLICY = Policy(
    id="budget-counts-credits",
    title="A budget counts the spend that credits pay for",
    group=Group.BUDGETS,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Write `credits: exclude` in the budget, or the discounts alone.",
    source=(
        "Cloud Billing Budget API: creditTypesTreatment, where INCLUDE_ALL_CREDITS is what holds if it is left out",
        "https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets#Filter",
    ),
    judge=_judge,
)
