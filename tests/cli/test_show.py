"""`gemini-lz show` says what is in force, not what was applied; and what it could not read, with the reason once."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.forked import gemini_lz
from tests.workspace import STACK, Workspace

STACK_FILE = (Path(__file__).parents[2] / "stacks" / "Pulumi.sandbox.yaml").read_text()
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
LINK = "/cloudbilling/v1/projects/acme-batch-sbx/billingInfo"


def run(stack: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **stack.environment, "COLUMNS": "200"}
    return gemini_lz("show", STACK, *arguments, folder=stack.layout.program, environment=environment)


def shown(stack: Workspace, code: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Projects by name, and all."""
    done = run(stack, "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {project["name"]: project for project in found["projects"]}, found


def limits(project: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item["inForce"] for item in project["limits"]}


def test_what_is_in_force_is_shown(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    before = workspace.cloud.requests()[-1]["n"]
    projects, found = shown(workspace)
    # Four calls a project, one more where a quota is asked for, and one for the billing account.
    assert len(workspace.cloud.requests(before)) == 4 * 3 + 1 + 1
    assert (found["differences"], found["unread"]) == (0, [])
    # The free tier's, which are lower than what is set, or not set.
    assert limits(projects["playground"]) == {
        "gemini-3.8-flash": {"requestsPerMinute": 2, "requestsPerDay": 10, "inputTokensPerMinute": 250_000}
    }
    assert limits(projects["chat"])["gemini-3.8-flash"]["requestsPerMinute"] == 60
    assert limits(projects["chat"])["others"]["requestsPerMinute"] == 0
    assert projects["chat"]["spendCap"]["inForce"] == {"amount": "1500", "state": "CONFIGURED"}
    assert found["sharedBudgets"]["pilot"]["inForce"] == "4000"

    # Google moves the account up, enforces a cap, somebody unlinks a project and deletes a key: only these two differ.
    call = workspace.cloud.call
    call("PATCH", f"/_local/billingAccounts/{ACCOUNT}", {"tier": 2})
    call("PATCH", "/_local/spendCaps/acme-chat-sbx", {"outputState": "ENFORCED"})
    call("PUT", LINK, {"billingAccountName": ""})
    [key] = call("GET", "/apikeys/v2/projects/acme-batch-sbx/locations/global/keys")["keys"]
    call("DELETE", f"/apikeys/v2/{key['name']}")
    by_hand = "/apikeys/v2/projects/acme-chat-sbx/locations/global/keys"
    restrictions = {"apiTargets": [{"service": "generativelanguage.googleapis.com"}]}
    call("POST", by_hand, {"displayName": "by hand", "restrictions": restrictions})
    projects, found = shown(workspace, 1)
    assert found["differences"] == 2
    assert projects["chat"]["tier"] == {
        "name": "tier",
        "inForce": "2",
        "differs": None,
        "asLastApplied": False,
    }
    assert projects["chat"]["otherKeys"] == ["by hand"]
    assert projects["chat"]["spendCap"]["inForce"]["state"] == "ENFORCED"
    batch = projects["batch"]
    assert (batch["link"]["inForce"], batch["link"]["differs"]) == (None, f"{ACCOUNT} as last applied")
    assert [key["inForce"]["state"] for key in batch["keys"]] == ["gone"]
    # Without its link it has the free tier's limits.
    assert limits(batch)["gemini-3.5-flash-lite"]["requestsPerMinute"] == 5


def test_what_cannot_be_read_is_as_last_applied_and_says_why_once(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    denied = [
        {"error": "PERMISSION_DENIED", "method": method, "times": 99}
        for method in (
            "serviceusage.services.consumerQuotaMetrics.list",
            "billingbudgets.billingAccounts.budgets.list",
        )
    ]
    workspace.cloud.call("PUT", "/_local/faults", {"faults": denied})
    projects, found = shown(workspace, 2)
    assert limits(projects["playground"]) == {
        "gemini-3.8-flash": {"requestsPerMinute": 2, "requestsPerDay": 10}
    }
    assert all(item["asLastApplied"] for item in (*projects["chat"]["limits"], projects["chat"]["budget"]))
    assert not projects["chat"]["link"]["asLastApplied"]
    assert len({each["reason"] for each in found["unread"]}) == 2
    printed = run(workspace).stdout
    assert printed.count("grant the caller serviceusage.quotas.get") == 1
    assert "limits of acme-batch-sbx, limits of acme-chat-sbx, limits of acme-playground-sbx" in printed

    # Without credentials nothing is, and that is said once.
    workspace.environment.update(GOOGLE_OAUTH_ACCESS_TOKEN="", GOOGLE_APPLICATION_CREDENTIALS="/nonexistent")
    done = run(workspace)
    assert done.returncode == 2
    assert "link       01A2B3-C4D5E6-F7A8B9 (as last applied)" in done.stdout
    assert done.stdout.count("no usable Google credentials") == 1
