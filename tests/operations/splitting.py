"""Stacks that are split in tests: their files, what is killed, and what must hold afterwards."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from landing_zone.exported_state import name_of, resources_of
from sandbox.cloud.core.hold import is_write
from sandbox.layout import ROOT
from tests.operations.stage import SECRETS, Stage
from tests.workspace import STACK, changes

PROJECT = "gcp:organizations/project:Project"
HEAD = """\
# Everything of Acme.
config:
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:parent: folders/987654321098
  # Mails of budgets.
  gemini-landing-zone:notificationProject: sandbox-seed
  gemini-landing-zone:defaults:
    tier: paid
    deletionPolicy: PREVENT
    tierWait: null
    alerts:
      email: [oncall@example.com]
      errorRate: null
      quotaShare: null
      tooManyRequestsPerMinute: null
      quotaChanges: null
  gemini-landing-zone:projects:
"""


def stack_file(projects: int, teams: int) -> str:
    """Projects of several teams, with keys; the paid ones have budgets that mail through a channel of all."""
    return (
        HEAD
        + "".join(
            f"    # Project {number}.\n"
            f"    p{number}:\n"
            f"      projectId: acme-split-{number}\n"
            # An account pays for few projects.
            + (
                f"      budget: {{amount: {number + 1}, currency: USD}}\n"
                if number < 4
                else "      tier: free\n"
            )
            + f"      labels: {{team: t{number % teams}}}\n"
            "      keys: {backend: {methods: [generate]}}\n"
            for number in range(projects)
        )
    )


@dataclass
class Splitting:
    """A stage, and the command that splits its stack."""

    stage: Stage
    by: str

    @property
    def command(self) -> tuple[str, ...]:
        """The command."""
        return ("gemini-lz", "fleet", "split", STACK, "--by", self.by, "--yes")

    def writes(self) -> list[str]:
        """All that was written at Google, but for the metrics that a guard writes by itself."""
        return [
            f"{each['method']} {each['path']}"
            for each in self.stage.cloud.requests()
            if is_write(each["method"], each["path"]) and not each["path"].endswith("/timeSeries")
        ]

    def killed(self, writes: int) -> bool:
        """Split, and kill after so many writes; False if it made fewer."""
        # Its folder is the program's, which has no tests.
        module = (
            "env",
            f"PYTHONPATH={ROOT}",
            sys.executable,
            "-m",
            "tests.operations.killed_split",
            str(writes),
        )
        code, printed = self.stage.run(*module, *self.command[1:])
        assert code in (0, -9), printed
        return code != 0

    @property
    def stacks(self) -> list[str]:
        """The stacks that have a file."""
        folder = self.stage.workspace.stack_file.parent
        return sorted(
            path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml")
        )

    def file(self, stack: str) -> str:
        """The text of a stack's file."""
        return self.stage.workspace.stack_file.with_name(f"Pulumi.{stack}.yaml").read_text()

    def projects(self, stack: str) -> list[str]:
        """The projects in a stack's file."""
        return list(yaml.safe_load(self.file(stack))["config"]["gemini-landing-zone:projects"])

    def states(self) -> Mapping[str, list[str]]:
        """Stack → the projects in its state."""
        found = {}
        for stack in self.stacks:
            printed = self.stage.workspace.pulumi("stack", "export", "--stack", stack).stdout
            found[stack] = sorted(
                name_of(each["urn"]) for each in resources_of(json.loads(printed)) if each["type"] == PROJECT
            )
        return found

    def changes(self, stack: str, *arguments: str) -> list[object]:
        """What an operation of Pulumi's alone changes, or would."""
        run = self.stage.workspace.pulumi(*arguments, "--json", "--stack", stack)
        return [*changes(run.stdout)]

    def check(self, expected: Mapping[str, Iterable[str]], writes: list[str]) -> None:
        """Each project is in one state and in one file, nothing was written at Google, and previews are empty."""
        states = self.states()
        assert states == {stack: sorted(names) for stack, names in expected.items()}
        assert self.writes() == writes
        in_files = Counter(name for stack in expected for name in self.projects(stack))
        assert in_files == Counter(name for names in expected.values() for name in names)
        assert not any(secret in self.stage.state() for secret in SECRETS)
        for stack in expected:
            assert "split:" not in self.file(stack)
            assert self.changes(stack, "preview") == [], stack
        assert self.writes() == writes


class Copy:
    """A stack's files and states as they were, to begin again; nothing changes at Google meanwhile."""

    def __init__(self, splitting: Splitting, folder: Path) -> None:
        layout = splitting.stage.workspace.layout
        self._file = splitting.stage.workspace.stack_file
        self._kept = {layout.backend: folder / "backend", layout.program / "stacks": folder / "stacks"}
        for path, copy in self._kept.items():
            shutil.copytree(path, copy)

    @contextmanager
    def old_file(self) -> Iterator[None]:
        """Have the old stack's file as it was."""
        now = self._file.read_text()
        shutil.copy(self._kept[self._file.parent] / self._file.name, self._file)
        yield
        self._file.write_text(now)

    def restore(self) -> None:
        """Begin again."""
        for path, copy in self._kept.items():
            shutil.rmtree(path)
            shutil.copytree(copy, path)
