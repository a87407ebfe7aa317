"""A local cloud of its own for each test module."""

from collections.abc import Iterator

import pytest

from tests.cloud.local_cloud import LocalCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud with the first world in it; it must end well when the module does."""
    running = LocalCloud(tmp_path_factory.mktemp("cloud"))
    running.start()
    yield running
    assert running.end() == 0
