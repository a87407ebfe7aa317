"""docs/sandbox.md: its calls to the local cloud do what it says, and it has each that there is."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.error import HTTPError

import pytest

from components.destination import LOCAL_PARENTS
from sandbox.cloud import admin, admin_money
from sandbox.cloud.cloudbilling.seed import ACCOUNTS
from sandbox.cloud.cloudresourcemanager.seed import FOLDER, ORGANIZATION, PROJECT_ID
from sandbox.cloud.endpoints import environment
from sandbox.layout import ROOT
from tests.cloud.local_cloud import LocalCloud
from tests.workspace import Workspace

PAGE = (ROOT / "docs" / "sandbox.md").read_text()
[ASK] = re.findall(r"^ask\(\) .*$", PAGE, re.MULTILINE)
CALLS = re.findall(r"^ask -?.*_local/.*$", PAGE, re.MULTILINE)
NEW = {"projectId": "acme-new-1", "name": "New one", "parent": {"type": "folder", "id": "987654321098"}}


def test_every_call_does_what_the_page_says(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write((ROOT / "stacks" / "Pulumi.sandbox.yaml").read_text())
    workspace.up()
    (tmp_path / ".curlrc").write_text("fail\nsilent\nshow-error\n")
    answers = {}
    for call in CALLS:
        done = subprocess.run(
            ["sh", "-c", f"{ASK}\n{call}"],
            env={**workspace.environment, "CURL_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{call}\n{done.stderr}"
        answers[re.sub(r".*/_local/(\w+).*", r"\1", call)] = json.loads(done.stdout)
    assert answers["spendCaps"]["spendCap"]["outputState"] == "ENFORCED"
    assert answers["requests"]["last"] > len(CALLS)
    for _ in range(2):
        with pytest.raises(HTTPError, match="403"):
            workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", NEW)
    assert workspace.cloud.call("POST", "/cloudresourcemanager/v1/projects", NEW)["name"]
    closed = workspace.cloud.call("GET", "/cloudbilling/v1/billingAccounts/0A1B2C-3D4E5F-6A7B8C")
    assert closed["open"] is False


def test_callers_have_what_the_page_grants_them(tmp_path: Path) -> None:
    [block] = re.findall(r"^## Callers with roles$.*?```sh\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / ".curlrc").write_text("silent\nshow-error\n")
    cloud = LocalCloud(tmp_path)
    cloud.start()
    done = subprocess.run(
        ["sh", "-c", f"{ASK}\n{block}"],
        env={**os.environ, **environment(cloud.ready), "CURL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    cloud.end()
    answers, rest = [], done.stdout
    while rest.strip():
        answer, end = json.JSONDecoder().raw_decode(rest.lstrip())
        answers.append(answer)
        rest = rest.lstrip()[end:]
    _, _, seen, refused, _ = answers
    assert seen["projectId"] == PROJECT_ID
    assert refused["error"]["message"] == "The caller does not have permission"


def test_the_page_has_every_call_that_there_is() -> None:
    sources = (Path(str(module.__file__)).read_text() for module in (admin, admin_money))
    routes = {name for source in sources for name in re.findall(r'Route\("/_local/(\w+)', source)}
    assert {re.sub(r".*/_local/(\w+).*", r"\1", call) for call in CALLS} == routes


def test_the_values_for_a_first_stack_are_the_local_clouds() -> None:
    page = (ROOT / "docs" / "first-stack.md").read_text()
    for account in ACCOUNTS:
        [row] = [line for line in page.splitlines() if f"`{account.id}` |" in line]
        assert ("open" if account.open else "closed", account.currency) == tuple(
            re.findall(r"\b(open|closed|USD|EUR)\b", row)
        )
    assert all(f"| `{name}` |" in page for name in (FOLDER, ORGANIZATION, PROJECT_ID))
    assert set(LOCAL_PARENTS) == {FOLDER, ORGANIZATION}
