"""A project to write files in."""

from pathlib import Path

import pytest

from sandbox.layout import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Pulumi project with this repository's policies."""
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "stacks").mkdir()
    (tmp_path / "policy").symlink_to(ROOT / "policy")
    return tmp_path
