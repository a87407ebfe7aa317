"""Budgets against costs: what each has reached, the mails of its threshold rules, and its Pub/Sub messages.

A rule notifies once in a period. A forecast is what the days of the period that are billed come to over all of it, from
its second day on: Google does not publish how it forecasts.
"""

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.cloud.billing_loop import recipients, stops
from sandbox.cloud.billing_loop.money import of_google, rounded, shown
from sandbox.cloud.billing_loop.periods import Period, day_of, midnight, of_budget
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import mails
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.store import Store
from sandbox.cloud.core.times import rfc3339
from sandbox.cloud.monitoring import channels
from sandbox.cloud.pubsub import messages

SCHEMA: Final = """
CREATE TABLE budget_states (
    account TEXT NOT NULL,
    budget TEXT NOT NULL,
    generation INTEGER NOT NULL,
    day TEXT NOT NULL,
    period TEXT NOT NULL,
    cost INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    forecast INTEGER,
    notified TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (account, budget)
) WITHOUT ROWID;
CREATE TABLE budget_messages (
    account TEXT NOT NULL, budget TEXT NOT NULL, published INTEGER NOT NULL, dropped INTEGER NOT NULL,
    PRIMARY KEY (account, budget)
) WITHOUT ROWID;
"""
PUBLISHER: Final = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
_COST: Final = (
    "SELECT sum(amount) FROM billing_costs "
    "WHERE account IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ?"
)
_OF_PROJECTS: Final = "AND project IN (SELECT value FROM json_each(?))"
_CURRENT: Final = "CURRENT_SPEND"
_FORECASTED: Final = "FORECASTED_SPEND"


@dataclass(frozen=True, slots=True)
class _Plan:
    """A budget, and what its filter counts.

    `projects` None is every project, `accounts` None the account with its subaccounts, `nothing` no use of the Gemini
    API, as of another service or of labels: what an API key or a token uses has none.
    """

    body: JsonObject
    topic: str
    projects: frozenset[str] | None
    ancestors: frozenset[str]
    accounts: frozenset[str] | None
    nothing: bool

    def counts_any(self, grown: Mapping[str, int]) -> bool:
        """Whether it may count one of these projects."""
        return self.projects is None or not self.projects.isdisjoint(grown)


@dataclass(frozen=True, slots=True)
class _Reached:
    """What a budget has reached in a period."""

    period: str
    cost: int
    amount: int
    forecast: int | None


def evaluate(store: Store, account: str, currency: str, grown: Mapping[str, int], now: datetime) -> None:
    """Evaluate each budget of an account whose costs have changed or whose day has, and publish all their messages."""
    day = day_of(now)
    to_send: dict[str, list[JsonObject]] = defaultdict(list)
    # Costs of subaccounts come by runs of their own.
    has_more = bool(billing.subaccounts(store, account))
    rows = store.rows(
        "SELECT b.id, b.generation, s.generation AS known, s.day, s.period, s.message FROM budgets b "
        "LEFT JOIN budget_states s ON s.account = b.account_id AND s.budget = b.id "
        "WHERE b.account_id = ? ORDER BY b.id",
        account,
    )
    for row in rows:
        plan = _plan(store, account, row["id"], row["generation"])
        period = of_budget(plan.body["budgetFilter"], day)
        if period is None:
            continue
        message = row["message"]
        current = (row["known"], row["period"], row["day"]) == (
            row["generation"],
            str(period.first),
            str(day),
        )
        if not current or has_more or (grown and plan.counts_any(grown)):
            message = _evaluated(store, account, currency, row["id"], row["generation"], plan, period, now)
        if plan.topic:
            attributes = {"billingAccountId": account, "budgetId": row["id"], "schemaVersion": "1.0"}
            to_send[plan.topic].append({"data": message, "attributes": attributes})
    for topic, of_topic in to_send.items():
        sent = messages.publish_as(store, topic, of_topic, now, PUBLISHER)
        store.run(
            "INSERT INTO budget_messages SELECT ?1, value, ?2, ?3 FROM json_each(?4) WHERE true "
            "ON CONFLICT DO UPDATE SET published = published + ?2, dropped = dropped + ?3",
            *(account, int(sent), int(not sent)),
            json.dumps([message["attributes"]["budgetId"] for message in of_topic]),
        )


def shown_states(store: Store) -> list[dict[str, Any]]:
    """What each budget has reached, for the control surface."""
    rows = store.rows(
        "SELECT s.*, b.body, ifnull(m.published, 0) AS published, ifnull(m.dropped, 0) AS dropped FROM budgets b "
        "JOIN budget_states s ON s.account = b.account_id AND s.budget = b.id "
        "LEFT JOIN budget_messages m ON m.account = s.account AND m.budget = s.budget ORDER BY s.account, s.budget"
    )
    found = []
    for row in rows:
        budget = json.loads(row["body"])
        found.append(
            {
                "name": f"billingAccounts/{row['account']}/budgets/{row['budget']}",
                "displayName": budget.get("displayName", ""),
                "period": row["period"],
                "cost": shown(row["cost"]),
                "amount": shown(row["amount"]),
                "forecast": shown(row["forecast"]) if row["forecast"] is not None else None,
                "notified": json.loads(row["notified"]),
                "published": row["published"],
                "dropped": row["dropped"],
            }
        )
    return found


def _plan(store: Store, account: str, budget_id: str, generation: int) -> _Plan:
    """A budget as it is evaluated; read again when it was changed."""
    key = "budget", account, budget_id, generation
    plan: _Plan | None = store.memo.get(key)
    if plan is None:
        row = store.row("SELECT body FROM budgets WHERE account_id = ? AND id = ?", account, budget_id)
        body: JsonObject = json.loads(row["body"]) if row is not None else {}
        part = body["budgetFilter"]
        services = part.get("services")
        named = frozenset(name.removeprefix("projects/") for name in part.get("projects", []))
        plan = store.memo[key] = _Plan(
            body,
            body.get("notificationsRule", {}).get("pubsubTopic", ""),
            named or None,
            frozenset(part.get("resourceAncestors", [])),
            frozenset(name.removeprefix("billingAccounts/") for name in part.get("subaccounts", [])) or None,
            bool(services and stops.GEMINI not in services) or bool(part.get("labels")),
        )
    return plan


def _evaluated(
    store: Store,
    account: str,
    currency: str,
    budget_id: str,
    generation: int,
    plan: _Plan,
    period: Period,
    now: datetime,
) -> str:
    """Evaluate a budget; returns the data of its message."""
    budget = plan.body
    money = budget["amount"].get("specifiedAmount")
    cost = _cost(store, account, plan, period)
    amount = of_google(money) if money is not None else _cost(store, account, plan, period.before())
    before = store.value(
        "SELECT notified FROM budget_states WHERE account = ? AND budget = ? AND period = ?",
        *(account, budget_id, str(period.first)),
    )
    notified: list[str] = json.loads(before) if before is not None else []
    reached = _Reached(str(period.first), cost, amount, _forecast(cost, period, now))
    for rule in budget.get("thresholdRules", []):
        named = f"{rule['spendBasis']} {rule.get('thresholdPercent', 0.0):g}"
        if named not in notified and _is_reached(rule, reached):
            notified.append(named)
            _notify(store, account, currency, budget_id, budget, rule, reached, now)
    message = _message(currency, budget, period, reached)
    store.run(
        "INSERT OR REPLACE INTO budget_states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(account, budget_id, generation, str(day_of(now)), reached.period, cost, amount, reached.forecast),
        *(json.dumps(notified), message),
    )
    return message


def _cost(store: Store, account: str, plan: _Plan, period: Period) -> int:
    chosen = plan.projects
    if plan.ancestors:
        below = projects.numbers_below(store, plan.ancestors)
        chosen = below if chosen is None else chosen & below
    if plan.nothing or chosen == frozenset():
        return 0
    accounts = plan.accounts or {account, *billing.subaccounts(store, account)}
    asked = json.dumps(sorted(accounts)), str(period.first), str(period.last)
    if chosen is None:
        cost = store.value(_COST, *asked)
    else:
        cost = store.value(f"{_COST} {_OF_PROJECTS}", *asked, json.dumps(sorted(chosen)))
    return int(cost or 0)


def _forecast(cost: int, period: Period, now: datetime) -> int | None:
    if not period.length:
        return None
    passed = now - period.begin
    whole = midnight(period.last + timedelta(days=1)) - period.begin
    return (
        cost * int(whole.total_seconds()) // int(passed.total_seconds())
        if passed >= timedelta(days=1)
        else None
    )


def _is_reached(rule: JsonObject, reached: _Reached) -> bool:
    spent = reached.cost if rule["spendBasis"] == _CURRENT else reached.forecast
    share = rule.get("thresholdPercent", 0.0)
    return spent is not None and spent > 0 and spent >= share * reached.amount


def _highest(budget: JsonObject, basis: str, reached: _Reached) -> float | None:
    return max(
        (
            float(rule.get("thresholdPercent", 0.0))
            for rule in budget.get("thresholdRules", [])
            if rule["spendBasis"] == basis and _is_reached(rule, reached)
        ),
        default=None,
    )


def _notify(
    store: Store,
    account: str,
    currency: str,
    budget_id: str,
    budget: JsonObject,
    rule: JsonObject,
    reached: _Reached,
    now: datetime,
) -> None:
    ways = budget.get("notificationsRule", {})
    part = budget["budgetFilter"].get("projects", [])
    people = channels.addresses(store, ways.get("monitoringNotificationChannels", []))
    if not ways.get("disableDefaultIamRecipients"):
        people += recipients.billing_people(store, account)
    if ways.get("enableProjectLevelRecipients") and len(part) == 1:
        people += recipients.owners(store, part[0].removeprefix("projects/"))
    share, basis = rule.get("thresholdPercent", 0.0), rule["spendBasis"]
    what = "has reached" if basis == _CURRENT else "is forecast to reach"
    mails.send(
        store,
        now,
        people,
        f"Budget alert: {budget.get('displayName', '')} {what} {share:.0%} of {rounded(reached.amount):.2f} {currency}",
        {
            "kind": "budget",
            "budget": f"billingAccounts/{account}/budgets/{budget_id}",
            "displayName": budget.get("displayName", ""),
            "thresholdPercent": share,
            "spendBasis": basis,
            "cost": shown(reached.cost),
            "period": reached.period,
        },
    )


def _message(currency: str, budget: JsonObject, period: Period, reached: _Reached) -> str:
    """The data of Google's message of a budget, schema version 1.0, in base64."""
    current, forecast = _highest(budget, _CURRENT, reached), _highest(budget, _FORECASTED, reached)
    last = "LAST_MONTH_COST" if period.length == "MONTH" else "LAST_PERIODS_COST"
    data = {
        "budgetDisplayName": budget.get("displayName", ""),
        **({"alertThresholdExceeded": current} if current is not None else {}),
        **({"forecastThresholdExceeded": forecast} if forecast is not None else {}),
        "costAmount": rounded(reached.cost),
        "costIntervalStart": rfc3339(period.begin),
        "budgetAmount": rounded(reached.amount),
        "budgetAmountType": "SPECIFIED_AMOUNT" if "specifiedAmount" in budget["amount"] else last,
        "currencyCode": currency,
    }
    return b64encode(json.dumps(data).encode()).decode()
