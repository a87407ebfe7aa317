"""The example in each command's help runs as it stands, in a project with stacks of those names, on a local cloud."""

import os
import pty
import re
import shlex
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from traceback import format_exception

import pytest

from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests.cli import test_guard
from tests.cli.tree import commands, example, make_repository
from tests.conftest import StartCloud
from tests.scaffolding.commands import run
from tests.workspace import Workspace, redact, sampled

ENGINE = (
    "up",
    "preview",
    "refresh",
    "recover",
    "destroy",
    "bootstrap",
    "drift",
    "fleet up",
    "fleet preview",
    "fleet refresh",
    "fleet destroy",
    "fleet drift",
    "fleet drift",
)
"""Commands that run Pulumi's engine, each for some seconds; `make examples` runs all of them."""
ON_PROD = ("preview", "refresh", "recover", "drift")
"""Those of them that one stack is enough for, of which the suite runs one."""
ELSEWHERE = dict.fromkeys(
    ("guard status", "guard release", "usage"), test_guard.test_the_examples_of_the_help_run
)
"""Commands whose examples another test runs, as they need a guard."""
FINDS = {"policy check", "policy audit", "show", "drift", "fleet drift"}
"""Commands whose exit code 1 says that something was found."""
NEW = {"new"}
"""Commands that write what the project has already: they run where there is none."""
OPTIONS = "{allowedIps: [203.0.113.0/24], methods: [generate, countTokens]}"
SETTINGS = f"""\
config:
  gcp:disableGlobalProjectWarning: true
  gcp:batching: {{enableBatching: true, sendAfter: 50ms}}
  gcp:pollInterval: 1s
  gemini-landing-zone:parent: folders/987654321098
  gemini-landing-zone:billingAccount: 01A2B3-C4D5E6-F7A8B9
  gemini-landing-zone:labels: {{environment: STACK, owner: platform, cost-centre: cc-1}}
  gemini-landing-zone:projects:
    chat:
      projectId: acme-chat-STACK
      tier: paid
      tierWait: 0
      KEPT
      keys: {{backend: {OPTIONS}}}
      budget: {{amount: 1200, currency: USD, spendCap: true}}
      limits:
        gemini-3.8-flash: {{requestsPerMinute: 20, requestsPerDay: 10000, inputTokensPerMinute: 50000}}
        others: deny
      workload: [{{model: gemini-3.8-flash, requestsPerDay: 8000, inputTokens: 1200, outputTokens: 300}}]
"""
STACKS = ("dev", "prod", "sandbox", "staging", "team-one", "trial-one")


class Place:
    """A project with a stack file of each name, in a Git repository, on a local cloud of its own."""

    def __init__(self, folder: Path, engine: Engine, start_cloud: StartCloud) -> None:
        self.workspace = Workspace(folder / "work", engine, start_cloud())
        self.folder = self.workspace.layout.program
        (self.folder / "policy").symlink_to(ROOT / "policy")
        for stack in STACKS:
            kept = (
                "deletionPolicy: PREVENT\n      protect: true"
                if stack == "prod"
                else "deletionPolicy: DELETE"
            )
            text = SETTINGS.replace("STACK", stack).replace("KEPT", kept)
            self.workspace.stack_file.with_name(f"Pulumi.{stack}.yaml").write_text(text)
        make_repository(self.folder)
        self.empty = folder / "empty"
        (self.empty / "stacks").mkdir(parents=True)
        for name in ("Pulumi.yaml", "policy"):
            (self.empty / name).symlink_to(ROOT / name)

    def project(self, project_id: str, *apis: str) -> None:
        """A project that people have made, with APIs."""
        call = self.workspace.cloud.call
        body = {"projectId": project_id, "parent": "folders/987654321098"}
        call("POST", "/cloudresourcemanager/v3/projects", body)
        self.enable(project_id, *apis)

    def enable(self, project_id: str, *apis: str) -> None:
        for api in apis:
            path = f"/serviceusage/v1/projects/{project_id}/services/{api}.googleapis.com:enable"
            self.workspace.cloud.call("POST", path, {})

    def typed(self, line: str) -> tuple[int, str]:
        """Type a line at a terminal, and `y` at each question; returns the exit code and what was printed."""
        own, terminal = pty.openpty()
        process = subprocess.Popen(
            ["sh", "-c", line],
            cwd=self.folder,
            env={**os.environ, **self.workspace.environment, "TERM": "dumb", "COLUMNS": "200"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        os.write(own, b"y\n" * 3)
        printed = b""
        while True:
            try:
                part = os.read(own, 65_536)
            except OSError:  # Linux says so at the end of what a terminal has
                break
            printed += part
            if not part:
                break
        os.close(own)
        return process.wait(), redact(printed.decode("utf-8", "replace"))


def wrong_with(path: str, code: int, printed: str) -> str:
    """What is wrong with a run of an example; empty if nothing is."""
    right = {0, 1} if path in FINDS else {0}
    return "" if code in right and "Traceback" not in printed else f"exit code {code}\n{printed}"


@pytest.fixture
def place(tmp_path: Path, engine: Engine, start_cloud: StartCloud) -> Place:
    return Place(tmp_path, engine, start_cloud)


def deploy(place: Place, *stacks: str) -> None:
    """Update stacks of the examples, and make what they name besides."""
    for stack in stacks:
        code, printed = place.typed(f"gemini-lz up {stack} --yes --no-preflight")
        assert code == 0, printed
    place.project("acme-support-legacy", "apikeys", "generativelanguage")
    if "prod" in stacks:
        place.enable("acme-chat-prod", "secretmanager")


def test_every_command_has_an_example_of_itself() -> None:
    for path, command in commands().items():
        assert re.match(rf"gemini-lz {path}( |$)", example(command))


def test_the_examples_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(place, "prod")
    for name, value in place.workspace.environment.items():
        monkeypatch.setenv(name, value)
    wrong = {}
    for path, command in commands().items():
        if path in (*ENGINE, *ELSEWHERE):
            continue
        line, _, target = example(command).partition(" > ")
        folder = place.empty if path in NEW else place.folder
        done = run(folder, *shlex.split(line)[1:])
        raised = "" if isinstance(done.exception, SystemExit) else "".join(format_exception(done.exception))
        if said := wrong_with(path, done.exit_code, f"{done.output}{raised}"):
            wrong[example(command)] = said
        elif target:
            assert done.stdout
    for path in sampled(ON_PROD, 1):
        line = example(commands()[path])
        if said := wrong_with(path, *place.typed(line)):
            wrong[line] = said
    assert not wrong, "\n\n".join(f"{line}: {said}" for line, said in wrong.items())


@pytest.mark.skipif("SHARD" not in os.environ, reason="`make examples` runs them")
@pytest.mark.parametrize("path", sampled(ENGINE, len(ENGINE)))
def test_an_example_that_runs_the_engine_runs(place: Place, path: str) -> None:
    line = example(commands()[path])
    if not path.endswith(("up", "bootstrap")):
        words = shlex.split(line)
        named = [each for each in STACKS if any(fnmatchcase(each, word) for word in words)]
        deploy(place, *(named or (each for each in STACKS if each != "sandbox")))
    code, printed = place.typed(line)
    said = wrong_with(path, code, printed)
    assert not said, f"{line}: {said}"
