"""The server's life: its start and end, what survives, the journal and the control surface."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import requests

from sandbox.cloud.endpoints import environment
from sandbox.cloud.services import SERVICES
from sandbox.layout import ROOT
from tests.cloud.local_cloud import ACCOUNT, TOKEN, LocalCloud

PROJECTS = "v1/projects"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[LocalCloud]:
    """A local cloud that a test may kill."""
    running = LocalCloud(tmp_path)
    running.start()
    yield running
    running.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_status_0(tmp_path: Path, number: signal.Signals) -> None:
    running = LocalCloud(tmp_path)
    running.start()
    running.call("cloudbilling", "GET", "v1/billingAccounts")  # leaves a connection open
    assert running.end(number) == 0
    assert not (tmp_path / "ready.json").exists()


def test_what_was_answered_survives_a_kill_in_the_middle_of_many_writes(own: LocalCloud) -> None:
    answered: list[str] = []

    def create(number: int) -> None:
        project_id = f"gem-kill-{number:03}"
        try:
            url, body = f"{own.url('cloudresourcemanager')}/{PROJECTS}", {"projectId": project_id}
            response = requests.post(url, json=body, headers=TOKEN, timeout=20)
        except requests.RequestException:
            return
        if response.status_code == 200:
            answered.append(project_id)
        if number == 60:
            own.end(signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(200)))
    assert 0 < len(answered) < 200

    own.start()
    listed = own.call("cloudresourcemanager", "GET", PROJECTS, filter="id:gem-kill-*")["projects"]
    kept = {project["projectId"] for project in listed}
    assert kept >= set(answered)
    # Whole or not at all: each project that is there has its number, and none shares it.
    assert len({project["projectNumber"] for project in listed}) == len(kept)
    fresh = own.create_project("gem-after-kill")
    assert fresh not in {project["projectNumber"] for project in listed}


def test_a_refused_mutation_leaves_nothing(cloud: LocalCloud) -> None:
    body = {"projectId": "gem-half-1", "name": "no", "labels": {"a": "b"}}
    cloud.call("cloudresourcemanager", "POST", PROJECTS, body, status=400)
    cloud.call("cloudresourcemanager", "POST", PROJECTS, {"projectId": "gem-half-1"})


def test_a_second_server_on_the_same_state_or_port_says_why_it_cannot(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    def start(database: Path, port: int) -> subprocess.CompletedProcess[str]:
        options = ["--db", str(database), "--ready-file", str(tmp_path / "ready.json"), "--port", str(port)]
        command = [sys.executable, "-m", "sandbox.cloud", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    same_state = start(cloud.folder / "state.db", 0)
    assert (same_state.returncode, len(same_state.stderr.splitlines())) == (3, 1)
    assert "another local cloud" in same_state.stderr
    same_port = start(tmp_path / "other.db", cloud.ready["port"])
    assert (same_port.returncode, len(same_port.stderr.splitlines())) == (3, 1)
    assert f"port {cloud.ready['port']}" in same_port.stderr
    (tmp_path / "text.db").write_text("no database, but long enough to look like one " * 40)
    no_database = start(tmp_path / "text.db", 0)
    assert (no_database.returncode, len(no_database.stderr.splitlines())) == (3, 1)
    no_folder = start(tmp_path / "text.db" / "state.db", 0)
    assert (no_folder.returncode, len(no_folder.stderr.splitlines())) == (3, 1)
    assert not (tmp_path / "ready.json").exists()


def test_only_the_loopback_address_is_bound(cloud: LocalCloud) -> None:
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", cloud.ready["port"]))


def test_the_journal_says_what_was_asked_and_no_secret(cloud: LocalCloud) -> None:
    last = cloud.local("GET", "requests")["last"]
    body = {"permissions": ["billing.accounts.get"]}
    cloud.request(
        "cloudbilling",
        "POST",
        f"v1/billingAccounts/{ACCOUNT}:testIamPermissions?alt=json&key=AIza-secret",
        json=body,
        headers={"authorization": "Bearer secret", "x-goog-user-project": "sandbox-seed"},
    )
    cloud.request("cloudbilling", "GET", "v1/nothing", json={"keyString": "AIza-secret"})
    journal = cloud.local("GET", f"requests?after={last}")
    times = [datetime.fromisoformat(each.pop("time")) for each in journal["requests"]]
    assert times == sorted(times)
    assert journal["requests"] == [
        {
            "n": last + 1,
            "method": "POST",
            "service": "cloudbilling",
            "path": f"/v1/billingAccounts/{ACCOUNT}:testIamPermissions?alt=json&key=REDACTED",
            "body": body,
            "status": 200,
            "x-goog-user-project": "sandbox-seed",
            "id": "cloudbilling.billingAccounts.testIamPermissions",
            "version": "v1",
        },
        {
            "n": last + 2,
            "method": "GET",
            "service": "cloudbilling",
            "path": "/v1/nothing",
            "body": None,
            "status": 404,
            "x-goog-user-project": None,
            "id": None,
            "version": None,
        },
    ]
    assert journal["last"] == last + 2
    assert cloud.local("GET", f"requests?after={last + 2}") == {"requests": [], "last": last + 2}


def test_a_call_billed_to_an_unknown_project_is_refused(cloud: LocalCloud) -> None:
    response = cloud.request(
        "cloudbilling", "GET", "v1/billingAccounts", headers={"x-goog-user-project": "not-there-1"}
    )
    assert response.status_code == 403
    (detail,) = response.json()["error"]["details"]
    assert detail == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "USER_PROJECT_DENIED",
        "domain": "googleapis.com",
        "metadata": {"consumer": "projects/not-there-1"},
    }


def test_faults_strike_the_calls_they_name_as_often_as_asked(cloud: LocalCloud) -> None:
    fault = {
        "error": "UNAVAILABLE",
        "method": "cloudbilling.billingAccounts.get",
        "path": ACCOUNT,
        "times": 2,
    }
    cloud.local("PUT", "faults", {"faults": [fault]})
    path = f"v1/billingAccounts/{ACCOUNT}"
    cloud.call("cloudbilling", "GET", "v1/billingAccounts")
    for _ in range(2):
        assert cloud.call("cloudbilling", "GET", path, status=503)["error"]["status"] == "UNAVAILABLE"
    cloud.call("cloudbilling", "GET", path)

    cloud.local("PUT", "faults", {"faults": [{"error": "SERVICE_DISABLED"}]})
    error = cloud.call("cloudbilling", "GET", path, status=403)["error"]
    assert error["details"][0]["reason"] == "SERVICE_DISABLED"
    cloud.call("cloudbilling", "GET", path)


def test_the_ids_of_deleted_projects_are_freed_when_asked(cloud: LocalCloud) -> None:
    before = cloud.create_project("gem-again-1")
    cloud.create_project("gem-stays-1")
    cloud.call("cloudresourcemanager", "DELETE", f"{PROJECTS}/gem-again-1")
    assert cloud.local("DELETE", "deletedProjects") == {"forgotten": ["gem-again-1"]}
    assert cloud.create_project("gem-again-1") != before
    cloud.call("cloudresourcemanager", "GET", f"{PROJECTS}/gem-stays-1")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "faults", {"faults": [{"error": "NO_SUCH_ERROR"}]}),
        ("PUT", "faults", {"faults": [{"error": "INTERNAL", "when": "now"}]}),
        ("PUT", "faults", {}),
        ("PUT", "latency", {"ms": -1}),
        ("PUT", "latency", {"ms": "fast"}),
        ("PUT", "writeQuotas", {"folders": {"writes": 1, "seconds": 1}}),
        ("PUT", "writeQuotas", {"keys": {"writes": 1}}),
        ("PUT", "writeQuotas", {"keys": {"writes": 0, "seconds": 1}}),
        ("PUT", "writeQuotas", []),
        ("PATCH", f"billingAccounts/{ACCOUNT}", {"tier": 4}),
        ("PATCH", f"billingAccounts/{ACCOUNT}", {"open": 1}),
        ("PATCH", f"billingAccounts/{ACCOUNT}", {"currency": "EUR"}),
        ("GET", "requests?after=x", None),
        ("PATCH", f"billingAccounts/{ACCOUNT}", "tier"),
        ("PUT", "clock", None),
        ("PUT", "billing", []),
        ("PUT", "prepaid", None),
        ("POST", "usage", {"project": ["sandbox-seed"], "model": "gemini-3.8-flash"}),
        ("POST", "usage", {"project": "sandbox-seed", "model": "gemini-3.8-flash", "output": "TEXT"}),
        (
            "POST",
            "usage",
            {"project": "sandbox-seed", "model": "gemini-3.8-flash", "output": {"TEXT": 10**13}},
        ),
    ],
)
def test_the_control_surface_refuses_what_makes_no_sense(
    cloud: LocalCloud, method: str, path: str, body: object
) -> None:
    response = requests.request(method, f"{cloud.main}/_local/{path}", json=body, headers=TOKEN, timeout=20)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


def test_a_latency_asked_for_is_waited_for(cloud: LocalCloud) -> None:
    cloud.local("PUT", "latency", {"ms": 200})
    started = time.monotonic()
    cloud.call("cloudbilling", "GET", "v1/billingAccounts")
    waited = time.monotonic() - started
    cloud.local("PUT", "latency", {"ms": 0})
    assert waited >= 0.2


def test_the_environment_names_every_service(cloud: LocalCloud) -> None:
    variables = environment(cloud.ready)
    for service in SERVICES:
        override = variables[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service.name.upper()}"]
        assert override == f"{cloud.url(service.name)}/"
        # Uploads have another path than the rest of Cloud Storage: its clients get its own port.
        own = f"{cloud.url(service.name)}/storage/v1/"
        assert any(
            value == own or value.startswith(f"{cloud.main}/{service.name}/") for value in variables.values()
        )
    token = {"Authorization": f"Bearer {variables['GOOGLE_OAUTH_ACCESS_TOKEN']}"}
    accounts = f"{variables['GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT']}billingAccounts"
    billing = requests.get(accounts, headers=token, timeout=20)
    assert billing.status_code == 200


def test_the_ready_file_names_process_and_ports(cloud: LocalCloud) -> None:
    ready = json.loads((cloud.folder / "ready.json").read_text(encoding="utf-8"))
    assert list(ready["services"]) == [service.name for service in SERVICES]
    assert len({ready["port"], *ready["services"].values()}) == len(SERVICES) + 1


def test_the_server_starts_without_what_few_runs_need() -> None:
    """Each of them would make every start longer, and each module of these tests starts a server."""
    code = "import sys, sandbox.cloud.server, sandbox.cloud.services; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    late = {"aiohttp", "cryptography.x509", "genai_prices", "packaging.requirements", "pytest"}
    assert not late & set(done.stdout.split())
