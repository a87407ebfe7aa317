"""`gemini-lz drift` beside an update: neither disturbs the other."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from tests.operations.stage import Stage, plain_stage
from tests.workspace import STACK

STACK_FILE = """\
config:
  gcp:disableGlobalProjectWarning: true
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:projects:
    chat:
      projectId: acme-beside-chat
      tier: paid
      deletionPolicy: DELETE
      labels: {team: chat}
      keys: {backend: {methods: [generate]}}
      budget: {amount: 100, currency: USD, spendCap: {amount: 150}}
      searchesPerRequest: 0
      limits: {gemini-3.8-flash: {requestsPerMinute: 5, requestsPerDay: 500}, others: deny}
"""
CHANGED = (
    ("requestsPerMinute: 5", "requestsPerMinute: 6"),
    ("amount: 100", "amount: 101"),
    ("amount: 150", "amount: 151"),
)
OF_UP = {"USER_PROJECT_OVERRIDE": "true", "GOOGLE_BILLING_PROJECT": "sandbox-seed"}
"""The project that an update's calls count against; those of drift count against another."""
UP = ("gemini-lz", "up", STACK, "--yes")
BUDGETS = "billingbudgets.billingAccounts.budgets.patch"


def edit(stage: Stage, *, back: bool) -> None:
    """Change the stack file, or change it back."""
    text = stage.workspace.stack_file.read_text()
    for old, new in CHANGED:
        was, now = (new, old) if back else (old, new)
        assert text.count(was) == 1, was
        text = text.replace(was, now)
    stage.workspace.stack_file.write_text(text)


def drift(stage: Stage, code: int) -> dict[str, Any]:
    """What `gemini-lz drift` prints as JSON."""
    kept = dict(stage.workspace.environment)
    for name in OF_UP:
        stage.workspace.environment.pop(name, None)
    ended, printed = stage.run("gemini-lz", "drift", STACK, "--json")
    stage.workspace.environment.update(kept)
    assert ended == code, printed
    found: dict[str, Any] = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    return found


def of_up(stage: Stage, after: int) -> Counter[str]:
    """The calls of an update, by method; how often it asks whether an operation is done depends on time."""
    return Counter(
        str(each["id"])
        for each in stage.cloud.requests(after)
        if each["x-goog-user-project"] and "operations" not in str(each["id"])
    )


def last(stage: Stage) -> int:
    """The number of the last request."""
    return int(stage.cloud.requests()[-1]["n"])


def until_limits_are_set(stage: Stage, after: int) -> None:
    """Wait until the update has set the limits; its change of the budget waits longer."""
    while not any("importConsumerOverrides" in each["path"] for each in stage.cloud.requests(after)):
        pass


def test_drift_beside_an_update_disturbs_neither(tmp_path: Path, engine: Engine) -> None:
    with plain_stage(tmp_path, engine, STACK_FILE) as stage:
        stage.workspace.environment.update(OF_UP)
        assert stage.run(*UP)[0] == 0
        edit(stage, back=False)
        before = last(stage)
        assert stage.run(*UP)[0] == 0
        alone = of_up(stage, before)
        assert alone[BUDGETS] == 2

        # Somebody changes a label, which no update notices; then drift looks in the middle of an update.
        stage.cloud.call(
            "PATCH",
            "/cloudresourcemanager/v3/projects/acme-beside-chat?updateMask=labels",
            {"labels": {"team": "two"}},
        )
        edit(stage, back=True)
        slow = {"latencyMs": 8000, "method": BUDGETS, "times": 2}
        stage.cloud.call("PUT", "/_local/faults", {"faults": [slow]})
        before = last(stage)
        update = stage.start(*UP)
        until_limits_are_set(stage, before)
        found = drift(stage, 1)
        assert update.poll() is None
        assert found["runAtWork"].startswith("up by ")
        assert {(each["kind"], each["ofRun"]) for each in found["differences"]} == {
            ("limits", True),
            ("project", False),
        }
        assert update.wait() == 0
        assert of_up(stage, before) == alone
        after = drift(stage, 1)
        assert after["runAtWork"] is None
        assert [(each["kind"], each["what"]) for each in after["differences"]] == [("project", "labels")]
