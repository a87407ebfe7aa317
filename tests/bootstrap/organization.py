"""An organization on a local cloud of a test's own, before its bootstrap, and the command in a folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engine import Engine
from sandbox.layout import ROOT
from tests import forked
from tests.workspace import Cloud, Workspace, redact

SEED = "acme-gemini-seed"
FOLDER = "folders/987654321098"
ORGANIZATION = "organizations/123456789012"
ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
BUCKET = f"{SEED}-state"
FLAGS = ("--seed", SEED, "--parent", FOLDER, "--billing-account", ACCOUNT)


@dataclass
class Organization:
    """The organization, and a clone of this project from which it is worked on."""

    workspace: Workspace
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of the commands, besides those of the local cloud: a caller's token, for one."""

    tokens: dict[str, str] = field(default_factory=dict)
    """Token → the caller."""
    _roles: list[str] = field(default_factory=list)

    @property
    def cloud(self) -> Cloud:
        """The local cloud."""
        return self.workspace.cloud

    @property
    def folder(self) -> Path:
        """The folder of Pulumi.yaml."""
        return self.workspace.layout.program

    def run(self, *command: str) -> tuple[int, str]:
        """Run a command to its end."""
        if command[0] == "gemini-lz":
            done = forked.gemini_lz(*command[1:], folder=self.folder, environment=self._environment)
        else:
            done = subprocess.run(
                command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False
            )
        return done.returncode, redact(done.stdout + done.stderr)

    def bootstrap(self, *flags: str, code: int = 0) -> str:
        """Run the bootstrap; returns what it prints."""
        found, printed = self.run("gemini-lz", "bootstrap", "--yes", *flags)
        assert found == code, printed
        return printed

    def kill(self, *flags: str, writes: int) -> None:
        """Kill a bootstrap with all its processes once the cloud has carried out `writes` writes and one more."""
        self.cloud.call("PUT", "/_local/hold", {"writes": writes, "carriedOut": True})
        process = subprocess.Popen(
            ["gemini-lz", "bootstrap", "--yes", *flags],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self.cloud.call("GET", "/_local/hold")["reached"]:
            assert process.poll() is None, f"the bootstrap made at most {writes} writes"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.cloud.call("DELETE", "/_local/hold")

    def writes(self) -> list[str]:
        """The writes at Google so far but those of the state: method and path."""
        return [
            f"{each['method']} {each['path']}"
            for each in self.cloud.requests()
            if each["method"] not in ("GET", "HEAD") and not _is_read(each) and ".pulumi" not in each["path"]
        ]

    def act_as(self, token: str, member: str) -> None:
        """Run commands as a caller with a token of its own, who has what bindings give it."""
        self.tokens[token] = member
        known = {each: {"member": member} for each, member in self.tokens.items()}
        self.cloud.call("PUT", "/_local/identities", {"identities": known})
        self.variables["GOOGLE_OAUTH_ACCESS_TOKEN"] = token

    def grant(self, resource: str, permissions: Iterable[str], member: str) -> None:
        """Give a member these permissions, and no others, on an organization, a folder or a billing account."""
        role_id = f"granted{len(self._roles)}"
        self._roles.append(role_id)
        role = self.cloud.call(
            "POST",
            f"/iam/v1/{ORGANIZATION}/roles",
            {"roleId": role_id, "role": {"includedPermissions": sorted(permissions), "stage": "GA"}},
        )["name"]
        service = "cloudbilling/v1" if resource.startswith("billingAccounts/") else "cloudresourcemanager/v3"
        path = f"/{service}/{resource}"
        method = "GET" if service.startswith("cloudbilling") else "POST"
        policy = self.cloud.call(method, f"{path}:getIamPolicy", {} if method == "POST" else None)
        bindings = [*policy.get("bindings", []), {"role": role, "members": [member]}]
        self.cloud.call("POST", f"{path}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})

    def call(self, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the local cloud with a caller's token; returns the status and the JSON of the answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.cloud.ready['port']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 the address is built above
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def impersonate(self, token: str, account: str) -> str:
        """A token of a service account, which the caller may make."""
        path = f"/iamcredentials/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        scope = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
        status, answer = self.call(token, "POST", path, scope)
        assert status == 200, answer
        return str(answer["accessToken"])

    def object(self, name: str) -> Any:
        """The contents of an object of the state's bucket."""
        path = f"/storage/storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}?alt=media"
        return self.cloud.call("GET", path)

    @property
    def _environment(self) -> Mapping[str, str]:
        environment = {**os.environ, **self.workspace.environment, **self.variables}
        environment["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}"
        if not self.variables.get("PULUMI_BACKEND_URL"):
            environment.pop(
                "PULUMI_BACKEND_URL"
            )  # the one that the bootstrap writes into Pulumi.yaml is used
        return environment


def _is_read(request: Mapping[str, Any]) -> bool:
    """True for a POST that changes nothing."""
    path = str(request["path"]).partition("?")[0]
    return path.endswith((":getIamPolicy", ":testIamPermissions"))


@contextmanager
def organization(
    folder: Path, engine: Engine, cloud: Cloud, provider: str = "standin"
) -> Iterator[Organization]:
    """The organization, with this project's program and the bootstrap's in a folder."""
    workspace = Workspace(folder, engine, cloud, provider)
    program = workspace.layout.program
    shutil.copytree(
        ROOT / "bootstrap",
        program / "bootstrap",
        ignore=shutil.ignore_patterns("Pulumi.*.yaml", ".state", "__pycache__"),
    )
    yield Organization(workspace)
