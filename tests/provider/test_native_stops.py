"""Runs that are killed, stopped by Ctrl-C or refused half-way: nothing is made twice, and nothing forgotten."""

import signal
from typing import Any

import pytest

from tests.provider.program import (
    ACCOUNT,
    interrupted,
    make_project,
    output_of_failure,
    program,
    since,
    state,
    write,
)
from tests.workspace import Workspace, sampled

PROJECT = "acme-stopped"
GEMINI = "generativelanguage.googleapis.com"
CREATE = "serviceusage.services.consumerQuotaMetrics.importConsumerOverrides"
FLASH, PRO = "gemini-2.5-flash", "gemini-2.5-pro"
CAP: tuple[str, dict[str, Any], list[str]] = (
    "SpendCap",
    {"billingAccount": ACCOUNT, "project": PROJECT, "amount": "20"},
    [],
)
TIER: tuple[str, dict[str, Any], list[str]] = (
    "TierCheck",
    {"project": PROJECT, "expected": "paid"},
    ["tier"],
)


def limit(requests_per_minute: int = 7, *more: str, **inputs: Any) -> tuple[str, dict[str, Any], list[str]]:
    """Limits in the project: of a model, and of `more`."""
    each = {"requestsPerMinute": requests_per_minute}
    return "ProjectLimits", {"project": PROJECT, "limits": dict.fromkeys([FLASH, *more], each), **inputs}, []


def overrides(workspace: Workspace) -> dict[str, int]:
    """How many overrides each model has in the project."""
    found: dict[str, int] = {}
    path = f"/serviceusage/v1beta1/projects/{PROJECT}/services/{GEMINI}/consumerQuotaMetrics"
    paid = (
        "generate_requests_per_model",
        *(f"generate_content_paid_tier_{tier}_requests" for tier in (2, 3)),
    )
    for name in ("generate_content_free_tier_requests", *paid):
        for limit in workspace.cloud.call("GET", f"{path}/{GEMINI}%2F{name}")["consumerQuotaLimits"]:
            for bucket in limit["quotaBuckets"]:
                if "consumerOverride" in bucket:
                    model = bucket.get("dimensions", {}).get("model", "*")
                    found[model] = found.get(model, 0) + 1
    return found


def caps(workspace: Workspace) -> int:
    """How many caps the account has."""
    listed = workspace.cloud.call("GET", f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets")
    return sum("spendCap" in budget for budget in listed.get("budgets", []))


@pytest.fixture
def stoppable(workspace: Workspace) -> Workspace:
    """A program with nothing yet, and a paid project."""
    make_project(workspace, PROJECT)
    return program(workspace)


def test_a_killed_run_is_finished_by_the_next(stoppable: Workspace) -> None:
    write(stoppable, cap=CAP, one=limit(7, PRO))
    before = stoppable.cloud.requests()[-1]["n"]
    # Operations that do not end hold the run where both are half made, and the cap is made but not yet told.
    stoppable.cloud.call("PUT", "/_local/operations", {"polls": 10_000})
    reads = "billingbudgets.billingAccounts.budgets.get"
    interrupted(
        stoppable,
        signal.SIGKILL,
        lambda: bool(since(stoppable, before, id=reads) and since(stoppable, before, id=CREATE)),
    )
    assert caps(stoppable) == 1
    stoppable.pulumi("cancel", "--yes")
    assert state(stoppable) == []
    stoppable.cloud.call("PUT", "/_local/operations", {"polls": 1})
    stoppable.up()
    assert stoppable.preview() == []
    assert caps(stoppable) == 1
    assert overrides(stoppable) == {"gemini-2.5-flash": 4, "gemini-2.5-pro": 4}


def test_ctrl_c_ends_every_wait_and_forgets_nothing(stoppable: Workspace) -> None:
    stoppable.cloud.call("PUT", "/_local/tierLag", {"polls": 10_000})
    for account in ("", f"billingAccounts/{ACCOUNT}"):
        link = {"billingAccountName": account}
        stoppable.cloud.call("PUT", f"/cloudbilling/v1/projects/{PROJECT}/billingInfo", link)
    stoppable.cloud.call("PUT", "/_local/operations", {"polls": 10_000})
    write(stoppable, cap=CAP, one=limit(), tier=TIER)
    before = stoppable.cloud.requests()[-1]["n"]
    waits = (
        "billingbudgets.billingAccounts.budgets.get",
        "serviceusage.operations.get",
        "cloudquotas.ListQuotaInfos",
    )
    printed = interrupted(
        stoppable, signal.SIGINT, lambda: all(len(since(stoppable, before, id=wait)) > 1 for wait in waits)
    )
    assert "stopped before it was finished: run pulumi up again to continue" in printed
    assert "Traceback" not in printed
    assert {entry["type"].rpartition(":")[2] for entry in state(stoppable)} == {"SpendCap", "ProjectLimits"}
    # Gone on with, or taken away: the state knows what there is.
    stoppable.cloud.call("PUT", "/_local/operations", {"polls": 1})
    write(stoppable, cap=CAP, one=limit())
    assert {(change.op, change.name) for change in stoppable.up()} == {("update", "one")}
    assert overrides(stoppable) == {"gemini-2.5-flash": 4}
    stoppable.destroy()
    assert (caps(stoppable), overrides(stoppable)) == (0, {})


def test_what_was_made_before_a_refusal_is_known_and_taken_away(stoppable: Workspace) -> None:
    def faults(*entries: dict[str, Any]) -> None:
        stoppable.cloud.call("PUT", "/_local/faults", {"faults": list(entries)})

    write(stoppable, one=limit())
    # The call is atomic, so nothing was set. Transient errors are retried.
    refused = {"error": "PERMISSION_DENIED", "method": CREATE, "times": 1}
    passing = [{"error": error, "method": CREATE, "times": 1} for error in ("RATE_LIMIT_EXCEEDED", "ABORTED")]
    faults(*passing, refused)
    printed = output_of_failure(stoppable, "up", "--yes", "--skip-preview")
    assert "403 PERMISSION_DENIED" in printed
    assert "(says serviceusage.googleapis.com)" in printed
    assert "docs/organization.md lists the roles" in printed
    assert overrides(stoppable) == {}
    faults({"error": "UNIMPLEMENTED", "method": CREATE, "times": 1})
    printed = output_of_failure(stoppable, "up", "--yes", "--skip-preview")
    assert "does not offer consumerQuotaMetrics:importConsumerOverrides" in printed
    stoppable.up()
    assert overrides(stoppable) == {"gemini-2.5-flash": 4}

    # Of a change that was half made the state knows what there is: the model that was to go as well.
    write(stoppable, one=limit(8, PRO))
    stoppable.up()
    delete = "serviceusage.services.consumerQuotaMetrics.limits.consumerOverrides.delete"
    faults({"error": "PERMISSION_DENIED", "method": delete, "times": 1})
    write(stoppable, one=limit(9))
    printed = output_of_failure(stoppable, "up", "--yes", "--skip-preview")
    assert "requestsPerMinute of gemini-2.5-pro on tier" in printed
    assert overrides(stoppable)[PRO] >= 1
    assert [change.op for change in stoppable.up()] == ["update"]
    assert overrides(stoppable) == {"gemini-2.5-flash": 4}
    write(stoppable, one=limit(9, PRO))
    faults({"error": "PERMISSION_DENIED", "method": CREATE, "times": 1})
    output_of_failure(stoppable, "up", "--yes", "--skip-preview")
    stoppable.destroy()
    assert overrides(stoppable) == {}


# The first call is refused for the metrics that Google fixes, the second sets the rest.
@pytest.mark.parametrize(("writes", "carried_out"), sampled([(0, True), (1, True), (1, False)], 1))
def test_a_kill_between_the_call_and_its_answer_leaves_nothing_to_fix(
    stoppable: Workspace, writes: int, carried_out: bool
) -> None:
    write(stoppable, one=limit(7, PRO, others="deny"))
    stoppable.cloud.call("PUT", "/_local/hold", {"writes": writes, "carriedOut": carried_out})
    interrupted(
        stoppable, signal.SIGKILL, lambda: bool(stoppable.cloud.call("GET", "/_local/hold")["reached"])
    )
    stoppable.cloud.call("DELETE", "/_local/hold")
    stoppable.pulumi("cancel", "--yes")
    assert state(stoppable) == []
    stoppable.up()
    assert overrides(stoppable) == {"gemini-2.5-flash": 7, "gemini-2.5-pro": 7, "*": 7}
    assert stoppable.refresh() == []
    assert stoppable.preview() == []
    stoppable.destroy()
    assert overrides(stoppable) == {}


def test_a_resource_of_another_name_takes_over_and_two_of_the_same_are_refused(stoppable: Workspace) -> None:
    write(stoppable, cap=CAP, one=limit())
    stoppable.up()
    for second, prop in ((CAP, "project"), (limit(3), "project")):
        write(stoppable, cap=CAP, one=limit(), second=second)
        printed = output_of_failure(stoppable, "preview")
        assert f"property {prop} value" in printed
        assert f"is a {second[0]} of the same project: keep one of the two" in printed
    # Renamed: made before the old one is deleted, which would take the new one's away.
    write(stoppable, renamed=CAP, other_name=limit(3))
    assert sorted((change.op, change.name) for change in stoppable.up()) == [
        ("create", "other_name"),
        ("create", "renamed"),
        ("delete", "cap"),
        ("delete", "one"),
    ]
    assert (caps(stoppable), overrides(stoppable)) == (1, {"gemini-2.5-flash": 4})
    assert stoppable.refresh() == []


def test_what_goes_with_its_project_is_gone_and_what_is_only_forbidden_is_not(stoppable: Workspace) -> None:
    write(stoppable, one=limit(), tier=TIER)
    stoppable.up()
    denied = {"error": "PERMISSION_DENIED", "method": "serviceusage.services.consumerQuotaMetrics.list"}
    stoppable.cloud.call("PUT", "/_local/faults", {"faults": [denied | {"times": 50}]})
    assert "docs/organization.md lists the roles" in output_of_failure(
        stoppable, "refresh", "--yes", "--skip-preview"
    )
    stoppable.cloud.call("PUT", "/_local/faults", {"faults": []})
    stoppable.cloud.call("DELETE", f"/cloudresourcemanager/v1/projects/{PROJECT}")
    assert ("delete", "one") in {(change.op, change.name) for change in stoppable.refresh()}
