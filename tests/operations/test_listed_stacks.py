"""The stacks of a backend are listed, however many connections the CLI has for it."""

import os
import subprocess
from pathlib import Path

import pytest

from landing_zone.fleet.states import listed_stacks
from landing_zone.operations.pulumi_cli import Cli
from sandbox.engine import Engine
from tests.operations.databases import postgres_url


def test_stacks_in_postgresql_are_listed_by_a_cli_with_two_connections(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: listed\nruntime: python\n")
    with postgres_url(tmp_path / "postgres", "postgres") as url:
        assert url
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PATH", f"{engine.directory}:{os.environ['PATH']}")
        monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "listed")
        monkeypatch.setenv("PULUMI_BACKEND_URL", url)
        monkeypatch.setenv("GOMAXPROCS", "1")  # two connections
        cli = Cli(tmp_path, "listed", "s0")
        cli.ask("stack", "init", "--no-select")
        subprocess.run(["psql", url.partition("?")[0], "--quiet", "-c", _TWENTY_MORE], check=True)
        assert set(listed_stacks(cli)) == {f"s{number}" for number in range(21)}


_TWENTY_MORE = """
INSERT INTO pulumi_state SELECT replace(key, '/s0.', '/s' || number || '.'), data, updated_at
FROM pulumi_state, generate_series(1, 20) AS number WHERE key LIKE '%/s0.%'
"""
