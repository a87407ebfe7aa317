"""A budget whose filter is empty counts all that the billing account pays for. It is what a typing error in a filter
makes: the budget is there, looks right, and tells of something else. A budget over an account is the account's
administrators' to make, not one project's program's."""

from collections.abc import Iterator

from landing_zone.policies.facts import Facts
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for budget in facts.budgets:
        if budget.projects == () and not budget.narrowed:
            yield Finding(
                budget.subject,
                "counts every project of its billing account",
                "name projects, folders or subaccounts in its filter",
                place=budget.subject.at(),
            )


POLICY = Policy(
    id="budget-not-account-wide",
    title="No budget counts a whole billing account",
    severity=Severity.MEDIUM,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Name the projects, folders or subaccounts that the budget is to count.",
    source=(
        "Google: a budget without a filter is applied to the whole billing account",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    judge=_judge,
)
