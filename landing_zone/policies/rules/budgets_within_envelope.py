"""Each budget may be small and their sum more than a department has. The envelope is the largest sum of all budgets of
a stack per month, so that a new project is a decision on money."""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, Decimal
from math import inf

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


def _added(budgets: Iterable[tuple[Budget, Decimal]]) -> Iterator[tuple[Decimal, Budget]]:
    """What each budget adds to the sum: what exceeds the budgets over the same projects or some of them.

    So a budget over several projects is not counted again for what their own budgets allow, nor is a second one.
    """
    counted: list[tuple[Decimal, Budget]] = []
    for budget, amount in sorted(budgets, key=lambda each: (_width(each[0]), -each[1])):
        inside = sum((more for more, other in counted if _inside(other, budget)), Decimal(0))
        counted.append((max(Decimal(0), _a_month(amount, budget.months) - inside), budget))
    return (each for each in counted if each[0])


def _width(budget: Budget) -> float:
    """Number of projects; endless where they are unknown, or all of the account."""
    return inf if budget.projects is UNKNOWN or not budget.projects else len(budget.projects)


def _inside(one: Budget, other: Budget) -> bool:
    """True if a budget is known to count nothing but what another one counts as well."""
    if one.projects is UNKNOWN or other.projects is UNKNOWN or not one.projects:
        return False
    same = one.services == other.services and one.currency == other.currency and one.services is not UNKNOWN
    return same and set(one.projects) <= set(other.projects)


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    if options.envelope is None:
        return
    envelope = Money(options.envelope, options.currency)
    known: list[tuple[Budget, Decimal]] = []
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
        else:
            known.append((budget, budget.amount))
    amounts = list(_added(known))
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
