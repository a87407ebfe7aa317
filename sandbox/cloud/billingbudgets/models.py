"""Budgets: state, and what the server makes of a budget on its way in."""

import json
from collections.abc import Sequence
from uuid import uuid4

from sandbox.cloud.billingbudgets import rules
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import masks
from sandbox.cloud.core.errors import CloudError, JsonObject, invalid_argument, not_found, unimplemented
from sandbox.cloud.core.store import Store

SCHEMA = """
CREATE TABLE budgets (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
"""

#: Fields of which a budget has one: setting one clears the other.
_ONE_OF = (
    ("budgetFilter", "calendarPeriod", "customPeriod"),
    ("amount", "specifiedAmount", "lastPeriodAmount"),
)


def create(store: Store, account_id: str, given: JsonObject) -> JsonObject:
    """Create a budget; returns it as it is stored.

    Raises:
        CloudError: 404 for an unknown account, 400 INVALID_ARGUMENT for a budget against Google's rules, 501 for a
            spend cap.
    """
    account = billing.require(store, account_id)
    for parent, one, other in _ONE_OF:
        if one in given.get(parent, {}) and other in given[parent]:
            raise invalid_argument(f"Only one of '{one}' and '{other}' of '{parent}' can be set.", "budget")
    budget = _completed(store, given, account.currency)
    budget_id = str(uuid4())
    store.run("INSERT INTO budgets VALUES (?, ?, 1, ?)", account_id, budget_id, json.dumps(budget))
    return _view(account_id, budget_id, 1, budget)


def get(store: Store, account_id: str, budget_id: str) -> JsonObject:
    """A budget.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    row = store.row("SELECT * FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)
    if row is None:
        raise not_found()
    return _view(account_id, budget_id, row["generation"], json.loads(row["body"]))


def list_all(store: Store, account_id: str, scope: str) -> list[JsonObject]:
    """The budgets of an account, by id; with `scope` (`projects/id-or-number`) those that track that project alone.

    Raises:
        CloudError: 404 for an unknown account, 400 for a scope that is no project.
    """
    billing.require(store, account_id)
    rows = store.rows("SELECT * FROM budgets WHERE account_id = ? ORDER BY id", account_id)
    budgets = [_view(account_id, row["id"], row["generation"], json.loads(row["body"])) for row in rows]
    if not scope:
        return budgets
    kind, _, project_id = scope.partition("/")
    project = projects.find(store, project_id)
    if kind != "projects" or project is None:
        raise invalid_argument(None, "scope", f"Only a project's resource name is supported, not '{scope}'.")
    wanted = [f"projects/{project.number}"]
    return [budget for budget in budgets if budget["budgetFilter"].get("projects") == wanted]


def update(
    store: Store, account_id: str, budget_id: str, paths: Sequence[masks.Path], patch: JsonObject
) -> JsonObject:
    """Change the fields that `paths` name to what `patch` says.

    Raises:
        CloudError: as `create`; 409 ABORTED when the patch carries an etag that is not the current one.
    """
    current = get(store, account_id, budget_id)
    if patch.get("etag") not in (None, "", current["etag"]):
        raise CloudError("ABORTED", "The etag does not match: the budget was changed in the meantime.")
    if any(path[0] == "spendCap" for path in paths):
        raise unimplemented("spend caps of budgets")
    changes = [path for path in paths if path[0] not in ("name", "etag")]
    stored = {key: value for key, value in current.items() if key not in ("name", "etag")}
    changed = masks.apply(changes, stored, patch)
    for parent, one, other in _ONE_OF:
        part = changed.get(parent, {})
        if one in part and other in part:
            given = patch.get(parent, {})
            changed[parent] = {
                key: value for key, value in part.items() if key != (one if other in given else other)
            }
    budget = _completed(store, changed, billing.require(store, account_id).currency)
    store.run(
        "UPDATE budgets SET generation = generation + 1, body = ? WHERE account_id = ? AND id = ?",
        json.dumps(budget),
        account_id,
        budget_id,
    )
    return get(store, account_id, budget_id)


def delete(store: Store, account_id: str, budget_id: str) -> None:
    """Delete a budget; one that is not there counts as deleted, as at Google."""
    store.run("DELETE FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)


def _view(account_id: str, budget_id: str, generation: int, body: JsonObject) -> JsonObject:
    return {
        "name": f"billingAccounts/{account_id}/budgets/{budget_id}",
        **body,
        "etag": f"{budget_id.partition('-')[0]}{generation:06x}",
    }


def _completed(store: Store, given: JsonObject, currency: str) -> JsonObject:
    """A checked budget with what Google fills in: the account's currency, projects by number, the defaults.

    `ownershipScope` has no default on output: filling it in would show as a change in every tool that left it out.
    """
    if "spendCap" in given:
        raise unimplemented("spend caps of budgets")
    part = dict(given.get("budgetFilter", {}))
    if part.get("creditTypesTreatment") in (None, "CREDIT_TYPES_TREATMENT_UNSPECIFIED"):
        part["creditTypesTreatment"] = "INCLUDE_ALL_CREDITS"
    if "customPeriod" not in part and part.get("calendarPeriod") in (None, "CALENDAR_PERIOD_UNSPECIFIED"):
        part["calendarPeriod"] = "MONTH"
    budget = {key: value for key, value in given.items() if key not in ("name", "etag")}
    budget["budgetFilter"] = part
    rules.check(store, budget, currency)
    if "projects" in part:
        numbers = [
            projects.require(store, name.removeprefix("projects/")).number for name in part["projects"]
        ]
        part["projects"] = [f"projects/{number}" for number in numbers]
    if "specifiedAmount" in budget["amount"]:
        money = {**budget["amount"]["specifiedAmount"], "currencyCode": currency}
        if money.get("units") == "0":
            del money["units"]
        budget["amount"] = {"specifiedAmount": money}
    budget["thresholdRules"] = [_with_basis(rule) for rule in budget.get("thresholdRules", [])]
    budget.setdefault("notificationsRule", {})
    return _without_zeros(budget)


def _with_basis(rule: JsonObject) -> JsonObject:
    given = rule.get("spendBasis", "BASIS_UNSPECIFIED")
    return {**rule, "spendBasis": "CURRENT_SPEND" if given == "BASIS_UNSPECIFIED" else given}


def _without_zeros(message: JsonObject) -> JsonObject:
    """A message as Google writes it: fields at zero, false or empty are left out, messages are not."""
    return {
        key: _without_zeros(value) if isinstance(value, dict) else value
        for key, value in message.items()
        if isinstance(value, dict) or value not in (0, "", [])
    }
