"""A stack with everything on a local cloud of its own, runs of it that can be killed, and a census of the cloud."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import local_cloud
from sandbox.cloud.core.hold import is_write
from sandbox.engine import Engine
from sandbox.layout import ROOT, Layout
from sandbox.shell import chosen_provider
from tests import forked
from tests.lifecycle.test_every_kind import ACCOUNT, TOKEN, prepare
from tests.workspace import STACK, Cloud, Workspace, first_port, redact

SECRETS = (TOKEN, "hooks.example.com")
CHANGES = (
    ("requestsPerMinute: 60", "requestsPerMinute: 61"),
    ("amount: 120.25", "amount: 121"),
    ("web: {allowedReferrers", "site: {allowedReferrers"),
    ("honey: {decoy: true}", "honey: {decoy: true, standard: true}"),
    ("labels: {team: one}\n      tags", "labels: {team: two}\n      tags"),
    ("errorRate: 0.05", "errorRate: 0.06"),
    ("email: [oncall@example.com]\n        channels", "email: [night@example.com]\n        channels"),
    ("spendRate: {times: 3", "spendRate: {times: 4"),
)
"""What an update of it changes: numbers, a key renamed, a key replaced, labels, alerts, a channel replaced."""


@dataclass
class Stage:
    """The stack's folder, its cloud, and the local cloud's process."""

    workspace: Workspace
    layout: Layout
    """Of the local cloud."""

    @property
    def cloud(self) -> Cloud:
        """The local cloud."""
        return self.workspace.cloud

    def change(self) -> None:
        """Edit the stack file as CHANGES says."""
        text = self.workspace.stack_file.read_text()
        for old, new in CHANGES:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self.workspace.stack_file.write_text(text)

    def run(self, *command: str) -> tuple[int, str]:
        """Run a command to its end; its output must have no secret."""
        code, printed = self.printed_by(*command)
        assert not any(secret in printed for secret in SECRETS)
        return code, redact(printed)

    def printed_by(self, *command: str) -> tuple[int, str]:
        """Run a command to its end: its exit code, and what it has printed, as it is."""
        folder, environment = self.workspace.layout.program, self.environment
        # A fleet's processes outlive its command: they are as whoever installed it has them.
        if command[0] == "gemini-lz" and command[1] != "fleet":
            done = forked.gemini_lz(*command[1:], folder=folder, environment=environment)
        else:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
        return done.returncode, done.stdout + done.stderr

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.workspace.layout.program,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, command: Sequence[str], how: str, writes: int, *, carried_out: bool) -> None:
        """Run a command and, once the cloud has answered `writes` writes and got another, kill `how`.

        `how`: `engine`, `group` (all processes of the run), or `cloud`. The last write is carried out, or not.
        """
        self.cloud.call("PUT", "/_local/hold", {"writes": writes, "carriedOut": carried_out})
        process = self.start(*command)
        while not self.cloud.call("GET", "/_local/hold")["reached"]:
            assert process.poll() is None, f"{' '.join(command)} made at most {writes} writes"
        if how == "cloud":
            os.kill(self.cloud.ready["pid"], signal.SIGKILL)
            _collect(self.cloud.ready["pid"])
            process.wait()
            local_cloud.launch(self.layout, ["--port", str(self.cloud.ready["port"])])
            # The ports are those that it had; only its process is another.
            self.cloud.ready.update(local_cloud.running(self.layout) or {})
            return
        if how == "engine":
            for pid in _engines(process.pid):
                os.kill(pid, signal.SIGKILL)
            # The command may still end what it had begun; what the cloud holds back gets no answer any more.
            self.cloud.call("DELETE", "/_local/hold")
            process.wait()
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.cloud.call("DELETE", "/_local/hold")

    def interrupt(self, process: "subprocess.Popen[bytes]") -> None:
        """Press Ctrl-C at its terminal."""
        os.killpg(process.pid, signal.SIGINT)

    def writes(self) -> int:
        """Writes that the cloud has got."""
        return sum(is_write(request["method"], request["path"]) for request in self.cloud.requests())

    def state(self) -> str:
        """The state in Pulumi's backend, as text; the history beside it repeats the stack file."""
        return "\n".join(
            path.read_text() for path in self.workspace.layout.backend.glob(".pulumi/stacks/*/*")
        )

    @property
    def environment(self) -> dict[str, str]:
        path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{self.workspace.environment['PATH']}"
        return {**os.environ, **self.workspace.environment, "PATH": path}


def _engines(group: int) -> list[int]:
    """The processes of the Pulumi CLI in a process group."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(folder.name)
            if os.getpgid(pid) == group and (folder / "cmdline").read_bytes().split(b"\0")[0].endswith(
                b"pulumi"
            ):
                found.append(pid)
    return found


def _collect(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


@contextlib.contextmanager
def stage_in(folder: Path, engine: Engine, origin: Stage | None = None) -> Iterator[Stage]:
    """The stack with everything, in a folder: not made yet, or a copy of `origin`'s, with its cloud and its state."""
    with empty_stage(folder, engine, origin.layout.state if origin else None) as stage:
        workspace = stage.workspace
        if origin:
            shutil.copy(origin.workspace.stack_file, workspace.stack_file)
            shutil.copytree(origin.workspace.layout.backend, workspace.layout.backend, dirs_exist_ok=True)
            workspace.pulumi("stack", "select", STACK)
        else:
            prepare(workspace)
        yield stage


@contextlib.contextmanager
def plain_stage(folder: Path, engine: Engine, text: str, backend: str | None = None) -> Iterator[Stage]:
    """A stack of a stack file, not made yet; `backend`: the URL of its state, if not files of its own."""
    with empty_stage(folder, engine) as stage:
        if backend:
            stage.workspace.environment["PULUMI_BACKEND_URL"] = backend
        stage.workspace.write(text)
        yield stage


@contextlib.contextmanager
def empty_stage(folder: Path, engine: Engine, databases: Path | None = None) -> Iterator[Stage]:
    """A folder without a stack, and its cloud; `databases`: the folder of another cloud, of which it has a copy."""
    layout = Layout(program=ROOT, state=folder / "cloud")
    layout.state.mkdir(parents=True)
    for path in databases.glob("cloud.sqlite*") if databases else ():
        shutil.copy(path, layout.state)
    cloud = Cloud(local_cloud.launch(layout, ["--port", str(local_cloud.free_ports(first_port()))]))
    try:
        # GCP_PROVIDER=official has the official plugin do it.
        yield Stage(Workspace(folder / "workspace", engine, cloud, chosen_provider()), layout)
    finally:
        local_cloud.stop(layout)


def census(cloud: Cloud) -> dict[str, list[str]]:
    """All that a stack can create, by kind: the natural name of each, so that what exists twice is there twice."""
    projects = cloud.call("GET", "/cloudresourcemanager/v1/projects")["projects"]
    active = [each["projectId"] for each in projects if each["lifecycleState"] == "ACTIVE"]
    found = {"projects": sorted(active)}
    found["budgets"] = _names(
        cloud, f"/billingbudgets/v1/billingAccounts/{ACCOUNT}/budgets", "budgets", "displayName"
    )
    found["constraints"] = _names(
        cloud, "/orgpolicy/v2/organizations/123456789012/customConstraints", "customConstraints", "name"
    )
    for project in active:
        number = next(each["projectNumber"] for each in projects if each["projectId"] == project)
        for kind, path, items, name in (
            ("keys", f"/apikeys/v2/projects/{project}/locations/global/keys", "keys", "name"),
            ("accounts", f"/iam/v1/projects/{project}/serviceAccounts", "accounts", "email"),
            (
                "channels",
                f"/monitoring/v3/projects/{project}/notificationChannels",
                "notificationChannels",
                "displayName",
            ),
            ("alerts", f"/monitoring/v3/projects/{project}/alertPolicies", "alertPolicies", "displayName"),
            ("dashboards", f"/monitoring/v1/projects/{project}/dashboards", "dashboards", "displayName"),
            ("contacts", f"/essentialcontacts/v1/projects/{project}/contacts", "contacts", "email"),
            ("policies", f"/orgpolicy/v2/projects/{project}/policies", "policies", "name"),
            ("topics", f"/pubsub/v1/projects/{project}/topics", "topics", "name"),
            (
                "tags",
                "/cloudresourcemanager/v3/tagBindings?parent=//cloudresourcemanager.googleapis.com/projects/"
                f"{number}",
                "tagBindings",
                "tagValueNamespacedName",
            ),
        ):
            found[f"{project} {kind}"] = _names(cloud, path, items, name)
        found[f"{project} overrides"] = _overrides(cloud, project)
    return {kind: names for kind, names in found.items() if names}


def _names(cloud: Cloud, path: str, items: str, name: str) -> list[str]:
    listed, token = [], ""
    while True:
        more = f"{'&' if '?' in path else '?'}pageToken={token}" if token else ""
        page = _asked(cloud, f"{path}{more}")
        listed += page.get(items, [])
        token = page.get("nextPageToken", "")
        if not token:
            break
    return sorted(str(item[name]).rpartition("/")[2] for item in listed)


def _overrides(cloud: Cloud, project: str) -> list[str]:
    path = f"/serviceusage/v1beta1/projects/{project}/services/generativelanguage.googleapis.com/consumerQuotaMetrics"
    return sorted(
        f"{metric['metric']} {limit['unit']} {bucket.get('dimensions', {})} "
        f"{bucket['consumerOverride'].get('overrideValue', '0')}"
        for metric in _asked(cloud, f"{path}?view=FULL&pageSize=200").get("metrics", [])
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
        if "consumerOverride" in bucket
    )


def _asked(cloud: Cloud, path: str) -> Any:
    """A listing; empty where the API is off."""
    try:
        return cloud.call("GET", path)
    except OSError:
        return {}
