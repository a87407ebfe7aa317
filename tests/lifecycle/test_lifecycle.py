"""The life of an environment on the real engine: created, looked at, changed, moved between tiers, destroyed."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.workspace import Change, Workspace

PROJECT = "gcp:organizations/project:Project"
KEY = "gcp:projects/apiKey:ApiKey"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUDGET = "gcp:billing/budget:Budget"
LIMIT = "gemini-landing-zone:index:ProjectLimits"

NATIVE = (LIMIT, "gemini-landing-zone:index:SpendCap")

STACK_FILE = (Path(__file__).parents[2] / "stacks" / "Pulumi.sandbox.yaml").read_text()


def edited(*changes: tuple[str, str]) -> str:
    """The sandbox's stack file with pieces of text replaced."""
    text = STACK_FILE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def of_google(changes: list[Change]) -> set[tuple[str, str, str]]:
    """(operation, type, name) of the resources that Google has; components are Pulumi's alone."""
    return {
        (change.op, change.type, change.name)
        for change in changes
        if change.type.startswith("gcp:") or change.type in NATIVE
    }


def states(workspace: Workspace) -> dict[str, str]:
    """Project id → lifecycle state, of all projects but the seed."""
    listed = workspace.cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    return {
        item["projectId"]: item["lifecycleState"] for item in listed if item["projectId"] != "sandbox-seed"
    }


def test_create_look_change_destroy(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    created = workspace.up()
    assert {change.op for change in created} == {"create"}
    assert states(workspace) == dict.fromkeys(
        ("acme-batch-sbx", "acme-chat-sbx", "acme-playground-sbx"), "ACTIVE"
    )
    assert workspace.preview() == []
    assert workspace.refresh() == []

    workspace.write(
        edited(
            # More digits than a double has.
            ("amount: 1200.50", "amount: 123456789.123456789"),
            ("thresholds: [0.5, 0.8, 1.0, {forecast: 1.0}]", "thresholds: [0.5, 1.0, {forecast: 1.2}]"),
            ("203.0.113.0/24", "203.0.113.0/25"),
            (
                "gemini-3.1-pro-preview: {requestsPerMinute: 5,",
                "gemini-3.1-pro-preview: {requestsPerMinute: 4,",
            ),
        )
    )
    expected = {
        ("update", BUDGET, "chat"),
        ("update", KEY, "chat--backend"),
        ("update", LIMIT, "chat"),
    }
    assert of_google(workspace.preview()) == expected
    assert of_google(workspace.up()) == expected
    assert workspace.preview() == []
    [budget] = [
        item
        for item in workspace.cloud.call(
            "GET", "/billingbudgets/v1/billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets"
        )["budgets"]
        if item["displayName"] == "acme-chat-sbx Gemini API"
    ]
    assert budget["amount"] == {
        "specifiedAmount": {"currencyCode": "USD", "units": "123456789", "nanos": 123_456_789}
    }
    assert [rule["thresholdPercent"] for rule in budget["thresholdRules"]] == [0.5, 1, 1.2]

    assert {change.op for change in workspace.destroy()} == {"delete"}
    assert set(states(workspace).values()) == {"DELETE_REQUESTED"}


def test_a_tier_changes_without_another_project_or_key(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    before = workspace.outputs(secrets=True)["batch"]
    last = workspace.cloud.requests()[-1]["n"]

    workspace.write(
        edited(
            ("projectId: acme-batch-sbx\n      tier: paid", "projectId: acme-batch-sbx\n      tier: free"),
            (
                "requestsPerMinute: 300, requestsPerDay: 9000, inputTokensPerMinute: 1000000",
                "requestsPerMinute: 3",
            ),
        )
    )
    changed = of_google(workspace.up())
    assert ("update", PROJECT, "batch") in changed
    assert ("delete", BUDGET, "batch") in changed
    assert {op for op, kind, _ in changed if kind in (PROJECT, KEY)} == {"update"}
    # The budget goes by itself, though it stands in the file; so does the alert on quotas, which bound no spend now.
    assert {(op, name) for op, kind, name in changed if kind == ALERT} == {("delete", "batch-quota-changes")}
    assert {kind for op, kind, _ in changed if op != "update"} == {BUDGET, ALERT}
    link = workspace.cloud.call("GET", "/cloudbilling/v1/projects/acme-batch-sbx/billingInfo")
    assert not link.get("billingEnabled")
    free = workspace.outputs(secrets=True)["batch"]
    assert (free["number"], free["keys"]) == (before["number"], before["keys"])

    workspace.write(STACK_FILE)
    workspace.up()
    after = workspace.outputs(secrets=True)["batch"]
    assert (after["number"], after["keys"]) == (before["number"], before["keys"])
    assert workspace.cloud.call("GET", "/cloudbilling/v1/projects/acme-batch-sbx/billingInfo")[
        "billingEnabled"
    ]
    assert workspace.preview() == []
    # The limits hold at each moment, for no call takes one away: that of tokens, which the free tier's settings lack,
    # is what the tier allows, as all others are denied.
    gone = [
        entry["path"]
        for entry in workspace.cloud.requests(last)
        if entry["method"] == "DELETE" and "consumerOverrides" in entry["path"]
    ]
    assert gone == []


def test_what_someone_changed_by_hand_is_seen_and_put_back(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    [policy] = [
        item
        for item in workspace.cloud.call("GET", "/monitoring/v3/projects/acme-chat-sbx/alertPolicies")[
            "alertPolicies"
        ]
        if "fail" in item["displayName"]
    ]
    workspace.cloud.call("PATCH", f"/monitoring/v3/{policy['name']}?updateMask=enabled", {"enabled": False})
    workspace.cloud.call(
        "PUT",
        "/cloudbilling/v1/projects/acme-playground-sbx/billingInfo",
        {"billingAccountName": "billingAccounts/01A2B3-C4D5E6-F7A8B9"},
    )
    assert {change.name for change in workspace.refresh()} >= {"chat-error-rate", "playground"}
    assert of_google(workspace.up()) == {
        ("update", ALERT, "chat-error-rate"),
        ("update", PROJECT, "playground"),
    }
    assert not workspace.cloud.call("GET", "/cloudbilling/v1/projects/acme-playground-sbx/billingInfo").get(
        "billingEnabled"
    )


def test_a_project_that_google_refuses_keeps_no_other_from_being_made(workspace: Workspace) -> None:
    projects = "/cloudresourcemanager/v3/projects"
    workspace.cloud.call("POST", projects, {"projectId": "acme-gone-sbx", "parent": "folders/987654321098"})
    workspace.cloud.call("DELETE", f"{projects}/acme-gone-sbx")
    gone = "    gone: {projectId: acme-gone-sbx, adopt: true, tier: paid, budget: {amount: 5}}\n"
    workspace.write(edited(("    playground:\n", f"{gone}    playground:\n")))
    fault = {
        "error": "PERMISSION_DENIED",
        "method": "cloudbilling.projects.updateBillingInfo",
        "path": "acme-batch-sbx",
        "times": 1,
    }
    workspace.cloud.call("PUT", "/_local/faults", {"faults": [fault]})
    run = workspace.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", check=False)
    assert run.returncode != 0
    assert "The caller does not have permission" in run.stdout + run.stderr
    # Neither does one that is to be adopted, and is being deleted.
    assert "Traceback" not in run.stdout + run.stderr
    budgets = workspace.cloud.call("GET", "/billingbudgets/v1/billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets")[
        "budgets"
    ]
    # The shared budget counts the refused project as well; the other project has its own, and its cap.
    assert sorted(item["displayName"] for item in budgets) == [
        "acme-chat-sbx Gemini API",
        "acme-chat-sbx Gemini API cap",
    ]
    assert "gemini-landing-zone:projects.batch (batch): " in run.stdout + run.stderr
    workspace.cloud.call("POST", f"{projects}/acme-gone-sbx:undelete", {})
    # What is missing is made by the next run, once Google agrees.
    workspace.up()
    assert workspace.cloud.call("GET", "/cloudbilling/v1/projects/acme-batch-sbx/billingInfo")[
        "billingEnabled"
    ]
    assert workspace.preview() == []


def test_a_refusal_of_what_projects_share_names_the_setting(workspace: Workspace) -> None:
    workspace.write("""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:organization: organizations/123456789012
  gemini-landing-zone:topics: [spend]
  gemini-landing-zone:dashboard: true
  gemini-landing-zone:sharedBudgets:
    all: {accountWide: true, amount: 99, currency: USD}
    told: {ancestors: [folders/987654321098], amount: 9, currency: USD, email: [finops@example.com]}
  gemini-landing-zone:projects:
    one: {projectId: acme-shared-one, tier: free, deletionPolicy: DELETE, forbidUnrestrictedKeys: true}
""")
    methods = {
        "pubsub.projects.topics.create": "topics (test--spend)",
        "monitoring.projects.notificationChannels.create": "notificationProject (test-budgets--finops@example.com)",
        "monitoring.projects.dashboards.create": "dashboard (test)",
        "orgpolicy.organizations.customConstraints.create": "organization (test--restricted-keys)",
        "billingbudgets.billingAccounts.budgets.create": "sharedBudgets.all (shared-all)",
    }
    faults = [{"error": "INVALID_ARGUMENT", "method": method} for method in methods]
    workspace.cloud.call("PUT", "/_local/faults", {"faults": faults})
    run = workspace.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", check=False)
    assert run.returncode != 0
    for setting in methods.values():
        assert f"gemini-landing-zone:{setting}: " in run.stdout
    workspace.up()
    assert workspace.preview() == []


def test_mistakes_stop_everything_before_the_first_request(workspace: Workspace) -> None:
    workspace.write(edited(("amount: 300", "amuont: 300"), ("198.51.100.7", "everywhere")))
    run = workspace.pulumi("up", "--yes", "--skip-preview", check=False)
    printed = run.stdout + run.stderr
    assert run.returncode != 0
    assert "2 mistakes in the settings; nothing was created." in printed
    assert re.search(
        r"stacks/Pulumi\.test\.yaml:\d+: gemini-landing-zone:projects\.batch\.budget\.amuont", printed
    )
    assert "did you mean 'amount'?" in printed
    assert "Traceback" not in printed
    assert workspace.cloud.requests() == []


def test_no_secret_reaches_the_state_or_the_screen(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    run = workspace.pulumi("up", "--yes")
    keys = [key for project in workspace.outputs(secrets=True).values() for key in project["keys"].values()]
    assert len(keys) == 4
    assert "[an API key]" not in run.stdout + run.stderr
    kept = [path for path in workspace.layout.state.rglob("*") if path.is_file()]
    assert any(path.suffix == ".json" for path in kept)
    for path in kept:
        content = path.read_bytes()
        assert not any(key.encode() in content for key in keys), path.name
    shown = workspace.outputs()
    assert all(value == "[secret]" for project in shown.values() for value in project["keys"].values())


def adoptable(workspace: Workspace) -> str:
    """Make the project acme-legacy by hand, with what people have; returns the path of its billing link."""
    call, account = workspace.cloud.call, "01A2B3-C4D5E6-F7A8B9"
    parent = {"type": "folder", "id": "987654321098"}
    made = {"projectId": "acme-legacy", "name": "Legacy", "labels": {"old": "yes"}, "parent": parent}
    call("POST", "/cloudresourcemanager/v1/projects", made)
    link = "/cloudbilling/v1/projects/acme-legacy/billingInfo"
    call("PUT", link, {"billingAccountName": f"billingAccounts/{account}"})
    for service in ("apikeys", "iam", "pubsub", "monitoring"):
        call("POST", f"/serviceusage/v1/projects/acme-legacy/services/{service}.googleapis.com:enable", {})
    call("POST", "/apikeys/v2/projects/acme-legacy/locations/global/keys", {"displayName": "Old key"})
    budget = {"displayName": "Old budget", "amount": {"specifiedAmount": {"units": "7"}}}
    call("POST", f"/billingbudgets/v1/billingAccounts/{account}/budgets", budget)
    return link


def held_before(workspace: Workspace) -> list[Any]:
    """What acme-legacy has that is not the stack's."""
    call = workspace.cloud.call
    keys = call("GET", "/apikeys/v2/projects/acme-legacy/locations/global/keys")["keys"]
    budgets = call("GET", "/billingbudgets/v1/billingAccounts/01A2B3-C4D5E6-F7A8B9/budgets")["budgets"]
    services = "/serviceusage/v1/projects/acme-legacy/services?filter=state:ENABLED"
    enabled = {item["config"]["name"] for item in call("GET", services)["services"]}
    return [
        call("GET", "/cloudresourcemanager/v1/projects/acme-legacy"),
        [item for item in (*keys, *budgets) if item["displayName"].startswith("Old ")],
        enabled - {"generativelanguage.googleapis.com"},
    ]


def test_an_adopted_project_is_governed_and_outlives_the_stack(workspace: Workspace) -> None:
    linked = adoptable(workspace)
    before = held_before(workspace)
    assert len(before[1]) == 2
    stack_file = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:labels: {owner: platform}
  gemini-landing-zone:parent: organizations/123456789012
  gemini-landing-zone:projects:
    legacy:
      projectId: acme-legacy
      adopt: true
      keys: {widget: {}}
      limits: {gemini-2.5-flash: {requestsPerMinute: 3}}
      tier: """
    paid = f"{stack_file}paid\n      budget: {{amount: 80, currency: USD}}\n"
    workspace.write(paid)
    assert PROJECT not in {change.type for change in workspace.up() if change.op == "create"}
    assert workspace.preview() == []
    assert workspace.cloud.call("GET", linked)["billingEnabled"]
    assert held_before(workspace) == before

    workspace.write(f"{stack_file}free\n")
    changed = of_google(workspace.up())
    assert ("update", "gcp:billing/projectInfo:ProjectInfo", "legacy") in changed
    assert KEY not in {kind for _, kind, _ in changed}
    assert not workspace.cloud.call("GET", linked).get("billingEnabled")
    assert held_before(workspace) == before

    workspace.write(paid)
    workspace.up()
    workspace.destroy()
    assert held_before(workspace) == before
    assert workspace.cloud.call("GET", linked)["billingEnabled"]


OLD_IDS = {
    "scoped": "example.com:legacy-bot",
    "sub": "eng.example.co.uk:1bot",
    "reserved": "google-ssl-bot",
    "long": f"{'l' * 40}-bot",
}


@pytest.mark.long
def test_projects_are_adopted_whose_ids_google_no_longer_gives_out(workspace: Workspace) -> None:
    call, account = workspace.cloud.call, "01A2B3-C4D5E6-F7A8B9"
    for project_id in OLD_IDS.values():
        made = {"projectId": project_id, "parent": "folders/987654321098"}
        call("POST", "/_local/projects", made)
    projects = "".join(
        f"    {name}: {{projectId: '{project_id}'}}\n" for name, project_id in OLD_IDS.items()
    ).replace(
        "}\n",
        """,
      adopt: true, tier: paid, deletionPolicy: UNLINK, keys: {widget: {allowedIps: [203.0.113.7]}},
      alerts: {email: [oncall@example.com]}, dashboard: true,
      budget: {amount: 80, currency: USD, spendCap: {amount: 90}},
      limits: {gemini-3.8-flash: {requestsPerMinute: 3}, others: deny}}\n""",
    )
    workspace.write(f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: {account}
  gemini-landing-zone:projects:
{projects}""")
    workspace.up()
    assert workspace.preview() == []
    for project_id in OLD_IDS.values():
        assert call("GET", f"/cloudbilling/v1/projects/{project_id}/billingInfo")["billingEnabled"]
        [key] = call("GET", f"/apikeys/v2/projects/{project_id}/locations/global/keys")["keys"]
        assert len(key["displayName"]) <= 63
    budgets = call("GET", f"/billingbudgets/v1/billingAccounts/{account}/budgets")["budgets"]
    assert len({budget["displayName"] for budget in budgets}) == 2 * len(OLD_IDS)
    # Google reads a colon as it is as the beginning of a custom method's name.
    native = [
        entry["path"] for entry in workspace.cloud.requests() if "consumerQuotaMetrics" in entry["path"]
    ]
    assert any("/example.com%3Alegacy-bot/" in path for path in native)
    assert not any("example.com:" in path for path in native)
    workspace.destroy()
    for project_id in OLD_IDS.values():
        assert not call("GET", f"/cloudbilling/v1/projects/{project_id}/billingInfo").get("billingEnabled")


@pytest.mark.parametrize("protected", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_kept_project_survives_a_destroy(workspace: Workspace, protected: bool) -> None:
    policy = "deletionPolicy: DELETE\n    protect: true" if protected else "deletionPolicy: PREVENT"
    workspace.write(edited(("deletionPolicy: DELETE", policy)))
    workspace.up()
    run = workspace.pulumi("destroy", "--yes", "--skip-preview", check=False)
    assert run.returncode != 0
    assert set(states(workspace).values()) == {"ACTIVE"}
