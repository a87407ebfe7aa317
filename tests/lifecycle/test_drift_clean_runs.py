"""No difference is invented while others work in the same organization: `make drift` looks a hundred times."""

import json
import os
import signal
import subprocess

import pytest

from sandbox.layout import ROOT
from tests.drift.stack import drift, prepare
from tests.lifecycle.test_drift_beside_runs import STACK_FILE
from tests.workspace import Workspace, sampled

_OTHERS = ("left", "right")
_RUNS = 10 if "SHARD" in os.environ else 2
"""Of drift, on a stack that nobody changes, in each of ten blocks."""
_AT_WORK = """
while kill -0 $TESTS; do
  for each in left right; do gemini-lz up $each --yes & done
  wait
  for each in left right; do
    sed -i 's/requestsPerMinute: 5/requestsPerMinute: 7/; t; s/requestsPerMinute: 7/requestsPerMinute: 5/' \\
      stacks/Pulumi.$each.yaml
  done
done
"""


@pytest.mark.parametrize("block", sampled(range(10), 0))
def test_no_difference_is_invented_while_other_stacks_are_at_work(block: int, workspace: Workspace) -> None:
    prepare(workspace)
    workspace.up()
    for name in _OTHERS:
        own = STACK_FILE.replace("acme-beside-chat", f"acme-{name}-{block}").replace(
            "    chat:", f"    {name}:"
        )
        workspace.stack_file.with_name(f"Pulumi.{name}.yaml").write_text(own)
        workspace.pulumi("stack", "init", "--no-select", name)
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{workspace.environment['PATH']}"
    at_work = subprocess.Popen(
        ["bash", "-c", _AT_WORK],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment, "PATH": path, "TESTS": str(os.getpid())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(_RUNS):
            found = drift(workspace, 0)
            assert (found["differences"], found["unread"], found["runAtWork"]) == ([], [], None), json.dumps(
                found
            )
    finally:
        os.killpg(at_work.pid, signal.SIGKILL)
        at_work.wait()
