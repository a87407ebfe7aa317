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


def _a_month(amount: Decimal, months: Decimal | None) -> Decimal:
    return EXACT.divide(amount, months or Decimal(1)).quantize(_CENT, rounding=ROUND_CEILING)


def _added(budgets: tuple[Budget, ...]) -> list[Budget]:
    """Those that are added up: what a shared budget counts may be in its projects' own budgets already."""
    own: set[str] = set()
    all_known = True
    for budget in budgets:
        if not budget.shared and budget.projects is UNKNOWN:
            all_known = False
        elif not budget.shared and budget.projects is not UNKNOWN:
            own |= set(budget.projects)
    return [
        budget
        for budget in budgets
        if not budget.shared
        or (
            all_known
            and budget.projects is not UNKNOWN
            and not (budget.projects and own.issuperset(budget.projects))
        )
    ]


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.envelope is None:
        return
    envelope = Money(options.envelope, options.currency)
    amounts = []
    for budget in _added(facts.budgets):
        if budget.amount is None:
            yield Finding(
                budget.subject,
                f"takes what the last period cost as its amount, and {envelope} is allowed for all budgets together",
                "write an amount",
            )
        elif budget.currency not in (None, UNKNOWN, envelope.currency):
            yield Finding(
                budget.subject,
                f"is in {budget.currency} and cannot be added to the others: {envelope} is allowed for all",
                f"write it in {envelope.currency}",
            )
        elif budget.amount is not UNKNOWN and budget.currency is not UNKNOWN:
            amounts.append((_a_month(budget.amount, budget.months), budget))
    total = Money(sum((amount for amount, _ in amounts), Decimal(0)), envelope.currency)
    if envelope < total:
        amount, largest = max(amounts, key=lambda each: each[0])
        own = Money(amount, envelope.currency)
        yield Finding(
            largest.subject,
            (
                f"is {own} a month"
                if len(amounts) == 1
                else f"is with {own} a month the largest of {len(amounts)} budgets that add up to {total}"
            )
            + f", and {envelope} is allowed for all",
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
