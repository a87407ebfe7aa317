"""The pytest plugin and `local-gcloud`, as another project uses them: nothing of this project's own tests around."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from sandbox.layout import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "pytest" / "test_budget_alarm.py"
UNAWARE = """
import os, urllib.request

def test_a_program_finds_it_by_its_environment():
    url = os.environ["LOCAL_CLOUD"] + "/cloudbilling/v1/billingAccounts"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer any"})
    assert b"billingAccounts/" in urllib.request.urlopen(request).read()
"""
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LOCAL_CLOUD"))},
    "PYTHONPATH": str(ROOT),
    # Installed, it is there by itself; the tests may run where an older version of it is.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}


def _pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "sandbox.pytest_plugin", "-q", *options]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_the_example_of_the_docs_runs_by_itself(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    ended = _pytest(tmp_path)
    assert "5 passed" in ended.stdout, ended.stdout


def test_the_option_serves_tests_that_know_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "test_unaware.py").write_text(UNAWARE)
    ended = _pytest(tmp_path, "--local-gcloud")
    assert "1 passed" in ended.stdout, ended.stdout
    assert "KeyError: 'LOCAL_CLOUD'" in _pytest(tmp_path).stdout


def test_the_page_shows_the_example_as_it_is() -> None:
    page = (ROOT / "docs" / "local-gcloud.md").read_text(encoding="utf-8")
    example = EXAMPLE.read_text(encoding="utf-8")
    assert all(block.partition("```")[0] in example for block in page.split("```python\n")[1:])


def test_the_command_prints_the_environment_of_the_cloud_that_it_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.cloud"]
    with subprocess.Popen([*command, "--port", "0"], cwd=tmp_path, env=ENVIRONMENT) as process:
        script = f'eval "$("{sys.executable}" -m sandbox.cloud --env)"; ' + (
            "curl --silent --fail -H 'Authorization: Bearer any' $LOCAL_CLOUD/cloudbilling/v1/billingAccounts"
        )
        asked = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        process.send_signal(signal.SIGTERM)
    assert '"billingAccounts/01A2B3-C4D5E6-F7A8B9"' in asked.stdout, asked.stderr
    assert process.returncode == 0
