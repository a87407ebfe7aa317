"""A budget far above the expected cost of an environment never notifies. One whose amount is the last period's cost
grows with every overspend."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Facts
from landing_zone.policies.policy import Excess, Finding, Group, Options, Policy, Scope, Severity
from landing_zone.pricing.money import Money, plain
from landing_zone.settings import fields


class _Options(Options):
    maximum: fields.Amount | None = Field(
        default=None, description="Largest amount of one budget per month; if left out, nothing is judged."
    )
    currency: fields.Currency = Field(default="USD", description="Currency of maximum, and of every budget.")


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.maximum is None:
        return
    most = Money(options.maximum, options.currency)
    for budget in facts.budgets:
        if budget.amount is None:
            yield Finding(
                budget.subject,
                f"uses the last period's cost as its amount, which may exceed {most}",
                f"write an amount of at most {plain(most.amount)} a month",
                setting=budget.subject.at("lastPeriod"),
            )
        elif budget.amount is UNKNOWN or budget.currency is UNKNOWN:
            continue
        elif budget.currency is None:
            yield Finding(
                budget.subject,
                f"does not say its currency, and the maximum is {most}",
                f"write the billing account's currency, such as currencyCode: {most.currency}",
                setting=budget.subject.at("currency"),
            )
        elif budget.currency != most.currency:
            yield Finding(
                budget.subject,
                f"is in {budget.currency}, and the maximum is {most}",
                f"write it in {most.currency} if its billing account is; else set the policy's currency and maximum in "
                f"{budget.currency}",
                setting=budget.subject.at("currency"),
            )
        elif budget.amount > most.amount * (budget.months or Decimal(1)):
            # A range of days has no length in months: it counts as one month.
            months = budget.months or Decimal(1)
            once = "" if budget.months else " for a range of days"
            yield Finding(
                budget.subject,
                f"is {Money(budget.amount, most.currency)}{once}"
                + (f" for {months.normalize():f} months" if months != 1 else "")
                + f", and at most {most} is allowed{' a month' if budget.months else ''}",
                f"write at most {plain(most.amount * months)}",
                setting=budget.subject.at("amount"),
                excess=Excess(budget.amount, most.amount * months, months),
            )


POLICY = Policy(
    id="budget-below-maximum",
    title="A budget is not above the environment's maximum",
    group=Group.BUDGETS,
    severity=Severity.HIGH,
    scope=Scope.EACH,
    reason=__doc__,
    remedy="Lower the amount, or have the maximum raised by the owners of the bill.",
    source=(
        "Google: a budget does not cap spending; it only notifies, at shares of its amount",
        "https://cloud.google.com/billing/docs/how-to/budgets",
    ),
    judge=_judge,
    options=_Options,
    needs=("maximum",),
)
