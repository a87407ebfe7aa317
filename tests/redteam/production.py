"""The production configuration as the repository has it, for the local cloud, whose folder has another number."""

import json
import os
from pathlib import Path
from typing import Any, Final

from tests import forked
from tests.lifecycle.policies.judged import ON_A_DAY, PACK
from tests.workspace import STACK, Workspace

FOLDER: Final = "folders/987654321098"
DAY: Final = "2026-11-24"
"""The day that everything is judged on: announced changes of prices would change verdicts."""
TOGETHER: Final = 6 if "SHARD" in os.environ else 4
"""Programs, or projects of stack files, that are made in one stack."""
LAG_MINUTES: Final = 2
"""Length of the window in which the doors are tried."""


def production_pack(folder: Path) -> Path:
    """The policy pack on that day, with `environments.json` that has the folder as production.

    `prod.json` lists what is allowed, as the owner of a production does.
    """
    (folder / "config").mkdir(parents=True)
    for name in (".venv", "gemini_policies", "landing_zone", "PulumiPolicy.yaml"):
        (folder / name).symlink_to(PACK / name)
    (folder / "__main__.py").write_text(ON_A_DAY)
    for path in (PACK / "config").glob("*.json"):
        values: dict[str, Any] = json.loads(path.read_text())
        if path.name == "environments.json":
            values["folders"] = {FOLDER: "prod"}
            values["guardHosts"] = ["sandbox-seed"]
        elif path.name == "prod.json":
            values["parents"] = {"parents": [FOLDER]}
            values["billing-accounts"] = {"accounts": ["01A2B3-C4D5E6-F7A8B9"]}
        (folder / "config" / path.name).write_text(json.dumps(values))
    return folder


def gemini_lz(workspace: Workspace, *arguments: str) -> Any:
    """The JSON that the command prints of the workspace's stack, on that day."""
    environment = {**os.environ, **workspace.environment}
    command = (*arguments, "--as-of", DAY, "--json")
    run = forked.gemini_lz(*command, folder=workspace.layout.program, environment=environment)
    assert run.stdout, run.stderr
    return json.loads(run.stdout)


def audited(workspace: Workspace) -> list[tuple[str, str, str]]:
    """The mandatory violations that an audit finds in what an update has made: policy, resource and message."""
    found = gemini_lz(workspace, "policy", "audit", "--stack", STACK)
    # Where the API Keys API is off, nobody has made a key.
    assert [each for each in found["unread"] if "SERVICE_DISABLED" not in each] == []
    return [
        (each["policy"], each["resource"], each["message"])
        for each in found["verdicts"]
        if each["state"] in ("mandatory", "remediate")
    ]
