"""Every way in which a project can leave a stack: no project that can spend loses a limit or a budget on the way."""

import itertools
import json
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.lifecycle.guardrails import World, look, losses, writes
from tests.workspace import STACK, Workspace, sampled

HEAD = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:defaults: {tier: paid, tierWait: 0, budget: {currency: USD}}
"""
SHARED = """\
  gemini-landing-zone:sharedBudgets:
    both: {projects: [MEMBERS], amount: 500, currency: USD}
"""
CHAT = """\
    chat:
      projectId: acme-leaving-chat
      deletionPolicy: POLICY
      keys: {backend: {allowedIps: [203.0.113.7]}}
      budget: {amount: 100, spendCap: {amount: 150}}
      limits: {gemini-3.8-flash: {requestsPerMinute: 5}, others: deny}
      quotas:
        lite:
          metric: generativelanguage.googleapis.com/generate_requests_per_model
          limit: /min/model/project
          dimensions: {model: gemini-2.5-flash-lite}
          value: 7
"""
OTHER = """\
    other:
      projectId: acme-leaving-other
      deletionPolicy: DELETE
      keys: {worker: {}}
      budget: {amount: 10}
      limits: {gemini-3.8-flash: {requestsPerMinute: 1}, others: deny}
"""
CHAT_ID = "acme-leaving-chat"


def stack_file(*projects: str, members: str = "") -> str:
    shared = SHARED.replace("MEMBERS", members) if members else ""
    return f"{HEAD}{shared}  gemini-landing-zone:projects:\n{''.join(projects)}"


def chat(policy: str, *changes: tuple[str, str]) -> str:
    text = CHAT.replace("POLICY", policy)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Stage:
    """A stack that has been made, and what has happened at Google since."""

    def __init__(self, workspace: Workspace, text: str) -> None:
        self.workspace = workspace
        workspace.write(text)
        workspace.up()
        self.before: World = look(workspace.cloud)
        self.last: int = workspace.cloud.requests()[-1]["n"]

    def run(self, *arguments: str) -> tuple[int, str]:
        done = self.workspace.pulumi(*arguments, "--stack", STACK, check=False)
        assert list(losses(self.before, self.entries())) == []
        return done.returncode, done.stdout + done.stderr

    def entries(self) -> list[dict[str, Any]]:
        return self.workspace.cloud.requests(self.last)

    def urn(self, kind: str, name: str = "chat") -> str:
        exported = json.loads(self.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
        [urn] = [
            entry["urn"]
            for entry in exported["deployment"]["resources"]
            if entry["type"].endswith(f":{kind}")
            and entry["urn"].endswith(f"::{name}")
            and entry.get("custom")
        ]
        return str(urn)


HELD = [
    pytest.param(chat("PREVENT"), "deletionPolicy: PREVENT", id="PREVENT"),
    pytest.param(chat("DELETE", ("keys:", "protect: true\n      keys:")), "protect: true", id="protect"),
]


@pytest.mark.parametrize(("held", "setting"), sampled(HELD, 1))
def test_a_project_that_must_stay_keeps_all_it_has_however_it_is_taken_out(
    workspace: Workspace, held: str, setting: str
) -> None:
    stage = Stage(workspace, stack_file(held, OTHER, members="chat, other"))
    renamed = held.replace("    chat:", "    talk:")
    moved = held.replace(CHAT_ID, "acme-leaving-new")
    for text, reason in (
        (stack_file(OTHER), f"{setting} keeps {CHAT_ID} in the stack"),
        (stack_file(renamed, OTHER, members="talk, other"), "aliases: [chat]"),
        (stack_file(moved, OTHER, members="chat, other"), "another project"),
        (
            stack_file(
                held.replace("deletionPolicy", "adopt: true\n      deletionPolicy").replace(
                    ": DELETE", ": UNLINK"
                ),
                OTHER,
            ),
            "adopt was false",
        ),
    ):
        workspace.write(text)
        for command in (("preview",), ("up", "--yes"), ("up", "--yes", "--skip-preview")):
            code, printed = stage.run(*command)
            assert code != 0
            assert reason in " ".join(printed.split())
    # Without the program: the exits refuse, in the preview and without it.
    budget = stage.urn("Budget")
    commands: list[tuple[str, ...]] = [
        ("destroy", "--yes"),
        ("destroy", "--yes", "--skip-preview"),
        ("destroy", "--yes", "--skip-preview", "--continue-on-error"),
        ("destroy", "--yes", "--skip-preview", "--target", budget),
        ("destroy", "--yes", "--skip-preview", "--target", budget, "--target-dependents"),
        ("up", "--yes", "--skip-preview", "--target", budget, "--target-dependents"),
    ]
    for each in commands:
        code, printed = stage.run(*each)
        assert code != 0, printed
    assert writes(stage.entries()) == []


@pytest.mark.parametrize(
    ("how", "policy", "state"),
    sampled(
        [
            ("destroyed", "DELETE", "DELETE_REQUESTED"),
            ("removed", "DELETE", "DELETE_REQUESTED"),
            ("removed", "UNLINK", "ACTIVE"),
            ("destroyed", "UNLINK", "ACTIVE"),
        ],
        2,
    ),
)
def test_a_project_that_may_go_loses_keys_then_billing_then_its_guardrails(
    workspace: Workspace, how: str, policy: str, state: str
) -> None:
    stage = Stage(workspace, stack_file(chat(policy), OTHER))
    if how == "removed":
        workspace.write(stack_file(OTHER))
    code, printed = stage.run(*(("up", "--yes") if how == "removed" else ("destroy", "--yes")))
    assert code == 0, printed
    number = next(number for number, own in stage.before.ids.items() if own == CHAT_ID)
    done = [
        each for each in writes(stage.entries()) if CHAT_ID in each or number in each or "/budgets/" in each
    ]
    kinds = [_kind(each) for each in done]
    first = {kind: kinds.index(kind) for kind in set(kinds)}
    last = {kind: len(kinds) - 1 - kinds[::-1].index(kind) for kind in set(kinds)}
    assert last["key"] < first["link"]
    assert last["link"] < min(first["budget"], first["limit"])
    after = look(workspace.cloud)
    assert after.states[CHAT_ID] == state
    assert not any(number in counted for counted in after.budgets.values())
    assert not after.linked.get(CHAT_ID)
    if how == "removed":
        assert after.guarded("acme-leaving-other") == stage.before.guarded("acme-leaving-other")
        assert workspace.preview() == []


def _kind(write: str) -> str:
    words = {"/keys/": "key", "/billingInfo": "link", "/budgets/": "budget", "/consumerOverrides/": "limit"}
    return next((kind for words_, kind in words.items() if words_ in write), "other")


@pytest.mark.long
@pytest.mark.parametrize("adopted", [False, True], ids=["created", "adopted"])
def test_a_project_that_is_left_as_it_is_keeps_its_link_and_its_guardrails(
    workspace: Workspace, adopted: bool
) -> None:
    text = chat("ABANDON")
    if adopted:
        workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", {"projectId": CHAT_ID})
        text = chat("ABANDON", ("deletionPolicy: ABANDON", "adopt: true"))
    alerts = "      alerts: {email: [oncall@example.com]}\n"
    stage = Stage(workspace, stack_file(text + alerts, OTHER))
    # One that is taken out while its project stays is deleted all the same: that was asked for.
    less = (
        (text + alerts)
        .replace(", spendCap: {amount: 150}", "")
        .replace("others: deny", "")
        .partition("      quotas:")
    )
    workspace.write(stack_file(less[0] + alerts, OTHER))
    workspace.up()
    # What is left: one model's limit on four tiers, and the budget.
    assert look(workspace.cloud).guarded(CHAT_ID) == (4, 1)
    assert workspace.preview() == []

    workspace.write(stack_file(text + alerts, OTHER))
    workspace.up()
    assert look(workspace.cloud).guarded(CHAT_ID) == stage.before.guarded(CHAT_ID)
    stage.last = workspace.cloud.requests()[-1]["n"]
    stage.before = look(workspace.cloud)
    workspace.write(stack_file(OTHER))
    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    after = look(workspace.cloud)
    assert after.states[CHAT_ID] == "ACTIVE"
    assert after.linked[CHAT_ID]
    assert after.guarded(CHAT_ID) == stage.before.guarded(CHAT_ID)
    assert after.keys[CHAT_ID] == []
    assert workspace.preview() == []


@pytest.mark.long
def test_an_adopted_project_is_unlinked_by_that_word_and_never_deleted(workspace: Workspace) -> None:
    workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", {"projectId": CHAT_ID})
    stage = Stage(workspace, stack_file(chat("UNLINK", ("keys:", "adopt: true\n      keys:")), OTHER))
    assert stage.before.linked[CHAT_ID]
    workspace.write(stack_file(OTHER))
    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    after = look(workspace.cloud)
    assert (after.states[CHAT_ID], after.linked[CHAT_ID]) == ("ACTIVE", False)
    assert after.guarded(CHAT_ID) == (0, 0)


@pytest.mark.long
def test_a_project_with_an_alias_changes_its_name_and_nothing_else(workspace: Workspace) -> None:
    alerts = "      alerts: {email: [oncall@example.com]}\n      dashboard: true\n"
    stage = Stage(workspace, stack_file(chat("PREVENT") + alerts, OTHER, members="chat, other"))
    renamed = (chat("PREVENT") + alerts).replace("    chat:\n", "    talk:\n      aliases: [chat]\n")
    workspace.write(stack_file(renamed, OTHER, members="talk, other"))
    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    # The account of its key is named after it, for whoever reads the console.
    assert [each.rpartition("/")[0] for each in writes(stage.entries())] == [
        f"PATCH /v1/projects/{CHAT_ID}/serviceAccounts"
    ]
    # The alias can go once it has been applied.
    workspace.write(stack_file(renamed.replace("      aliases: [chat]\n", ""), OTHER, members="talk, other"))
    assert {change.type.rpartition(":")[2] for change in workspace.preview()} == {"Roster"}


@pytest.mark.long
def test_a_project_goes_to_free_by_one_word_and_back(workspace: Workspace) -> None:
    stage = Stage(workspace, stack_file(chat("PREVENT"), OTHER, members="chat, other"))
    free = chat("PREVENT", ("deletionPolicy", "tier: free\n      deletionPolicy"))
    # Out of the shared budget at once would be out of it while billing is still on.
    workspace.write(stack_file(free, OTHER, members="other"))
    code, printed = stage.run("up", "--yes", "--skip-preview")
    assert code != 0
    assert "Leave it in that budget" in " ".join(printed.split())
    assert writes(stage.entries()) == []

    workspace.write(stack_file(free, OTHER, members="chat, other"))
    code, printed = stage.run("preview")
    assert code == 0
    said = " ".join(printed.split())
    for words in ("about 20 a day", "every other billed service", "may use prompts and answers"):
        assert words in said
    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    after = look(workspace.cloud)
    assert not after.linked[CHAT_ID]
    # All limits, and the shared budget; its own budget and cap are gone.
    assert after.guarded(CHAT_ID) == (stage.before.guarded(CHAT_ID)[0], 1)
    assert after.keys == stage.before.keys

    workspace.write(stack_file(free, OTHER, members="other"))
    assert stage.run("up", "--yes")[0] == 0
    workspace.write(stack_file(chat("PREVENT"), OTHER, members="chat, other"))
    assert stage.run("up", "--yes")[0] == 0
    assert look(workspace.cloud).guarded(CHAT_ID) == stage.before.guarded(CHAT_ID)


@pytest.mark.parametrize("policy", sampled(["DELETE", "ABANDON"], 0))
def test_a_project_that_a_shared_budget_counts_stops_spending_before_it_leaves(
    workspace: Workspace, policy: str
) -> None:
    stage = Stage(workspace, stack_file(chat(policy), OTHER, members="chat, other"))
    workspace.write(stack_file(OTHER, members="other"))
    code, printed = stage.run("up", "--yes", "--skip-preview")
    assert code != 0
    assert "Put chat back with tier: free" in " ".join(printed.split())
    assert writes(stage.entries()) == []
    workspace.write(
        stack_file(
            chat(policy, ("deletionPolicy", "tier: free\n      deletionPolicy")), OTHER, members="chat, other"
        )
    )
    assert stage.run("up", "--yes")[0] == 0
    workspace.write(stack_file(OTHER, members="other"))
    assert stage.run("up", "--yes")[0] == 0
    assert stage.run("destroy", "--yes")[0] == 0
    assert look(workspace.cloud).budgets == {}


@pytest.mark.long
def test_a_key_that_is_replaced_takes_no_guardrail_with_it(workspace: Workspace) -> None:
    stage = Stage(workspace, stack_file(chat("PREVENT"), OTHER))
    workspace.write(stack_file(chat("PREVENT", ("{backend: {", "{backend: {standard: true, ")), OTHER))
    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    kinds = [_kind(each) for each in writes(stage.entries())]
    assert set(kinds) <= {"key", "other"}
    after = look(workspace.cloud)
    assert after.guarded(CHAT_ID) == stage.before.guarded(CHAT_ID)
    assert len(after.keys[CHAT_ID]) == 1
    assert after.keys[CHAT_ID] != stage.before.keys[CHAT_ID]


@pytest.mark.parametrize(("number", "carried_out"), sampled(itertools.product(range(14), (True, False)), 1))
def test_a_kill_at_any_call_leaves_no_project_unguarded_and_can_be_run_again(
    workspace: Workspace, number: int, carried_out: bool
) -> None:
    stage = Stage(workspace, stack_file(chat("DELETE"), OTHER))
    workspace.write(stack_file(OTHER))
    cloud = workspace.cloud
    cloud.call("PUT", "/_local/hold", {"writes": number, "carriedOut": carried_out})
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", STACK],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not cloud.call("GET", "/_local/hold")["reached"]:
        assert process.poll() is None, f"the update made only {number} writes"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    cloud.call("DELETE", "/_local/hold")
    assert list(losses(stage.before, stage.entries())) == []
    workspace.pulumi("cancel", "--yes", STACK, check=False)

    code, printed = stage.run("up", "--yes")
    assert code == 0, printed
    after = look(cloud)
    assert after.states[CHAT_ID] == "DELETE_REQUESTED"
    assert after.guarded("acme-leaving-other") == stage.before.guarded("acme-leaving-other")
    assert workspace.preview() == []


BUDGET_PATCH = "billingbudgets.billingAccounts.budgets.patch"


def fail_once(workspace: Workspace, method: str) -> None:
    """Make the next call of a method fail for good."""
    faults = [{"error": "INVALID_ARGUMENT", "method": method}]
    workspace.cloud.call("PUT", "/_local/faults", {"faults": faults})


@pytest.mark.long
def test_what_fails_keeps_nothing_else_from_going(workspace: Workspace) -> None:
    stage = Stage(workspace, stack_file(chat("DELETE"), OTHER))
    # In one project: its budget is refused while its quota and its key go.
    less = chat("DELETE", ("budget: {amount: 100", "budget: {amount: 101")).partition("      quotas:")[0]
    less = less.replace("backend: {allowedIps: [203.0.113.7]}", "other: {}")
    fail_once(workspace, BUDGET_PATCH)
    workspace.write(stack_file(less, OTHER))
    anyway = ("up", "--yes", "--skip-preview", "--continue-on-error")
    assert workspace.pulumi(*anyway, "--stack", STACK, check=False).returncode
    stage.last = workspace.cloud.requests()[-1]["n"]
    failed = look(workspace.cloud)
    # The old key went; no new one comes while a guardrail fails.
    assert failed.keys[CHAT_ID] == []
    assert stage.run("up", "--yes")[0] == 0
    assert len(look(workspace.cloud).keys[CHAT_ID]) == 1
    assert workspace.preview() == []

    # In another: chat leaves while the budget of the other is refused.
    fail_once(workspace, BUDGET_PATCH)
    workspace.write(stack_file(OTHER.replace("amount: 10", "amount: 11")))
    assert stage.run(*anyway)[0] != 0
    assert stage.run("up", "--yes")[0] == 0
    assert look(workspace.cloud).states[CHAT_ID] == "DELETE_REQUESTED"
    assert workspace.preview() == []
    assert stage.run("destroy", "--yes")[0] == 0


def test_no_key_is_made_before_what_guards_it(workspace: Workspace) -> None:
    fail_once(workspace, "billingbudgets.billingAccounts.budgets.create")
    workspace.write(stack_file(chat("DELETE")))
    assert workspace.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", check=False).returncode
    after = look(workspace.cloud)
    assert after.keys[CHAT_ID] == []
    assert after.overrides[CHAT_ID]
    workspace.up()
    assert len(look(workspace.cloud).keys[CHAT_ID]) == 1
