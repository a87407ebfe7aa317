"""A billing account has one currency, and Google takes a budget in no other. A number that was thought in euros and
written as dollars is a budget that tells too late."""

from collections import Counter
from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Budget, Cap, Facts, Subject
from landing_zone.policies.options import Currency
from landing_zone.policies.policy import Finding, Options, Policy, Scope, Severity
from landing_zone.settings import fields
from landing_zone.settings.problems import Path


class _Options(Options):
    currencies: dict[fields.BillingAccount, Currency] = Field(
        default={},
        description="Billing account -> its currency; without it, what most of its budgets are in.",
    )


def _written(subject: Subject) -> Path:
    """Where its currency stands: a cap has that of the budget around it."""
    return (
        (*subject.path[:-1], "currency") if subject.kind == "cap" and subject.path else subject.at("currency")
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    amounts: list[Budget | Cap] = [*facts.budgets, *facts.caps]
    told = [
        (str(each.account), str(each.currency), each.subject)
        for each in amounts
        if UNKNOWN not in (each.account, each.currency) and each.currency
    ]
    counted = Counter((account, currency) for account, currency, _ in told)
    for account, currency, subject in told:
        usual = max(
            (each for of, each in counted if of == account), key=lambda each: (counted[account, each], each)
        )
        right = options.currencies.get(account, usual)
        if currency != right:
            # What the account's currency is, is known only if it is set.
            whose = "" if account in options.currencies else "other amounts of "
            yield Finding(
                subject,
                f"is in {currency}, and {whose}billing account {account} {'are' if whose else 'is'} in {right}",
                f"write it in {right}",
                place=_written(subject),
            )


POLICY = Policy(
    id="currency-matches",
    title="Budgets are in their billing account's currency",
    severity=Severity.MEDIUM,
    scope=Scope.WHOLE,
    reason=__doc__,
    remedy="Write the amount in the account's currency.",
    source=(
        "Cloud Billing Budget API: the currency must be the billing account's",
        "https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets",
    ),
    judge=_judge,
    options=_Options,
)
