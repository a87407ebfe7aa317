"""docs/first-stack.md, typed in order in one shell on the real engine."""

import os
import re
import subprocess

from sandbox.layout import ROOT
from tests.workspace import Workspace

PAGE = (ROOT / "docs" / "first-stack.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def typed(workspace: Workspace, commands: str) -> str:
    """What the commands print. They stop at the first that fails."""
    done = subprocess.run(
        ["sh", "-ec", commands],
        cwd=workspace.layout.program,
        env={**os.environ, **workspace.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_page_from_an_empty_folder_and_back(workspace: Workspace) -> None:
    stack_file = workspace.stack_file.with_name("Pulumi.mine.yaml")
    [written] = blocks("yaml")
    (workspace.layout.program / "policy").symlink_to(ROOT / "policy")
    # The first block is `make up`, which tests/engine runs; the workspace stands for it.
    ready, new, checks, init, up, down = blocks("sh")
    assert "make up" in ready

    assert "no mandatory policy refuses it" in typed(workspace, new)
    text = stack_file.read_text()
    assert text.endswith(written)
    assert "mine: 1 project, no mistakes\n" in typed(workspace, checks)
    typed(workspace, init)
    assert stack_file.read_text().startswith(text)
    assert "\nencryptionsalt: v1:" in stack_file.read_text()
    shown = typed(workspace, up)
    port = workspace.cloud.ready["port"]
    [line] = blocks("text")
    goes = line.strip().partition("; state in ")[0].replace(":8440", f":{port}")
    # In the summary of `pulumi preview`, and of the preview and the update of `pulumi up`.
    assert shown.count(f"\n    {goes}; state in {workspace.layout.backend.as_uri()}\n") == 3
    assert "warning" not in shown
    assert "acme-chat-mine" in shown

    typed(workspace, down)
    listed = workspace.cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    assert {item["projectId"]: item["lifecycleState"] for item in listed}["acme-chat-mine"] == (
        "DELETE_REQUESTED"
    )
    assert stack_file.exists()
    assert typed(workspace, "pulumi stack ls --json") == "[]\n"
    kept = [
        path.relative_to(workspace.layout.backend / ".pulumi").parts[0]
        for path in (workspace.layout.backend / ".pulumi").rglob("*mine*")
    ]
    assert {"history", "backups"} <= set(kept)

    typed(workspace, f"{init}\npulumi stack rm mine --yes")
    assert not stack_file.exists()
