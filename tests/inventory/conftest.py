"""A local cloud that the tests of a file share: each makes projects of its own in it."""

from collections.abc import Iterator

import pytest

from sandbox import local_cloud
from sandbox.layout import ROOT, Layout
from tests.audit.world import World
from tests.workspace import Cloud


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What people make by hand in the shared cloud."""
    layout = Layout(program=ROOT, state=tmp_path_factory.mktemp("cloud"))
    ready = local_cloud.launch(layout, ["--port", "0"])
    yield World(Cloud(ready))
    local_cloud.stop(layout)
