"""A billing account has one currency, and Google refuses a budget in any other. An amount meant in one currency and
written in another notifies too early or too late."""

from collections import Counter
from collections.abc import Iterator

from pydantic import Field

from landing_zone.policies.facts import UNKNOWN, Budget, Cap, Facts, Subject
from landing_zone.policies.policy import Finding, Group, Options, Policy, Scope, Severity
from landing_zone.settings import fields
from landing_zone.settings.problems import Path


class _Options(Options):
    currencies: dict[fields.BillingAccount, fields.Currency] = Field(
        default={},
        description="Billing account -> its currency. Default: the currency of most of its budgets.",
    )


def _written(subject: Subject) -> Path:
    """Path of its currency: a cap has the currency of its budget."""
    return (
        (*subject.path[:-1], "currency") if subject.kind == "cap" and subject.path else subject.at("currency")
    )


def _judge(facts: Facts, options: _Options) -> Iterator[Finding]:
    amounts: list[Budget | Cap] = [*facts.budgets, *facts.caps]
    for each in amounts:
        if not each.unread and UNKNOWN in (each.account, each.currency):
            unknown = "a currency" if each.currency is UNKNOWN else "a billing account"
            yield Finding(
                each.subject,
                f"has {unknown} that only the update will know, so that the two may not match",
                "write the currency and the billing account so that a preview knows them",
            )
    known = [
        (str(each.account), str(each.currency), each.subject)
        for each in amounts
        if UNKNOWN not in (each.account, each.currency) and each.currency
    ]
    counted = Counter((account, currency) for account, currency, _ in known)
    for account, currency, subject in known:
        usual = max(
            (each for of, each in counted if of == account), key=lambda each: (counted[account, each], each)
        )
        right = options.currencies.get(account, usual)
        if currency != right:
            # The account's own currency is known only from the option.
            whose = "" if account in options.currencies else "other amounts of "
            yield Finding(
                subject,
                f"is in {currency}, and {whose}billing account {account} {'are' if whose else 'is'} in {right}",
                f"write it in {right}",
                setting=_written(subject),
            )


POLICY = Policy(
    id="currency-matches",
    title="Budgets are in their billing account's currency",
    group=Group.BUDGETS,
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
