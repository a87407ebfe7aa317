"""Budgets: state, and what the server makes of a budget on its way in."""

import json
from collections.abc import Sequence

from sandbox.cloud.billing_loop import stops
from sandbox.cloud.billingbudgets import rules, spend_caps
from sandbox.cloud.cloudbilling import models as billing
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core import chance, masks
from sandbox.cloud.core.errors import CloudError, JsonObject, failed_precondition, invalid_argument, not_found
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
        CloudError: 404 for an unknown account, 400 INVALID_ARGUMENT for a budget against Google's rules; bare, without
            a word of why, for a second spend cap on a project.
    """
    account = billing.require(store, account_id)
    for parent, one, other in _ONE_OF:
        if one in given.get(parent, {}) and other in given[parent]:
            raise invalid_argument(f"Only one of '{one}' and '{other}' of '{parent}' can be set.", "budget")
    cap = given.get("spendCap")
    budget = _completed(store, given, account)
    if cap is not None:
        budget["spendCap"] = _new_cap(store, account_id, budget, cap)
    budget_id = chance.uuid(store, "budget", store.next_value("budget"))
    store.run("INSERT INTO budgets VALUES (?, ?, 1, ?)", account_id, budget_id, json.dumps(budget))
    if cap is not None:
        stops.read_caps(store)
    return _view(account_id, budget_id, 1, budget)


def get(store: Store, account_id: str, budget_id: str) -> JsonObject:
    """A budget.

    Raises:
        CloudError: 404 NOT_FOUND.
    """
    generation, body = _stored(store, account_id, budget_id)
    cap = body.get("spendCap")
    if cap and cap.get("pollsLeft"):
        settling = {**body, "spendCap": {**cap, "pollsLeft": cap["pollsLeft"] - 1}}
        _write(store, account_id, budget_id, settling)
    return _view(account_id, budget_id, generation, body)


def find(store: Store, account_id: str, budget_id: str) -> JsonObject | None:
    """A budget as it is stored, without its name; None for one that is not there."""
    row = store.row("SELECT body FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)
    found: JsonObject | None = json.loads(row["body"]) if row is not None else None
    return found


def list_all(store: Store, account_id: str, scope: str) -> list[JsonObject]:
    """The budgets of an account, by id; with `scope` (`projects/id-or-number`) those that track that project alone.

    Raises:
        CloudError: 404 for an unknown account, 400 for a scope that is no project.
    """
    billing.require(store, account_id)
    rows = store.rows("SELECT * FROM budgets WHERE account_id = ? ORDER BY id", account_id)
    bodies = [(row["id"], row["generation"], json.loads(row["body"])) for row in rows]
    budgets = [
        _view(account_id, name, generation, body)
        for name, generation, body in bodies
        if not body.get("spendCap", {}).get("unlisted")
    ]
    if not scope:
        return budgets
    kind, _, project_id = scope.partition("/")
    project = projects.find(store, project_id)
    if kind != "projects" or project is None:
        raise invalid_argument(None, "scope", f"Only a project's resource name is supported, not '{scope}'.")
    wanted = [f"projects/{project.number}"]
    return [budget for budget in budgets if budget["budgetFilter"].get("projects") == wanted]


def update(
    store: Store,
    account_id: str,
    budget_id: str,
    paths: Sequence[masks.Path],
    patch: JsonObject,
    masked: bool,
) -> JsonObject:
    """Set the fields that `paths` name to their values in `patch`; `masked`: the request named them.

    Raises:
        CloudError: as `create`; 409 ABORTED when the patch carries an etag that is not the current one; 400
            FAILED_PRECONDITION when an enforced spend cap stands against the change.
    """
    generation, stored = _stored(store, account_id, budget_id)
    if patch.get("etag") not in (None, "", _etag(budget_id, generation)):
        raise CloudError("ABORTED", "The etag does not match: the budget was changed in the meantime.")
    cap = stored.pop("spendCap", None)
    if cap:
        spend_caps.check_mask(cap, paths, masked)
    changes = [path for path in paths if path[0] not in ("name", "etag", "spendCap")]
    changed = masks.apply(changes, stored, patch)
    for parent, one, other in _ONE_OF:
        part = changed.get(parent, {})
        if one in part and other in part:
            given = patch.get(parent, {})
            changed[parent] = {
                key: value for key, value in part.items() if key != (one if other in given else other)
            }
    wanted = patch.get("spendCap") if any(path[0] == "spendCap" for path in paths) else cap
    if wanted is not None:
        changed["spendCap"] = wanted
    budget = _completed(store, changed, billing.require(store, account_id))
    if wanted is not None:
        budget["spendCap"] = (
            spend_caps.changed(cap, wanted, store.settle_polls)
            if cap
            else _new_cap(store, account_id, budget, wanted)
        )
    _write(store, account_id, budget_id, budget)
    store.run(
        "UPDATE budgets SET generation = generation + 1 WHERE account_id = ? AND id = ?",
        account_id,
        budget_id,
    )
    if cap or wanted is not None:
        stops.read_caps(store)
    return get(store, account_id, budget_id)


def delete(store: Store, account_id: str, budget_id: str) -> None:
    """Delete a budget; one that is not there counts as deleted, as at Google.

    A spend cap may outlive a DELETE that was answered with success: that has been seen at Google.
    """
    row = store.row("SELECT body FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)
    body = json.loads(row["body"]) if row is not None else {}
    survives = body.get("spendCap", {}).get("survivesDeletes", 0)
    if survives:
        body["spendCap"]["survivesDeletes"] = survives - 1
        _write(store, account_id, budget_id, body)
        return
    store.run("DELETE FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)
    if "spendCap" in body:
        stops.read_caps(store)


def set_cap(store: Store, project_id: str, changes: JsonObject) -> JsonObject:
    """Change what only Google changes of a project's spend cap; returns the cap's budget.

    `outputState`: the state it is in. `survivesDeletes`: how many DELETEs it outlives. `unlisted`: LIST leaves it out.

    Raises:
        CloudError: 403 or 404 for a project without a cap, 400 for another key or a bad value.
    """
    number = projects.require(store, project_id).number
    for row in store.rows("SELECT * FROM budgets"):
        body = json.loads(row["body"])
        if "spendCap" in body and body["budgetFilter"]["projects"] == [f"projects/{number}"]:
            allowed = {
                "outputState": spend_caps.STATES,
                "survivesDeletes": range(100),
                "unlisted": (False, True),
            }
            for key, value in changes.items():
                if key not in allowed or value not in allowed[key]:
                    raise invalid_argument(f"cannot set {key} to {value!r}: known are {', '.join(allowed)}")
            body["spendCap"] |= changes
            _write(store, row["account_id"], row["id"], body)
            stops.read_caps(store)
            return get(store, row["account_id"], row["id"])
    raise not_found(f"Project {project_id} has no spend cap.")


def set_cap_state(store: Store, account_id: str, budget_id: str, state: str) -> None:
    """Move a spend cap as Google does: to ENFORCED, or back to CONFIGURED as a month begins."""
    _, body = _stored(store, account_id, budget_id)
    body["spendCap"] |= {"outputState": state, "pollsLeft": 0}
    if state == spend_caps.CONFIGURED:
        body["spendCap"]["inputState"] = state
    _write(store, account_id, budget_id, body)
    stops.read_caps(store)


def _stored(store: Store, account_id: str, budget_id: str) -> tuple[int, JsonObject]:
    row = store.row("SELECT * FROM budgets WHERE account_id = ? AND id = ?", account_id, budget_id)
    if row is None:
        raise not_found()
    return row["generation"], json.loads(row["body"])


def _write(store: Store, account_id: str, budget_id: str, body: JsonObject) -> None:
    store.run(
        "UPDATE budgets SET body = ? WHERE account_id = ? AND id = ?", json.dumps(body), account_id, budget_id
    )


def _new_cap(store: Store, account_id: str, budget: JsonObject, wanted: JsonObject) -> JsonObject:
    if billing.require(store, account_id).master:
        raise failed_precondition("Spend caps are not supported for this billing account.")
    for row in store.rows("SELECT body FROM budgets"):
        other = json.loads(row["body"])
        if "spendCap" in other and other["budgetFilter"]["projects"] == budget["budgetFilter"]["projects"]:
            # Without a word of why: that is all that Google says.
            raise invalid_argument(None)
    return spend_caps.configured(wanted, store.settle_polls)


def _etag(budget_id: str, generation: int) -> str:
    return f"{budget_id.partition('-')[0]}{generation:06x}"


def _view(account_id: str, budget_id: str, generation: int, body: JsonObject) -> JsonObject:
    cap = {"spendCap": spend_caps.view(body["spendCap"])} if "spendCap" in body else {}
    name = f"billingAccounts/{account_id}/budgets/{budget_id}"
    return {"name": name, **body, **cap, "etag": _etag(budget_id, generation)}


def _completed(store: Store, given: JsonObject, account: billing.Account) -> JsonObject:
    """A checked budget with what Google fills in: the account's currency, projects by number, the defaults.

    `ownershipScope` has no default on output: filling it in would show as a change in every tool that left it out.
    """
    part = dict(given.get("budgetFilter", {}))
    if part.get("creditTypesTreatment") in (None, "CREDIT_TYPES_TREATMENT_UNSPECIFIED"):
        part["creditTypesTreatment"] = "INCLUDE_ALL_CREDITS"
    if "customPeriod" not in part and part.get("calendarPeriod") in (None, "CALENDAR_PERIOD_UNSPECIFIED"):
        part["calendarPeriod"] = "MONTH"
    budget = {key: value for key, value in given.items() if key not in ("name", "etag")}
    budget["budgetFilter"] = part
    rules.check(store, budget, account)
    if "projects" in part:
        numbers = [
            projects.require(store, name.removeprefix("projects/")).number for name in part["projects"]
        ]
        part["projects"] = [f"projects/{number}" for number in numbers]
    if "specifiedAmount" in budget["amount"]:
        money = {**budget["amount"]["specifiedAmount"], "currencyCode": account.currency}
        if money.get("units") == "0":
            del money["units"]
        budget["amount"] = {"specifiedAmount": money}
    budget["thresholdRules"] = [_with_basis(rule) for rule in budget.get("thresholdRules", [])]
    budget.setdefault("notificationsRule", {})
    budget.pop("spendCap", None)
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
