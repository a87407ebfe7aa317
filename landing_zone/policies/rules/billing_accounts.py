"""The billing account decides who pays, with which prices, in which tier. A project that is linked to another one is
outside of the limits, budgets and caps that the owners of the bill have set on theirs."""

from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import Budget, Cap, Facts, Project
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields


class _Options(Options):
    accounts: tuple[fields.BillingAccount, ...] = Field(
        default=(), description="Allowed billing accounts; if left out, nothing is judged."
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if not options.accounts:
        return
    allowed = ", ".join(options.accounts)
    paid_by: list[Project | Budget | Cap] = [*facts.projects, *facts.budgets, *facts.caps]
    for each in paid_by:
        account = each.account
        if isinstance(account, str) and account and account not in options.accounts:
            yield Finding(
                each.subject,
                f"is on the billing account {account}; allowed: {allowed}",
                f"write billingAccount: {options.accounts[0]}",
                setting=each.subject.at("billingAccount"),
            )


POLICY = Policy(
    id="billing-accounts",
    title="Projects, budgets and spend caps are on allowed billing accounts",
    group=Group.GOVERNANCE,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Use an allowed billing account, or have the owners of the policies allow it.",
    source=(
        "Google: a project's billing account is charged for its usage",
        "https://cloud.google.com/billing/docs/how-to/modify-project",
    ),
    judge=_judge,
    options=_Options,
    needs=("accounts",),
)
