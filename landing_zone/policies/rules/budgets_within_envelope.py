"""Each budget may be small and their sum more than a department has. The envelope is the largest sum of all budgets of
a stack per month, so that a new project is a decision on money."""

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Budget, Facts
from landing_zone.policies.policy import Excess, Finding, Group, Options, Policy, Scope, Severity
from landing_zone.pricing.money import EXACT, Money
from landing_zone.settings import fields

_CENT = Decimal("0.01")


class _Options(Options):
    envelope: fields.Amount | None = Field(
        default=None,
        description="Largest sum of all budgets of the stack per month; if left out, nothing is judged.",
    )
    currency: fields.Currency = Field(default="USD", description="Currency of envelope.")


def _a_month(amount: Decimal, months: Decimal | None) -> Decimal:
    return EXACT.divide(amount, months or Decimal(1)).quantize(_CENT, rounding=ROUND_CEILING)


def _added(budget: Budget, amount: Decimal, budgets: tuple[Budget, ...]) -> Decimal:
    """Amount that a budget adds to the sum.

    A shared budget adds what exceeds the budgets that are known to be those of its projects.
    """
    more = _a_month(amount, budget.months)
    for own in budgets if budget.shared else ():
        if own.shared or not own.amount or own.amount is UNKNOWN:
            continue
        if own.projects is UNKNOWN or budget.projects is UNKNOWN or UNKNOWN in (own.services, own.currency):
            continue
        same = own.currency == budget.currency and own.services == budget.services
        if same and set(own.projects) & set(budget.projects):
            more -= _a_month(own.amount, own.months)
    return max(Decimal(0), more)


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.envelope is None:
        return
    envelope = Money(options.envelope, options.currency)
    amounts: list[tuple[Decimal, Budget]] = []
    for budget in facts.budgets:
        if budget.unread:
            continue
        if budget.amount is None:
            yield Finding(
                budget.subject,
                f"uses the last period's cost as its amount, and {envelope} is allowed for all budgets together",
                "write an amount",
                setting=budget.subject.at("lastPeriod"),
            )
        elif budget.currency not in (None, UNKNOWN, envelope.currency):
            yield Finding(
                budget.subject,
                f"is in {budget.currency} and cannot be added to the others: {envelope} is allowed for all",
                f"write it in {envelope.currency} if its billing account is; else put it into a stack of its own",
                setting=budget.subject.at("currency"),
            )
        elif budget.amount is UNKNOWN or budget.currency is UNKNOWN:
            unknown = "an amount" if budget.amount is UNKNOWN else "a currency"
            yield Finding(
                budget.subject,
                f"has {unknown} that only the update will know, and {envelope} is allowed for all budgets together",
                "write its amount, currency and period so that a preview knows them",
            )
        elif more := _added(budget, budget.amount, facts.budgets):
            amounts.append((more, budget))
    in_force = [each for each in options.exceptions if facts.day <= each.expires]
    exempt = [each for each in amounts if any(one.covers(each[1].subject) for one in in_force)]
    # Exempt budgets do not count. If only they exceed the envelope, the finding is about one of them, and exempt.
    rest = [each for each in amounts if each not in exempt]
    for group, reported in ((rest, rest), (amounts, exempt)):
        total = Money(sum((amount for amount, _ in group), Decimal(0)), envelope.currency)
        if reported and envelope < total:
            yield _over(total, envelope, len(group), *max(reported, key=lambda each: each[0]))
            break


def _over(total: Money, envelope: Money, count: int, amount: Decimal, largest: Budget) -> Finding:
    own, over = Money(amount, envelope.currency), total - envelope
    months = largest.months or Decimal(1)
    # Only known amounts were added.
    whole = largest.amount if isinstance(largest.amount, Decimal) else amount
    return Finding(
        largest.subject,
        (
            f"is {own} a month"
            if count == 1
            else f"is with {own} a month the largest of {count} budgets that add up to {total}"
        )
        + f", and {envelope} is allowed for all",
        f"take {over} off the budgets",
        setting=largest.subject.at("amount"),
        excess=Excess(whole, whole - over.amount * months, months),
    )


POLICY = Policy(
    id="budgets-within-envelope",
    title="The budgets of a stack add up to no more than its envelope",
    group=Group.BUDGETS,
    severity=Severity.HIGH,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Lower budgets, or have the envelope raised by the owners of the bill.",
    source=(
        "FinOps Foundation: budgeting is a commitment on a sum",
        "https://www.finops.org/framework/capabilities/budgeting/",
    ),
    judge=_judge,
    options=_Options,
    needs=("envelope",),
)
