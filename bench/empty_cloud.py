"""Start of the benches that run the engine: an empty local cloud, and a stack without resources."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox import local_cloud
from sandbox.engine import Engine
from sandbox.layout import Layout
from sandbox.shell import chosen_provider
from tests.workspace import Cloud, Workspace

WITHOUT_CHECKPOINTS: Final = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""State is written once, at the end."""


@contextmanager
def workspace_of(engine: Engine, stack_file: str, latency_ms: int) -> Iterator[Workspace]:
    """The stack file's workspace. Each call of its cloud waits for the latency; its account links any number."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(program=Path(folder), state=Path(folder) / "cloud")
        cloud = Cloud(local_cloud.launch(layout, ["--port", "0", "--latency-ms", str(latency_ms)]))
        try:
            cloud.call("PATCH", "/_local/billingAccounts/01A2B3-C4D5E6-F7A8B9", {"linkLimit": 9_999})
            workspace = Workspace(Path(folder) / "workspace", engine, cloud, chosen_provider())
            workspace.write(stack_file)
            yield workspace
        finally:
            local_cloud.stop(layout)
