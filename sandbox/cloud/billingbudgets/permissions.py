"""What the Budget API's methods need: permissions on the billing account, or on the one project that a budget is of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sandbox.cloud.billingbudgets import models
from sandbox.cloud.core.errors import JsonObject
from sandbox.cloud.core.permissions import Needs, Rule, either, every, in_query, needs, on_path
from sandbox.cloud.core.service import Call

_BUDGETS: Final = "billingbudgets.billingAccounts.budgets"
_Budgets = Callable[[Call], Sequence[JsonObject]]


def _given(call: Call) -> Sequence[JsonObject]:
    return [call.body]


def _stored(call: Call) -> Sequence[JsonObject]:
    """The budget that the path names, if it is there."""
    found = models.find(call.store, call.ids[0], call.ids[1])
    return [found] if found is not None else []


def _before_and_after(call: Call) -> Sequence[JsonObject]:
    given = [call.body] if "budgetFilter" in call.body or "spendCap" in call.body else []
    return [*_stored(call), *given]


def _of_project(budgets: Sequence[JsonObject]) -> str:
    """The one project that all of these budgets are of; "" if there is none."""
    found = {
        tuple(budget["budgetFilter"].get("projects", ())) for budget in budgets if "budgetFilter" in budget
    }
    projects = found.pop() if len(found) == 1 else ()
    return str(projects[0]) if len(projects) == 1 else ""


def _rule(account: str, project: str, budgets: _Budgets, *, changes: bool = True) -> Rule:
    """A permission on the account, or one on the project; a spend cap that is changed takes one more of each."""

    def rule(call: Call) -> Sequence[Needs]:
        concerned = budgets(call)

        def of_project(_: Call) -> str:
            return _of_project(concerned)

        on_account = needs(f"billing.budgets.{account}", on_path())
        on_project = every(
            needs(f"billing.resourcebudgets.{project}", of_project),
            needs("resourcemanager.projects.get", of_project),
        )
        if changes and any("spendCap" in budget for budget in concerned):
            on_account = every(on_account, needs("billing.budgets.configureSpendCap", on_path()))
            on_project = every(on_project, needs("billing.resourcebudgets.configureSpendCap", of_project))
        return either(on_account, on_project)(call)

    return rule


PERMISSIONS: Final[Mapping[str, Rule]] = {
    f"{_BUDGETS}.create": _rule("create", "write", _given),
    f"{_BUDGETS}.get": _rule("get", "read", _stored, changes=False),
    f"{_BUDGETS}.list": either(
        needs("billing.budgets.list", on_path()),
        every(
            needs("billing.resourcebudgets.read", in_query("scope")),
            needs("resourcemanager.projects.get", in_query("scope")),
        ),
    ),
    f"{_BUDGETS}.patch": _rule("update", "write", _before_and_after),
    f"{_BUDGETS}.delete": _rule("delete", "write", _stored),
}
