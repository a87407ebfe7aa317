"""Without a budget the invoice is the first notice of the spend. A budget over a whole account, or over other services,
notifies too late and of other spend: the Gemini API can cost in an hour what the rest of an organization costs in a
month."""

from collections.abc import Iterator

from landing_zone.gemini import GEMINI_BILLING_SERVICE
from landing_zone.policies.facts import UNKNOWN, Facts, number_unknown
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity


def _judge(facts: Facts, _: Options) -> Iterator[Finding]:
    for project in facts.paid():
        if not any(budget.counts(project, facts.day) for budget in facts.budgets):
            paid = "may be paid" if project.account is UNKNOWN else "is paid"
            yield Finding(
                project.subject,
                f"{paid}, and no budget of its billing account is known to name it and the Gemini API today",
                "write budget: {amount: 100, currency: USD}",
                elsewhere="create a gcp.billing.Budget on that account, with the project's number in "
                f"budgetFilter.projects, {GEMINI_BILLING_SERVICE} in budgetFilter.services, no labels, no folders, and "
                f"a period that has begun and not ended{number_unknown(project)}",
                setting=project.subject.at("budget"),
            )


POLICY = Policy(
    id="paid-project-has-budget",
    title="A paid project has a budget that names it and the Gemini API",
    group=Group.BUDGETS,
    severity=Severity.CRITICAL,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Give each paid project a budget with a filter on the project and the Gemini API.",
    source=(
        "Users ask for an enforced budget on every new project: cloud-foundation-fabric issue 3360",
        "https://github.com/GoogleCloudPlatform/cloud-foundation-fabric/issues/3360",
    ),
    judge=_judge,
    counts=("budget",),
)
