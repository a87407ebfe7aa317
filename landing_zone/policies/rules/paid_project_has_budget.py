"""Without a budget nobody is told of a spend before the invoice. A budget that counts other projects as well, or other
services, tells too late and of the wrong thing: the Gemini API can spend in an hour what the rest of an organization
spends in a month."""

from collections.abc import Iterator

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.policies.facts import UNKNOWN, Budget, Facts, Project
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity


def _names(budget: Budget, project: Project) -> bool:
    """Whether the budget names the project and the Gemini API, or may do so."""
    named = budget.projects is UNKNOWN or bool(project.ids & set(budget.projects))
    return named and (budget.services is UNKNOWN or GEMINI_BILLING_SERVICE in budget.services)


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        if not any(_names(budget, project) for budget in facts.budgets):
            yield Finding(
                project.subject,
                "is paid, and no budget names it and the Gemini API",
                "write budget: {amount: 100, currency: USD}, or a gcp.billing.Budget with the project's number in "
                f"budgetFilter.projects and {GEMINI_BILLING_SERVICE} in budgetFilter.services",
            )


POLICY = Policy(
    id="paid-project-has-budget",
    title="A paid project has a budget that names it and the Gemini API",
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Give each paid project a budget of its own, filtered to the Gemini API.",
    source=(
        "People ask for a budget on every new project, enforced: cloud-foundation-fabric issue 3360",
        "https://github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/3360",
    ),
    judge=_judge,
)
