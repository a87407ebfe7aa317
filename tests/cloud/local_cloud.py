"""The real server of the local cloud, in a process of its own, on free ports."""

import json
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import requests
from google.oauth2.credentials import Credentials

from sandbox.cloud.core.validation import Violations, parse_message
from sandbox.cloud.services import SERVICES
from sandbox.layout import ROOT
from tests import forked
from tests.cloud import recording

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
EURO_ACCOUNT = "0A1B2C-3D4E5F-6A7B8C"
CLOSED_ACCOUNT = "0FEDCB-A98765-432100"
NEW_ACCOUNT = "0ABCDE-F01234-567890"
ORGANIZATION = "organizations/123456789012"
FOLDER = "folders/987654321098"
TOKEN = {"Authorization": "Bearer test"}
_google: Any = Credentials  # the class has no annotations
CREDENTIALS = _google("test")

_ROUTERS = {service.name: service for service in SERVICES}


class LocalCloud:
    """A running local cloud. `folder` holds its state, and a restart finds it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ready: dict[str, Any] = {}
        self._session = requests.Session()
        self._process: BaseProcess | None = None

    def start(self, *more: str) -> None:
        """Start the server, with more options, and wait until it serves."""
        ready_file = self.folder / "ready.json"
        ready_file.unlink(missing_ok=True)
        options = ["--db", str(self.folder / "state.db"), "--ready-file", str(ready_file), "--port", "0"]
        self._process = forked.local_cloud([*options, *more], ROOT, self.folder / "log")
        while not ready_file.exists():
            self._process.join(0.01)
            assert self._process.is_alive(), "the local cloud ended before it served"
        self.ready = json.loads(ready_file.read_text(encoding="utf-8"))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        assert self._process is not None
        assert self._process.pid is not None
        if recording.WANTED and self._process.is_alive():
            recording.record(self.local("GET", "requests")["requests"])
        os.kill(self._process.pid, number)
        self._process.join(timeout=20)
        assert self._process.exitcode is not None
        return self._process.exitcode

    @property
    def main(self) -> str:
        """The address of the main port."""
        return f"http://127.0.0.1:{self.ready['port']}"

    def url(self, service: str) -> str:
        """The address of a service's own port."""
        return f"http://127.0.0.1:{self.ready['services'][service]}"

    def request(self, service: str, method: str, path: str, **arguments: Any) -> requests.Response:
        """An HTTP request as it is, with a token unless the service takes keys; `path` has no leading slash."""
        if service != "generativelanguage":
            arguments["headers"] = TOKEN | arguments.get("headers", {})
        return self._session.request(method, f"{self.url(service)}/{path}", timeout=20, **arguments)

    def call(
        self,
        service: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        token: str = "",
        project: str = "",
        **query: Any,
    ) -> dict[str, Any]:
        """A JSON call that must answer `status`; an answer of 200 must fit Google's description of the response.

        `token` is a caller's, in place of the operator's; `project` is what the call is to count against.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Goog-User-Project": project} if project else {}
        response = self.request(service, method, path, params=query, json=body, headers=headers)
        content: dict[str, Any] = response.json()
        assert response.status_code == status, content
        if status == 200:
            match = _ROUTERS[service].router.match(method, f"/{path}".partition("?")[0])
            assert match is not None
            violations = Violations()
            parse_message(match.method.response(), content, "response", violations)
            violations.raise_if_any()
        else:
            assert content["error"]["code"] == status
        return content

    def local(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call of the control surface (`path` below `/_local/`)."""
        response = self._session.request(
            method, f"{self.main}/_local/{path}", json=body, headers=TOKEN, timeout=20
        )
        assert response.status_code == 200, response.text
        content: dict[str, Any] = response.json()
        return content

    def create_project(self, project_id: str, *, account: str = "", parent: str = FOLDER) -> str:
        """Create a project, link it to `account` if given; returns its number."""
        self.call("cloudresourcemanager", "POST", "v3/projects", {"projectId": project_id, "parent": parent})
        if account:
            body = {"billingAccountName": f"billingAccounts/{account}"}
            self.call("cloudbilling", "PUT", f"v1/projects/{project_id}/billingInfo", body)
        project = self.call("cloudresourcemanager", "GET", f"v3/projects/{project_id}")
        return str(project["name"]).removeprefix("projects/")
