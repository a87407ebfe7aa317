"""kill -9 of the engine in the middle of its work, and the same command once more."""

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from sandbox import stack
from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.conftest import StartCloud
from tests.workspace import Workspace

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"


@pytest.fixture
def sandbox(tmp_path: Path, engine: Engine, start_cloud: StartCloud) -> Workspace:
    """The sandbox's own stack file, on a cloud slow enough to be interrupted."""
    workspace = Workspace(tmp_path, engine, start_cloud("--latency-ms", "25"))
    name = f"Pulumi.{stack.STACK}.yaml"
    (workspace.stack_file.parent / name).write_text((ROOT / "stacks" / name).read_text())
    workspace.pulumi("stack", "select", "--create", stack.STACK)
    return workspace


def kill_during(sandbox: Workspace, operation: str, writes: int) -> None:
    """Run the operation and kill all its processes once the cloud has answered `writes` more writes."""
    before = _writes(sandbox)
    process = subprocess.Popen(
        ["pulumi", operation, "--yes", "--skip-preview", "--stack", stack.STACK],
        cwd=sandbox.layout.program,
        env={**os.environ, **sandbox.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while _writes(sandbox) < before + writes:
        assert process.poll() is None, f"pulumi {operation} ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _writes(sandbox: Workspace) -> int:
    return sum(request["method"] != "GET" for request in sandbox.cloud.requests())


def held(sandbox: Workspace) -> Counter[str]:
    """How many budgets, channels, alert policies and keys the cloud holds."""
    counts = Counter(budgets=_count(sandbox, f"billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets"))
    for project in ("acme-playground-sbx", "acme-chat-sbx", "acme-batch-sbx"):
        counts["channels"] += _count(sandbox, f"monitoring/v3/projects/{project}/notificationChannels")
        counts["policies"] += _count(sandbox, f"monitoring/v3/projects/{project}/alertPolicies")
        counts["keys"] += _count(sandbox, f"apikeys/v2/projects/{project}/locations/global/keys")
    return counts


def _count(sandbox: Workspace, path: str) -> int:
    return len(sandbox.cloud.call("GET", f"/{path}").get(path.rpartition("/")[2], []))


def test_up_after_kills_finishes_and_makes_nothing_twice(sandbox: Workspace) -> None:
    for writes in (3, 25):
        kill_during(sandbox, "up", writes)
        stack.heal(sandbox.layout, sandbox.environment, sandbox.cloud.ready)
    stack.up(sandbox.layout, sandbox.environment, sandbox.cloud.ready)

    sandbox.pulumi("preview", "--expect-no-changes", "--stack", stack.STACK)
    assert held(sandbox) == {"budgets": 4, "channels": 4, "policies": 11, "keys": 4}


def test_destroy_after_a_kill_leaves_only_projects_in_deletion(sandbox: Workspace) -> None:
    stack.up(sandbox.layout, sandbox.environment, sandbox.cloud.ready)
    kill_during(sandbox, "destroy", 10)

    stack.destroy(sandbox.layout, sandbox.environment, sandbox.cloud.ready)

    projects = sandbox.cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    states = {item["projectId"]: item["lifecycleState"] for item in projects}
    assert states.pop("sandbox-seed") == "ACTIVE"
    assert set(states.values()) == {"DELETE_REQUESTED"}
    assert _count(sandbox, f"billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets") == 0
