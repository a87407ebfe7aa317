"""Budget messages as Pub/Sub pushes them: taken if they are this project's, of this month, and in order.

Anybody who can publish to a topic can write two numbers. A message counts only if it comes from the guard's own
subscription, whose topic only Google's budgets may publish to, names the project's own budget and currency, and says
not less than the one before. All others change nothing, and are counted by their reason.
Form of a message: Cloud Billing's "Set up programmatic notifications", schema version 1.0.
"""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from landing_zone.guarding.policy import Policy
from landing_zone.guarding.record import Billed, Record, period_of, start_of
from landing_zone.pricing.money import rounded_up

Reason = Literal[
    "not a budget message",
    "from another subscription",
    "of another schema version",
    "of another budget",
    "in another currency",
    "of another month",
    "published in the future",
    "older than the last one",
    "lower than the last one",
]
_LONGEST: Final = 10_000
"""Characters; Google's are some hundreds."""
_SCHEMA: Final = "1.0"
_CLOCKS: Final = timedelta(minutes=5)
"""How far two clocks of Google's may differ."""
_MOST: Final = Decimal("1e15")
"""No bill is so high: a longer number is not Google's."""
_BEGINS_WITHIN: Final = timedelta(days=1)
"""A month of Google's billing begins at midnight Pacific; its documentation writes the day at midnight UTC."""


@dataclass(frozen=True)
class BudgetMessage:
    """A budget message of the right form; whose it is has not been checked."""

    subscription: str
    account: str
    """Empty: the message has no attributes, which has been seen."""
    budget: str
    schema: str
    display_name: str
    cost: Decimal
    currency: str
    start: datetime
    """The beginning of the month that it counts."""
    published: datetime


def read(push: Any) -> BudgetMessage | None:
    """The budget message in the body of a push; None if it is none."""
    try:
        message = push["message"]
        attributes = message.get("attributes") or {}
        if len(message["data"]) > _LONGEST:
            return None
        content = json.loads(
            b64decode(message["data"], validate=True), parse_float=Decimal, parse_int=Decimal
        )
        found = BudgetMessage(
            subscription=_text(push["subscription"]),
            account=_text(attributes.get("billingAccountId", "")),
            budget=_text(attributes.get("budgetId", "")),
            schema=_text(attributes.get("schemaVersion", "")),
            display_name=_text(content["budgetDisplayName"]),
            cost=_amount(content["costAmount"]),
            currency=_text(content["currencyCode"]),
            start=_moment(content["costIntervalStart"]),
            published=_moment(message["publishTime"]),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, NotBase64, RecursionError):
        return None  # an arithmetic error: a year or an exponent that no clock or number can have
    return found


def policy_for(policies: Iterable[Policy], message: BudgetMessage) -> Policy | None:
    """The project whose budget a message is about; None if it is nobody's here."""
    return next((policy for policy in policies if _is_of_budget(policy, message)), None)


def check(policy: Policy, record: Record, message: BudgetMessage, now: datetime) -> Reason | None:
    """Why a message changes nothing; None if it counts."""
    if message.subscription != policy.subscription:
        return "from another subscription"
    if message.schema != _SCHEMA and (message.schema or message.account or message.budget):
        return "of another schema version"
    if not _is_of_budget(policy, message):
        return "of another budget"
    if message.currency != policy.currency:
        return "in another currency"
    if abs(message.start - start_of(period_of(now))) > _BEGINS_WITHIN:
        return "of another month"
    if message.published > now + _CLOCKS:
        return "published in the future"
    return _out_of_order(record.billed, message)


def counted(ignored: Mapping[str, int], reason: Reason) -> dict[str, int]:
    """The counters with one more."""
    return {**ignored, reason: ignored.get(reason, 0) + 1}


def _out_of_order(last: Billed | None, message: BudgetMessage) -> Reason | None:
    if last is None:
        return None
    if message.cost < last.amount:
        return "lower than the last one"
    return "older than the last one" if message.published <= last.published else None


def _is_of_budget(policy: Policy, message: BudgetMessage) -> bool:
    if message.account or message.budget:
        return (message.account, message.budget) == (policy.budget.account, policy.budget.id)
    return message.display_name == policy.budget.display_name


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _amount(value: Any) -> Decimal:
    # NaN and Infinity, which Python's JSON takes, stay floats.
    if not isinstance(value, Decimal) or not 0 <= value < _MOST:
        raise ValueError
    return rounded_up(value)


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)
