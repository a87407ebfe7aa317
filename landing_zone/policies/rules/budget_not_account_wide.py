"""A budget with an empty filter counts everything that the billing account pays for. A typing error in a filter has the
same effect: the budget exists, looks right, and notifies of other spend. Budgets over a whole account belong to the
account's administrators, not to the program of one project."""

from collections.abc import Iterator

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.projects == () and not budget.narrowed:
            yield Finding(
                budget.subject,
                "counts every project of its billing account",
                "name projects, folders or subaccounts in its filter",
                setting=budget.subject.at(),
            )


POLICY = Policy(
    id="budget-not-account-wide",
    title="No budget counts a whole billing account",
    group=Group.BUDGETS,
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Name the projects, folders or subaccounts to count in the budget's filter.",
    source=(
        "Google: a budget without a filter is applied to the whole billing account",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    judge=_judge,
)
