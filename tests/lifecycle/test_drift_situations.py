"""`gemini-lz drift` where a stack, a project or a permission is not as usual: clear words, and no invented difference.

`make drift` runs all of it; the suite takes a seeded part.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landing_zone.google.config import GoogleConfig
from landing_zone.google.rest import Google
from sandbox.engine import Engine
from tests.drift.stack import GEMINI, MODEL, STACK_FILE, OtherHands, command, drift, prepare
from tests.lifecycle import test_drift_beside_runs as beside
from tests.lifecycle import test_guard as guarding
from tests.operations.stage import plain_stage
from tests.workspace import STACK, Workspace, sampled

LEGACY = "acme-drift-legacy"
ADOPTING = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:projects:
    legacy:
      projectId: {LEGACY}
      adopt: true
      tier: paid
      keys: {{app: {{methods: [generate]}}}}
      budget: {{amount: 50, currency: USD}}
      searchesPerRequest: 0
      limits: {{{MODEL}: {{requestsPerMinute: 6, requestsPerDay: 100}}, others: deny}}
"""


def kinds(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Project, kind and property of each difference."""
    return [(each["project"], each["kind"], each["what"]) for each in found["differences"]]


def adopted(workspace: Workspace) -> None:
    """A project that existed: what was there before it was adopted is no difference, what is made later is one."""
    hands = OtherHands(workspace)
    hands.call("POST", "/cloudresourcemanager/v1/projects", {"projectId": LEGACY, "name": "Legacy"})
    hands.call("POST", f"/serviceusage/v1/projects/{LEGACY}/services/apikeys.googleapis.com:enable", {})
    made = {"restrictions": {"apiTargets": [{"service": GEMINI}]}}
    keys = f"/apikeys/v2/projects/{LEGACY}/locations/global/keys"
    hands.call("POST", keys, {"displayName": "was there", **made})
    prepare(workspace, ADOPTING)
    workspace.up()
    assert kinds(drift(workspace, 0)) == []
    hands.call("POST", keys, {"displayName": "came later", **made})
    hands.link(LEGACY, "")
    found = drift(workspace, 1)
    assert sorted(kinds(found)) == [
        ("legacy", "key", "not the stack's"),
        ("legacy", "link", "billing account"),
    ]


def project_deleted(workspace: Workspace) -> None:
    """A project in deletion is one difference, with what takes it back; the others are read all the same."""
    prepare(workspace)
    workspace.up()
    hands = OtherHands(workspace)
    hands.call("DELETE", "/cloudresourcemanager/v1/projects/acme-drift-lab")
    hands.call("PATCH", f"{hands.override('acme-drift-shop', MODEL)}?force=true", {"overrideValue": "900"})
    found = drift(workspace, 1)
    assert kinds(found) == [("lab", "project", "lifecycle"), ("shop", "limits", "model")]
    [lab, _] = found["differences"]
    assert lab["inForce"] == "DELETE_REQUESTED"
    assert "gcloud projects undelete acme-drift-lab" in lab["words"]
    assert (lab["worstMonth"]["after"], found["unread"]) == ("0", [])


def nothing_yet(workspace: Workspace) -> None:
    """A stack without a state, and one whose state is empty."""
    workspace.stack_file.write_text(STACK_FILE.replace("      tags: [TAG]\n", ""))
    missing = command(workspace, "drift", STACK)
    assert missing.returncode == 2
    assert "gemini-lz up test creates it" in missing.stderr
    workspace.pulumi("stack", "select", "--create", STACK)
    empty = command(workspace, "drift", STACK)
    assert (empty.returncode, "has no project: gemini-lz up makes them" in empty.stdout) == (0, True)


def mistakes_in_the_file(workspace: Workspace) -> None:
    """Drift goes by the state: a file with mistakes costs the workload and the prices agreed, no difference."""
    prepare(workspace)
    workspace.up()
    hands = OtherHands(workspace)
    hands.call("PATCH", f"{hands.override('acme-drift-shop', MODEL)}?force=true", {"overrideValue": "900"})
    text = workspace.stack_file.read_text()
    workspace.stack_file.write_text(
        text.replace("tier: paid", "tier: pad").replace("requestsPerMinute: 6", "requestsPerMinute: 9")
    )
    found = drift(workspace, 1)
    assert kinds(found) == [("shop", "limits", "model")]
    assert found["differences"][0]["worstMonth"]
    [unread] = found["unread"]
    assert "mistakes (gemini-lz validate test)" in unread
    assert "from the state alone" in unread


def permissions_missing(workspace: Workspace) -> None:
    """What may not be read is named with its reason; everything else is compared."""
    prepare(workspace)
    workspace.up()
    denied = [
        {"error": "PERMISSION_DENIED", "method": method, "times": None}
        for method in (
            "serviceusage.services.consumerQuotaMetrics.list",
            "monitoring.projects.alertPolicies.get",
        )
    ]
    workspace.cloud.call("PUT", "/_local/faults", {"faults": denied})
    found = drift(workspace, 2)
    assert found["differences"] == []
    assert any(
        "limits of acme-drift-lab" in each and "serviceusage.quotas.get" in each for each in found["unread"]
    )
    assert any(each.startswith("every alert: ") for each in found["unread"])
    OtherHands(workspace).call(
        "POST", "/serviceusage/v1/projects/acme-drift-lab/services/monitoring.googleapis.com:disable", {}
    )
    found = drift(workspace, 1)
    assert kinds(found) == [("lab", "API", "gone")]


def guard_has_acted(workspace: Workspace) -> None:
    """The guard's own acts are shown, and are no drift."""
    workspace.write(guarding.STACK_FILE)
    workspace.up()
    google = Google(GoogleConfig.read({}, workspace.environment))
    guarding.publish(workspace.cloud, google, 3.0)
    guarding.minutes(workspace.cloud, 2)
    found = drift(workspace, 0)
    assert found["differences"]
    assert all(each["guard"] for each in found["differences"])
    assert {each["kind"] for each in found["differences"]} == {"guard", "limits", "service account"}
    hands = OtherHands(workspace)
    hands.call("PATCH", f"{hands.override(guarding.PROJECT, MODEL)}?force=true", {"overrideValue": "900"})
    found = drift(workspace, 1)
    assert [each["name"] for each in found["differences"] if not each["guard"]] == [MODEL]


CASES: tuple[Callable[[Workspace], None], ...] = (
    adopted,
    project_deleted,
    mistakes_in_the_file,
    nothing_yet,
    permissions_missing,
    guard_has_acted,
)


@pytest.mark.parametrize("case", sampled(CASES, 1), ids=lambda case: case.__name__)
def test_drift_where_something_is_unusual(case: Callable[[Workspace], None], workspace: Workspace) -> None:
    case(workspace)


@pytest.mark.skipif("SHARD" not in os.environ, reason="make drift runs it")
def test_drift_after_a_run_that_was_killed(tmp_path: Path, engine: Engine) -> None:
    with plain_stage(tmp_path, engine, beside.STACK_FILE) as stage:
        assert stage.run(*beside.UP)[0] == 0
        beside.edit(stage, back=False)
        slow = {"latencyMs": 60_000, "method": beside.BUDGETS, "times": 2}
        stage.cloud.call("PUT", "/_local/faults", {"faults": [slow]})
        before = beside.last(stage)
        update = stage.start(*beside.UP)
        beside.until_limits_are_set(stage, before)
        os.killpg(update.pid, signal.SIGKILL)
        update.wait()
        found = beside.drift(stage, 1)
        assert found["runAtWork"] is None
        [unread] = found["unread"]
        assert "did not end" in unread
        assert "gemini-lz recover" in unread
        assert kinds(found) == [("chat", "limits", "model")]
        assert not found["differences"][0]["ofRun"]
