"""Stack files of the tests and of `stacks/`, each deployable on the local cloud, for adoptions of what they make."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from sandbox.layout import ROOT
from tests.lifecycle import (
    limit_cases,
    test_bound_keys,
    test_calls,
    test_every_kind,
    test_guard,
    test_leaving,
)
from tests.operations import test_run
from tests.operations.stage import Stage
from tests.preflight.test_preflight import TWENTY
from tests.workspace import STACK

_LEGACY = "acme-support-legacy"


def _text(text: str) -> Callable[[Stage], None]:
    return lambda stage: stage.workspace.write(text)


def _of_stacks(name: str) -> Callable[[Stage], None]:
    """A file of `stacks/`, with a seed project and a folder that the local cloud has."""

    def prepare(stage: Stage) -> None:
        text = (
            (ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text().replace("acme-gemini-seed", "sandbox-seed")
        )
        text = re.sub(r"folders/\d+", "folders/987654321098", text)
        text = re.sub("^encryptionsalt: .*\n", "", text, flags=re.MULTILINE)
        stage.cloud.call(
            "PUT",
            "/cloudbilling/v1/projects/sandbox-seed/billingInfo",
            {"billingAccountName": f"billingAccounts/{test_every_kind.ACCOUNT}"},
        )
        for service in (
            "cloudfunctions",
            "cloudscheduler",
            "run",
            "storage",
            "cloudbuild",
            "artifactregistry",
        ):
            stage.cloud.call(
                "POST", f"/serviceusage/v1/projects/sandbox-seed/services/{service}.googleapis.com:enable", {}
            )
        if _LEGACY in text:
            parent = {"type": "folder", "id": "987654321098"}
            stage.cloud.call(
                "POST", "/cloudresourcemanager/v1/projects", {"projectId": _LEGACY, "parent": parent}
            )
        stage.workspace.write(text)

    return prepare


def _leaving(policy: str) -> str:
    return test_leaving.stack_file(test_leaving.chat(policy), test_leaving.OTHER, members="chat, other")


CASES: Mapping[str, Callable[[Stage], None]] = {
    "every kind": lambda stage: test_every_kind.prepare(stage.workspace),
    "guard": _text(test_guard.STACK_FILE),
    "calls": _text(test_calls.STACK_FILE),
    "keys": _text(
        test_bound_keys.STACK_FILE.format(keys="{backend: {}, web: {standard: true, displayName: Web}}")
    ),
    "leaving, DELETE": _text(_leaving("DELETE")),
    "leaving, ABANDON": _text(_leaving("ABANDON")),
    "an override and a limit": _text(limit_cases.OVERRIDE),
    "a preference and a limit": _text(limit_cases.PREFERENCE),
    "twenty": _text(TWENTY),
    **{f"stacks/{name}": _of_stacks(name) for name in ("sandbox", "dev", "staging", "prod")},
    "two projects": _text(test_run.PROJECTS),
}


def lose_state(stage: Stage) -> None:
    """Make the state that of a stack on which nothing was ever done."""
    exported = json.loads(stage.workspace.pulumi("stack", "export", "--stack", STACK).stdout)
    path = stage.workspace.layout.program / "lost.json"
    path.write_text(json.dumps({**exported, "deployment": {**exported["deployment"], "resources": []}}))
    stage.workspace.pulumi("stack", "import", "--file", str(path), "--stack", STACK)


def lose_entries(stage: Stage) -> dict[str, Any]:
    """Take the projects out of the stack file; returns their entries."""
    file = yaml.safe_load(stage.workspace.stack_file.read_text())
    entries: dict[str, Any] = file["config"].pop("gemini-landing-zone:projects")
    stage.workspace.stack_file.write_text(yaml.safe_dump(file, sort_keys=False))
    return entries
