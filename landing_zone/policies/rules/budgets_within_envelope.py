"""Each budget may be small and all of them together more than a department has. The envelope is what all budgets of a
stack may add up to in a month, so that a new project is a decision on money and not only on a name."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Budget, Facts
from landing_zone.policies.options import Amount, Currency
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity
from landing_zone.pricing.money import EXACT, Money

_CENT = Decimal("0.01")


class _Options(Options):
    envelope: Amount | None = Field(
        default=None,
        description="What all budgets of the stack may add up to in a month; without it nothing is judged.",
    )
    currency: Currency = Field(default="USD", description="The currency of envelope.")


def _a_month(budget: Budget) -> Decimal:
    if budget.amount is None or budget.amount is UNKNOWN:
        return Decimal(0)
    return EXACT.divide(budget.amount, budget.months or Decimal(1)).quantize(_CENT, rounding=ROUND_CEILING)


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.envelope is None:
        return
    envelope = Money(options.envelope, options.currency)
    own = {
        name
        for budget in facts.budgets
        if not budget.shared and budget.projects is not UNKNOWN
        for name in budget.projects
    }
    # What a shared budget counts is in its projects' own budgets already, where they have some.
    counted = [
        budget
        for budget in facts.budgets
        if budget.currency in (None, envelope.currency)
        and not (budget.shared and budget.projects is not UNKNOWN and own & set(budget.projects))
    ]
    amounts = [(_a_month(budget), budget) for budget in counted]
    total = Money(sum((amount for amount, _ in amounts), Decimal(0)), envelope.currency)
    if envelope < total:
        amount, largest = max(amounts, key=lambda each: each[0])
        yield Finding(
            largest.subject,
            f"is with {Money(amount, envelope.currency)} a month the largest of {len(amounts)} budgets that add up to "
            f"{total}, and {envelope} is allowed for all",
            f"take {total - envelope} off the budgets",
        )


POLICY = Policy(
    id="budgets-within-envelope",
    title="The budgets of a stack add up to no more than its envelope",
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower budgets, or have the envelope raised by those who answer for the bill.",
    source=(
        "FinOps Foundation: budgeting is a commitment on a sum",
        "https://www.finops.org/framework/capabilities/budgeting/",
    ),
    judge=_judge,
    options=_Options,
)
