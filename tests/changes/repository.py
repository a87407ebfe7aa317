"""A git repository with a stack and policies, in which a test makes a change."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

from typer.testing import CliRunner, Result

from landing_zone.cli.app import app

AT: Final = ("--as-of", "2026-11-24")
STACK: Final = "stacks/Pulumi.prod.yaml"
PROD: Final = """\
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:labels: {owner: platform, cost-centre: cc-1}
  gemini-landing-zone:defaults:
    protect: true
    alerts: {email: [oncall@example.com]}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-prod
      tier: paid
      keys:
        backend: {allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}
      budget: {amount: 800, currency: USD, spendCap: {amount: 900}}
      limits:
        gemini-3.8-flash: {requestsPerMinute: 20, requestsPerDay: 4000, inputTokensPerMinute: 50000}
        others: deny
      workload:
        - model: gemini-3.8-flash
          requestsPerDay: {low: 1000, expected: 2000, high: 3000}
          inputTokens: 1200
          outputTokens: 300
    search:
      projectId: acme-search-prod
      tier: paid
      keys:
        indexer: {allowedIps: [203.0.113.64/26], methods: [generate, countTokens]}
      budget: {amount: 300, currency: USD, spendCap: true}
      limits:
        gemini-3.5-flash-lite: {requestsPerMinute: 10, requestsPerDay: 2000, inputTokensPerMinute: 20000}
        others: deny
"""
SEARCH: Final = PROD[PROD.index("    search:") :]
ENVIRONMENTS: Final = {
    "environments": ["dev", "prod"],
    "stacks": {"gemini-landing-zone/dev": "dev", "gemini-landing-zone/prod": "prod"},
}
RULES: Final = {
    "all": "mandatory",
    "budget-below-maximum": {"maximum": 900, "currency": "USD"},
    "labels": "advisory",
}
FILES: Final = {
    "Pulumi.yaml": "name: gemini-landing-zone\nruntime: python\nstackConfigDir: stacks\n",
    STACK: PROD,
    "policy/config/environments.json": json.dumps(ENVIRONMENTS),
    "policy/config/dev.json": '{"all": "advisory"}',
    "policy/config/prod.json": json.dumps(RULES),
}


class Repository:
    """A repository with a branch `main`; what a test writes stands in the working tree."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write(files or FILES)
        self.commit()

    def git(self, *arguments: str) -> str:
        """Run git, without the configuration of whoever runs the tests."""
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.folder,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files; None removes one."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def edit(self, *changes: tuple[str, str], file: str = STACK) -> None:
        """Replace texts in a file; each is there once."""
        path = self.folder / file
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.write_text(text)

    def commit(self) -> str:
        """Commit what stands in the working tree."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")
        return self.git("rev-parse", "HEAD")

    def diff(self, *arguments: str) -> Result:
        """Run the command here, in this process."""
        with chdir(self.folder):
            return CliRunner().invoke(app, ["diff", *arguments, *AT])

    def diff_with(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command with nothing in the environment but this."""
        return subprocess.run(
            [Path(sys.executable).parent / "gemini-lz", "diff", *AT],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def change(self, *arguments: str, code: int = 0) -> Any:
        """The change as the command reports it to programs."""
        done = self.diff(*arguments, "--json")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def clone(self, folder: Path, *options: str) -> "Repository":
        """A clone, by git's protocol, so that it can be shallow."""
        subprocess.run(
            ["git", "clone", "--quiet", *options, f"file://{self.folder}", str(folder)], check=True
        )
        found = object.__new__(Repository)
        found.folder = folder
        return found

    def remove(self, name: str) -> None:
        """Remove a folder."""
        shutil.rmtree(self.folder / name)
