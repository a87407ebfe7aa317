"""A cloud that is gone: `pulumi up` and `pulumi refresh` say so with what to do, by setting."""

from pathlib import Path

from sandbox.cloud.endpoints import environment
from tests.answers.servers import HOST, closed_port
from tests.workspace import Workspace

STACK_FILE = (Path(__file__).parents[2] / "stacks" / "Pulumi.sandbox.yaml").read_text()


def test_a_cloud_that_is_gone_is_named_with_what_to_do(workspace: Workspace) -> None:
    workspace.write(STACK_FILE)
    workspace.up()
    port = closed_port()
    workspace.environment.update(environment({"port": port, "services": {}}))
    assert STACK_FILE.count("amount: 1200.50") == 1
    workspace.stack_file.write_text(STACK_FILE.replace("amount: 1200.50", "amount: 1300.50"))
    sentence = f"nothing listens at {HOST}:{port} (connection refused)"
    up = workspace.pulumi("up", "--yes", "--skip-preview", "--stack", "test", check=False)
    assert up.returncode != 0
    told = up.stdout + up.stderr
    # The gcp plugin says it in Go's words, and beside them stands the setting with what to do.
    assert f"dial tcp {HOST}:{port}: connect: connection refused" in told
    assert (
        f"gemini-landing-zone:projects.chat.budget (chat): {sentence}: the local cloud is not running" in told
    )
    assert "organization policy" not in told
    assert "5 channels" not in told
    refresh = workspace.pulumi("refresh", "--yes", "--skip-preview", "--stack", "test", check=False)
    assert refresh.returncode != 0
    assert (
        f"{sentence}: the local cloud is not running: start it with `make up`"
        in refresh.stdout + refresh.stderr
    )
